//! Voices: presets and clones, and the search for a voice by its description.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::links::link;
use crate::marker::Marker;
use crate::model::voice::Voice;
use crate::resources::inputs;
use crate::resources::inputs::trimmed;
use crate::resources::paging::page;
use crate::schedule::{Schedule, Stage};
use crate::state::State;

/// Maximum number of clones in a workspace.
const CLONE_LIMIT: usize = 100;

/// Number of voices that a design request returns.
const DESIGN_COUNT: usize = 3;

impl Voice {
    /// The stage of its creation. A preset is always done.
    pub(crate) fn stage(&self, now: u64) -> Stage {
        self.schedule.as_ref().map_or(Stage::Done, |schedule| schedule.stage(now))
    }

    fn preview(&self, env: &Env) -> String {
        link(env, &format!("{}/speech.mp3", self.id))
    }

    /// The voice, as lists show it.
    fn item(&self, env: &Env) -> Value {
        json!({
            "voice_id": self.id,
            "name": self.name,
            "language": self.language,
            "gender": self.gender,
            "type": if self.owned { "private" } else { "public" },
            "preview_audio_url": self.preview(env),
            "support_pause": self.support_pause,
            "support_locale": self.support_locale,
        })
    }
}

/// A voice that can be used, or an error that says why it cannot.
pub(super) fn usable<'a>(state: &'a State, param: &str, id: &str, now: u64) -> Result<&'a Voice, ApiError> {
    let missing = || ApiError::not_found("voice_not_found", format!("no voice {id}")).at(param);
    let voice = state.voices.get(id).ok_or_else(missing)?;
    match voice.stage(now) {
        Stage::Done => Ok(voice),
        Stage::Failed => {
            let message = "the clone has failed";
            Err(ApiError::new(StatusCode::CONFLICT, "voice_unavailable", message).at(param))
        }
        _ => {
            let message = "the clone is still being made";
            Err(ApiError::new(StatusCode::CONFLICT, "resource_not_ready", message).at(param))
        }
    }
}

pub(super) fn list(env: &Env, state: &State, call: &Call) -> Answer {
    let filter = |name: &str| call.query.get(name);
    let private = filter("type").is_some_and(|kind| kind == "private");
    page(call, &state.voices, |voice| {
        let wanted = voice.stage(call.now) == Stage::Done
            && private == voice.owned
            && filter("engine").is_none_or(|engine| voice.engines.contains(engine))
            && filter("language").is_none_or(|language| voice.language.eq_ignore_ascii_case(language))
            && filter("gender").is_none_or(|gender| voice.gender.eq_ignore_ascii_case(gender));
        wanted.then(|| voice.item(env))
    })
}

pub(super) fn get(env: &Env, state: &State, call: &Call) -> Answer {
    let id = call.id("voice_id");
    let missing = || ApiError::not_found("voice_not_found", format!("no voice {id}"));
    let voice = state.voices.get(id).ok_or_else(missing)?;
    let status = match voice.stage(call.now) {
        // The status of a clone is `complete`, not `completed`.
        Stage::Done => "complete",
        Stage::Failed => "failed",
        _ => "processing",
    };
    let failure = voice.schedule.as_ref().and_then(|schedule| schedule.failure(call.now));
    data(json!({
        "voice_id": voice.id,
        "name": voice.name,
        "language": voice.language,
        "gender": voice.gender,
        "status": voice.schedule.as_ref().map(|_| status),
        "failure_message": failure.map(|(_, message)| message),
        "preview_audio_url": (status == "complete").then(|| voice.preview(env)),
        "support_pause": voice.support_pause,
        "support_interactive_avatar": false,
        "created_at": voice.created / 1000,
    }))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("voice_id");
    let missing = || ApiError::not_found("voice_not_found", format!("no voice {id}"));
    if !state.voices.get(id).ok_or_else(missing)?.owned {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "resource_access_denied",
            "only your own clones can be deleted",
        ));
    }
    // The service does not delete a clone that a template uses. The templates here use presets only.
    state.voices.remove(id);
    data(json!({"voice_id": id}))
}

pub(super) fn design(env: &Env, state: &mut State, call: &Call) -> Answer {
    let seed = call.body.get("seed").and_then(Value::as_u64).unwrap_or(0);
    let prompt = call.text("prompt").unwrap_or_default().to_lowercase();
    let wanted = |voice: &&Voice| {
        let locale = call.text("locale").map(|locale| locale.to_lowercase());
        !voice.owned
            && call.text("gender").is_none_or(|gender| voice.gender.eq_ignore_ascii_case(gender))
            && locale.is_none_or(|locale| voice.id.starts_with(&locale))
    };
    let mut fits: Vec<&Voice> = state.voices.values().filter(wanted).collect();
    // The result depends only on the prompt and the seed. Voices whose properties occur in the prompt come first.
    fits.sort_by_key(|voice| {
        let words = [&voice.gender, &voice.language, &voice.name];
        let score = words.iter().filter(|word| prompt.contains(&word.to_lowercase())).count();
        (usize::MAX - score, voice.id.clone())
    });
    let skip = usize::try_from(seed).unwrap_or(usize::MAX).saturating_mul(DESIGN_COUNT);
    let voices: Vec<Value> = fits.iter().skip(skip).take(DESIGN_COUNT).map(|voice| voice.item(env)).collect();
    data(json!({"seed": seed, "voices": voices}))
}

pub(super) fn clone(env: &Env, state: &mut State, call: &Call) -> Answer {
    inputs::check(state, &call.body, call.now)?;
    let name = trimmed("voice_name", call.text("voice_name").unwrap_or_default())?;
    if state.voices.values().filter(|voice| voice.owned).count() >= CLONE_LIMIT {
        let message = format!("a workspace has at most {CLONE_LIMIT} voice clones");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "resource_limit_reached", message));
    }
    let id = env.id();
    let voice = Voice {
        id: id.clone(),
        name,
        language: call.text("language").unwrap_or("English").to_owned(),
        mode: None,
        gender: "unknown".to_owned(),
        owned: true,
        engines: vec!["starfish".to_owned()],
        support_pause: true,
        support_locale: false,
        created: call.now,
        schedule: Some(Schedule::new(call.now, 0, 30, &Marker::of(&call.body)?)),
    };
    state.voices.insert(id.clone(), voice);
    data(json!({"voice_clone_id": id}))
}
