//! Reduces the body of a request to the part that later responses show, and to a maximum size. So the memory stays bounded,
//! however large the requests are.

use serde_json::Value;

/// Members of bodies that a resource, an event or a callback uses later, in order.
const MEMBERS: [&str; 39] = [
    "aspect_ratio",
    "audio_asset_id",
    "audio_url",
    "avatar_id",
    "background",
    "brand_glossary_id",
    "callback_id",
    "callback_url",
    "caption",
    "composition",
    "duration",
    "engine",
    "expressiveness",
    "folder_id",
    "format",
    "fps",
    "include_gif",
    "input_language",
    "layers",
    "mode",
    "model",
    "model_a",
    "model_b",
    "motion_prompt",
    "num_images",
    "output_settings",
    "quality",
    "question_id",
    "request_id",
    "resolution",
    "scenes",
    "script",
    "seed",
    "subtitles",
    "title",
    "topic",
    "translate_audio_only",
    "type",
    "voice_id",
];

/// Maximum size of a retained body, in bytes. Fifty scenes with a full script each fit in.
const MAX_SIZE: usize = 512 * 1024;

/// Size of a value in addition to its text, in bytes.
const VALUE_SIZE: usize = 64;

/// Maximum size of a retained inline file, in characters of base64.
const MAX_INLINE: usize = 1024;

/// The retained part of a body.
pub(crate) fn retained(body: &Value) -> Value {
    let mut left = MAX_SIZE;
    let members = body.as_object().into_iter().flatten();
    let members = members.filter(|(name, _)| MEMBERS.binary_search(&name.as_str()).is_ok());
    // A member that does not fit is left out. It is not set to null, because null has a meaning.
    let kept = members.filter_map(|(name, value)| Some((name.clone(), truncate(value, &mut left)?)));
    Value::Object(kept.collect())
}

/// A whole value, without its large inline files.
pub(crate) fn without_files(value: &Value) -> Value {
    let mut left = usize::MAX;
    truncate(value, &mut left).unwrap_or_default()
}

/// The part of a value that fits into the bytes that are left.
fn truncate(value: &Value, left: &mut usize) -> Option<Value> {
    let length = value.as_str().map_or(0, str::len);
    *left = left.checked_sub(VALUE_SIZE.saturating_add(length))?;
    Some(match value {
        Value::Object(members) => {
            let is_file = members.get("type").is_some_and(|kind| kind == "base64");
            let long = |value: &Value| value.as_str().is_some_and(|data| data.len() > MAX_INLINE);
            let kept = members.iter().filter_map(|(name, value)| match name.as_str() {
                "data" if is_file && long(value) => Some((name.clone(), Value::from(""))),
                _ => Some((name.clone(), truncate(value, left)?)),
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => items.iter().map_while(|item| truncate(item, left)).collect(),
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_members_are_in_order() {
        assert!(MEMBERS.is_sorted());
    }

    #[test]
    fn large_inline_files_are_removed() {
        let body = |data: &str| json!({"video": {"type": "base64", "data": data}, "list": [{"data": "x".repeat(2000)}]});
        assert_eq!(without_files(&body(&"x".repeat(1025))), body(""));
        assert_eq!(without_files(&body("eA==")), body("eA=="));
    }

    #[test]
    fn a_large_body_is_reduced_to_the_maximum_size() {
        let (text, many) = ("x".repeat(10 * MAX_SIZE), vec![json!("de"); 100_000]);
        let body =
            json!({"variables": {"a": text}, "output_languages": many, "voice_id": "v", "callback_id": "c"});
        assert_eq!(retained(&body), json!({"callback_id": "c", "voice_id": "v"}));
        // Large members that would otherwise be retained are left out too; short ones remain.
        let body =
            json!({"audio_url": text, "layers": many, "title": text, "type": text, "callback_id": "c"});
        let kept = retained(&body);
        assert_eq!((&kept["callback_id"], kept.to_string().len() < MAX_SIZE), (&json!("c"), true));
        assert!(kept.get("title").is_none() && kept["layers"].as_array().unwrap().len() < many.len());
    }

    #[test]
    fn the_longest_studio_video_is_retained_as_a_whole() {
        let scene = json!({"type": "avatar_video", "input": {"avatar_id": "a", "script": "x".repeat(5000)}});
        let body = json!({"type": "studio", "scenes": vec![scene; 50], "title": "t"});
        assert_eq!(retained(&body), body);
    }
}
