//! The rules of a video that the document states in prose.

use serde_json::{Value, json};

use super::avatars::{Group, Look, usable_look};
use super::{glossaries, inputs, studio, voices};
use crate::refusal::Refusal;
use crate::state::State;
use crate::world::World;

/// Characters of a script.
const SCRIPT_LIMIT: usize = 5000;

/// US dollars for a cinematic video, whatever its length.
const CINEMATIC_PRICE: f64 = 7.0;

/// What follows from a request that is in order.
pub(super) struct Plan {
    /// Container of the result.
    pub(super) format: &'static str,
    /// US dollars, where it is not the price of a video.
    pub(super) price: Option<f64>,
}

/// A part of a body, and where it is.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) state: &'a State,
    pub(super) body: &'a Value,
    /// The place of the part, with a dot behind, or nothing.
    pub(super) at: &'a str,
    pub(super) now: u64,
}

impl<'a> Part<'a> {
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.body.get(name).and_then(Value::as_str)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.body.get(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn refuse<T>(&self, name: &str, message: &str) -> Result<T, Refusal> {
        Err(Refusal::invalid(self.place(name), message))
    }

    pub(super) fn place(&self, name: &str) -> String {
        format!("{}{name}", self.at)
    }
}

/// Checks the body of `POST /v3/videos`, or of one item of a batch.
pub(super) fn check(world: &World, state: &State, body: &Value, now: u64) -> Result<Plan, Refusal> {
    inputs::check(state, body, now)?;
    glossaries::check(state, body)?;
    let part = Part { state, body, at: "", now };
    if part.has("watermark") && !world.settings.enterprise {
        return Err(Refusal::forbidden("watermarks need an Enterprise plan").at("watermark"));
    }
    let mp4 = Plan { format: "mp4", price: None };
    match part.text("type") {
        Some("avatar") => {
            let look = spoken_by_avatar(part, part.text("resolution"))?;
            Ok(Plan { format: output(part, Some(look))?, ..mp4 })
        }
        Some("image") => {
            audio(part, None, true)?;
            Ok(Plan { format: output(part, None)?, ..mp4 })
        }
        Some("cinematic_avatar") => {
            cinematic(part)?;
            Ok(Plan { price: Some(CINEMATIC_PRICE), ..mp4 })
        }
        Some("studio") => {
            studio::check(part)?;
            Ok(mp4)
        }
        // The flat body of v2 has no type.
        _ => {
            let look = match part.text("avatar_id") {
                Some(_) => Some(spoken_by_avatar(part, part.text("resolution"))?),
                None => {
                    audio(part, None, true)?;
                    None
                }
            };
            Ok(Plan { format: output(part, look)?, ..mp4 })
        }
    }
}

/// An avatar that speaks: look, engine, and one source of audio.
pub(super) fn spoken_by_avatar<'a>(part: Part<'a>, resolution: Option<&str>) -> Result<&'a Look, Refusal> {
    let id = part.text("avatar_id").unwrap_or_default();
    let look = usable_look(part.state, &part.place("avatar_id"), id, part.now)?;
    audio(part, Some(look), true)?;
    engine(part, look, resolution)?;
    Ok(look)
}

/// Exactly one source of audio, or at most one; a script needs a voice.
pub(super) fn audio(part: Part<'_>, look: Option<&Look>, needed: bool) -> Result<(), Refusal> {
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
        return Err(Refusal::new(status, "script_too_short", message).at(part.place("script")));
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
        part.body.pointer("/voice_settings/engine_settings").filter(|value| !value.is_null())
    else {
        return Ok(());
    };
    let engine = settings.get("engine_type").and_then(Value::as_str).unwrap_or_default();
    if !voice.engines.iter().any(|one| one == engine) {
        let message =
            format!("the voice is not one of {engine}; its engines are {}", voice.engines.join(", "));
        return part.refuse("voice_settings.engine_settings.engine_type", &message);
    }
    let stability = settings.get("stability").and_then(Value::as_f64);
    if settings.get("model") == Some(&json!("eleven_v3"))
        && stability.is_some_and(|stability| ![0.0, 0.5, 1.0].contains(&stability))
    {
        return part.refuse("voice_settings.engine_settings.stability", "eleven_v3 takes 0, 0.5 or 1");
    }
    Ok(())
}

