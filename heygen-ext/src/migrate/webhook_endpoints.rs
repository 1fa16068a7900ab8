//! Webhook endpoints of v1.

use std::net::IpAddr;

use heygen_api::builder::ListWebhookEndpointsBuilder;
use heygen_api::types::WebhookEventType;
use heygen_api::{List, operations};
use reqwest::Url;
use serde_json::{Value, json};

use super::loss::Severity;
use super::output::Output;
use super::planned_request::PlannedRequest;
use super::planning::{Answers, Conversion, Planning, Unanswerable, nothing};
use super::source::Node;

/// `GET /v1/webhook/webhook.list`.
pub(crate) const EVENT_TYPES: Conversion = Conversion { forward: event_types, back: event_names };
/// `GET /v1/webhook/endpoint.list`.
pub(crate) const LIST: Conversion = Conversion { forward: list, back: endpoints };
/// `POST /v1/webhook/endpoint.add`.
pub(crate) const ADD: Conversion = Conversion { forward: add, back: endpoint_of_answer };
/// `PATCH /v1/webhook/endpoint.update`.
pub(crate) const UPDATE: Conversion = Conversion { forward: update, back: endpoint_of_answer };
/// `DELETE /v1/webhook/endpoint.delete`.
pub(crate) const DELETE: Conversion = Conversion { forward: delete, back: nothing };

fn event_types(planning: &Planning<'_>) -> Option<()> {
    planning.request(PlannedRequest::new(&operations::LIST_WEBHOOK_EVENT_TYPES, "lists the event types"));
    Some(())
}

fn event_names(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(answers.items(0).filter_map(|kind| kind.get("event_type").cloned()).collect())
}

fn list(planning: &Planning<'_>) -> Option<()> {
    planning.list(&operations::LIST_WEBHOOK_ENDPOINTS, ListWebhookEndpointsBuilder::MAX_LIMIT, &[]);
    Some(())
}

/// An endpoint of v1. Its times had no zone, and v3 reports the secret once only.
fn endpoint(endpoint: &Value) -> Value {
    let created = endpoint.get("created_at").and_then(Value::as_str);
    let without_zone = created.map(|time| time.trim_end_matches('Z').trim_end_matches("+00:00"));
    json!({
        "endpoint_id": endpoint.get("endpoint_id"),
        "username": null,
        "url": endpoint.get("url"),
        "status": endpoint.get("status"),
        "events": endpoint.get("events"),
        "secret": endpoint.get("secret"),
        "created_at": without_zone,
    })
}

fn endpoints(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(answers.items(0).map(endpoint).collect())
}

fn endpoint_of_answer(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(endpoint(answers.data(0)))
}

/// Carries the events that v3 has.
fn put_events(node: &Node<'_>, output: &mut Output) {
    if node.value().is_null() {
        return;
    }
    if !node.value().is_array() {
        return node.problem("the events are a list; write a list of event types");
    }
    if node.items().is_empty() {
        // Without a list, v3 delivers all events.
        return node.problem("the list of events is empty; write event types, or `null` for all events");
    }
    let mut known: Vec<Value> = Vec::new();
    for event in node.items() {
        match event.text() {
            Some(name) if WebhookEventType::VALUES.contains(&name.as_str()) => {
                event.carried("events");
                known.push(name.into());
            }
            _ => event.lose(
                Severity::Reported,
                "v3 has no such event",
                "`GET /v3/webhooks/event-types` lists the events",
            ),
        }
    }
    if known.is_empty() {
        return node
            .problem("v3 does not send any of these events; `GET /v3/webhooks/event-types` lists them");
    }
    output.set("events", known);
}

/// Whether a URL leads to this machine, where a simulator delivers without TLS.
fn is_of_this_machine(url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn put_url(node: &Node<'_>, output: &mut Output) {
    if let Some(url) = node.put_text(output, "url")
        && !url.starts_with("https://")
        && !is_of_this_machine(&url)
    {
        node.problem("v3 delivers to `https` only; serve the endpoint with TLS, and write its `https` URL");
    }
}

fn add(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let mut output = Output::new();
    let url = body.get("url");
    if !url.is_present() {
        body.missing("url", "write the URL that receives the events");
        return None;
    }
    put_url(&url, &mut output);
    put_events(&body.get("events"), &mut output);
    body.get("entity_id").put_text(&mut output, "entity_id");
    let request = PlannedRequest::new(&operations::CREATE_WEBHOOK_ENDPOINT, "registers the endpoint");
    planning.request(request.with_body(output.into_value()));
    Some(())
}

fn update(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let id = body.get("endpoint_id");
    let Some(endpoint_id) = id.text() else {
        body.missing("endpoint_id", "write the id of the endpoint");
        return None;
    };
    id.carried("the path");
    let mut output = Output::new();
    put_url(&body.get("url"), &mut output);
    put_events(&body.get("events"), &mut output);
    if !output.is_filled() {
        body.problem("nothing is changed; write `url` or `events`");
        return None;
    }
    let request = PlannedRequest::new(&operations::UPDATE_WEBHOOK_ENDPOINT, "changes the endpoint");
    planning.request(request.with_parameter("endpoint_id", endpoint_id).with_body(output.into_value()));
    Some(())
}

fn delete(planning: &Planning<'_>) -> Option<()> {
    let id = planning.required_query("endpoint_id")?;
    let request = PlannedRequest::new(&operations::DELETE_WEBHOOK_ENDPOINT, "deletes the endpoint");
    planning.request(request.with_parameter("endpoint_id", id));
    Some(())
}
