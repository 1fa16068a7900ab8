//! The faults that are set, and a form that sets another.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::{json_block, table};
use crate::document::document;
use crate::fault::{ActiveFault, OTHER_TARGETS};
use crate::world::World;

/// The effects of the form: the value, and what a person reads. The script makes the JSON of a fault from the value.
const EFFECTS: [(&str, &str); 11] = [
    ("refuse", "Refuse with an error of the service"),
    ("answer", "Answer with this body"),
    ("delay", "Delay the execution"),
    ("close_before", "Close the connection, do not execute"),
    ("reset", "Reset the connection, do not execute"),
    ("close_after", "Execute, then close without an answer"),
    ("half_body", "Close in the middle of the body"),
    ("wrong_length", "Half of the real Content-Length"),
    ("slow_body", "Wait before each quarter of the body"),
    ("cut_stream", "Break off an event stream"),
    ("fail_stream", "End an event stream with an error"),
];

pub(super) fn section(world: &World) -> Markup {
    let active = world.faults().active().to_vec();
    let rows = html! { @for fault in &active { (row(fault)) } };
    html! {
        section aria-labelledby="faults-heading" {
            h2 #faults-heading { "Faults" }
            (table("faults", &["Operation", "Effect", "Limits", "Applied", "Remove"], &rows, "No fault is set."))
            button #clear-faults type="button" data-method="DELETE" data-path="faults" data-done="All faults are removed." {
                "Remove all faults"
            }
            (form())
        }
    }
}

fn row(active: &ActiveFault) -> Markup {
    let ActiveFault { number, fault, applied, .. } = active;
    let fault = json!(fault);
    let operation = fault["operation"].as_str().unwrap_or("every request");
    let times = match &fault["times"] {
        Value::Null => "without a limit".to_owned(),
        times => format!("at most {times} times"),
    };
    html! {
        tr id=(format!("fault-{number}")) data-version=(applied) {
            th scope="row" { (operation) }
            td { (json_block(fault["effect"].clone())) }
            td { "after " (fault["after"]) " requests, " (times) ", probability " (fault["probability"]) }
            td { (applied) " times" }
            td {
                button id=(format!("remove-fault-{number}")) type="button" data-method="DELETE"
                    data-path=(format!("faults/{number}")) aria-label=(format!("Remove fault {number} on {operation}")) {
                    "Remove"
                }
            }
        }
    }
}

fn form() -> Markup {
    html! {
        form #fault {
            fieldset {
                legend { "Set a fault" }
                (field("operation", "Operation (empty: every request)", &html! {
                    input #fault-operation list="operations" autocomplete="off";
                    datalist #operations {
                        @for route in document().routes() { option value=(route.id) {} }
                        @for name in OTHER_TARGETS { option value=(name) {} }
                    }
                }))
                (field("effect", "Effect", &html! {
                    select #fault-effect { @for (value, label) in EFFECTS { option value=(value) { (label) } } }
                }))
                (of_effects("refuse answer", "status", "Status", &html! {
                    input #fault-status type="number" min="200" max="599" value="503" required;
                }))
                (of_effects("refuse", "code", "Code", &html! { input #fault-code value="internal_error" required; }))
                (of_effects("refuse", "text", "Message", &html! { input #fault-text value="Try again later"; }))
                (of_effects("answer", "type", "Content-Type", &html! { input #fault-type value="text/html"; }))
                (of_effects("answer", "body", "Body", &html! {
                    textarea #fault-body rows="3" { "<h1>Bad Gateway</h1>" }
                }))
                (of_effects("refuse answer", "retry", "Retry-After, in seconds (empty: no header)", &html! {
                    input #fault-retry type="number" min="0";
                }))
                (of_effects("delay slow_body", "seconds", "Seconds", &html! {
                    input #fault-seconds type="number" min="0" step="any" value="5" required;
                }))
                (of_effects("cut_stream fail_stream", "events", "After events", &html! {
                    input #fault-events type="number" min="0" value="3" required;
                }))
                (field("after", "Do not apply to the first requests", &html! {
                    input #fault-after type="number" min="0" value="0" required;
                }))
                (field("times", "Apply at most (empty: no limit)", &html! {
                    input #fault-times type="number" min="0" value="1";
                }))
                (field("probability", "Probability, from 0 to 1", &html! {
                    input #fault-probability type="number" min="0" max="1" step="any" value="1" required;
                }))
                button #set-fault { "Set the fault" }
            }
        }
    }
}

/// A labeled field of the form.
fn field(name: &str, label: &str, input: &Markup) -> Markup {
    html! { div.field { label for=(format!("fault-{name}")) { (label) } (input) } }
}

/// A field that only these effects have.
fn of_effects(effects: &str, name: &str, label: &str, input: &Markup) -> Markup {
    html! { div.field data-effects=(effects) { label for=(format!("fault-{name}")) { (label) } (input) } }
}
