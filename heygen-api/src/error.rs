//! What can go wrong with a call.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::call_record::CallRecord;
use crate::causes::in_one_line;
use crate::error_code::ErrorCode;
use crate::operation::Operation;
use crate::raw::RawResponse;
use crate::refusal::{is_retryable_refusal, read_disguised_refusal, read_refusal, specific_code};
use crate::retry_after::retry_after;
use crate::transport_error::TransportError;
use crate::types::StandardApiError;

/// Why a call failed. Cheap to clone; keeps all that the service said.
///
/// It prints as one line: `create_video: 402 insufficient_credit: Not enough credit (request 7f3a)`. What led to it
/// follows in [`source`](StdError::source), which repeats nothing of that line.
///
/// ```no_run
/// use heygen_api::{Client, ErrorCode};
///
/// # async fn example(client: Client) -> Result<(), heygen_api::Error> {
/// match client.get_video().video_id("v").await {
///     Ok(video) => println!("{}", video.status),
///     Err(error) if error.code() == Some(ErrorCode::VideoNotFound) => {
///         println!("it was deleted");
///     }
///     Err(error) if error.is_retryable() => {
///         println!("try again in {:?}: {error}", error.retry_after());
///     }
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    operation: Option<Operation>,
    /// What happened, in words, where the service said nothing.
    problem: String,
    status: Option<StatusCode>,
    headers: HeaderMap,
    body: Bytes,
    said: Option<StandardApiError>,
    transport: Option<TransportError>,
    /// Why the client could not be built.
    cause: Option<Arc<dyn StdError + Send + Sync>>,
    record: Option<CallRecord>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built as asked.
    Configuration,
    /// The request is incomplete or a value did not convert; nothing was sent.
    InvalidRequest,
    /// The request was not sent, or not answered to the end; see [`Error::may_have_executed`].
    Transport,
    /// The same, because the time was over.
    Timeout,
    /// The service answered with a status other than success; see [`Error::code`].
    Refused,
    /// The service answered with success, and with something that is not what the document promises.
    Decode,
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that was called; none for a client that could not be built.
    pub fn operation(&self) -> Option<&Operation> {
        self.0.operation.as_ref()
    }

    /// Status of the answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The service's code for the refusal. New ones may appear at any time.
    pub fn code(&self) -> Option<ErrorCode> {
        self.0.said.as_ref().and_then(specific_code).map(ErrorCode::from)
    }

    /// The service's words for the refusal.
    pub fn message(&self) -> Option<&str> {
        self.0.said.as_ref().map(|said| said.message.as_str())
    }

    /// The field of the request that the service objects to.
    pub fn param(&self) -> Option<&str> {
        self.0.said.as_ref()?.param.as_deref()
    }

    /// All that the service said, in its v3 form.
    pub fn said(&self) -> Option<&StandardApiError> {
        self.0.said.as_ref()
    }

    /// The service's id of the request, to quote to its support.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.0.headers)
    }

    /// The idempotency key that the transport sent; the call can be repeated under it.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.record()?.idempotency_key.as_deref()
    }

    /// How often the transport sent the request, if it says so.
    pub fn attempts(&self) -> Option<u32> {
        self.record().map(|record| record.attempts)
    }

    fn record(&self) -> Option<&CallRecord> {
        self.0.record.as_ref().or_else(|| self.0.transport.as_ref()?.record())
    }

    /// The failure of the transport: why the request was not sent, or how the answer broke off.
    pub fn transport_error(&self) -> Option<&TransportError> {
        self.0.transport.as_ref()
    }

    /// How long the service asks to wait before the next request, by the `Retry-After` header of its answer.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.0.headers, SystemTime::now())
    }

    /// Whether the same call, unchanged, may succeed later: the network, the load of the service or a race was in the
    /// way. Before repeating a call that makes something, ask [`may_have_executed`](Self::may_have_executed) too.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Transport | ErrorKind::Timeout => true,
            ErrorKind::Refused => {
                self.0.status.is_some_and(|status| is_retryable_refusal(status, self.code().as_ref()))
            }
            ErrorKind::Configuration | ErrorKind::InvalidRequest | ErrorKind::Decode => false,
        }
    }

    /// Whether the time was over before the answer was there.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Whether no connection was made: the host name is unknown, the port is closed, the certificate is not trusted.
    pub fn is_connect(&self) -> bool {
        self.0.transport.as_ref().is_some_and(TransportError::is_connect)
    }

    /// Headers of the answer; empty when there was none.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Body of the answer, as it came. It may hold what the program sent or asked for; it is never printed.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// Whether the service may have done what was asked. When `false`, repeating the call is safe.
    pub fn may_have_executed(&self) -> bool {
        if self.record().is_some_and(|record| record.earlier_may_have_executed) {
            return true;
        }
        match self.0.kind {
            ErrorKind::Configuration | ErrorKind::InvalidRequest => false,
            // With a status there was an answer, even if its body broke off.
            ErrorKind::Transport | ErrorKind::Timeout if self.0.status.is_some() => true,
            ErrorKind::Transport | ErrorKind::Timeout => {
                self.0.transport.as_ref().is_none_or(TransportError::may_have_executed)
            }
            ErrorKind::Refused => match self.0.status {
                // The first try with the same key is under way.
                Some(StatusCode::CONFLICT) => self.code() == Some(ErrorCode::RequestInProgress),
                Some(StatusCode::REQUEST_TIMEOUT) => true,
                Some(status) => !status.is_client_error(),
                None => true,
            },
            ErrorKind::Decode => true,
        }
    }

    pub(crate) fn configuration(problem: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, None, problem.into())
    }

    /// The client cannot be built, for this cause.
    pub(crate) fn configuration_by(
        problem: impl Into<String>,
        cause: impl StdError + Send + Sync + 'static,
    ) -> Self {
        let mut error = Inner::new(ErrorKind::Configuration, None, problem.into());
        error.cause = Some(Arc::new(cause));
        Self(Arc::new(error))
    }

    pub(crate) fn invalid_request(operation: &Operation, problem: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, Some(operation), problem.into())
    }

    pub(crate) fn transport(operation: &Operation, source: TransportError) -> Self {
        let mut error = Inner::new(unanswered(&source), Some(operation), source.to_string());
        error.transport = Some(source);
        Self(Arc::new(error))
    }

    pub(crate) async fn refused(operation: &Operation, mut response: RawResponse) -> Self {
        let answered = Answered::take(&mut response);
        let (body, cut) = response.read().await;
        let said = read_refusal(&body);
        let problem = match (&said, &cut) {
            (Some(_), _) => String::new(),
            (None, None) => format!("no error body in the service's form, {} bytes", body.len()),
            (None, Some(cut)) => format!("its error body broke off: {cut}"),
        };
        let mut error = Inner::new(ErrorKind::Refused, Some(operation), problem);
        answered.note(&mut error);
        error.body = body;
        error.said = said;
        error.transport = cut;
        Self(Arc::new(error))
    }

    /// A success whose body carries a refusal, whatever else it has.
    pub(crate) fn refused_in_disguise(
        operation: &Operation,
        answered: &Answered,
        body: &Bytes,
    ) -> Option<Self> {
        let said = read_disguised_refusal(body)?;
        let mut error = Inner::new(ErrorKind::Refused, Some(operation), String::new());
        error.said = Some(said);
        answered.clone().note(&mut error);
        error.body = body.clone();
        Some(Self(Arc::new(error)))
    }

    /// A success whose body broke off.
    pub(crate) fn cut(operation: &Operation, answered: Answered, source: TransportError) -> Self {
        let mut error =
            Inner::new(unanswered(&source), Some(operation), format!("the answer broke off: {source}"));
        answered.note(&mut error);
        error.transport = Some(source);
        Self(Arc::new(error))
    }

    pub(crate) fn decode(operation: &Operation, answered: Answered, body: Bytes, problem: String) -> Self {
        let mut error = Inner::new(ErrorKind::Decode, Some(operation), problem);
        answered.note(&mut error);
        error.body = body;
        Self(Arc::new(error))
    }

    fn new(kind: ErrorKind, operation: Option<&Operation>, problem: String) -> Self {
        Self(Arc::new(Inner::new(kind, operation, problem)))
    }
}

