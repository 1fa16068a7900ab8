//! Bodies as they may be shown: what may be a secret is blotted out.

use serde_json::Value;

/// Longest text of a body that is shown.
const LONGEST: usize = 2_000;

/// What stands in the place of a secret.
const BLOT: &str = "[redacted]";

/// Words in the name of a member whose value is nobody's business.
const SECRETS: [&str; 7] = ["secret", "token", "key", "password", "authorization", "signature", "data"];

/// A JSON body without secrets; of any other body, its length.
pub(crate) fn redacted(body: &[u8]) -> String {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return format!("{} bytes", body.len()) };
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
                // `data` is the whole answer, and the base64 of a file.
                let secret = SECRETS.iter().any(|word| name.contains(word)) && name != "next_token";
                match value {
                    Value::String(text) if secret => *text = BLOT.to_owned(),
                    value => blot(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(blot),
        // The query of a link is its signature.
        Value::String(text) => {
            if let (true, Some(place)) = (text.contains("://"), text.find('?')) {
                text.truncate(place);
                text.push_str("?…");
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_blotted_out() {
        let body = br#"{"data":{"secret":"marked","video_url":"https://x/a.mp4?Signature=marked","items":[{"api_key":"marked"}]},
            "prompt":"hello","next_token":"abc","audio":{"type":"base64","data":"marked"}}"#;
        let shown = redacted(body);
        assert!(!shown.contains("marked"), "{shown}");
        assert!(
            shown.contains("hello") && shown.contains("abc") && shown.contains("https://x/a.mp4"),
            "{shown}"
        );
        assert_eq!(redacted(b"<html>marked"), "12 bytes");
        assert!(redacted(format!("\"{}\"", "x".repeat(10_000)).as_bytes()).len() < 3_000);
    }
}
