//! Carries out a call: what has to be awaited first, then the handler of the operation.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::body::BODY_LIMIT;
use crate::call::Call;
use crate::document::sample;
use crate::reply::Reply;
use crate::resources::{behaviour, renders, runs, webhook_endpoints};
use crate::world::World;
use crate::{probe, word_stream};

/// The operation whose answer follows the state after its handler has returned.
pub(crate) const STREAM_OF_WORDS: &str = "streamAvatarRealtimeWords";

/// Has a call carried out.
pub(crate) async fn handle(world: &Arc<World>, call: &Call) -> Answer {
    let operation = call.route.id.as_str();
    if let ("createWebhookEndpoint" | "updateWebhookEndpoint", Some(url)) = (operation, call.text("url")) {
        webhook_endpoints::check_exists(&mut world.state(), call)?;
        probe::probe(world, url).await?;
    }
    if operation == "createHyperframesRenderV3" {
        renders::check_project(&world.state(), call)?;
    }
    if operation == STREAM_OF_WORDS {
        return word_stream::words(world, call);
    }
    match behaviour(operation) {
        Some(handler) => handler(&world.env, &mut world.state(), call),
        None => made_up(call),
    }
}

/// An operation without behaviour of its own answers a resource made from the document's schema.
fn made_up(call: &Call) -> Answer {
    let known: Map<String, Value> =
        call.path.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let (status, body) = sample::answer(call.route, &known)
        .ok_or_else(|| ApiError::internal("the document has no answer for this operation"))?;
    Ok(Reply::json(StatusCode::from_u16(status).unwrap_or_default(), body))
}

/// Bytes that the body of an operation may have.
pub(crate) fn body_limit(operation: &str) -> usize {
    match operation {
        "createWorkflowRun" => runs::BODY_LIMIT,
        _ => BODY_LIMIT,
    }
}
