//! The types of webhook events, and the events so far.

use serde_json::json;

use crate::answer::Answer;
use crate::call::Call;
use crate::clock::iso;
use crate::document::document;
use crate::env::Env;
use crate::resources::paging::{page, page_of};
use crate::state::State;

pub(crate) fn list(_: &Env, state: &mut State, call: &Call) -> Answer {
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

pub(crate) fn types(_: &Env, _: &mut State, call: &Call) -> Answer {
    let types = document().enum_values("WebhookEventType").into_iter().map(|event_type| {
        let (subject, outcome) = event_type.rsplit_once('.').unwrap_or((event_type, "happened"));
        let subject = subject.replace(['_', '.'], " ");
        json!({"event_type": event_type, "description": format!("Sent on {outcome} of: {subject}")})
    });
    let whole = types.collect::<Vec<_>>();
    let limit = whole.len();
    page_of(call, whole, limit)
}
