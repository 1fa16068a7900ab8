//! Processes every request: applies faults, finds the operation, checks the API key, the rate limit, the parameters and the
//! body, and then calls the operation.

#[cfg(test)]
mod hostile_tests;

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::access;
use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::body::{parse_query, percent_decode, read};
use crate::bounded_json;
use crate::bounded_json::JsonError;
use crate::call::Call;
use crate::connection::ConnectionHandle;
use crate::document::check::Pairs;
use crate::document::{Envelope, Found, RequestBody, Route, document};
use crate::fault::{Effect, apply};
use crate::files::uploads;
use crate::inline::Inline;
use crate::key_in_use::KeyInUse;
use crate::log::Entry;
use crate::model::idempotency::{Decision, Key};
use crate::reply::{Body, Disconnect, Reply, full_body};
use crate::world::World;
use crate::{admin, authorization, files, form, legacy, links, log, oauth, operations};

/// Up to this size in bytes, a body is read by the task of its request.
const LIGHT_BODY: usize = 32 * 1024;

/// What a request addresses.
enum Target {
    /// An operation of the document, and its path parameters, not yet percent-decoded.
    Operation(&'static Route, Pairs),
    /// A file at a signed link.
    File,
    /// A slot of a direct upload.
    Upload,
    /// An endpoint or a page of OAuth.
    OAuth,
    /// The path of an operation, with a method that it does not have; and those that it has.
    OtherMethod(String),
    /// An unknown path.
    Nothing,
}

impl Target {
    fn of(found: Found, path: &str) -> Self {
        match found {
            Found::Route(route, parameters) => Self::Operation(route, parameters),
            _ if path.starts_with(links::FILES) => Self::File,
            _ if path.starts_with(links::UPLOADS) => Self::Upload,
            _ if oauth::is_path(path) => Self::OAuth,
            Found::OtherMethod(allowed) => Self::OtherMethod(allowed),
            Found::Nothing => Self::Nothing,
        }
    }

    /// The name of the target in the log and in faults.
    fn name(&self) -> Option<&'static str> {
        match self {
            Self::Operation(route, _) => Some(route.id.as_str()),
            Self::File => Some("files"),
            Self::Upload => Some("uploads"),
            Self::OAuth => Some("oauth"),
            Self::OtherMethod(_) | Self::Nothing => None,
        }
    }
}

/// Responds to a request. An error closes the connection.
pub(crate) async fn handle(
    world: &Arc<World>,
    request: Request<Incoming>,
    connection: &ConnectionHandle,
) -> Result<Response<Body>, Disconnect> {
    let (parts, body) = request.into_parts();
    let is_own = parts.uri.path().starts_with(admin::PREFIX);
    // A page that refreshes itself does not change the ids of other requests.
    let request_id = if is_own { world.env.own_request_id() } else { world.env.request_id() };
    let is_head = parts.method == Method::HEAD;
    let mut response = if let Err(refusal) = access::check_host(&parts.headers) {
        refusal.into_reply(Envelope::Standard).into_response()
    } else if is_own {
        admin::answer(world, &parts, body).await.into_response()
    } else {
        process(world, parts, body, connection, &request_id).await?
    };
    if is_head {
        response = without_body(response);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        // A fault may have set the header.
        response.headers_mut().entry("x-request-id").or_insert(value);
    }
    Ok(response)
}

