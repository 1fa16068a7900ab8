//! The way in: key, route, parameters and body are checked before any resource sees a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use serde_json::Value;

use crate::document::{Found, document};
use crate::refusal::{Refusal, answer};
use crate::world::World;
use crate::{files, resources};

/// Most that a body may hold: 32 MB, the service's limit for a form.
const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// A request that passed the door.
pub(crate) struct Call {
    /// Path parameters by name.
    pub(crate) path: BTreeMap<String, String>,
    /// Query parameters by name.
    pub(crate) query: BTreeMap<String, String>,
    /// Body, null when there is none.
    pub(crate) body: Value,
}

/// Answers any request.
pub(crate) async fn enter(State(world): State<Arc<World>>, request: Request<Body>) -> Response<Body> {
    let id = world.id();
    let answered = if request.uri().path().starts_with(files::PREFIX) {
        files::serve(&world, &request)
    } else {
        pass(&world, request).await
    };
    let mut response = answered.unwrap_or_else(Refusal::into_response);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

async fn pass(world: &World, request: Request<Body>) -> Result<Response<Body>, Refusal> {
    let (parts, body) = request.into_parts();
    let (route, path) = match document().find(&parts.method, parts.uri.path()) {
        Found::Route(route, path) => (route, path),
        Found::OtherMethod => {
            let message = format!("{} is not allowed on {}", parts.method, parts.uri.path());
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message));
        }
        Found::Nothing => {
            return Err(Refusal::not_found("not_found", format!("no route {}", parts.uri.path())));
        }
    };
    authorize(world, &parts.headers)?;
    let path = path.into_iter().map(|(name, value)| (name, decoded(&value))).collect();
    let query = pairs(parts.uri.query().unwrap_or_default());
    route.check_query(&query)?;
    route.check_headers(&parts.headers)?;
    let body = if route.takes_json() { json(&parts.headers, body).await? } else { Value::Null };
    route.check_body(&body)?;
    let (status, reply) = resources::handle(world, &route.id, &Call { path, query, body })?;
    Ok(answer(status, &reply))
}

fn authorize(world: &World, headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    match text("x-api-key").or(bearer) {
        Some(given) if given == world.api_key() => Ok(()),
        Some(_) => Err(Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", "the API key is not valid")),
        None => {
            let message = "neither X-Api-Key nor Authorization: Bearer was sent";
            Err(Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", message))
        }
    }
}

async fn json(headers: &HeaderMap, body: Body) -> Result<Value, Refusal> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Refusal::invalid("", format!("Content-Type must be application/json, not `{media}`")));
    }
    let bytes = to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "the body is larger than 32 MB")
    })?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::invalid("", format!("the body is not JSON: {error}")))
}

fn pairs(query: &str) -> BTreeMap<String, String> {
    let pairs = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")))).collect()
}

/// Percent-decoded; a broken escape stays as it is.
pub(crate) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escape = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (byte, escape.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_and_broken_ones_kept() {
        assert_eq!(decoded("a%20b%2Fc"), "a b/c");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz"), "%zz");
        assert_eq!(
            pairs("a=1&b=x+y&c"),
            BTreeMap::from([("a", "1"), ("b", "x y"), ("c", "")].map(|(a, b)| (a.into(), b.into())))
        );
    }
}
