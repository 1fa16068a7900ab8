//! One attempt: sends a request and reads the complete answer within the time limit.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use heygen_api::{
    CallRecord, ErrorCode, Operation, RawResponse, Request, Transfer, TransportError, from_json_slice,
};
use http::{HeaderMap, Method, StatusCode};
use reqwest::Body;
use serde_json::Value;
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::HttpSender;
use crate::call_options::CallOptions;
use crate::credentials::Presented;
use crate::idle_timeout::{IDLE_TIMEOUT, IdleTimer};
use crate::redaction::redacted;

/// The default timeouts of one attempt: of a read, and of other calls.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
const WRITE_TIMEOUT: Duration = Duration::from_secs(120);

/// The outcome of an attempt.
pub(crate) enum Outcome {
    /// A complete answer. For an event stream, only the head.
    Answered {
        status: StatusCode,
        code: Option<ErrorCode>,
        response: RawResponse,
        /// The refused token of a 401, if it may be renewed.
        refused: Option<Box<Presented>>,
    },
    /// An answer whose body is incomplete.
    Cut { status: StatusCode, headers: HeaderMap, received: Bytes, error: TransportError },
    /// No answer. If it is `final_`, another attempt would fail for the same reason.
    Failed { error: TransportError, final_: bool },
}

impl Outcome {
    /// The request was not sent, and another attempt would fail for the same reason.
    pub(crate) fn unsent(error: TransportError) -> Self {
        Self::Failed { error, final_: true }
    }

    /// Adds the token of the attempt, which may be renewed.
    pub(crate) fn add_token(&mut self, token: Option<Box<Presented>>) {
        if let Self::Answered { status: StatusCode::UNAUTHORIZED, refused, .. } = self {
            *refused = token;
        }
    }

    /// The refused token, if it may be renewed.
    pub(crate) fn refused_token(&self) -> Option<&Presented> {
        match self {
            Self::Answered { refused, .. } => refused.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        matches!(self, Self::Answered { status, .. } if status.is_success())
    }

    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answered { status, .. } | Self::Cut { status, .. } => Some(*status),
            Self::Failed { .. } => None,
        }
    }

    pub(crate) fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Answered { code, .. } => code.as_ref(),
            _ => None,
        }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        let headers = match self {
            Self::Answered { response, .. } => response.headers(),
            Self::Cut { headers, .. } => headers,
            Self::Failed { .. } => return None,
        };
        headers.get("x-request-id")?.to_str().ok()
    }

    pub(crate) fn timed_out(&self) -> bool {
        matches!(self, Self::Failed { error, .. } | Self::Cut { error, .. } if error.is_timeout())
    }

    /// Whether the service may have executed this attempt.
    pub(crate) fn may_have_executed(&self) -> bool {
        match self {
            Self::Answered { status, .. } => {
                !status.is_client_error() || *status == StatusCode::REQUEST_TIMEOUT
            }
            Self::Cut { .. } => true,
            Self::Failed { error, .. } => error.may_have_executed(),
        }
    }

    /// Converts the outcome of the last attempt to the result of the call.
    pub(crate) fn into_result(
        self,
        record: CallRecord,
        maybe_executed: bool,
    ) -> Result<RawResponse, TransportError> {
        let record = record.earlier_may_have_executed(maybe_executed);
        match self {
            Self::Answered { response, .. } => Ok(response.with_record(record)),
            Self::Failed { error, .. } => Err(error.with_record(record)),
            // Keeps the head, so that the error has the status and the request id.
            Self::Cut { status, headers, received, error } => {
                Ok(RawResponse::cut(status, headers, received, error).with_record(record))
            }
        }
    }
}

