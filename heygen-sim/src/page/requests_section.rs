//! The log of requests, with bodies.

use maud::{Markup, html};

use super::{ROWS, body_block, disclosure, json_block, table, time};
use crate::log::LoggedRequest;
use crate::world::World;

pub(super) fn section(world: &World) -> Markup {
    let (newest, all) = {
        let log = world.log();
        (log.newest(ROWS), log.len())
    };
    let rows = html! { @for (request, response) in newest { (row(request, response.as_deref())) } };
    let columns = ["Number", "Received", "Request", "Operation", "Status", "Headers and bodies"];
    html! {
        section aria-labelledby="requests-heading" {
            h2 #requests-heading { "Requests" }
            p #requests-count data-live="part" { (all) " in the log. The table shows the newest " (ROWS) "." }
            (table("requests", &columns, &rows, "No request was received."))
            button #clear-requests type="button" data-method="DELETE" data-path="requests" data-done="The log is cleared." {
                "Clear the log"
            }
        }
    }
}

fn row(request: LoggedRequest, response: Option<&[u8]>) -> Markup {
    let version =
        format!("{:?} {:?} {} {}", request.status, request.fault, request.body.is_some(), response.is_some());
    let pairs = html! {
        @for (label, pairs) in [("Query", &request.query), ("Headers", &request.headers)] {
            @if !pairs.is_empty() {
                h3 { (label) }
                dl { @for (name, value) in pairs { div { dt { (name) } dd { code { (value) } } } } }
            }
        }
    };
    let details = html! {
        (pairs)
        h3 { "Request body" }
        @match request.body {
            Some(body) => (json_block(body)),
            None => p { "None, not JSON, or larger than 16 KiB." }
        }
        h3 { "Response body" }
        @match response {
            Some(body) => (body_block(body)),
            None => p { "None, not text, or larger than 16 KiB." }
        }
    };
    html! {
        tr id=(format!("request-{}", request.number)) data-version=(version) {
            td { (request.number) }
            td { (time(request.at)) }
            th scope="row" { (request.method) " " code { (request.path) } }
            td { (request.operation.as_deref().unwrap_or("unknown path")) }
            td {
                @match request.status { Some(status) => (status), None => "no response" }
                @if let Some(code) = &request.code { br; (code) }
                @if let Some(fault) = &request.fault { br; "fault: " (fault) }
                @if request.replayed { br; "replayed" }
            }
            td { (disclosure("details", "show", &details)) }
        }
    }
}
