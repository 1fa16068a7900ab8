//! Redacts bodies for the log: values that may be secret are replaced.

use std::borrow::Cow;

use heygen_api::from_json_slice;
use serde_json::Value;

use crate::address::shown;

/// The maximum length of a redacted body, in characters.
const MAX_LENGTH: usize = 2_000;

/// Replaces a secret.
const PLACEHOLDER: &str = "[redacted]";

/// A member is secret if its name contains one of these words.
const SECRET_NAMES: [&str; 7] = ["secret", "token", "key", "password", "authorization", "signature", "data"];

/// Returns a JSON body without its secrets, or the length of any other body.
pub(crate) fn redacted(body: &[u8]) -> String {
    let Ok(mut value) = from_json_slice::<Value>(body) else { return format!("{} bytes", body.len()) };
    redact(&mut value);
    let text = value.to_string();
    match text.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}… ({} bytes)", text.get(..end).unwrap_or_default(), body.len()),
        None => text,
    }
}

/// Replaces the secrets of a value: values with the name of a secret, and the queries of URLs.
pub(crate) fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.to_lowercase();
                match value {
                    // An object in `data` is the whole answer, a string is the base64 of a file.
                    Value::Object(_) | Value::Array(_) if name == "data" => redact(value),
                    value if is_secret(&name) => redact_all(value),
                    value => redact(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        // The query of a URL may be a signature, and its user info a password.
        Value::String(text) if text.contains("://") => {
            let words = text.split(' ').map(|word| match word.contains("://") {
                true => Cow::from(shown(word).unwrap_or_else(|| PLACEHOLDER.to_owned())),
                false => Cow::from(word),
            });
            *text = words.collect::<Vec<_>>().join(" ");
        }
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    name != "next_token" && SECRET_NAMES.iter().any(|word| name.contains(word))
}

/// Redacts every value below the name of a secret.
fn redact_all(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(redact_all),
        Value::Array(items) => items.iter_mut().for_each(redact_all),
        Value::Null | Value::Bool(_) => {}
        other => *other = Value::from(PLACEHOLDER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_redacted() {
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
