//! Requests that were recorded.

use std::borrow::Cow;

use bytes::Bytes;
use http::Method;
use reqwest::Url;
use serde_json::Value;

use super::super::table::endpoints_at;

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

#[derive(Clone)]
pub(super) struct RecordedBody {
    pub(super) media_type: Option<String>,
    pub(super) bytes: Bytes,
}

impl RecordedBody {
    /// A form, whose parts are not known.
    pub(super) fn form() -> Self {
        Self { media_type: Some("multipart/form-data".to_owned()), bytes: Bytes::new() }
    }
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
/// without a host may belong to a program's stand-in for the service, or to another service: it must be one of v1 or v2.
pub(super) fn legacy_target(target: &str) -> Option<String> {
    let target = without_expression(target);
    let path = path_of(&target);
    if !["/v1/", "/v2/", "/v3/template/"].iter().any(|start| path.starts_with(start)) {
        return None;
    }
    match Url::parse(&target).ok().and_then(|url| url.host_str().map(str::to_owned)) {
        Some(host) => is_service(&host).then(|| target.into_owned()),
        None if endpoints_at(&path).next().is_some() => {
            let query = target.split_once('?').map(|(_, query)| format!("?{query}"));
            Some(path + &query.unwrap_or_default())
        }
        None => None,
    }
}

/// Whether a host is one of the service.
pub(super) fn is_service(host: &str) -> bool {
    host == "heygen.com" || host.ends_with(".heygen.com")
}

/// The target from its path on, if its host is an expression of a shell or of a tool: `$BASE`, `${BASE}`, `$(base)`,
/// `{{base}}`. A default value takes the place of the expression: `${BASE:-https://api.heygen.com}`.
fn without_expression(target: &str) -> Cow<'_, str> {
    let is_scheme = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let rest = match target.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => target,
    };
    if let Some((_, path)) = rest.strip_prefix("$(").and_then(|rest| bracketed(rest, '(', ')')) {
        return path.into();
    }
    if let Some((variable, path)) = rest.strip_prefix("${").and_then(|rest| bracketed(rest, '{', '}')) {
        let default = variable.split_once(":-").or_else(|| variable.split_once('-'));
        return match default {
            Some((_, default)) if !default.starts_with('$') => {
                (default.trim_matches(['"', '\'']).to_owned() + path).into()
            }
            _ => path.into(),
        };
    }
    let path = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(path);
    if host.starts_with('$') || host.contains("{{") { path.into() } else { target.into() }
}

/// Splits a text that begins after an opening bracket at the closing one. `None` without it.
fn bracketed(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    let mut depth = 1_usize;
    for (at, character) in text.char_indices() {
        match character {
            one if one == open => depth += 1,
            one if one == close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(..at).zip(text.get(at + 1..));
        }
    }
    None
}

/// Reads one object with a URL of v1 or v2, or a list of them. `None` if the JSON has none.
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

/// Reads a file with one such object in each line. `None` if the text has none, or is something else.
pub(super) fn from_json_lines(name: &str, text: &str) -> Option<Vec<Recorded>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let values: Option<Vec<(String, Value)>> = lines
        .map(|(index, line)| Some((format!("{name}:{}", index + 1), serde_json::from_str(line).ok()?)))
        .collect();
    from_items(values?.iter().map(|(place, value)| (place.clone(), value)).collect())
}

/// The requests of v1 and v2 among objects, each with its place. `None` without any.
fn from_items(items: Vec<(String, &Value)>) -> Option<Vec<Recorded>> {
    let found: Vec<Recorded> = items.into_iter().filter_map(|(place, item)| from_item(place, item)).collect();
    (!found.is_empty()).then_some(found)
}

fn from_item(place: String, item: &Value) -> Option<Recorded> {
    let url = ["url", "path", "target"].iter().find_map(|name| item.get(*name)?.as_str())?;
    let body =
        ["body", "json", "data"].iter().find_map(|name| item.get(*name)).filter(|body| !body.is_null());
    let default = if body.is_some() { Method::POST } else { Method::GET };
    let method = item.get("method").and_then(Value::as_str).and_then(|text| text.to_uppercase().parse().ok());
    let bytes = body.map(|body| match body {
        Value::String(text) => Bytes::from(text.clone()),
        other => Bytes::from(other.to_string()),
    });
    Some(Recorded {
        place,
        method: method.unwrap_or(default),
        target: legacy_target(url)?,
        body: bytes.map(|bytes| RecordedBody { media_type: None, bytes }),
        is_whole: true,
    })
}
