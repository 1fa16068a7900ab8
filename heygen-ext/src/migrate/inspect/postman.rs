//! Collections of Postman, in the formats 2.0 and 2.1.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::recorded::{Recorded, RecordedBody, legacy_target};
use super::source_text;

/// The requests of v1 and v2 in a collection, and the URLs in its scripts; `None` if the JSON is not one.
pub(super) fn requests(name: &str, collection: &Value) -> Option<Vec<Recorded>> {
    collection.pointer("/info/schema")?;
    list(collection, "item")?;
    let mut found = Vec::new();
    // Folders contain items, too. A list instead of a recursion, because a file may nest deeply.
    let mut items = vec![collection];
    while let Some(item) = items.pop() {
        items.extend(list(item, "item").into_iter().flatten().rev());
        let title = item.get("name").or_else(|| item.pointer("/info/name")).and_then(Value::as_str);
        let place = format!("{name}, `{}`", title.unwrap_or("without a name"));
        found.extend(
            scripts(item)
                .flat_map(|script| source_text::urls(&format!("{place}, script"), &script, |_, _| false)),
        );
        found.extend(item.get("request").and_then(|request| recorded(place, request, collection)));
    }
    Some(found)
}

fn list<'a>(value: &'a Value, name: &str) -> Option<&'a Vec<Value>> {
    value.get(name)?.as_array()
}

/// The scripts of a request, a folder or the collection.
fn scripts(item: &Value) -> impl Iterator<Item = String> {
    let events = list(item, "event").into_iter().flatten();
    events.filter_map(|event| match event.pointer("/script/exec")? {
        Value::String(text) => Some(text.clone()),
        lines => Some(texts(lines).collect::<Vec<_>>().join("\n")),
    })
}

fn recorded(place: String, request: &Value, collection: &Value) -> Option<Recorded> {
    // A request may be only its URL, and a URL may be only its text.
    let url = request.get("url").unwrap_or(request);
    let url = url.as_str().map(str::to_owned).or_else(|| whole_url(url))?;
    let target = legacy_target(&with_variable(&url, collection).unwrap_or(url))?;
    let method =
        request.get("method").and_then(Value::as_str).and_then(|text| text.to_uppercase().parse().ok());
    let method: Method = method.unwrap_or(Method::GET);
    let body = request.get("body").filter(|body| !body.is_null());
    let is_whole = body.is_none();
    let body = body.and_then(|body| match body.get("mode").and_then(Value::as_str) {
        None | Some("raw") => {
            let text = body.get("raw")?.as_str()?.to_owned();
            Some(RecordedBody { media_type: None, bytes: Bytes::from(text) })
        }
        Some("formdata") => Some(RecordedBody::form()),
        // The file of another body is not in the collection.
        Some(_) => None,
    });
    Some(Recorded { place, method, target, is_whole: is_whole || body.is_some(), body })
}

/// The text of a URL, of which a collection may have only the parts.
fn whole_url(url: &Value) -> Option<String> {
    if let Some(raw) = url.get("raw") {
        return raw.as_str().map(str::to_owned);
    }
    let joined = |name: &str, separator: &str| {
        let part = url.get(name)?;
        Some(texts(part).collect::<Vec<_>>().join(separator))
    };
    let scheme = url.get("protocol").and_then(Value::as_str).map(|scheme| format!("{scheme}://"));
    let parameter =
        |one: &Value| Some(format!("{}={}", one.get("key")?.as_str()?, one.get("value")?.as_str()?));
    let query: Vec<String> = list(url, "query").into_iter().flatten().filter_map(parameter).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let host = scheme.unwrap_or_default() + &joined("host", ".").unwrap_or_default();
    Some(format!("{host}/{}{query}", joined("path", "/")?.trim_start_matches('/')))
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    items.iter().filter_map(Value::as_str)
}

/// A URL with the value of the collection's variable at its beginning.
fn with_variable(url: &str, collection: &Value) -> Option<String> {
    let (name, rest) = url.strip_prefix("{{")?.split_once("}}")?;
    let is_named =
        |one: &&Value| ["key", "id"].iter().any(|key| one.get(*key).and_then(Value::as_str) == Some(name));
    let variable = list(collection, "variable")?.iter().find(is_named)?;
    Some(variable.get("value")?.as_str()?.to_owned() + rest)
}
