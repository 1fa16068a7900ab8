//! Stores events, and schedules their delivery to webhook endpoints and callbacks.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::bounded_json;
use crate::env::Env;
use crate::model::delivery_attempt::Attempt;
use crate::model::event::Event;
use crate::state::State;
use crate::timeline::Due;

/// Stores an event, and schedules its delivery to the endpoints that subscribe to it, and to the request's callback.
pub(crate) fn emit(
    env: &Env,
    state: &mut State,
    at: u64,
    event_type: &str,
    entities: &[&str],
    data: Value,
    callback: Option<&str>,
) {
    let id = env.id();
    let body = body(event_type, &data);
    let wanted = |events: &Option<Vec<String>>| {
        events.as_ref().is_none_or(|all| all.iter().any(|one| one == event_type))
    };
    let about = |entity: &Option<String>| entity.as_deref().is_none_or(|entity| entities.contains(&entity));
    let registered = state.endpoints.values().filter(|one| wanted(&one.events) && about(&one.entity_id));
    let registered = registered.map(|endpoint| (endpoint.url.clone(), Some(endpoint.id.clone())));
    let targets: Vec<_> = registered.chain(callback.map(|url| (url.to_owned(), None))).collect();
    for (url, endpoint) in targets {
        schedule_delivery(state, Attempt::first(&id, event_type, body.clone(), url, endpoint, at));
    }
    let entities = entities.iter().map(|id| (*id).to_owned()).collect();
    let size = bounded_json::memory(&data);
    let event = Event { id: id.clone(), event_type: event_type.to_owned(), data, created: at, entities };
    state.events.insert_sized(id, event, size);
}

/// Schedules the delivery of an event only to the request's callback, because the list of event types does not contain it.
pub(crate) fn send_callback(
    env: &Env,
    state: &mut State,
    at: u64,
    event_type: &str,
    data: &Value,
    callback: String,
) {
    schedule_delivery(
        state,
        Attempt::first(&env.id(), event_type, body(event_type, data), callback, None, at),
    );
}

/// Schedules an attempt, unless too many are pending.
fn schedule_delivery(state: &mut State, attempt: Attempt) {
    if state.deliveries.reserve() {
        state.schedule(attempt.due, Due::Attempt(Box::new(attempt)));
    }
}

/// The body of a webhook.
fn body(event_type: &str, data: &Value) -> Bytes {
    Bytes::from(json!({"event_type": event_type, "event_data": data}).to_string())
}
