//! Collections of Postman, in the formats 2.0 and 2.1.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::recorded::{Recorded, RecordedBody, legacy_target};

/// The requests of v1 and v2 in a collection; `None` if the JSON is not one.
pub(super) fn requests(name: &str, collection: &Value) -> Option<Vec<Recorded>> {
    collection.pointer("/info/schema")?;
    let mut found = Vec::new();
    // Folders contain items, too. A list instead of a recursion, because a file may nest deeply.
    let mut items: Vec<&Value> = items(collection)?.iter().rev().collect();
    while let Some(item) = items.pop() {
        items.extend(self::items(item).into_iter().flatten().rev());
        found.extend(item.get("request").and_then(|request| {
            let title = item.get("name").and_then(Value::as_str).unwrap_or("without a name");
            recorded(format!("{name}, `{title}`"), request)
        }));
    }
    Some(found)
}

fn items(item: &Value) -> Option<&Vec<Value>> {
    item.get("item")?.as_array()
}

fn recorded(place: String, request: &Value) -> Option<Recorded> {
    // A request may be only its URL, and a URL may be only its text.
    let url = request.get("url").unwrap_or(request);
    let target = legacy_target(url.get("raw").unwrap_or(url).as_str()?)?;
    let method =
        request.get("method").and_then(Value::as_str).and_then(|text| text.to_uppercase().parse().ok());
    let method: Method = method.unwrap_or(Method::GET);
    let text = request.pointer("/body/raw").and_then(Value::as_str);
    let body = text.map(|text| RecordedBody { media_type: None, bytes: Bytes::from(text.to_owned()) });
    // The file or the form of another body is not in the collection.
    let is_whole = body.is_some() || request.get("body").is_none_or(Value::is_null);
    Some(Recorded { place, method, target, body, is_whole })
}
