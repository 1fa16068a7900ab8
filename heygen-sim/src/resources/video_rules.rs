//! The rules of videos that the document states only in prose.

use serde_json::Value;

use crate::api_error::ApiError;
use crate::env::Env;
use crate::model::avatar::Look;
use crate::prices;
use crate::resources::avatars::usable_look;
use crate::resources::spoken_part::{Part, check_audio, check_avatar};
use crate::resources::{glossaries, inputs, studio};
use crate::state::State;

/// The properties of the job for a valid request.
pub(super) struct Plan {
    /// Container of the result: `mp4` or `webm`.
    pub(super) format: &'static str,
    /// Price in US dollars, if it differs from the price of a video.
    pub(super) price: Option<f64>,
}

/// Checks the body of `POST /v3/videos`, or an item of a batch.
pub(super) fn check(env: &Env, state: &State, body: &Value, now: u64) -> Result<Plan, ApiError> {
    inputs::check(state, body, now)?;
    glossaries::check(state, body)?;
    let part = Part { state, body, at: "", now };
    if part.has("watermark") && !env.settings.enterprise {
        return Err(ApiError::forbidden("watermarks need an Enterprise plan").at("watermark"));
    }
    let mp4 = Plan { format: "mp4", price: None };
    match part.text("type") {
        Some("avatar") => {
            let look = check_avatar(part, part.text("resolution"))?;
            let price = Some(price(part, look.is_photo()));
            Ok(Plan { format: check_output(part, Some(look))?, price })
        }
        Some("image") => {
            check_audio(part, None, true)?;
            Ok(Plan { format: check_output(part, None)?, price: Some(price(part, true)) })
        }
        Some("cinematic_avatar") => {
            check_cinematic(part)?;
            Ok(Plan { price: Some(prices::CINEMATIC.dollars), ..mp4 })
        }
        Some("studio") => {
            studio::check(part)?;
            Ok(mp4)
        }
        // The body of v2 has no type.
        _ => {
            let look = match part.text("avatar_id") {
                Some(_) => Some(check_avatar(part, part.text("resolution"))?),
                None => {
                    check_audio(part, None, true)?;
                    None
                }
            };
            let price = Some(price(part, look.is_none_or(Look::is_photo)));
            Ok(Plan { format: check_output(part, look)?, price })
        }
    }
}

/// The price of a video of a look, or of an image.
fn price(part: Part<'_>, is_photo: bool) -> f64 {
    let engine = part.body["engine"]["type"].as_str().unwrap_or_default();
    prices::avatar_video(engine, is_photo).of_video()
}

/// Checks transparency and background. Returns the container.
fn check_output(part: Part<'_>, look: Option<&Look>) -> Result<&'static str, ApiError> {
    let transparent = part.text("output_format") == Some("webm");
    let removes_background = transparent || part.body.get("remove_background") == Some(&Value::Bool(true));
    if transparent && part.has("background") {
        return part.refuse("background", "a transparent video has no background");
    }
    // The renderer can remove the background of a photo. A video look must have been trained with matting.
    if removes_background && look.is_some_and(|look| !look.is_photo() && !look.matting) {
        let name = if transparent { "output_format" } else { "remove_background" };
        return part.refuse(name, "the look was not trained with matting");
    }
    check_background(part)?;
    Ok(if transparent { "webm" } else { "mp4" })
}

fn check_background(part: Part<'_>) -> Result<(), ApiError> {
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
                inputs::check_file_url(&part.place("background.url"), url)
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

/// Whether a text is a hexadecimal color.
fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| {
        matches!(digits.len(), 3 | 6 | 8) && digits.chars().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// Checks a cinematic video.
fn check_cinematic(part: Part<'_>) -> Result<(), ApiError> {
    let ids: Vec<&str> =
        part.body["avatar_id"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !(1..=3).contains(&ids.len()) {
        return part.refuse("avatar_id", "from 1 to 3 looks are needed");
    }
    // A photo look counts as an image, other looks as videos.
    let (mut videos, mut images) = (0, 0);
    for (number, id) in ids.iter().enumerate() {
        let look = usable_look(part.state, &format!("avatar_id.{number}"), id, part.now)?;
        *(if look.is_photo() { &mut images } else { &mut videos }) += 1;
    }
    if part.body.get("auto_duration") == Some(&Value::Bool(true)) && part.has("duration") {
        return part.refuse("duration", "duration is left out when auto_duration is true");
    }
    for reference in part.body["references"].as_array().into_iter().flatten() {
        match media_kind(part.state, reference) {
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

/// The kind of an input, from its asset, its media type or the extension of its URL.
fn media_kind<'a>(state: &'a State, input: &'a Value) -> Option<&'a str> {
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
