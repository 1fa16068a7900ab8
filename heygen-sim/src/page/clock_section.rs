//! The clock, with buttons that advance it, and the wallet.

use maud::{Markup, html};
use serde_json::json;

use super::time;
use crate::world::World;

/// The steps by which buttons advance the clock.
const STEPS: [(&str, u64); 4] = [("10 seconds", 10), ("1 minute", 60), ("10 minutes", 600), ("1 hour", 3600)];

pub(super) fn section(world: &World) -> Markup {
    let speed = world.env.clock.speed();
    let (next, balance) = {
        let state = world.state();
        (state.next_due(), state.wallet.balance())
    };
    let now = world.env.clock.now();
    let left = next.map(|next| next.saturating_sub(now) as f64 / 1000.0);
    html! {
        section aria-labelledby="clock-heading" {
            h2 #clock-heading { "Clock" }
            dl #clock-facts data-live="part" {
                div { dt { "Now (UTC)" } dd { (time(now)) } }
                div {
                    dt { "Speed" }
                    dd {
                        @match speed {
                            Some(speed) => (format!("{speed} times real time")),
                            None => "moves only on request",
                        }
                    }
                }
                div {
                    dt { "Next event" }
                    dd { @match left { Some(left) => (format!("in {left} seconds")), None => "nothing is scheduled" } }
                }
                div { dt { "Wallet" } dd { (format!("{balance:.2} US dollars")) } }
            }
            fieldset disabled[speed.is_some()] {
                legend { "Advance the clock" }
                @for (label, seconds) in STEPS {
                    (advance(&format!("advance-{seconds}"), label, seconds as f64))
                }
                span #next-event data-live="part" {
                    @match left {
                        Some(left) => (advance("advance-next", "until the next event", left)),
                        None => button #advance-next type="button" disabled { "until the next event" },
                    }
                }
                form #advance {
                    label for="advance-by" { "By seconds" }
                    input #advance-by type="number" min="0" max="999999999" step="any" value="300" required;
                    button { "Advance" }
                }
            }
            @if speed.is_some() {
                p { "This clock moves by itself. Start the simulator with " code { "--manual" } " to use these buttons." }
            }
            button #idle type="button" data-method="POST" data-path="idle" data-done="No webhook is due any more." {
                "Wait until no webhook is due"
            }
        }
    }
}

fn advance(id: &str, label: &str, seconds: f64) -> Markup {
    let body = json!({"seconds": seconds}).to_string();
    html! { button id=(id) type="button" data-method="POST" data-path="clock" data-body=(body) { (label) } " " }
}
