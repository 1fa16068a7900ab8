//! The error of a call.

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

/// The error of a call. Cheap to clone; keeps everything that the service reported.
///
/// It prints as one line: `create_video: 402 insufficient_credit: Not enough credit (request 7f3a)`. Its cause is in
/// [`source`](StdError::source), which does not repeat that line.
///
/// ```no_run
/// use heygen_api::{Client, ErrorCode};
///
/// # async fn example(client: Client) -> Result<(), heygen_api::Error> {
/// match client.get_video().video_id("v").await {
///     Ok(video) => println!("{}", video.status),
///     Err(error) if error.code() == Some(ErrorCode::VideoNotFound) => {
///         println!("the video was deleted");
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
    /// Description of the problem; unused when the service sent an error body.
    problem: String,
    status: Option<StatusCode>,
    headers: HeaderMap,
    body: Bytes,
    service_error: Option<StandardApiError>,
    transport: Option<TransportError>,
    /// Why the client could not be built.
    cause: Option<Arc<dyn StdError + Send + Sync>>,
    record: Option<CallRecord>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built with these options.
    Configuration,
    /// The request is incomplete, or a value is invalid. Nothing was sent.
    InvalidRequest,
    /// The request was not sent, or its response was not received completely; see [`Error::may_have_executed`].
    Transport,
    /// The request timed out; see [`Error::may_have_executed`].
    Timeout,
    /// The service refused the request, usually with an error status; see [`Error::code`].
    Refused,
    /// The service reported success, but the body does not match the document.
    Decode,
}

impl Error {
    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that was called; `None` when the client could not be built.
    pub fn operation(&self) -> Option<&Operation> {
        self.0.operation.as_ref()
    }

    /// HTTP status of the response; `None` without a response.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The service's error code. The service may add codes at any time.
    pub fn code(&self) -> Option<ErrorCode> {
        self.0.service_error.as_ref().and_then(specific_code).map(ErrorCode::from)
    }

    /// The service's error message.
    pub fn message(&self) -> Option<&str> {
        self.0.service_error.as_ref().map(|service_error| service_error.message.as_str())
    }

    /// The field of the request that the service rejected.
    pub fn param(&self) -> Option<&str> {
        self.0.service_error.as_ref()?.param.as_deref()
    }

    /// The whole error object of the service, in its v3 form.
    pub fn service_error(&self) -> Option<&StandardApiError> {
        self.0.service_error.as_ref()
    }

    /// The request id that the service assigned; quote it to the provider's support.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.0.headers)
    }

    /// The idempotency key that the transport sent; the call can be repeated with it.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.record()?.idempotency_key.as_deref()
    }

    /// How many times the transport sent the request; `None` if the transport does not report it.
    pub fn attempts(&self) -> Option<u32> {
        self.record().map(|record| record.attempts)
    }

    fn record(&self) -> Option<&CallRecord> {
        self.0.record.as_ref().or_else(|| self.0.transport.as_ref()?.record())
    }

    /// The transport's failure: why the request was not sent, or why the response is incomplete.
    pub fn transport_error(&self) -> Option<&TransportError> {
        self.0.transport.as_ref()
    }

    /// How long the service asks the client to wait before the next request: the `Retry-After` header of the response.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.0.headers, SystemTime::now())
    }

    /// Whether the same call may succeed later: it failed because of the network, the load of the service, or a race.
    /// Before repeating a call that creates something, check [`may_have_executed`](Self::may_have_executed) too.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Transport | ErrorKind::Timeout => true,
            ErrorKind::Refused => {
                self.0.status.is_some_and(|status| is_retryable_refusal(status, self.code().as_ref()))
            }
            ErrorKind::Configuration | ErrorKind::InvalidRequest | ErrorKind::Decode => false,
        }
    }

    /// Whether the call timed out.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Whether connecting failed: the host name is unknown, the port is closed, or the certificate is not trusted.
    pub fn is_connect(&self) -> bool {
        self.0.transport.as_ref().is_some_and(TransportError::is_connect)
    }

    /// Headers of the response; empty without a response.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Unmodified body of the response. It may contain data of the program, so it is never printed.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// Whether the service may have executed the request. When `false`, repeating the call is safe.
    pub fn may_have_executed(&self) -> bool {
        if self.record().is_some_and(|record| record.earlier_may_have_executed) {
            return true;
        }
        match self.0.kind {
            ErrorKind::Configuration | ErrorKind::InvalidRequest => false,
            // A status means that the service answered, even if the body is incomplete.
            ErrorKind::Transport | ErrorKind::Timeout if self.0.status.is_some() => true,
            ErrorKind::Transport | ErrorKind::Timeout => {
                self.0.transport.as_ref().is_none_or(TransportError::may_have_executed)
            }
            ErrorKind::Refused => match self.0.status {
                // The first request with the same key is still running.
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

    /// The client cannot be built because of `cause`.
    pub(crate) fn configuration_with_cause(
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
        let mut error = Inner::new(kind_of(&source), Some(operation), source.to_string());
        error.transport = Some(source);
        Self(Arc::new(error))
    }

    pub(crate) async fn refused(operation: &Operation, mut response: RawResponse) -> Self {
        let answered = Answered::take(&mut response);
        let (body, cut) = response.read().await;
        let service_error = read_refusal(&body);
        let problem = match (&service_error, &cut) {
            (Some(_), _) => String::new(),
            (None, None) => match (
                redirect_location(answered.status, &answered.headers),
                coding_problem(&answered.headers),
            ) {
                (Some(location), _) => format!(
                    "redirect to `{location}`, which is not followed; if the service has moved, use this as the base URL"
                ),
                (None, Some(problem)) => problem,
                (None, None) => format!("unrecognized error body ({} bytes)", body.len()),
            },
            (None, Some(cut)) => format!("the error body was cut off: {cut}"),
        };
        let mut error = Inner::new(ErrorKind::Refused, Some(operation), problem);
        answered.add_to(&mut error);
        error.body = body;
        error.service_error = service_error;
        error.transport = cut;
        Self(Arc::new(error))
    }

    /// A refusal in the body of a success response.
    pub(crate) fn refused_in_disguise(
        operation: &Operation,
        answered: &Answered,
        body: &Bytes,
    ) -> Option<Self> {
        let service_error = read_disguised_refusal(body)?;
        let mut error = Inner::new(ErrorKind::Refused, Some(operation), String::new());
        error.service_error = Some(service_error);
        answered.clone().add_to(&mut error);
        error.body = body.clone();
        Some(Self(Arc::new(error)))
    }

    /// A success response whose body was cut off.
    pub(crate) fn cut(operation: &Operation, answered: Answered, source: TransportError) -> Self {
        let mut error =
            Inner::new(kind_of(&source), Some(operation), format!("the response was cut off: {source}"));
        answered.add_to(&mut error);
        error.transport = Some(source);
        Self(Arc::new(error))
    }

    pub(crate) fn decode(operation: &Operation, answered: Answered, body: Bytes, problem: String) -> Self {
        let mut error = Inner::new(ErrorKind::Decode, Some(operation), problem);
        answered.add_to(&mut error);
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
            service_error: None,
            transport: None,
            cause: None,
            record: None,
        }
    }
}

/// The kind of a transport failure.
fn kind_of(error: &TransportError) -> ErrorKind {
    if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Transport }
}

