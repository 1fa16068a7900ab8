//! The way in: faults, route, key, limits, parameters and body are seen to before any resource sees a request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::document::{Envelope, Found, Pairs, Route, Takes, document};
use crate::fault::Effect;
use crate::files::{self, uploads};
use crate::form::{self, UploadedFile};
use crate::idempotency::{Claim, Held, Verdict};
use crate::inline::Inline;
use crate::log::{self, LoggedRequest};
use crate::refusal::Refusal;
use crate::reply::{Answer, Body, Cut, Payload, Reply};
use crate::server::Link;
use crate::world::World;
use crate::{authorization, control, mangle, oauth, resources, retired};

/// Most that a body may hold: 32 MB, the service's limit for a form, and room for what is around the file.
pub(crate) const BODY_LIMIT: usize = 32 * 1024 * 1024 + 64 * 1024;

/// A request that passed the door.
pub(crate) struct Call {
    pub(crate) route: &'static Route,
    /// Path parameters by name.
    pub(crate) path: Pairs,
    /// Query parameters by name.
    pub(crate) query: Pairs,
    /// Body, null when there is none.
    pub(crate) body: Value,
    /// The files that were in the body; it has their numbers.
    pub(crate) inline: Inline,
    /// The file of a form.
    pub(crate) file: Option<UploadedFile>,
    /// The time at which it is carried out.
    pub(crate) now: u64,
    /// The idempotency key, until the outcome is known.
    held: Option<Held>,
}

impl Call {
    /// The path parameter of that name.
    pub(crate) fn id(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A text of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

/// Answers any request, or closes its connection.
pub(crate) async fn enter(
    world: &Arc<World>,
    request: Request<Incoming>,
    link: &Link,
) -> Result<Response<Body>, Cut> {
    let request_id = world.request_id();
    let (parts, body) = request.into_parts();
    let mut response = if parts.uri.path().starts_with(control::PREFIX) {
        control::answer(world, &parts, body).await.into_response()
    } else {
        pass(world, parts, body, link, &request_id).await?
    };
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        // A fault may have said another.
        response.headers_mut().entry("x-request-id").or_insert(value);
    }
    Ok(response)
}

async fn pass(
    world: &Arc<World>,
    parts: Parts,
    body: Incoming,
    link: &Link,
    request_id: &str,
) -> Result<Response<Body>, Cut> {
    let path = parts.uri.path();
    let found = document().find(&parts.method, path);
    let operation = match &found {
        Found::Route(route, _) => Some(route.id.as_str()),
        _ if path.starts_with(files::PREFIX) => Some("files"),
        _ if path.starts_with(uploads::PREFIX) => Some("uploads"),
        _ if path == oauth::PATH => Some("oauth"),
        _ => None,
    };
    let query = pairs(parts.uri.query().unwrap_or_default());
    // Made before the log is locked: it is most of the work.
    let logged = LoggedRequest {
        number: 0,
        at: world.clock.now(),
        method: parts.method.as_str().to_owned(),
        path: path.to_owned(),
        operation: operation.map(str::to_owned),
        query: log::query(&query),
        headers: log::headers(&parts.headers),
        body: None,
        status: None,
        code: None,
        request_id: request_id.to_owned(),
        fault: None,
        replayed: false,
    };
    let number = world.log().begin(logged);
    let effect = world.faults().strike(operation.unwrap_or_default(), || world.chance());
    if let Some(effect) = &effect {
        let name = mangle::name(effect);
        world.log().amend(number, |request| request.fault = Some(name.to_owned()));
    }
    match &effect {
        Some(Effect::CloseBefore) => return Err(Cut),
        Some(Effect::Reset) => {
            link.reset();
            return Err(Cut);
        }
        Some(Effect::Answer { status, content_type, body, headers }) => {
            world.log().amend(number, |request| request.status = Some(*status));
            return Ok(mangle::answer(*status, content_type, body, headers));
        }
        _ => {}
    }
    let envelope = match &found {
        Found::Route(route, _) => route.envelope,
        _ => Envelope::Standard,
    };
    let mut pause = match &effect {
        Some(Effect::Delay { seconds }) => Some(Duration::try_from_secs_f64(*seconds).unwrap_or_default()),
        _ => None,
    };
    if !matches!(found, Found::Route(..))
        && let Some(pause) = pause.take()
    {
        world.clock.sleep(pause).await;
    }
    let answer = match (found, operation) {
        (Found::Route(route, path), _) => {
            carry(world, route, path, query, &parts, body, &mut pause, number).await
        }
        (_, Some("oauth")) => Ok(oauth::token(world, &parts.method, &parts.headers, body).await),
        (_, Some("files")) => Ok(files::serve(world, &parts, &query).await),
        (_, Some(_)) => Ok(uploads::receive(world, &parts, &query, body).await),
        (Found::OtherMethod, _) => {
            let message = format!("{} is not allowed on {path}", parts.method);
            Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message))
        }
        (Found::Nothing, None) => Err(Refusal::not_found("not_found", format!("no route {path}"))),
    };
    // Nothing was carried out, and it is slow all the same: a refusal, or an answer that was given before.
    if let Some(pause) = pause {
        world.clock.sleep(pause).await;
    }
    let reply = answer.unwrap_or_else(|refusal| refusal.into_reply(envelope));
    let (status, code) = (reply.status.as_u16(), reply.code.clone());
    if matches!(effect, Some(Effect::CloseAfter)) {
        return Err(Cut);
    }
    world.log().amend(number, |request| (request.status, request.code) = (Some(status), code));
    Ok(mangle::mangle(world, reply.into_response(), effect.as_ref()))
}

