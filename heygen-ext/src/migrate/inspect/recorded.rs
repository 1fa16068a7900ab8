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

/// The target of a request of v1 or v2. `None` for requests to other services.
///
/// It may be a URL of the service, a path, or a path behind an expression for the base URL, such as `$BASE/v2/voices`. A path
/// without a host may belong to a program's stand-in for the service.
pub(super) fn legacy_target(target: &str) -> Option<String> {
    let target = without_expression(target);
    let host = Url::parse(target).ok().and_then(|url| url.host_str().map(str::to_owned));
    let is_host = host.is_none_or(|host| host == "heygen.com" || host.ends_with(".heygen.com"));
    let is_legacy =
        is_host && ["/v1/", "/v2/", "/v3/template/"].iter().any(|start| path_of(target).starts_with(start));
    is_legacy.then(|| target.to_owned())
}

/// The target from its path on, if its host is an expression of a shell or of a tool: `$BASE`, `${BASE}`, `{{base}}`.
fn without_expression(target: &str) -> &str {
    let after_scheme = target.split_once("://").map_or(target, |(_, rest)| rest);
    let path = after_scheme.find('/').unwrap_or(after_scheme.len());
    let (host, path) = after_scheme.split_at(path);
    if host.starts_with('$') || host.contains("{{") { path } else { target }
}

/// Reads one object with a URL, or a list of them. `None` if the JSON is something else.
pub(super) fn from_json(name: &str, value: &Value) -> Option<Vec<Recorded>> {
    let items = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (format!("{name}, request {}", index + 1), item))
            .collect(),
        one => vec![(name.to_owned(), one)],
    };
    from_items(items)
}

/// Reads a file with one object in each line. `None` if the text is something else.
pub(super) fn from_json_lines(name: &str, text: &str) -> Option<Vec<Recorded>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let values: Option<Vec<(String, Value)>> = lines
        .map(|(index, line)| Some((format!("{name}:{}", index + 1), serde_json::from_str(line).ok()?)))
        .collect();
    from_items(values?.iter().map(|(place, value)| (place.clone(), value)).collect())
}

/// The requests of v1 and v2 among objects, each with its place. `None` if no object has a URL.
fn from_items(items: Vec<(String, &Value)>) -> Option<Vec<Recorded>> {
    let url = |item: &Value| {
        let url = ["url", "path", "target"].iter().find_map(|name| item.get(*name)?.as_str());
        url.map(str::to_owned)
    };
    let with_url: Vec<_> =
        items.into_iter().filter_map(|(place, item)| Some((place, item, url(item)?))).collect();
    if with_url.is_empty() {
        return None;
    }
    let found = with_url.into_iter().filter_map(|(place, item, url)| {
        let body =
            ["body", "json", "data"].iter().find_map(|name| item.get(*name)).filter(|body| !body.is_null());
        let default = if body.is_some() { Method::POST } else { Method::GET };
        let method =
            item.get("method").and_then(Value::as_str).and_then(|text| text.to_uppercase().parse().ok());
        let bytes = body.map(|body| match body {
            Value::String(text) => Bytes::from(text.clone()),
            other => Bytes::from(other.to_string()),
        });
        Some(Recorded {
            place,
            method: method.unwrap_or(default),
            target: legacy_target(&url)?,
            body: bytes.map(|bytes| RecordedBody { media_type: None, bytes }),
            is_whole: true,
        })
    });
    Some(found.collect())
}