/// Status, headers and record of a response.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    record: Option<CallRecord>,
}

impl Answered {
    /// Takes the head of a response; its body can still be read.
    pub(crate) fn take(response: &mut RawResponse) -> Self {
        let (status, headers, record) = response.take_head();
        Self { status, headers, record }
    }

    /// A head without a record.
    pub(crate) fn of(status: StatusCode, headers: HeaderMap) -> Self {
        Self { status, headers, record: None }
    }

    fn add_to(self, error: &mut Inner) {
        error.status = Some(self.status);
        error.headers = self.headers;
        error.record = self.record;
    }
}

/// Where a redirect leads, to show it in an error: the header `Location` without user and query, which may contain a secret.
///
/// ```
/// use heygen_api::http::{HeaderMap, HeaderValue, StatusCode, header::LOCATION};
/// use heygen_api::redirect_location;
///
/// let place = HeaderValue::from_static("https://user@example.com/a?secret");
/// let headers = HeaderMap::from_iter([(LOCATION, place)]);
/// let shown = redirect_location(StatusCode::FOUND, &headers);
/// assert_eq!(shown.as_deref(), Some("https://example.com/a"));
/// assert_eq!(redirect_location(StatusCode::OK, &headers), None);
/// ```
pub fn redirect_location(status: StatusCode, headers: &HeaderMap) -> Option<String> {
    let location = headers.get(http::header::LOCATION)?.to_str().ok()?;
    let address = location.split(['?', '#']).next().unwrap_or_default();
    let is_redirect = status.is_redirection() && !address.is_empty();
    let shown = match address.split_once("//") {
        Some((scheme, rest)) => {
            let host = rest.find('/').unwrap_or(rest.len());
            let after_user =
                rest.get(..host).and_then(|authority| authority.rfind('@')).map_or(0, |at| at + 1);
            format!("{scheme}//{}", rest.get(after_user..).unwrap_or_default())
        }
        None => address.to_owned(),
    };
    is_redirect.then(|| shown.escape_debug().to_string())
}

/// The problem with a body that is compressed although the request [asked for none](crate::refuse_content_codings); `None` if
/// it is not compressed.
///
/// ```
/// use heygen_api::content_coding;
/// use heygen_api::http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};
///
/// let coding = HeaderValue::from_static("gzip");
/// let headers = HeaderMap::from_iter([(CONTENT_ENCODING, coding)]);
/// let problem = content_coding(&headers).unwrap_or_default();
/// assert!(problem.contains("`gzip`"));
/// assert_eq!(content_coding(&HeaderMap::new()), None);
/// ```
pub fn content_coding(headers: &HeaderMap) -> Option<String> {
    let coding = headers.get(http::header::CONTENT_ENCODING)?;
    let coding = coding.to_str().unwrap_or("?").trim();
    let is_coded = !coding.is_empty() && !coding.eq_ignore_ascii_case("identity");
    is_coded.then(|| {
        format!(
            "the body is compressed with `{}`, although the request asked for `identity`; check which proxy does this",
            coding.escape_debug()
        )
    })
}

/// The same with a remedy for calls, whose HTTP client may decode bodies.
pub(crate) fn coding_problem(headers: &HeaderMap) -> Option<String> {
    Some(format!("{}, or enable the feature of reqwest that decodes it", content_coding(headers)?))
}

/// The request id that the service assigned, from the headers of the response.
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
        match &self.0.service_error {
            Some(service_error) => {
                if let Some(code) = specific_code(service_error) {
                    write!(f, "{}: ", one_line(code))?;
                }
                f.write_str(&one_line(&service_error.message))?;
                if let Some(param) = &service_error.param {
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

/// Text of the service on one line, without control characters.
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
    /// The cause below the [`TransportError`], whose text is already part of `Display`.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let transport = || self.0.transport.as_ref()?.source();
        self.0.cause.as_deref().map(|cause| cause as _).or_else(transport)
    }
}
