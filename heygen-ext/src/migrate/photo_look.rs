//! The photo avatar of v2, made from a look of v3.

use serde_json::{Value, json};

use super::look_up::{Known, LookUp};
use super::planning::Planning;

/// The group that an id names. In v2 a photo avatar had the id of its group, so programs use one for the other.
pub(crate) fn group_of(planning: &Planning<'_>, id: String) -> String {
    match planning.look_up(LookUp::Look(id.clone())) {
        Known::Found(look) => look.get("group_id").and_then(Value::as_str).unwrap_or(&id).to_owned(),
        Known::Absent | Known::Unanswered => id,
    }
}

/// The status of a look, in the words that v2 had for photo avatars.
pub(crate) fn photo_status(look: &Value) -> &'static str {
    match look.get("status").and_then(Value::as_str) {
        Some("failed") => "failed",
        Some("completed") | None => "completed",
        Some(_) => "pending",
    }
}

/// A photo avatar. Motion, upscaling and sound effects of v2 do not exist any more.
pub(crate) fn photo_avatar(look: &Value) -> Value {
    // The old service reported this time with a fraction, and v3 does not report it.
    let created = look.get("created_at").and_then(Value::as_f64);
    json!({
        "id": look.get("id"),
        "image_url": look.get("preview_image_url"),
        "created_at": created,
        "name": look.get("name"),
        "status": photo_status(look),
        "group_id": look.get("group_id"),
        "is_motion": false,
        "motion_preview_url": null,
        "business_type": null,
        "upscale_availability": {"available": false, "reason": "unsupported"},
        "upscaled": false,
        "background_sound_effect": null,
        "default_voice_id": look.get("default_voice_id"),
    })
}
