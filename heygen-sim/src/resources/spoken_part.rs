//! The rules of a part of a video with speech: the source of audio, the look and the engine.

use std::borrow::Cow;

use serde_json::Value;

use crate::api_error::ApiError;
use crate::model::avatar::{Group, Look};
use crate::resources::avatars::usable_look;
use crate::resources::voices;
use crate::state::State;

/// Maximum length of a script, in characters.
const SCRIPT_LIMIT: usize = 5000;

/// A part of a body, and its place.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) state: &'a State,
    pub(super) body: &'a Value,
    /// The place of the part in dot notation, with a dot at the end; empty for the whole body.
    pub(super) at: &'a str,
    pub(super) now: u64,
}

impl<'a> Part<'a> {
    /// A string member.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// Whether a member exists and is not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.body.get(name).is_some_and(|value| !value.is_null())
    }

    /// Refuses a member.
    pub(super) fn refuse<T>(&self, name: &str, message: &str) -> Result<T, ApiError> {
        Err(ApiError::invalid(self.place(name), message))
    }

    /// The place of a member in the body.
    pub(super) fn place<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match self.at {
            "" => name.into(),
            at => format!("{at}{name}").into(),
        }
    }
}

/// Checks an avatar that speaks: the look, the source of audio and the engine. Returns the look.
pub(super) fn check_avatar<'a>(part: Part<'a>, resolution: Option<&str>) -> Result<&'a Look, ApiError> {
    let id = part.text("avatar_id").unwrap_or_default();
    let look = usable_look(part.state, &part.place("avatar_id"), id, part.now)?;
    check_audio(part, Some(look), true)?;
    check_engine(part, look, resolution)?;
    Ok(look)
}

/// Checks that there is one source of audio, or at most one if it is not `needed`. A script needs a voice.
pub(super) fn check_audio(part: Part<'_>, look: Option<&Look>, needed: bool) -> Result<(), ApiError> {
    let sources: Vec<&str> =
        ["script", "audio_url", "audio_asset_id"].into_iter().filter(|name| part.has(name)).collect();
    match sources.as_slice() {
        [] if needed => {
            return part.refuse("script", "one of script, audio_url and audio_asset_id is required");
        }
        [] | [_] => {}
        [_, second, ..] => {
            return part.refuse(second, "script, audio_url and audio_asset_id exclude one another");
        }
    }
    let Some(script) = part.text("script") else { return Ok(()) };
    if script.chars().count() > SCRIPT_LIMIT {
        return part.refuse("script", &format!("a script has at most {SCRIPT_LIMIT} characters"));
    }
    if !script.chars().any(char::is_alphanumeric) {
        let status = http::StatusCode::BAD_REQUEST;
        let message = "there is nothing to speak in this script";
        return Err(ApiError::new(status, "script_too_short", message).at(part.place("script")));
    }
    let default = look.and_then(|look| look.default_voice_id.as_deref());
    let Some(id) = part.text("voice_id").or(default) else {
        let message = match look {
            Some(_) => "this look has no default voice, so voice_id is required",
            None => "voice_id is required with a script",
        };
        return part.refuse("voice_id", message);
    };
    let voice = voices::usable(part.state, &part.place("voice_id"), id, part.now)?;
    let Some(settings) =
        Some(&part.body["voice_settings"]["engine_settings"]).filter(|value| !value.is_null())
    else {
        return Ok(());
    };
    let engine = settings.get("engine_type").and_then(Value::as_str).unwrap_or_default();
    if !voice.engines.iter().any(|one| one == engine) {
        let message =
            format!("the voice is not one of {engine}; its engines are {}", voice.engines.join(", "));
        return part.refuse("voice_settings.engine_settings.engine_type", &message);
    }
    Ok(())
}

/// Checks that the look supports the engine, and the engine the other members.
fn check_engine(part: Part<'_>, look: &Look, resolution: Option<&str>) -> Result<(), ApiError> {
    let given = part.body["engine"]["type"].as_str();
    let engine = given.unwrap_or("avatar_iv");
    if !look.engines.iter().any(|one| one == engine) {
        let message = match look.engines.join(", ") {
            none if none.is_empty() => format!("no engine renders the look, so {engine} does not"),
            engines => format!("the look takes {engines}, not {engine}"),
        };
        return part.refuse(if given.is_some() { "engine.type" } else { "engine" }, &message);
    }
    let in_group = |kind: &str, id: Option<&str>| {
        part.state.looks.values().any(|other| {
            other.group_id == look.group_id && other.avatar_type == kind && id.is_none_or(|id| other.id == id)
        })
    };
    if let Some(id) = part.body["engine"]["reference_look_id"].as_str()
        && !in_group("digital_twin", Some(id))
    {
        let message = "the reference must be a digital_twin look of the same group";
        return part.refuse("engine.reference_look_id", message);
    }
    let has_consent = part.state.groups.get(&look.group_id).is_none_or(Group::has_consent);
    if engine == "avatar_v" && !has_consent && in_group("digital_twin", None) {
        let named = part.body["engine"]["reference_look_id"].is_string();
        let place = part.place(if named { "engine.reference_look_id" } else { "engine" });
        let message = "the person in the reference has not given consent";
        return Err(ApiError::new(http::StatusCode::FORBIDDEN, "avatar_consent_required", message).at(place));
    }
    if part.has("motion_prompt") {
        match engine {
            "avatar_iii" => return part.refuse("motion_prompt", "avatar_iii takes no motion_prompt"),
            "avatar_iv" if !look.is_photo() => {
                return part
                    .refuse("motion_prompt", "avatar_iv takes a motion_prompt for photo avatars only");
            }
            "avatar_v" if look.is_photo() && !in_group("digital_twin", None) => {
                let message = "the group of this photo avatar has no animation to refer to";
                return part.refuse("motion_prompt", message);
            }
            _ => {}
        }
    }
    if part.has("expressiveness") && (engine != "avatar_iv" || !look.is_photo()) {
        return part.refuse("expressiveness", "expressiveness is for photo avatars on avatar_iv only");
    }
    if engine == "avatar_iii" && look.is_photo() && resolution == Some("4k") {
        // A scene has no resolution, so the error names the one of the request.
        return Err(ApiError::invalid("resolution", "avatar_iii renders photo avatars up to 1080p"));
    }
    Ok(())
}