/// Takes the request from the slot, and sends it once.
pub(crate) async fn send_once(
    sender: &HttpSender,
    slot: &mut Option<Request>,
    operation: &Operation,
    options: &CallOptions,
    remaining: Option<Duration>,
) -> Outcome {
    let log = options.log_bodies == Some(true) && tracing::enabled!(tracing::Level::TRACE);
    if let (true, Some(body)) = (log, slot.as_ref().and_then(Request::body).and_then(Body::as_bytes)) {
        tracing::trace!(body = redacted(body), "request");
    }
    let time = match (limit(operation, options), remaining) {
        (Some(limit), Some(remaining)) => Some(limit.min(remaining)),
        (limit, remaining) => limit.or(remaining),
    };
    let idle = (operation.transfer() == Transfer::Upload).then(IdleTimer::new);
    if let Some(idle) = &idle {
        *slot = slot.take().map(|request| with_idle_timer(request, idle.clone()));
    }
    let mut timer = Timer::new(time, idle.filter(|_| options.timeout.is_none()));
    let Some(request) = slot.take() else {
        let error =
            TransportError::not_sent("the body of the request was consumed, and cannot be sent again");
        return Outcome::Failed { error, final_: true };
    };
    let mut response = match timer.limit(pin!(send(sender, request, operation))).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) | Err(error) => return Outcome::Failed { error, final_: false },
    };
    if operation.transfer() == Transfer::Events && response.status().is_success() {
        return Outcome::Answered { status: response.status(), code: None, response, refused: None };
    }
    // The decision about a retry needs the error code from the body, and an incomplete body counts as a failure.
    let read = timer.limit(pin!(response.read())).await;
    let (status, headers) = response.into_head();
    let body = match read {
        Ok((body, None)) => body,
        Ok((received, Some(error))) => return Outcome::Cut { status, headers, received, error },
        Err(error) => return Outcome::Cut { status, headers, received: Bytes::new(), error },
    };
    if log {
        tracing::trace!(body = redacted(&body), "answer");
    }
    let code = if status.is_success() { None } else { error_code(&body) };
    Outcome::Answered { status, code, response: RawResponse::new(status, headers, body), refused: None }
}

/// Ends the time of an attempt. Sending and reading share it.
struct Timer {
    /// Ready at the end of the time. In a box, like the other, so that the future of every call is small.
    end: Option<BoxFuture<'static, ()>>,
    /// The time, for the error.
    time: Duration,
    /// Ready when an upload makes no progress.
    idle: Option<BoxFuture<'static, ()>>,
}

impl Timer {
    fn new(time: Option<Duration>, idle: Option<IdleTimer>) -> Self {
        let end = time.and_then(|time| Instant::now().checked_add(time));
        Self {
            // Without the budget of the task, which a body that arrives without a pause uses up before the time is looked at.
            end: end.map(|end| Box::pin(unconstrained(sleep_until(end))) as BoxFuture<'static, ()>),
            time: time.unwrap_or_default(),
            idle: idle.map(|idle| Box::pin(async move { idle.expired().await }) as BoxFuture<'static, ()>),
        }
    }

    /// Runs work until the time has ended. It takes a reference, because an `async fn` would store the work twice.
    async fn limit<T>(&mut self, mut work: Pin<&mut impl Future<Output = T>>) -> Result<T, TransportError> {
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Ok(done)),
            Poll::Pending => self.poll_end(context).map(Err),
        })
        .await
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<TransportError> {
        let mut has_ended = |timer: &mut Option<BoxFuture<'static, ()>>| {
            timer.as_mut().is_some_and(|timer| timer.as_mut().poll(context).is_ready())
        };
        if has_ended(&mut self.end) {
            return Poll::Ready(timed_out(self.time));
        }
        if has_ended(&mut self.idle) {
            return Poll::Ready(timed_out(IDLE_TIMEOUT));
        }
        Poll::Pending
    }
}

fn timed_out(time: Duration) -> TransportError {
    TransportError::no_answer(format!("after {} s", time.as_secs_f64())).timed_out()
}

fn limit(operation: &Operation, options: &CallOptions) -> Option<Duration> {
    let reads = matches!(*operation.method(), Method::GET | Method::HEAD);
    options.timeout.or(match operation.transfer() {
        Transfer::Upload => None,
        _ if reads => Some(READ_TIMEOUT),
        _ => Some(WRITE_TIMEOUT),
    })
}

