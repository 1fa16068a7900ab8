//! One attempt: a request out, a whole answer in, within its time.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use heygen_api::{
    CallRecord, ErrorCode, Operation, RawResponse, Request, Transfer, TransportError, from_json_slice,
};
use http::{HeaderMap, Method, StatusCode};
use reqwest::Body;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::HttpSender;
use crate::call_options::CallOptions;
use crate::credentials::Presented;
use crate::idle_timeout::{IDLE_TIMEOUT, IdleTimer};
use crate::redaction::redacted;

/// Time for one attempt of a read, and of everything else.
const READ: Duration = Duration::from_secs(30);
const WRITE: Duration = Duration::from_secs(120);

/// The outcome of an attempt.
pub(crate) enum Outcome {
    /// A whole answer; of an event stream, its head.
    Answered { status: StatusCode, code: Option<ErrorCode>, response: RawResponse },
    /// An answer whose body broke off.
    Cut { status: StatusCode, headers: HeaderMap, received: Bytes, error: TransportError },
    /// No answer. A final one has a cause that no other attempt would mend.
    Failed { error: TransportError, final_: bool },
    /// 401 for a token that may be renewed.
    Unauthorized { presented: Presented, response: RawResponse },
}

impl Outcome {
    /// The request did not leave, and no other attempt would mend it.
    pub(crate) fn unsent(error: TransportError) -> Self {
        Self::Failed { error, final_: true }
    }

    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answered { status, .. } | Self::Cut { status, .. } => Some(*status),
            Self::Unauthorized { .. } => Some(StatusCode::UNAUTHORIZED),
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
            Self::Answered { response, .. } | Self::Unauthorized { response, .. } => response.headers(),
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
            Self::Unauthorized { .. } => false,
        }
    }

    /// The result of a call whose last attempt this was.
    pub(crate) fn into_result(
        self,
        record: CallRecord,
        maybe_executed: bool,
    ) -> Result<RawResponse, TransportError> {
        let record = record.after_a_doubtful_try(maybe_executed);
        match self {
            Self::Answered { response, .. } | Self::Unauthorized { response, .. } => {
                Ok(response.with_record(record))
            }
            Self::Failed { error, .. } => Err(error.with_record(record)),
            // The head arrived, and an error about the body should have what it says.
            Self::Cut { status, headers, received, error } => {
                Ok(RawResponse::cut(status, headers, received, error).with_record(record))
            }
        }
    }
}

/// Sends the request that is in the slot, once.
pub(crate) async fn send_once(
    sender: &HttpSender,
    slot: &mut Option<Request>,
    operation: &Operation,
    options: &CallOptions,
    left: Option<Duration>,
) -> Outcome {
    let log = options.log_bodies == Some(true) && tracing::enabled!(tracing::Level::TRACE);
    if let (true, Some(body)) = (log, slot.as_ref().and_then(Request::body).and_then(Body::as_bytes)) {
        tracing::trace!(body = redacted(body), "request");
    }
    let time = match (limit(operation, options), left) {
        (Some(limit), Some(left)) => Some(limit.min(left)),
        (limit, left) => limit.or(left),
    };
    let idle = (operation.transfer() == Transfer::Upload).then(IdleTimer::new);
    if let Some(idle) = &idle {
        *slot = slot.take().map(|request| with_idle_timer(request, idle.clone()));
    }
    let time_limit = TimeLimit {
        end: time.and_then(|time| Instant::now().checked_add(time)),
        time: time.unwrap_or_default(),
        idle: idle.filter(|_| options.timeout.is_none()),
    };
    let Some(sending) = slot.take().map(|request| send(sender, request, operation)) else {
        let error = TransportError::not_sent("the request was sent before, and cannot be made again");
        return Outcome::Failed { error, final_: true };
    };
    let mut response = match time_limit.with(sending).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) | Err(error) => return Outcome::Failed { error, final_: false },
    };
    if operation.transfer() == Transfer::Events && response.status().is_success() {
        return Outcome::Answered { status: response.status(), code: None, response };
    }
    // What a retry depends on may stand in the body, and an answer whose body breaks off does not count.
    let read = time_limit.with(response.read()).await;
    let (status, headers) = response.into_head();
    let body = match read {
        Ok((body, None)) => body,
        Ok((received, Some(error))) => return Outcome::Cut { status, headers, received, error },
        Err(error) => return Outcome::Cut { status, headers, received: Bytes::new(), error },
    };
    if log {
        tracing::trace!(body = redacted(&body), "answer");
    }
    let code = if status.is_success() { None } else { code(&body) };
    Outcome::Answered { status, code, response: RawResponse::new(status, headers, body) }
}

