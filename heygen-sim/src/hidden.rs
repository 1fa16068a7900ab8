//! Hides secrets in the bodies that the page of the simulator shows.

use serde_json::Value;

/// What is shown in place of a secret.
pub(crate) const HIDDEN: &str = "[hidden]";

/// Members of bodies whose value is a secret.
const MEMBERS: [&str; 6] =
    ["access_token", "client_secret", "code_verifier", "device_code", "refresh_token", "secret"];

/// The end of the name of each query parameter that signs a link: `Signature` and `X-Amz-Signature`.
const SIGNATURE: &str = "ignature=";

/// Hides secrets, and the signatures of links, in a JSON value.
pub(crate) fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if value.is_string() && MEMBERS.contains(&name.as_str()) {
                    *value = Value::from(HIDDEN);
                } else {
                    hide(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::String(text) if text.contains(SIGNATURE) => *text = without_signatures(text),
        _ => {}
    }
}

/// A text whose links have hidden signatures.
pub(crate) fn without_signatures(text: &str) -> String {
    let mut parts = text.split(SIGNATURE);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| "&#\"'<>\\".contains(letter) || letter.is_whitespace());
        shown.extend([SIGNATURE, HIDDEN, end.and_then(|end| part.get(end..)).unwrap_or_default()]);
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_and_signatures_are_hidden() {
        let mut value = json!({
            "data": {"secret": "whsec_1", "list": [{"access_token": "a", "next_token": "n"}]},
            "url": "http://h/files/v.mp4?Expires=1&Signature=0af&Key-Pair-Id=k",
            "upload_url": "http://h/uploads/1?X-Amz-Expires=1&X-Amz-Signature=0af",
            "secret": null,
        });
        hide(&mut value);
        assert_eq!(
            value,
            json!({
                "data": {"secret": "[hidden]", "list": [{"access_token": "[hidden]", "next_token": "n"}]},
                "url": "http://h/files/v.mp4?Expires=1&Signature=[hidden]&Key-Pair-Id=k",
                "upload_url": "http://h/uploads/1?X-Amz-Expires=1&X-Amz-Signature=[hidden]",
                "secret": null,
            })
        );
        let text = "<a href='/f?Signature=1'>one</a> and /g?signature=2 and three";
        assert_eq!(
            without_signatures(text),
            "<a href='/f?Signature=[hidden]'>one</a> and /g?signature=[hidden] and three"
        );
    }
}