fn send<'a>(
    sender: &'a HttpSender,
    mut request: Request,
    operation: &'a Operation,
) -> impl Future<Output = Result<RawResponse, TransportError>> + 'a {
    match sender {
        HttpSender::Http(client) => {
            heygen_api::refuse_content_codings(&mut request);
            let answer = client.execute(request.into_inner());
            Either::Left(answer.map(|answer| answer.map(RawResponse::from).map_err(TransportError::from)))
        }
        HttpSender::Custom(transport) => Either::Right(transport.send(request, operation)),
    }
}

/// Returns the error code of a refusal, in either of the service's two formats.
fn error_code(body: &[u8]) -> Option<ErrorCode> {
    let value: Value = from_json_slice(body).ok()?;
    value.pointer("/error/code").or_else(|| value.get("code"))?.as_str().map(ErrorCode::from)
}

/// The maximum size of one chunk of a body.
const CHUNK: usize = 64 * 1024;

/// Resets the idle timer for each chunk of the body. Splits the body into chunks that are small enough for a slow
/// connection to send each one within the idle timeout.
fn with_idle_timer(request: Request, idle: IdleTimer) -> Request {
    request.map_body(move |body| {
        let chunks = http_body_util::BodyDataStream::new(body).map_ok(|mut chunk| {
            let pieces = std::iter::from_fn(move || {
                (!chunk.is_empty()).then(|| Ok::<_, reqwest::Error>(chunk.split_to(chunk.len().min(CHUNK))))
            });
            stream::iter(pieces)
        });
        Body::wrap_stream(chunks.try_flatten().inspect(move |_| idle.reset()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_depends_on_the_operation() {
        use heygen_api::operations::{CREATE_VIDEO, GET_VIDEO, UPLOAD_ASSET};
        let options = CallOptions::new();
        assert_eq!(limit(&GET_VIDEO, &options), Some(READ_TIMEOUT));
        assert_eq!(limit(&CREATE_VIDEO, &options), Some(WRITE_TIMEOUT));
        assert_eq!(limit(&UPLOAD_ASSET, &options), None);
        let custom = CallOptions::new().timeout(Duration::from_secs(5));
        assert_eq!(limit(&UPLOAD_ASSET, &custom), Some(Duration::from_secs(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn sending_and_reading_share_a_time_and_an_upload_ends_without_progress() {
        let start = Instant::now();
        let mut timer = Timer::new(Some(Duration::from_secs(10)), None);
        timer.limit(pin!(tokio::time::sleep(Duration::from_secs(6)))).await.unwrap();
        let error = timer.limit(pin!(tokio::time::sleep(2 * IDLE_TIMEOUT))).await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(start.elapsed().as_secs(), 10);
        let start = Instant::now();
        let mut timer = Timer::new(None, Some(IdleTimer::new()));
        let error = timer.limit(pin!(tokio::time::sleep(2 * IDLE_TIMEOUT))).await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(start.elapsed().as_secs(), IDLE_TIMEOUT.as_secs());
    }

    #[tokio::test]
    async fn a_large_body_is_sent_completely_in_chunks() {
        let mut plain = reqwest::Request::new(Method::POST, "http://localhost".parse().unwrap());
        *plain.body_mut() = Some(vec![7; 3 * CHUNK + 1].into());
        let mut request = with_idle_timer(plain.into(), IdleTimer::new()).into_inner();
        let body = http_body_util::BodyDataStream::new(request.body_mut().take().unwrap());
        let pieces: Vec<_> = body.map_ok(|piece| piece.len()).try_collect().await.unwrap();
        assert_eq!(pieces, [CHUNK, CHUNK, CHUNK, 1]);
    }

    #[test]
    fn error_codes_are_found_in_both_formats() {
        assert_eq!(error_code(br#"{"error":{"code":"not_found"}}"#), Some(ErrorCode::NotFound));
        assert_eq!(error_code(br#"{"code":"x","message":"m"}"#), Some(ErrorCode::from("x")));
        let cut = br#"{"error":{"code":"quota_exceeded","message":"cut \ud83d"}}"#;
        assert_eq!(error_code(cut), Some(ErrorCode::QuotaExceeded));
        assert_eq!(error_code(b"<html>"), None);
    }
}
