//! Deliveries of webhooks.

use maud::{Markup, html};

use super::{ROWS, disclosure, json_block, table, time};
use crate::model::delivery::Delivery;
use crate::world::World;

pub(super) fn section(world: &World) -> Markup {
    let (newest, all, waiting) = {
        let state = world.state();
        let records = &state.deliveries.records;
        (records.newest(ROWS), records.len(), state.deliveries.pending)
    };
    let rows = html! { @for (number, delivery) in newest { (row(number, delivery)) } };
    let columns = ["Sent", "Event", "To", "Attempt", "Answer", "Signature and body"];
    html! {
        section aria-labelledby="deliveries-heading" {
            h2 #deliveries-heading { "Webhook deliveries" }
            p #deliveries-count data-live="part" {
                (all) " attempts in the log, " (waiting) " webhooks wait for an attempt or a retry. "
                "The table shows the newest " (ROWS) "."
            }
            (table("deliveries", &columns, &rows, "No webhook was sent. Register an endpoint, or give a callback_url."))
        }
    }
}

fn row(number: u64, delivery: Delivery) -> Markup {
    let details = html! {
        dl {
            div { dt { "Event id" } dd { code { (delivery.event_id) } } }
            @for (name, value) in &delivery.signature_headers {
                div { dt { (name) } dd { code { (value) } } }
            }
        }
        (json_block(delivery.body))
    };
    html! {
        tr id=(format!("delivery-{number}")) data-version="0" {
            td { (time(delivery.at)) }
            th scope="row" { (delivery.event_type) }
            td { code { (delivery.url) } }
            td { (delivery.attempt) }
            td {
                @match (delivery.status, &delivery.reason) {
                    (Some(status), _) => (status),
                    (None, Some(reason)) => (reason),
                    (None, None) => "no answer",
                }
            }
            td { (disclosure("details", if delivery.signed { "signed" } else { "unsigned" }, &details)) }
        }
    }
}
