//! Carries out a call: first what takes time, without the lock on the state, then the handler of the operation.

use std::mem;
use std::sync::Arc;

use http::HeaderName;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::body::BODY_LIMIT;
use crate::call::Call;
use crate::document::sample;
use crate::resources::{Behaviour, behaviour, renders, runs, webhook_endpoints};
use crate::world::World;
use crate::{probe, word_stream};

/// The header of an answer that was made up. The service does not send it.
const MADE_UP: HeaderName = HeaderName::from_static("x-heygen-sim-answer");

/// The header of an answer with a notice for the developer, such as that a webhook will not be sent.
pub(crate) const NOTICE: HeaderName = HeaderName::from_static("x-heygen-sim-notice");

/// Carries out a call and answers it.
pub(crate) async fn handle(world: &Arc<World>, call: &Call) -> Answer {
    let handler = match behaviour(&call.route.id) {
        None => return made_up(call),
        Some(Behaviour::WordStream) => return word_stream::words(world, call),
        Some(Behaviour::Reader(reader)) => return reader(&world.env, &world.read_state(), call),
        Some(Behaviour::Handler(handler)) => handler,
        Some(Behaviour::ProbeUrl(handler)) => {
            let mut notice = None;
            if let Some(url) = call.text("url") {
                webhook_endpoints::check_exists(&mut world.state(), call)?;
                notice = probe::probe(world, url).await?;
            }
            let reply = handler(&world.env, &mut world.state(), call)?;
            return Ok(match notice {
                Some(notice) => reply.header(NOTICE, &notice),
                None => reply,
            });
        }
        Some(Behaviour::CheckProject(handler)) => {
            let asset = renders::project_asset(&world.state(), call)?;
            let project = renders::Project::of(asset, call)?;
            world.heavy(move || project.check()).await?;
            handler
        }
    };
    let (answer, removed) = {
        let mut state = world.state();
        (handler(&world.env, &mut state, call), mem::take(&mut state.removed))
    };
    drop(removed);
    answer
}

/// The answer of an operation without behaviour of its own: content that is made from the document.
fn made_up(call: &Call) -> Answer {
    let known: Map<String, Value> =
        call.path.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let reply = sample::answer(call.route, &known)
        .ok_or_else(|| ApiError::internal("the document has no answer for this operation"))?;
    Ok(reply.header(MADE_UP, "made-up"))
}

/// The most bytes that the body of an operation may have.
pub(crate) fn body_limit(operation: &str) -> usize {
    match operation {
        "createWorkflowRun" | "createWorkflow" | "updateWorkflowDraft" | "publishWorkflowVersion" => {
            runs::BODY_LIMIT
        }
        _ => BODY_LIMIT,
    }
}
