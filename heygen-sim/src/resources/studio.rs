//! The rules of a studio video, which consists of scenes.

use serde_json::Value;

use crate::api_error::ApiError;
use crate::resources::spoken_part::{Part, check_audio, check_avatar};

/// Possible numbers of scenes.
const SCENES: std::ops::RangeInclusive<usize> = 1..=50;

/// Checks all scenes.
pub(super) fn check(video: Part<'_>) -> Result<(), ApiError> {
    let scenes = video.body["scenes"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !SCENES.contains(&scenes.len()) {
        return video.refuse("scenes", "a studio video has from 1 to 50 scenes");
    }
    for (number, scene) in scenes.iter().enumerate() {
        let at = format!("scenes.{number}.");
        let part = Part { body: scene, at: &at, ..video };
        match part.text("type") {
            Some("avatar_video") => {
                let at = format!("{at}input.");
                let body = scene.get("input").unwrap_or(&Value::Null);
                check_avatar(Part { body, at: &at, ..video }, video.text("resolution"))?;
            }
            Some("image") => check_image(part)?,
            _ => check_clip(part)?,
        }
    }
    Ok(())
}

/// Checks an image. It has either a duration or audio.
fn check_image(part: Part<'_>) -> Result<(), ApiError> {
    if !part.has("duration") {
        return match has_audio(part) {
            true => check_audio(part, None, true),
            false => {
                part.refuse("duration", "a silent image needs a duration, a narrated one an audio source")
            }
        };
    }
    match has_audio(part) {
        true => part.refuse("duration", "the audio sets the length of a narrated image"),
        false => Ok(()),
    }
}

/// Checks a video clip. Its playback mode needs audio.
fn check_clip(part: Part<'_>) -> Result<(), ApiError> {
    check_audio(part, None, false)?;
    let mode = part.body.pointer("/playback/mode").is_some_and(|mode| !mode.is_null());
    if mode && !has_audio(part) {
        return part.refuse("playback.mode", "a mode needs a voiceover, whose length it matches");
    }
    Ok(())
}

fn has_audio(part: Part<'_>) -> bool {
    ["script", "audio_url", "audio_asset_id"].into_iter().any(|name| part.has(name))
}
