//! Professional voices of the audio models: trained for long, and in capitals.

use http::StatusCode;
use serde_json::{Value, json};

use super::voices::Voice;
use super::{inputs, page};
use crate::course::{Course, Stage};
use crate::door::Call;
use crate::marker::Marker;
use crate::refusal::Refusal;
use crate::reply::{Answer, data, data_with};
use crate::state::State;
use crate::world::World;

/// Seconds that a training takes.
const TRAINING: u64 = 600;

fn view(voice: &Voice, now: u64) -> Value {
    let status = match voice.stage(now) {
        Stage::Done => "ACTIVE",
        Stage::Failed => "FAILED",
        _ => "PENDING",
    };
    json!({
        "voice_id": voice.id,
        "name": voice.name,
        "language": voice.language,
        "mode": "professional",
        "status": status,
        "failure_reason": (status == "FAILED").then_some("TRAINING_FAILED"),
        "created_at": voice.created / 1000,
    })
}

fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Voice, Refusal> {
    let voice = state.model_voices.get_mut(id);
    voice.ok_or_else(|| Refusal::not_found("voice_not_found", format!("no professional voice {id}")))
}

/// A voice that the models can speak with.
pub(super) fn active<'a>(state: &'a mut State, id: &str, now: u64) -> Result<&'a Voice, Refusal> {
    let voice = find(state, id).map_err(|refusal| refusal.at("voice_id"))?;
    match voice.stage(now) {
        Stage::Done => Ok(voice),
        _ => Err(Refusal::conflict("the voice is not ACTIVE").at("voice_id")),
    }
}

pub(super) fn list(_: &World, state: &mut State, call: &Call) -> Answer {
    page(call, &state.model_voices, |voice| Some(view(voice, call.now)))
}

pub(super) fn get(_: &World, state: &mut State, call: &Call) -> Answer {
    data(view(find(state, call.id("voice_id"))?, call.now))
}

pub(super) fn create(world: &World, state: &mut State, call: &Call) -> Answer {
    inputs::check(state, &call.body, call.now)?;
    let course = Course::new(call.now, 0, TRAINING, &Marker::of(&call.body)?);
    let id = match call.text("voice_id") {
        Some(id) => {
            let voice = find(state, id).map_err(|refusal| refusal.at("voice_id"))?;
            if matches!(voice.stage(call.now), Stage::Waiting | Stage::Running(_)) {
                return Err(Refusal::conflict("the voice is being trained").at("voice_id"));
            }
            voice.course = Some(course);
            id.to_owned()
        }
        None => {
            let required = |name: &str| {
                call.text(name)
                    .ok_or_else(|| Refusal::invalid(name, format!("{name} is required for a new voice")))
            };
            let (name, language) = (required("name")?.to_owned(), required("language")?.to_owned());
            let id = world.id();
            let voice = Voice {
                id: id.clone(),
                name,
                language,
                gender: String::new(),
                owned: true,
                engines: Vec::new(),
                support_pause: false,
                support_locale: false,
                created: call.now,
                course: Some(course),
            };
            state.model_voices.insert(id.clone(), voice);
            id
        }
    };
    data_with(StatusCode::ACCEPTED, json!({"voice_id": id}))
}

pub(super) fn delete(_: &World, state: &mut State, call: &Call) -> Answer {
    let id = call.id("voice_id");
    // Deleting again what was deleted gives the same answer.
    if !state.gone.contains(id) {
        if matches!(find(state, id)?.stage(call.now), Stage::Waiting | Stage::Running(_)) {
            return Err(Refusal::conflict("a voice cannot be deleted while it is PENDING"));
        }
        state.model_voices.remove(id);
        state.gone.insert(id, ());
    }
    data(json!({"status": "ok"}))
}