/// How long an attempt may take.
struct TimeLimit {
    end: Option<Instant>,
    /// The whole of it, for the error.
    time: Duration,
    /// Something that has to move meanwhile.
    idle: Option<IdleTimer>,
}

impl TimeLimit {
    /// The work, within the time. It is made of combinators, for an `async fn` would keep the work twice: as its argument,
    /// and where it polls it.
    fn with<T>(&self, work: impl Future<Output = T>) -> impl Future<Output = Result<T, TransportError>> {
        let time = self.time;
        let limited = match self.end {
            Some(end) => Either::Left(timeout_at(end, work).map(move |done| done.map_err(|_| late(time)))),
            None => Either::Right(work.map(Ok)),
        };
        match self.idle.clone() {
            None => Either::Left(limited),
            // Only files that go up have to move, and beside them a future on the heap is small.
            Some(idle) => Either::Right(Box::pin(async move {
                tokio::select! {
                    done = limited => done,
                    () = idle.idle() => Err(late(IDLE_TIMEOUT)),
                }
            })),
        }
    }
}

fn late(time: Duration) -> TransportError {
    TransportError::no_answer(format!("after {} s", time.as_secs_f64())).timed_out()
}

fn limit(operation: &Operation, options: &CallOptions) -> Option<Duration> {
    let reads = matches!(*operation.method(), Method::GET | Method::HEAD);
    options.timeout.or(match operation.transfer() {
        Transfer::Upload => None,
        _ if reads => Some(READ),
        _ => Some(WRITE),
    })
}

fn send<'a>(
    sender: &'a HttpSender,
    request: Request,
    operation: &'a Operation,
) -> impl Future<Output = Result<RawResponse, TransportError>> + 'a {
    match sender {
        HttpSender::Http(client) => {
            let answer = client.execute(request.into_inner());
            Either::Left(answer.map(|answer| answer.map(RawResponse::from).map_err(TransportError::from)))
        }
        HttpSender::Custom(transport) => Either::Right(transport.send(request, operation)),
    }
}

/// The code of a refusal in the service's form.
fn code(body: &[u8]) -> Option<ErrorCode> {
    let value: Value = from_json_slice(body).ok()?;
    value.pointer("/error/code").or_else(|| value.get("code"))?.as_str().map(ErrorCode::from)
}

/// Bytes of a body that leave at once.
const CHUNK: usize = 64 * 1024;

/// The same request, with its body seen as it leaves: in chunks that even a slow line takes within the time that it may
/// stand still.
fn with_idle_timer(request: Request, idle: IdleTimer) -> Request {
    request.map_body(move |body| {
        let chunks = http_body_util::BodyDataStream::new(body).map_ok(|mut chunk| {
            let pieces = std::iter::from_fn(move || {
                (!chunk.is_empty()).then(|| Ok::<_, reqwest::Error>(chunk.split_to(chunk.len().min(CHUNK))))
            });
            stream::iter(pieces)
        });
        Body::wrap_stream(chunks.try_flatten().inspect(move |_| idle.moves()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_from_the_kind_of_call() {
        use heygen_api::operations::{CREATE_VIDEO, GET_VIDEO, UPLOAD_ASSET};
        let options = CallOptions::new();
        assert_eq!(limit(&GET_VIDEO, &options), Some(READ));
        assert_eq!(limit(&CREATE_VIDEO, &options), Some(WRITE));
        assert_eq!(limit(&UPLOAD_ASSET, &options), None);
        let own = CallOptions::new().timeout(Duration::from_secs(5));
        assert_eq!(limit(&UPLOAD_ASSET, &own), Some(Duration::from_secs(5)));
    }

    #[tokio::test]
    async fn a_large_body_leaves_in_pieces_and_whole() {
        let mut plain = reqwest::Request::new(Method::POST, "http://localhost".parse().unwrap());
        *plain.body_mut() = Some(vec![7; 3 * CHUNK + 1].into());
        let mut request = with_idle_timer(plain.into(), IdleTimer::new()).into_inner();
        let body = http_body_util::BodyDataStream::new(request.body_mut().take().unwrap());
        let pieces: Vec<_> = body.map_ok(|piece| piece.len()).try_collect().await.unwrap();
        assert_eq!(pieces, [CHUNK, CHUNK, CHUNK, 1]);
    }

    #[test]
    fn codes_are_found_in_both_forms() {
        assert_eq!(code(br#"{"error":{"code":"not_found"}}"#), Some(ErrorCode::NotFound));
        assert_eq!(code(br#"{"code":"x","message":"m"}"#), Some(ErrorCode::from("x")));
        let cut = br#"{"error":{"code":"quota_exceeded","message":"cut \ud83d"}}"#;
        assert_eq!(code(cut), Some(ErrorCode::QuotaExceeded));
        assert_eq!(code(b"<html>"), None);
    }
}
