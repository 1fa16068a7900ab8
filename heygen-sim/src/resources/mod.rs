//! The resources, one file each.

pub(crate) mod video_agents;
mod videos;

use http::StatusCode;
use serde_json::{Value, json};

use crate::door::Call;
use crate::refusal::Refusal;
use crate::world::World;

/// What a resource answers: status and body.
pub(crate) type Reply = Result<(StatusCode, Value), Refusal>;

/// Hands a call to its resource, by the document's `operationId`.
pub(crate) fn handle(world: &World, operation: &str, call: &Call) -> Reply {
    match operation {
        "createVideoAgentV3" => video_agents::create(world, call),
        "listVideoAgentSessions" => video_agents::list(world, call),
        "getVideoAgentSession" => video_agents::get(world, call),
        "listVideosV3" => videos::list(world, call),
        "getVideoV3" => videos::get(world, call),
        _ => {
            let message =
                format!("the simulator has no behaviour for {operation} yet; the request itself was fine");
            Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "not_simulated", message))
        }
    }
}

/// A page of a list, newest first: `limit` items from the place that `token` names.
fn page(items: Vec<Value>, call: &Call, default_limit: usize) -> Reply {
    let limit = call.query.get("limit").and_then(|text| text.parse().ok()).unwrap_or(default_limit);
    let start = match call.query.get("token") {
        None => 0,
        Some(token) => token
            .strip_prefix("after_")
            .and_then(|place| place.parse::<usize>().ok())
            .filter(|start| *start <= items.len())
            .ok_or_else(|| Refusal::invalid("token", "the token is not one of this list"))?,
    };
    let end = items.len().min(start + limit);
    let more = end < items.len();
    let next = more.then(|| format!("after_{end}"));
    let data = items.get(start..end).unwrap_or_default();
    Ok((StatusCode::OK, json!({"data": data, "has_more": more, "next_token": next})))
}