/// Checks a request of an operation and has it carried out, after the pause if there is one; then the pause is taken.
#[expect(
    clippy::too_many_arguments,
    reason = "one step of the door; the arguments are the request taken apart"
)]
async fn carry(
    world: &Arc<World>,
    route: &'static Route,
    path: Pairs,
    query: Pairs,
    parts: &Parts,
    body: Incoming,
    pause: &mut Option<Duration>,
    number: u64,
) -> Answer {
    if route.is_legacy() && !world.settings.legacy {
        return Err(retired::refusal(route));
    }
    authorization::check(world, &parts.headers)?;
    if world.settings.requests_per_minute.is_some() {
        world.state().limits.pass(&world.settings, world.clock.now())?;
    }
    let path: Pairs = path.into_iter().map(|(name, value)| (name, decoded(&value))).collect();
    route.check_parameters(&path, &query, &parts.headers)?;
    let mut file = None;
    let body = match route.takes {
        Takes::Nothing => Value::Null,
        Takes::Json { required } => {
            let (value, length) = json(route, &parts.headers, body, required).await?;
            world.log().amend(number, |request| request.body = log::body(&value, length));
            if required || length > 0 {
                route.check_body(&value)?;
            }
            value
        }
        Takes::Form => {
            file = Some(form::read(&parts.headers, body).await?);
            Value::Null
        }
    };
    let key = parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let claim = key.filter(|_| route.idempotent).map(|key| Claim {
        operation: route.id.clone(),
        path: parts.uri.path().to_owned(),
        key: key.to_owned(),
    });
    let now = world.clock.now();
    let mut held = None;
    if let Some(claim) = claim {
        let digest = claim.digest(&body);
        let verdict = world.state().ledger.claim(&claim, digest, now)?;
        if let Verdict::Replay(status, answer) = verdict {
            world.log().amend(number, |request| request.replayed = true);
            return Ok(Reply::json(status, answer));
        }
        held = Some(Held::new(world, claim, digest));
    }
    let mut body = body;
    let inline = Inline::take(route, &mut body);
    let call = Call { route, path, query, body, inline, file, now, held };
    let Some(pause) = pause.take() else { return perform(world, call).await };
    // A server that is slow goes on when its caller has gone; so the work must not hang on the connection.
    let (tell, told) = oneshot::channel();
    let busy = Arc::clone(world);
    world.spawn(async move {
        busy.clock.sleep(pause).await;
        let call = Call { now: busy.clock.now(), ..call };
        // Nobody may be there to be told.
        let _ = tell.send(perform(&busy, call).await);
    });
    told.await.unwrap_or_else(|_| Err(internal("the simulator stopped meanwhile")))
}

/// Has a call carried out, and settles its key.
async fn perform(world: &Arc<World>, mut call: Call) -> Answer {
    let answer = resources::handle(world, &call).await;
    if let Some(held) = call.held.take()
        && let Ok(Reply { status, payload: Payload::Json(answer), .. }) = &answer
    {
        held.succeed((*status, answer.clone()), call.now);
    }
    if call.route.is_legacy() { answer.map(|reply| retired::warn(call.route, reply)) } else { answer }
}

async fn json(
    route: &Route,
    headers: &HeaderMap,
    body: Incoming,
    required: bool,
) -> Result<(Value, usize), Refusal> {
    let bytes = read(headers, body, resources::body_limit(&route.id)).await?;
    if bytes.is_empty() && !required {
        return Ok((Value::Null, 0));
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = media.split(';').next().unwrap_or_default().trim();
    if !named.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::invalid("", format!("Content-Type must be application/json, not `{media}`")));
    }
    let value = serde_json::from_slice(&bytes);
    let value = value.map_err(|error| Refusal::invalid("", format!("the body is not JSON: {error}")))?;
    Ok((value, bytes.len()))
}

/// A body of at most so many bytes.
pub(crate) async fn read(headers: &HeaderMap, body: Incoming, limit: usize) -> Result<Bytes, Refusal> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(too_large(limit));
    }
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(error) => Err(Refusal::invalid("", format!("the body did not arrive whole: {error}"))),
    }
}

pub(crate) fn too_large(limit: usize) -> Refusal {
    let message = format!("there is more than {} MB", limit / (1024 * 1024));
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
}

pub(crate) fn internal(message: &str) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
}

/// The pairs of a query or of a form in a body.
pub(crate) fn pairs(query: &str) -> Pairs {
    let pairs = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let plain = |text: &str| decoded(&text.replace('+', " "));
    pairs.map(|(name, value)| (plain(name), plain(value))).collect::<BTreeMap<_, _>>()
}

/// Percent-decoded; a broken escape stays as it is.
pub(crate) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
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