impl Inner {
    fn new(kind: ErrorKind, operation: Option<&Operation>, problem: String) -> Self {
        Self {
            kind,
            operation: operation.cloned(),
            problem,
            status: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            said: None,
            transport: None,
            cause: None,
            record: None,
        }
    }
}

/// The kind of a call that got no answer.
fn unanswered(error: &TransportError) -> ErrorKind {
    if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Transport }
}

/// What an answer says before its body.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    record: Option<CallRecord>,
}

impl Answered {
    /// Takes it out of the answer, whose body is still to be read.
    pub(crate) fn take(response: &mut RawResponse) -> Self {
        let (status, headers, record) = response.take_head();
        Self { status, headers, record }
    }

    /// An answer whose record is not kept.
    pub(crate) fn of(status: StatusCode, headers: HeaderMap) -> Self {
        Self { status, headers, record: None }
    }

    fn note(self, error: &mut Inner) {
        error.status = Some(self.status);
        error.headers = self.headers;
        error.record = self.record;
    }
}

/// The service's id of a request, from the headers of its answer.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-request-id")?.to_str().ok()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.0.operation {
            write!(f, "{}: ", operation.id())?;
        }
        if let Some(status) = self.0.status {
            write!(f, "{} ", status.as_u16())?;
        }
        match &self.0.said {
            Some(said) => {
                if let Some(code) = specific_code(said) {
                    write!(f, "{}: ", one_line(code))?;
                }
                f.write_str(&one_line(&said.message))?;
                if let Some(param) = &said.param {
                    write!(f, " [{}]", one_line(param))?;
                }
            }
            None => f.write_str(&self.0.problem)?,
        }
        match self.request_id() {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

/// Text of the service on one line, and without what a terminal would obey.
fn one_line(text: &str) -> String {
    let plain = text.replace(|c: char| c.is_control() && !c.is_whitespace(), "");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Error");
        shown.field("kind", &self.0.kind).field("what", &self.to_string());
        if let Some(cause) = self.source() {
            shown.field("cause", &in_one_line(cause));
        }
        shown.finish_non_exhaustive()
    }
}

impl StdError for Error {
    /// What the text does not say yet: it has what the [`TransportError`] says.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let transport = || self.0.transport.as_ref()?.source();
        self.0.cause.as_deref().map(|cause| cause as _).or_else(transport)
    }
}
