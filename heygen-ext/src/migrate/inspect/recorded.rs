//! Requests that were recorded.

use bytes::Bytes;
use http::Method;
use reqwest::Url;
use serde_json::Value;

/// A request that was recorded, or found in the source of a program.
pub(super) struct Recorded {
    pub(super) place: String,
    pub(super) method: Method,
    /// The URL, or its path.
    pub(super) target: String,
    /// `None` if the request has none, or if it is not known.
    pub(super) body: Option<RecordedBody>,
    /// Whether the whole request is known. In the source of a program, only its path is.
    pub(super) is_whole: bool,
}

pub(super) struct RecordedBody {
    pub(super) media_type: Option<String>,
    pub(super) bytes: Bytes,
}

/// The path of a target, without the query, which may have secrets.
pub(super) fn path_of(target: &str) -> String {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    match path.split_once("://") {
        Some((_, rest)) => format!("/{}", rest.split_once('/').map_or("", |(_, path)| path)),
        None => path.to_owned(),
    }
}

/// Whether a URL is one of the old service, or of a program's stand-in for it: a path of v1 or v2 without a host.
pub(super) fn is_legacy(target: &str) -> bool {
    let host = Url::parse(target).ok().and_then(|url| url.host_str().map(str::to_owned));
    let is_host = host.is_none_or(|host| host == "heygen.com" || host.ends_with(".heygen.com"));
    is_host && ["/v1/", "/v2/", "/v3/template/"].iter().any(|start| path_of(target).starts_with(start))
}

/// Reads one object with a URL, or a list of them. `None` if the JSON is something else.
pub(super) fn from_json(name: &str, value: &Value) -> Option<Vec<Recorded>> {
    let (items, is_list) = match value {
        Value::Array(items) => (items.iter().collect::<Vec<_>>(), true),
        one => (vec![one], false),
    };
    let mut found = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let target = ["url", "path", "target"].iter().find_map(|name| item.get(*name)?.as_str())?;
        let body =
            ["body", "json", "data"].iter().find_map(|name| item.get(*name)).filter(|body| !body.is_null());
        let default = if body.is_some() { Method::POST } else { Method::GET };
        let method =
            item.get("method").and_then(Value::as_str).and_then(|text| text.to_uppercase().parse().ok());
        let bytes = body.map(|body| match body {
            Value::String(text) => Bytes::from(text.clone()),
            other => Bytes::from(other.to_string()),
        });
        let place = if is_list { format!("{name}, request {}", index + 1) } else { name.to_owned() };
        found.push(Recorded {
            place,
            method: method.unwrap_or(default),
            target: target.to_owned(),
            body: bytes.map(|bytes| RecordedBody { media_type: None, bytes }),
            is_whole: true,
        });
    }
    (!found.is_empty()).then_some(found)
}
