//! Describes why a body does not match its type.

use serde::de::DeserializeOwned;

use crate::decode::plain;

/// Names the place where a body does not match the type, and what was expected there. It never shows the content.
pub(crate) fn mismatch<T: DeserializeOwned>(body: &[u8]) -> String {
    let text = plain(body);
    let mut json = serde_json::Deserializer::from_slice(&text);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut json) else {
        return "the response has more than one JSON value".to_owned();
    };
    let (path, inner) = (error.path().to_string(), error.inner().to_string());
    if error.inner().is_syntax() || error.inner().is_eof() {
        return format!("the response is not JSON ({} bytes)", body.len());
    }
    // The content comes before the last `expected`, and is not repeated.
    let expected = match (inner.starts_with("missing field"), inner.rfind(", expected ")) {
        (true, _) => &inner[..],
        (false, Some(at)) => &inner[at + 2..],
        (false, None) => "expected another value",
    };
    let expected = expected.rsplit_once(" at line").map_or(expected, |(before, _)| before);
    format!("unexpected JSON at `{path}`: {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::Data;
    use crate::types::VideoDetail;

    #[test]
    fn a_mismatch_names_the_place_and_not_the_content() {
        let message =
            mismatch::<Data<VideoDetail>>(br#"{"data":{"id":"v","status":"completed","duration":"secret"}}"#);
        assert_eq!(message, "unexpected JSON at `data.duration`: expected f64");
        let message = mismatch::<Data<VideoDetail>>(br#"{"data":{"status":"completed"}}"#);
        assert_eq!(message, "unexpected JSON at `data`: missing field `id`");
        for marked in ["an expected secret marked", "missing field marked", "x, expected marked at line 1"] {
            let body = serde_json::json!({"data": {"id": "v", "status": "completed", "duration": marked}});
            let message = mismatch::<Data<VideoDetail>>(body.to_string().as_bytes());
            assert_eq!(message, "unexpected JSON at `data.duration`: expected f64");
        }
        assert_eq!(mismatch::<Data<VideoDetail>>(b"<html>"), "the response is not JSON (6 bytes)");
    }
}
