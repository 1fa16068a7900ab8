//! One try: a request out, a whole answer in, within its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use heygen_api::{CallRecord, Operation, RawResponse, Request, Transfer, TransportError};
use http::{HeaderMap, Method, StatusCode};
use reqwest::Body;
use serde_json::Value;

use super::Sender;
use super::redaction::redacted;
use crate::credentials::Presented;
use crate::options::Options;

/// Time for one try of a read, and of everything else.
const READ: Duration = Duration::from_secs(30);
const WRITE: Duration = Duration::from_secs(120);

/// Time in which something must move while a file goes up.
const IDLE: Duration = Duration::from_secs(60);

/// What became of a try.
pub(crate) enum Outcome {
    /// A whole answer; of an event stream, its head.
    Answered { status: StatusCode, code: Option<String>, response: RawResponse },
    /// An answer whose body broke off.
    Cut { status: StatusCode, headers: HeaderMap, received: Bytes, error: TransportError },
    /// No answer. A final one has a cause that no other try would mend.
    Failed { error: TransportError, final_: bool },
    /// 401 for a token that may be renewed.
    Unauthorized { presented: Presented, response: RawResponse },
}

impl Outcome {
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answered { status, .. } | Self::Cut { status, .. } => Some(*status),
            Self::Unauthorized { .. } => Some(StatusCode::UNAUTHORIZED),
            Self::Failed { .. } => None,
        }
    }

    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Answered { code, .. } => code.as_deref(),
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

    /// Whether the service may have executed this try.
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

    /// The result of a call whose last try this was.
    pub(crate) fn into_result(
        self,
        record: CallRecord,
        doubtful: bool,
    ) -> Result<RawResponse, TransportError> {
        let record = record.after_a_doubtful_try(doubtful);
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

/// Sends a request once.
pub(crate) async fn exchange(
    sender: &Sender,
    mut request: Request,
    operation: &'static Operation,
    options: &Options,
    left: Option<Duration>,
) -> Outcome {
    let log = options.log_bodies == Some(true) && tracing::enabled!(tracing::Level::TRACE);
    if let (true, Some(body)) = (log, request.body().and_then(Body::as_bytes)) {
        tracing::trace!(body = redacted(body), "request");
    }
    let limit = limit(operation, options);
    let time = match (limit, left) {
        (Some(limit), Some(left)) => Some(limit.min(left)),
        (limit, left) => limit.or(left),
    };
    let moved = (operation.transfer == Transfer::Upload).then(Moved::default);
    if let Some(moved) = &moved {
        request = moved.watch(request);
    }
    let whole = async {
        let response = match send(sender, request, operation).await {
            Ok(response) => response,
            Err(error) => return Outcome::Failed { error, final_: false },
        };
        if operation.transfer == Transfer::Events && response.status().is_success() {
            let status = response.status();
            return Outcome::Answered { status, code: None, response };
        }
        read(response, log).await
    };
    let late = |time: Duration| {
        let error = TransportError::no_answer(format!("after {} s", time.as_secs_f64())).timed_out();
        Outcome::Failed { error, final_: false }
    };
    let limited = async {
        match time {
            Some(time) => tokio::time::timeout(time, whole).await.unwrap_or_else(|_| late(time)),
            None => whole.await,
        }
    };
    match moved.filter(|_| options.timeout.is_none()) {
        None => limited.await,
        Some(moved) => tokio::select! {
            outcome = limited => outcome,
            () = moved.idle() => late(IDLE),
        },
    }
}

fn limit(operation: &Operation, options: &Options) -> Option<Duration> {
    let reads = matches!(operation.method, Method::GET | Method::HEAD);
    options.timeout.or(match operation.transfer {
        Transfer::Upload => None,
        _ if reads => Some(READ),
        _ => Some(WRITE),
    })
}

async fn send(
    sender: &Sender,
    request: Request,
    operation: &'static Operation,
) -> Result<RawResponse, TransportError> {
    match sender {
        Sender::Http(client) => Ok(client.execute(request.into_inner()).await?.into()),
        Sender::Own(transport) => transport.send(request, operation).await,
    }
}

/// Reads an answer to its end: what a retry depends on may stand in its body, and a body that breaks off is no answer.
async fn read(mut response: RawResponse, log: bool) -> Outcome {
    let (body, cut) = response.read().await;
    let (status, headers) = response.into_head();
    if let Some(error) = cut {
        return Outcome::Cut { status, headers, received: body, error };
    }
    if log {
        tracing::trace!(body = redacted(&body), "answer");
    }
    let code = if status.is_success() { None } else { code(&body) };
    Outcome::Answered { status, code, response: RawResponse::new(status, headers, body) }
}

/// The code of a refusal in the service's form.
fn code(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    value.pointer("/error/code").or_else(|| value.get("code"))?.as_str().map(str::to_owned)
}

/// Sees whether a body is still on its way.
#[derive(Default, Clone)]
struct Moved(Arc<AtomicU64>);

impl Moved {
    /// Counts the chunks of a body as they leave.
    fn watch(&self, request: Request) -> Request {
        let moved = Arc::clone(&self.0);
        request.map_body(move |body| {
            let chunks = http_body_util::BodyDataStream::new(body);
            let moved = Arc::clone(&moved);
            Body::wrap_stream(futures_util::StreamExt::inspect(chunks, move |_| {
                moved.fetch_add(1, Ordering::Relaxed);
            }))
        })
    }

    /// Comes back when nothing has moved for too long.
    async fn idle(&self) {
        loop {
            let before = self.0.load(Ordering::Relaxed);
            tokio::time::sleep(IDLE).await;
            if self.0.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_from_the_kind_of_call() {
        use heygen_api::operations::{CREATE_VIDEO, GET_VIDEO, UPLOAD_ASSET};
        let options = Options::new();
        assert_eq!(limit(&GET_VIDEO, &options), Some(READ));
        assert_eq!(limit(&CREATE_VIDEO, &options), Some(WRITE));
        assert_eq!(limit(&UPLOAD_ASSET, &options), None);
        let own = Options::new().timeout(Duration::from_secs(5));
        assert_eq!(limit(&UPLOAD_ASSET, &own), Some(Duration::from_secs(5)));
    }

    #[test]
    fn codes_are_found_in_both_forms() {
        assert_eq!(code(br#"{"error":{"code":"not_found"}}"#).as_deref(), Some("not_found"));
        assert_eq!(code(br#"{"code":"x","message":"m"}"#).as_deref(), Some("x"));
        assert_eq!(code(b"<html>"), None);
    }
}
