//! Applies faults to responses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body as _, Frame};

use crate::fault::Effect;
use crate::reply::{Body, Disconnect, full_body};
use crate::world::World;

/// The name of an effect, for the log.
pub(crate) fn name(effect: &Effect) -> &'static str {
    match effect {
        Effect::Answer { .. } => "answer",
        Effect::Delay { .. } => "delay",
        Effect::CloseBefore => "close_before",
        Effect::CloseAfter => "close_after",
        Effect::Reset => "reset",
        Effect::HalfBody => "half_body",
        Effect::WrongLength => "wrong_length",
        Effect::SlowBody { .. } => "slow_body",
        Effect::CutStream { .. } => "cut_stream",
        Effect::FailStream { .. } => "fail_stream",
    }
}

/// The response that a fault sends in place of the real one.
pub(crate) fn answer(
    status: u16,
    content_type: &str,
    body: &str,
    headers: &BTreeMap<String, String>,
) -> Response<Body> {
    let mut response = Response::new(full_body(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = Some(("content-type", content_type)).filter(|_| !content_type.is_empty());
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in content_type.into_iter().chain(headers) {
        // Both were validated when the fault was set.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Applies an effect to a successful response.
pub(crate) fn apply(world: &Arc<World>, response: Response<Body>, effect: Option<&Effect>) -> Response<Body> {
    match effect {
        Some(Effect::HalfBody) => match length(&response) {
            Some(length) => with_body(response, length, |body| shape(body, Some(length / 2), None)),
            // An event stream has neither a middle nor a length.
            None => response,
        },
        Some(Effect::WrongLength) => match length(&response) {
            Some(length) => with_body(response, length / 2, |body| truncate(body, length / 2)),
            None => response,
        },
        Some(Effect::SlowBody { seconds }) => {
            let pause = Duration::try_from_secs_f64(*seconds).unwrap_or_default();
            let slow = Pacing { world: Arc::clone(world), pause, quarter: 0 };
            match length(&response) {
                Some(length) => {
                    let slow = Pacing { quarter: (length / 4).max(1), ..slow };
                    with_body(response, length, |body| shape(body, None, Some(slow)))
                }
                None => response.map(|body| shape(body, None, Some(slow))),
            }
        }
        Some(Effect::CutStream { events }) => cut_events(response, *events, None),
        Some(Effect::FailStream { events }) => {
            let error = "data: {\"type\":\"error\",\"detail\":\"synthesis failed\"}\n\n";
            cut_events(response, *events, Some(Bytes::from_static(error.as_bytes())))
        }
        _ => response,
    }
}

/// A body that is sent slowly.
struct Pacing {
    world: Arc<World>,
    pause: Duration,
    /// Bytes between two pauses; 0 for a pause before each frame.
    quarter: u64,
}

/// Length of the body, in bytes; `None` for a stream of unknown length, and if the response has no body.
fn length(response: &Response<Body>) -> Option<u64> {
    let stated = response.headers().get(header::CONTENT_LENGTH);
    let stated = stated.and_then(|length| length.to_str().ok()?.parse().ok());
    stated.or(response.body().size_hint().exact()).filter(|length| *length > 0)
}

/// Changes the body of a response, and sets its `Content-Length`.
fn with_body(response: Response<Body>, length: u64, change: impl FnOnce(Body) -> Body) -> Response<Body> {
    let mut response = response.map(change);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// Sends a body up to `breaks_at`, and then breaks off; with pauses if it is slow.
fn shape(body: Body, breaks_at: Option<u64>, slow: Option<Pacing>) -> Body {
    let chunks = stream::unfold((body, Bytes::new(), 0_u64), move |(mut body, mut rest, mut at)| {
        let slow = slow.as_ref().map(|slow| (Arc::clone(&slow.world), slow.pause, slow.quarter));
        async move {
            while rest.is_empty() {
                match body.frame().await? {
                    Ok(frame) => rest = frame.into_data().unwrap_or_default(),
                    Err(cut) => return Some((Err(cut), (body, rest, at))),
                }
            }
            if breaks_at.is_some_and(|place| at >= place) {
                flush().await;
                return Some((Err(Disconnect), (body, rest, at)));
            }
            let mut take = rest.len() as u64;
            if let Some(place) = breaks_at {
                take = take.min(place - at);
            }
            if let Some((world, pause, quarter)) = slow {
                if quarter == 0 || at % quarter == 0 {
                    world.env.clock.sleep(pause).await;
                }
                if quarter > 0 {
                    take = take.min(quarter - at % quarter);
                }
            }
            let piece = rest.split_to(take as usize);
            at += take;
            Some((Ok(Frame::data(piece)), (body, rest, at)))
        }
    });
    StreamBody::new(chunks).boxed_unsync()
}

/// The first `length` bytes of a body.
fn truncate(body: Body, length: u64) -> Body {
    let chunks = stream::unfold((body, length), |(mut body, left)| async move {
        if left == 0 {
            return None;
        }
        match body.frame().await? {
            Ok(frame) => {
                let data = frame.into_data().unwrap_or_default();
                let piece = data.slice(..data.len().min(left as usize));
                let left = left - piece.len() as u64;
                Some((Ok(Frame::data(piece)), (body, left)))
            }
            Err(cut) => Some((Err(cut), (body, 0))),
        }
    });
    StreamBody::new(chunks).boxed_unsync()
}

/// Ends an event stream after `events` events: with the event `last`, or by breaking off.
fn cut_events(response: Response<Body>, events: usize, last: Option<Bytes>) -> Response<Body> {
    let is_stream =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|media| media == "text/event-stream");
    if !is_stream {
        return response;
    }
    let (parts, body) = response.into_parts();
    let chunks = stream::unfold((body, 0), move |(mut body, seen)| {
        let last = last.clone();
        async move {
            // Each event is one frame.
            if seen == events {
                flush().await;
                let end = last.map_or(Err(Disconnect), |last| Ok(Frame::data(last)));
                return Some((end, (body, seen + 1)));
            }
            if seen > events {
                return None;
            }
            let frame = body.frame().await?;
            Some((frame, (body, seen + 1)))
        }
    });
    Response::from_parts(parts, StreamBody::new(chunks).boxed_unsync())
}

/// Lets the connection send its buffer, which would be lost when it breaks off.
async fn flush() {
    tokio::task::yield_now().await;
}