/// The engine against the look, and what the engine does not take.
fn engine(part: Part<'_>, look: &Look, resolution: Option<&str>) -> Result<(), Refusal> {
    let given = part.body.pointer("/engine/type").and_then(Value::as_str);
    let engine = given.unwrap_or("avatar_iv");
    if !look.engines.iter().any(|one| one == engine) {
        let message = format!("the look takes {}, not {engine}", look.engines.join(", "));
        return part.refuse(if given.is_some() { "engine.type" } else { "engine" }, &message);
    }
    let in_group = |kind: &str, id: Option<&str>| {
        part.state.looks.values().any(|other| {
            other.group_id == look.group_id && other.avatar_type == kind && id.is_none_or(|id| other.id == id)
        })
    };
    if let Some(id) = part.body.pointer("/engine/reference_look_id").and_then(Value::as_str)
        && !in_group("digital_twin", Some(id))
    {
        let message = "the reference must be a digital_twin look of the same group";
        return part.refuse("engine.reference_look_id", message);
    }
    let agreed = part.state.groups.get(&look.group_id).is_none_or(Group::has_consent);
    if engine == "avatar_v" && !agreed && in_group("digital_twin", None) {
        let named = part.body.pointer("/engine/reference_look_id").is_some_and(Value::is_string);
        let place = part.place(if named { "engine.reference_look_id" } else { "engine" });
        let message = "the person in the reference has not given consent";
        return Err(Refusal::new(http::StatusCode::FORBIDDEN, "avatar_consent_required", message).at(place));
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
        // A scene has no resolution of its own: the request's is meant.
        return Err(Refusal::invalid("resolution", "avatar_iii renders photo avatars up to 1080p"));
    }
    Ok(())
}

/// The container, and what goes with transparency.
fn output(part: Part<'_>, look: Option<&Look>) -> Result<&'static str, Refusal> {
    let transparent = part.text("output_format") == Some("webm");
    let cut_out = transparent || part.body.get("remove_background") == Some(&Value::Bool(true));
    if transparent && part.has("background") {
        return part.refuse("background", "a transparent video has no background");
    }
    // A photo is cut out by the renderer; a video look must have been trained for it.
    if cut_out && look.is_some_and(|look| !look.is_photo() && !look.matting) {
        let name = if transparent { "output_format" } else { "remove_background" };
        return part.refuse(name, "the look was not trained with matting");
    }
    background(part)?;
    Ok(if transparent { "webm" } else { "mp4" })
}

fn background(part: Part<'_>) -> Result<(), Refusal> {
    let Some(background) = part.body.get("background").filter(|value| !value.is_null()) else {
        return Ok(());
    };
    let has = |name: &str| background.get(name).is_some_and(|value| !value.is_null());
    match background.get("type").and_then(Value::as_str) {
        Some("color") => match background.get("value").and_then(Value::as_str) {
            Some(value) if is_color(value) => Ok(()),
            _ => part.refuse("background.value", "a color is needed, such as #ff0000"),
        },
        _ => match (has("url"), has("asset_id")) {
            (true, false) => {
                let url = background.get("url").and_then(Value::as_str).unwrap_or_default();
                inputs::fetch(&part.place("background.url"), url)
            }
            (false, true) => {
                let id = background.get("asset_id").and_then(Value::as_str).unwrap_or_default();
                let place = part.place("background.asset_id");
                inputs::asset(part.state, &place, id, inputs::IMAGE, part.now).map(drop)
            }
            (false, false) => part.refuse("background.url", "one of url and asset_id is required"),
            (true, true) => part.refuse("background.asset_id", "url and asset_id exclude one another"),
        },
    }
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| {
        matches!(digits.len(), 3 | 6 | 8) && digits.chars().all(|digit| digit.is_ascii_hexdigit())
    })
}

fn cinematic(part: Part<'_>) -> Result<(), Refusal> {
    let ids: Vec<&str> =
        part.body["avatar_id"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !(1..=3).contains(&ids.len()) {
        return part.refuse("avatar_id", "from 1 to 3 looks are needed");
    }
    // A photo look counts as an image, any other as a video.
    let (mut videos, mut images) = (0, 0);
    for (number, id) in ids.iter().enumerate() {
        let look = usable_look(part.state, &format!("avatar_id.{number}"), id, part.now)?;
        *(if look.is_photo() { &mut images } else { &mut videos }) += 1;
    }
    if part.body.get("auto_duration") == Some(&Value::Bool(true)) && part.has("duration") {
        return part.refuse("duration", "duration is left out when auto_duration is true");
    }
    for reference in part.body["references"].as_array().into_iter().flatten() {
        match media(part.state, reference) {
            Some("video") => videos += 1,
            Some("image") => images += 1,
            _ => {}
        }
    }
    if videos > 3 || images > 9 {
        let message = "avatars and references together may be 3 videos and 9 images";
        return part.refuse("references", message);
    }
    Ok(())
}

/// What kind of file an input is, by its asset, its type or the end of its URL.
fn media<'a>(state: &'a State, input: &'a Value) -> Option<&'a str> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    if let Some(id) = text("asset_id") {
        return state.assets.get(id).map(|asset| asset.kind());
    }
    if let Some(media_type) = text("media_type") {
        return media_type.split('/').next();
    }
    let path = text("url")?.split(['?', '#']).next()?;
    match path.rsplit('.').next()?.to_ascii_lowercase().as_str() {
        "mp4" | "webm" | "mov" => Some("video"),
        "png" | "jpg" | "jpeg" => Some("image"),
        _ => None,
    }
}
