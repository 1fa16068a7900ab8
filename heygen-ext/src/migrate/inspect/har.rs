//! HAR files: the network logs that browsers and proxies export.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::recorded::{Recorded, RecordedBody, legacy_target};

/// The requests of v1 and v2 in a HAR file; `None` if the JSON is not one.
pub(super) fn entries(name: &str, har: &Value) -> Option<Vec<Recorded>> {
    let entries = har.pointer("/log/entries")?.as_array()?;
    let requests = entries.iter().enumerate().filter_map(|(index, entry)| {
        let request = entry.get("request")?;
        let target = legacy_target(request.get("url")?.as_str()?)?;
        let method: Method = request.get("method")?.as_str()?.to_uppercase().parse().ok()?;
        // A proxy may have answered the question whether a page may send the request.
        if method == Method::OPTIONS {
            return None;
        }
        let data = request.get("postData");
        let text = data.and_then(|data| data.get("text")).and_then(Value::as_str);
        let body = text.map(|text| RecordedBody {
            media_type: data.and_then(|data| data.get("mimeType")).and_then(Value::as_str).map(str::to_owned),
            bytes: Bytes::from(text.to_owned()),
        });
        Some(Recorded { place: format!("{name}, entry {}", index + 1), method, target, body, is_whole: true })
    });
    Some(requests.collect())
}
