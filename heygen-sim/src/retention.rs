//! What is kept of a request once it is carried out: what its answers show later, and no more than so many bytes, so that
//! memory stays flat however large the requests are.

use serde_json::Value;

/// Members of bodies that a resource, an event or a callback shows or follows afterwards.
const MEMBERS: [&str; 35] = [
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
    "model_a",
    "model_b",
    "motion_prompt",
    "output_settings",
    "quality",
    "question_id",
    "request_id",
    "resolution",
    "scenes",
    "script",
    "subtitles",
    "title",
    "topic",
    "translate_audio_only",
    "type",
    "voice_id",
];

/// Most bytes of a request that are kept: fifty scenes with a full script each, and something over.
const MOST: usize = 512 * 1024;

/// Bytes that a value takes however short its text is.
const LEAST: usize = 64;

/// Largest inline file, in letters of base64, that is kept with its request.
const INLINE: usize = 1024;

/// The body of a request as it is kept.
pub(crate) fn retained(body: &Value) -> Value {
    let mut left = MOST;
    let members = body.as_object().into_iter().flatten();
    let members = members.filter(|(name, _)| MEMBERS.contains(&name.as_str()));
    // What is beyond the bytes is gone; it is not there as null, which would say something.
    let kept = members.filter_map(|(name, value)| Some((name.clone(), within(value, &mut left)?)));
    Value::Object(kept.collect())
}

/// All of a value, but for its inline files.
pub(crate) fn without_files(value: &Value) -> Value {
    let mut left = usize::MAX;
    within(value, &mut left).unwrap_or_default()
}

/// As much of a value as there are bytes left for.
fn within(value: &Value, left: &mut usize) -> Option<Value> {
    let length = value.as_str().map_or(0, str::len);
    *left = left.checked_sub(LEAST.saturating_add(length))?;
    Some(match value {
        Value::Object(members) => {
            let is_file = members.get("type").is_some_and(|kind| kind == "base64");
            let long = |value: &Value| value.as_str().is_some_and(|data| data.len() > INLINE);
            let kept = members.iter().filter_map(|(name, value)| match name.as_str() {
                "data" if is_file && long(value) => Some((name.clone(), Value::from(""))),
                _ => Some((name.clone(), within(value, left)?)),
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => items.iter().map_while(|item| within(item, left)).collect(),
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bodies_are_kept_without_their_files() {
        let body = |data: &str| json!({"video": {"type": "base64", "data": data}, "list": [{"data": "x".repeat(2000)}]});
        assert_eq!(without_files(&body(&"x".repeat(1025))), body(""));
        assert_eq!(without_files(&body("eA==")), body("eA=="));
    }

    #[test]
    fn a_large_body_leaves_little_behind() {
        let (text, many) = ("x".repeat(10 * MOST), vec![json!("de"); 100_000]);
        let body =
            json!({"variables": {"a": text}, "output_languages": many, "voice_id": "v", "callback_id": "c"});
        assert_eq!(retained(&body), json!({"callback_id": "c", "voice_id": "v"}));
        // Nor does what is kept otherwise; what is short stays.
        let body =
            json!({"audio_url": text, "layers": many, "title": text, "type": text, "callback_id": "c"});
        let kept = retained(&body);
        assert_eq!((&kept["callback_id"], kept.to_string().len() < MOST), (&json!("c"), true));
        assert!(kept.get("title").is_none() && kept["layers"].as_array().unwrap().len() < many.len());
    }

    #[test]
    fn the_longest_video_of_scenes_is_kept_whole() {
        let scene = json!({"type": "avatar_video", "input": {"avatar_id": "a", "script": "x".repeat(5000)}});
        let body = json!({"type": "studio", "scenes": vec![scene; 50], "title": "t"});
        assert_eq!(retained(&body), body);
    }
}
