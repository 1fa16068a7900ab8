//! Professional voices of the audio models. They have a long training, and statuses in upper case.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::marker::Marker;
use crate::model::voice::Voice;
use crate::resources::inputs;
use crate::resources::paging::page;
use crate::schedule::{Schedule, Stage};
use crate::state::State;

/// Duration of a training, in seconds.
const TRAINING_TIME: u64 = 600;

fn view(voice: &Voice, now: u64) -> Value {
    let status = match voice.stage(now) {
        Stage::Done => "ACTIVE",
        Stage::Failed => "FAILED",
        _ => "PENDING",
    };
    json!({
        "voice_id": voice.id,
        "name": voice.name,
        "language": Some(&voice.language).filter(|language| !language.is_empty()),
        "mode": voice.mode,
        "status": status,
        "failure_reason": (status == "FAILED").then_some("TRAINING_FAILED"),
        "created_at": voice.created / 1000,
    })
}

fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Voice, ApiError> {
    let voice = state.model_voices.get_mut(id);
    voice.ok_or_else(|| ApiError::not_found("voice_not_found", format!("no professional voice {id}")))
}

/// A voice that is trained, or an error.
pub(super) fn active<'a>(state: &'a mut State, id: &str, now: u64) -> Result<&'a Voice, ApiError> {
    let voice = find(state, id).map_err(|refusal| refusal.at("voice_id"))?;
    match voice.stage(now) {
        Stage::Done => Ok(voice),
        _ => Err(ApiError::conflict("the voice is not ACTIVE").at("voice_id")),
    }
}

pub(super) fn list(_: &Env, state: &State, call: &Call) -> Answer {
    page(call, &state.model_voices, |voice| Some(view(voice, call.now)))
}

pub(super) fn get(_: &Env, state: &mut State, call: &Call) -> Answer {
    data(view(find(state, call.id("voice_id"))?, call.now))
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    inputs::check(state, &call.body, call.now)?;
    let schedule = Schedule::new(call.now, 0, TRAINING_TIME, &Marker::of(&call.body)?);
    let id = match call.text("voice_id") {
        Some(id) => {
            let voice = find(state, id).map_err(|refusal| refusal.at("voice_id"))?;
            if matches!(voice.stage(call.now), Stage::Waiting | Stage::Running(_)) {
                return Err(ApiError::conflict("the voice is being trained").at("voice_id"));
            }
            voice.schedule = Some(schedule);
            id.to_owned()
        }
        None => {
            let required = |name: &str| {
                call.text(name)
                    .ok_or_else(|| ApiError::invalid(name, format!("{name} is required for a new voice")))
            };
            let name = required("name")?.to_owned();
            // An instant voice may be made without a language.
            let language = match call.text("mode") {
                Some("instant") => call.text("language").unwrap_or_default().to_owned(),
                _ => required("language")?.to_owned(),
            };
            let id = env.id();
            let voice = Voice {
                id: id.clone(),
                name,
                language,
                gender: String::new(),
                mode: call.text("mode").map(str::to_owned),
                owned: true,
                engines: Vec::new(),
                support_pause: false,
                support_locale: false,
                created: call.now,
                schedule: Some(schedule),
            };
            state.model_voices.insert(id.clone(), voice);
            id
        }
    };
    data_with(StatusCode::ACCEPTED, json!({"voice_id": id}))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("voice_id");
    // Deleting a voice twice has the same response.
    if !state.deleted.contains(id) {
        if matches!(find(state, id)?.stage(call.now), Stage::Waiting | Stage::Running(_)) {
            return Err(ApiError::conflict("a voice cannot be deleted while it is PENDING"));
        }
        state.model_voices.remove(id);
        state.deleted.insert(id, ());
    }
    data(json!({"status": "ok"}))
}
