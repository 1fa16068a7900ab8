//! Events: what happened, told to every endpoint that wants it, and kept for those who ask later.

use bytes::Bytes;
use serde_json::{Value, json};

use super::deliver::Attempt;
use super::payloads;
use crate::course::Stage;
use crate::document::document;
use crate::door::Call;
use crate::reply::Answer;
use crate::resources::{avatars, iso, page, page_of};
use crate::state::State;
use crate::timeline::Due;
use crate::wallet::dollars;
use crate::world::World;

pub(crate) struct Event {
    id: String,
    event_type: String,
    data: Value,
    created: u64,
    /// Ids of the resources that it is about.
    entities: Vec<String>,
}

/// Tells of an event: to the endpoints that want it, and to the callback of the request if there was one.
pub(crate) fn emit(
    world: &World,
    state: &mut State,
    then: u64,
    event_type: &str,
    entities: &[&str],
    data: Value,
    callback: Option<&str>,
) {
    let id = world.id();
    let body = body(event_type, &data);
    let wanted = |events: &Option<Vec<String>>| {
        events.as_ref().is_none_or(|all| all.iter().any(|one| one == event_type))
    };
    let about = |entity: &Option<String>| entity.as_deref().is_none_or(|entity| entities.contains(&entity));
    let registered = state.endpoints.values().filter(|one| wanted(&one.events) && about(&one.entity_id));
    let registered = registered.map(|endpoint| (endpoint.url.clone(), Some(endpoint.id.clone())));
    let targets: Vec<_> = registered.chain(callback.map(|url| (url.to_owned(), None))).collect();
    for (url, endpoint) in targets {
        send(state, Attempt::first(&id, event_type, body.clone(), url, endpoint, then));
    }
    let entities = entities.iter().map(|id| (*id).to_owned()).collect();
    state
        .events
        .insert(id.clone(), Event { id, event_type: event_type.to_owned(), data, created: then, entities });
}

/// Tells the callback of a request alone of something that the catalogue of events does not have.
pub(crate) fn call_back(
    world: &World,
    state: &mut State,
    then: u64,
    event_type: &str,
    data: &Value,
    callback: String,
) {
    send(state, Attempt::first(&world.id(), event_type, body(event_type, data), callback, None, then));
}

/// Has an attempt made when it is due; one for which there is no room is left out.
fn send(state: &mut State, attempt: Attempt) {
    if state.deliveries.admit() {
        state.schedule(attempt.due, Due::Attempt(Box::new(attempt)));
    }
}

fn body(event_type: &str, data: &Value) -> Bytes {
    Bytes::from(json!({"event_type": event_type, "event_data": data}).to_string())
}

/// A look is ready, or its training failed.
pub(crate) fn look_is_over(world: &World, state: &mut State, id: &str, then: u64) {
    let Some(look) = state.looks.get(id) else { return };
    let Some(course) = &look.course else { return };
    let kind = if look.avatar_type == "digital_twin" { "instant_avatar" } else { "photo_avatar_generation" };
    let failed = course.stage(then) == Stage::Failed;
    let event_type = format!("{kind}.{}", if failed { "fail" } else { "success" });
    let mut data = json!({"id": id, "avatar_id": id, "group_id": look.group_id});
    if let Some((code, message)) = course.failure(then) {
        data["error"] = json!({"code": code, "message": message});
    }
    let group = look.group_id.clone();
    if failed {
        state.wallet.refund(dollars(avatars::PRICE));
    }
    emit(world, state, then, &event_type, &[id, &group], data, None);
}

/// An event of that type about nothing that exists, for a receiver that wants to see one.
pub(crate) fn emit_sample(world: &World, state: &mut State, event_type: &str) -> bool {
    let Some(data) = payloads::sample(world, event_type) else { return false };
    emit(world, state, world.clock.now(), event_type, &[], data, None);
    true
}

pub(crate) fn list(_: &World, state: &mut State, call: &Call) -> Answer {
    let event_type = call.query.get("event_type");
    let entity = call.query.get("entity_id");
    page(call, &state.events, |event| {
        let fits = event_type.is_none_or(|wanted| *wanted == event.event_type)
            && entity.is_none_or(|wanted| event.entities.contains(wanted));
        fits.then(|| {
            json!({
                "event_id": event.id,
                "event_type": event.event_type,
                "event_data": event.data,
                "created_at": iso(event.created),
            })
        })
    })
}

pub(crate) fn types(_: &World, _: &mut State, call: &Call) -> Answer {
    let types = document().words("WebhookEventType").into_iter().map(|event_type| {
        let (subject, outcome) = event_type.rsplit_once('.').unwrap_or((event_type, "happened"));
        let subject = subject.replace(['_', '.'], " ");
        json!({"event_type": event_type, "description": format!("Sent on {outcome} of: {subject}")})
    });
    let whole = types.collect::<Vec<_>>();
    let limit = whole.len();
    page_of(call, whole, limit)
}
