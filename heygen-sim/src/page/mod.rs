//! The page at `/__sim/` that shows what the simulator does: jobs, deliveries, requests, faults and the clock.
//!
//! The page needs nothing from another server. Its style and its script are part of it; the browser runs no other script,
//! because the header `Content-Security-Policy` names the hashes of these two.

mod clock_section;
mod deliveries_section;
mod faults_section;
pub(crate) mod jobs_section;
mod requests_section;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, StatusCode, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::clock::iso;
use crate::hidden::{hide, without_signatures};
use crate::reply::Reply;
use crate::world::World;

const STYLE: &str = include_str!("page.css");

const SCRIPT: &str = include_str!("page.js");

/// Maximum number of jobs, deliveries and requests on the page.
const ROWS: usize = 100;

/// The sections, by the names of their headings.
const SECTIONS: [(&str, &str); 5] = [
    ("clock", "Clock"),
    ("jobs", "Jobs"),
    ("deliveries", "Webhook deliveries"),
    ("requests", "Requests"),
    ("faults", "Faults"),
];

/// What the browser may load and run.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; media-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
});

/// Whether a request asks for a page, as browsers do. Other clients accept everything, but do not name HTML.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.split([',', ';']).any(|one| one.trim().eq_ignore_ascii_case("text/html")))
}

/// The page.
pub(crate) fn reply(world: &World) -> Reply {
    Reply::bytes(StatusCode::OK, "text/html; charset=utf-8", page(world).into_string())
        .header(CONTENT_SECURITY_POLICY, &POLICY)
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(REFERRER_POLICY, "no-referrer")
        .header(CACHE_CONTROL, "no-store")
        .header(VARY, "accept")
}

fn page(world: &World) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "heygen-sim" }
                // Without it, browsers ask for /favicon.ico, and that request would be in the log.
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "heygen-sim" }
                    p { "A simulator of the HeyGen API at " code { (world.env.base_url()) } }
                    nav aria-label="Sections" {
                        @for (name, label) in SECTIONS { a href=(format!("#{name}-heading")) { (label) } }
                    }
                    label { input #refresh type="checkbox" checked; " Refresh every second" }
                    p #message role="status" {}
                    noscript { p { "Buttons and refreshing need JavaScript. Reload the page to see what is new." } }
                }
                main {
                    (clock_section::section(world))
                    (jobs_section::section(world))
                    (deliveries_section::section(world))
                    (requests_section::section(world))
                    (faults_section::section(world))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// A table below its heading. The script adds and replaces `rows` by their ids.
fn table(name: &str, columns: &[&str], rows: &Markup, empty: &str) -> Markup {
    html! {
        div.scrolls role="region" aria-labelledby=(format!("{name}-heading")) tabindex="0" {
            table {
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody id=(format!("{name}-rows")) data-live="rows" { (rows) }
            }
            p.empty { (empty) }
        }
    }
}

/// A time of the simulator's clock, in milliseconds since 1970.
fn time(at: u64) -> Markup {
    let text = iso(at);
    let seconds = text.get(..19).unwrap_or(&text).replace('T', " ");
    html! { time datetime=(text) { (seconds) } }
}

/// The text of a button's or a cell's content that can be opened. `name` distinguishes it from others in its row.
fn disclosure(name: &str, summary: &str, content: &Markup) -> Markup {
    html! { details data-name=(name) { summary { (summary) } (content) } }
}

/// A JSON value, without its secrets.
fn json_block(mut value: Value) -> Markup {
    hide(&mut value);
    html! { pre { (format!("{value:#}")) } }
}

/// The text of a body, without its secrets.
fn body_block(body: &[u8]) -> Markup {
    match serde_json::from_slice(body) {
        Ok(value) => json_block(value),
        Err(_) => html! { pre { (without_signatures(&String::from_utf8_lossy(body))) } },
    }
}
