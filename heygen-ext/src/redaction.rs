//! Bodies as they may be shown: what may be a secret is blotted out.

use std::borrow::Cow;

use heygen_api::from_json_slice;
use serde_json::Value;

use crate::address::shown;

/// Longest text of a body that is shown.
const LONGEST: usize = 2_000;

/// What stands in the place of a secret.
const BLOT: &str = "[redacted]";

/// Words in the name of a member whose value is nobody's business.
const SECRETS: [&str; 7] = ["secret", "token", "key", "password", "authorization", "signature", "data"];

/// A JSON body without secrets; of any other body, its length.
pub(crate) fn redacted(body: &[u8]) -> String {
    let Ok(mut value) = from_json_slice::<Value>(body) else { return format!("{} bytes", body.len()) };
    blot(&mut value);
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} bytes)", text.get(..end).unwrap_or_default(), body.len()),
        None => text,
    }
}

fn blot(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.to_lowercase();
                match value {
                    // `data` is the whole answer, and the base64 of a file.
                    Value::Object(_) | Value::Array(_) if name == "data" => blot(value),
                    value if is_secret(&name) => blot_all(value),
                    value => blot(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(blot),
        // The query of an address is its signature, and before its host a password may stand.
        Value::String(text) if text.contains("://") => {
            let words = text.split(' ').map(|word| match word.contains("://") {
                true => Cow::from(shown(word).unwrap_or_else(|| BLOT.to_owned())),
                false => Cow::from(word),
            });
            *text = words.collect::<Vec<_>>().join(" ");
        }
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    name != "next_token" && SECRETS.iter().any(|word| name.contains(word))
}

/// Whatever stands below the name of a secret is one.
fn blot_all(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(blot_all),
        Value::Array(items) => items.iter_mut().for_each(blot_all),
        Value::Null | Value::Bool(_) => {}
        other => *other = Value::from(BLOT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_blotted_out() {
        let body = br#"{"data":{"secret":"marked","video_url":"https://x/a.mp4?Signature=marked","items":[{"api_key":"marked"}]},
            "prompt":"hello, see https://x?s=marked now","next_token":"abc","audio":{"type":"base64","data":"marked"},
            "api_keys":["marked"],"key":{"value":"marked","id":7},"callback_url":"https://me:marked@hook.example/a"}"#;
        let shown = redacted(body);
        assert!(!shown.contains("marked"), "{shown}");
        assert!(
            shown.contains("hello, see https://x/ now")
                && shown.contains("abc")
                && shown.contains("https://x/a.mp4"),
            "{shown}"
        );
        assert_eq!(redacted(b"<html>marked"), "12 bytes");
        assert!(redacted(format!("\"{}\"", "x".repeat(10_000)).as_bytes()).len() < 3_000);
    }
}