/// The head of a response, with the length of the body that a GET would have.
fn without_body(mut response: Response<Body>) -> Response<Body> {
    if let Some(length) = response.body().size_hint().exact()
        && !response.headers().contains_key(header::CONTENT_LENGTH)
    {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response.map(|_| full_body(""))
}

/// Logs a request, applies a fault if one is due, and responds.
async fn process(
    world: &Arc<World>,
    parts: Parts,
    body: Incoming,
    connection: &ConnectionHandle,
    request_id: &str,
) -> Result<Response<Body>, Disconnect> {
    let path = parts.uri.path();
    let target = Target::of(document().find(&parts.method, path), path);
    let operation = target.name();
    let query = parse_query(parts.uri.query().unwrap_or_default());
    // Build the entry before locking the log, because that takes most of the time.
    let logged = Entry {
        number: 0,
        at: world.env.clock.now(),
        method: parts.method.clone(),
        path: log::path(path),
        operation,
        query: log::query(&query),
        headers: log::headers(&parts.headers),
        body: None,
        status: None,
        code: None,
        request_id: request_id.to_owned(),
        fault: None,
        replayed: false,
    };
    let (number, removed) = world.log().begin(logged);
    drop(removed);
    let effect = world.faults().take_due(operation.unwrap_or_default(), || world.env.random());
    if let Some(effect) = &effect {
        let name = apply::name(effect);
        world.log().amend(number, |request| request.fault = Some(name));
    }
    match &effect {
        Some(Effect::CloseBefore) => return Err(Disconnect),
        Some(Effect::Reset) => {
            connection.reset();
            return Err(Disconnect);
        }
        Some(Effect::Answer { status, content_type, body, headers }) => {
            let mut log = world.log();
            log.amend(number, |request| request.status = Some(*status));
            log.respond(number, body.clone().into());
            drop(log);
            return Ok(apply::answer(*status, content_type, body, headers));
        }
        _ => {}
    }
    let retired = match &target {
        Target::OtherMethod(_) | Target::Nothing => legacy::unknown_path(&parts.method, path),
        _ => None,
    };
    let envelope = match (&target, &retired) {
        (Target::Operation(route, _), _) => route.envelope,
        (_, Some((_, envelope))) => *envelope,
        _ => Envelope::Standard,
    };
    let mut pause = match &effect {
        Some(Effect::Delay { seconds }) => Some(Duration::try_from_secs_f64(*seconds).unwrap_or_default()),
        _ => None,
    };
    if !matches!(target, Target::Operation(..))
        && let Some(pause) = pause.take()
    {
        world.env.clock.sleep(pause).await;
    }
    let answer = match (target, retired) {
        (_, Some((refusal, _))) => Err(refusal),
        (Target::Operation(route, path), None) => {
            execute(world, route, path, query, &parts, body, &mut pause, number).await
        }
        (Target::OAuth, None) => Ok(oauth::answer(world, &parts, &query, body).await),
        (Target::File, None) => Ok(files::serve(world, &parts, &query).await),
        (Target::Upload, None) => Ok(uploads::receive(world, &parts, &query, body).await),
        (Target::OtherMethod(allowed), None) => {
            let message = format!("{} is not allowed on {path}", parts.method);
            let refusal = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
            Ok(refusal.into_reply(envelope).header(header::ALLOW, &allowed))
        }
        (Target::Nothing, None) => Err(ApiError::not_found("not_found", format!("no route {path}"))),
    };
    // The request was refused or replayed before the pause. The response is delayed all the same.
    if let Some(pause) = pause {
        world.env.clock.sleep(pause).await;
    }
    let reply = answer.unwrap_or_else(|refusal| {
        let retry_after = refusal.retry_after.map(|seconds| world.env.clock.outside_seconds(seconds));
        ApiError { retry_after, ..refusal }.into_reply(envelope)
    });
    let (status, code) = (reply.status.as_u16(), reply.code.clone());
    if matches!(effect, Some(Effect::CloseAfter)) {
        return Err(Disconnect);
    }
    let reply = reply.serialized();
    let mut log = world.log();
    log.amend(number, |request| (request.status, request.code) = (Some(status), code));
    if let Some(text) = reply.loggable() {
        log.respond(number, text);
    }
    drop(log);
    Ok(apply::apply(world, reply.into_response(), effect.as_ref()))
}

/// Checks a request and executes its operation. If there is a pause, takes it and waits for it before the execution.
#[expect(clippy::too_many_arguments, reason = "the arguments are the parts of the request")]
async fn execute(
    world: &Arc<World>,
    route: &'static Route,
    path: Pairs,
    query: Pairs,
    parts: &Parts,
    body: Incoming,
    pause: &mut Option<Duration>,
    number: u64,
) -> Answer {
    if route.is_legacy() && !world.env.settings.legacy {
        return Err(legacy::refusal(route));
    }
    authorization::check(world, &parts.headers)?;
    authorization::check_scopes(world, &parts.headers, route)?;
    if let Some(limit) = world.env.settings.burst_limit.filter(|_| parts.method == Method::POST) {
        world.state().rate_limit.count_burst(&route.id, limit, world.env.clock.outside_now())?;
    }
    if world.env.settings.requests_per_minute.is_some() {
        world.state().rate_limit.count_request(&world.env.settings, world.env.clock.now())?;
    }
    let mut path = path;
    path.values_mut().filter(|value| value.contains('%')).for_each(|value| *value = percent_decode(value));
    route.check_parameters(&path, &query, &parts.headers)?;
    let (mut file, mut inline) = (None, Inline::default());
    let body = match route.body {
        RequestBody::Nothing => Value::Null,
        RequestBody::Json { required } => {
            let text = read(&parts.headers, body, operations::body_limit(&route.id)).await?;
            let media = content_type(&parts.headers);
            let expected = Expected { route, required, lenient: world.env.settings.lenient };
            let parsed = match text.len() > LIGHT_BODY {
                true => world.heavy(move || expected.parse(&media, &text)).await?,
                false => expected.parse(&media, &text)?,
            };
            world.log().amend(number, |request| request.body = parsed.logged);
            parsed.checked?;
            if world.env.settings.callback_id_needs_url {
                check_callback(&parsed.value)?;
            }
            inline = parsed.inline;
            parsed.value
        }
        RequestBody::Pairs => {
            let text = read(&parts.headers, body, LIGHT_BODY).await?;
            check_content_type(&content_type(&parts.headers), "application/x-www-form-urlencoded")?;
            let pairs = parse_query(&String::from_utf8_lossy(&text));
            pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
        }
        RequestBody::Form => {
            file = Some(form::read(&parts.headers, body).await?);
            Value::Null
        }
    };
    let key = parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.filter(|_| route.idempotent).map(|value| Key {
        operation: route.id.clone(),
        path: parts.uri.path().to_owned(),
        value: value.to_owned(),
    });
    let now = world.env.clock.now();
    let mut key_in_use = None;
    if let Some(key) = key {
        let digest = key.digest(&body);
        let decision = world.state().idempotency.begin(&key, digest, now)?;
        if let Decision::Replay(status, response) = decision {
            world.log().amend(number, |request| request.replayed = true);
            return Ok(Reply::bytes(status, "application/json", response));
        }
        key_in_use = Some(KeyInUse::new(world, key, digest));
    }
    let call = Call { route, path, query, body, inline, file, now };
    let Some(pause) = pause.take() else { return call_operation(world, call, key_in_use).await };
    // A slow server executes a request even if the client disconnects, so the work runs in a task of its own.
    let (sender, answer) = oneshot::channel();
    let background = Arc::clone(world);
    world.spawn(async move {
        background.env.clock.sleep(pause).await;
        let call = Call { now: background.env.clock.now(), ..call };
        // The receiver is gone if the client has disconnected.
        let _ = sender.send(call_operation(&background, call, key_in_use).await);
    });
    answer.await.unwrap_or_else(|_| Err(ApiError::internal("the simulator stopped meanwhile")))
}

/// Calls the handler of the operation, and stores a successful response for its idempotency key.
async fn call_operation(world: &Arc<World>, call: Call, key: Option<KeyInUse>) -> Answer {
    let mut answer = operations::handle(world, &call).await;
    if let Some(key) = key
        && let Ok(reply) = &mut answer
        && let Some(text) = reply.json_text()
    {
        key.complete((reply.status, text), call.now);
    }
    if call.route.is_legacy() { answer.map(|reply| legacy::add_warning(call.route, reply)) } else { answer }
}

/// Refuses a `callback_id` without a `callback_url`.
fn check_callback(body: &Value) -> Result<(), ApiError> {
    let has = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    match has("callback_id") && !has("callback_url") {
        true => Err(ApiError::invalid("callback_id", "callback_id needs a callback_url")),
        false => Ok(()),
    }
}

/// A JSON body, read and checked.
struct ParsedBody {
    value: Value,
    /// The files that were in the value.
    inline: Inline,
    /// The value as it is logged.
    logged: Option<log::Body>,
    /// Whether the value is valid for the document.
    checked: Result<(), ApiError>,
}

fn content_type(headers: &HeaderMap) -> String {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Refuses a body of another media type.
fn check_content_type(given: &str, expected: &str) -> Result<(), ApiError> {
    let named = given.split(';').next().unwrap_or_default().trim();
    match named.eq_ignore_ascii_case(expected) {
        true => Ok(()),
        false => Err(ApiError::invalid("", format!("Content-Type must be {expected}, not `{given}`"))),
    }
}

/// The body that an operation expects.
#[derive(Clone, Copy)]
struct Expected {
    route: &'static Route,
    /// Whether the document requires a body.
    required: bool,
    /// Whether unknown members are ignored.
    lenient: bool,
}

impl Expected {
    /// Parses and checks a JSON body. If nothing in it is required, it may be left out, and is null.
    fn parse(self, media: &str, text: &[u8]) -> Result<ParsedBody, ApiError> {
        let Self { route, required, lenient } = self;
        if text.is_empty() && (!required || route.accepts_empty_body()) {
            let value = Value::Null;
            return Ok(ParsedBody { value, inline: Inline::default(), logged: None, checked: Ok(()) });
        }
        check_content_type(media, "application/json")?;
        let mut value = bounded_json::parse(text, bounded_json::MAX_MEMORY).map_err(|error| match error {
            JsonError::Invalid(message) => ApiError::invalid("", format!("the body is not JSON: {message}")),
            JsonError::TooLarge => ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                "the body has too many values; send fewer",
            ),
        })?;
        let logged = log::body(&value, text);
        let checked = match lenient {
            true => route.check_body_leniently(&mut value),
            false => route.check_body(&value),
        };
        let inline = if checked.is_ok() { Inline::take(route, &mut value) } else { Inline::default() };
        Ok(ParsedBody { value, inline, logged, checked })
    }
}
