//! What can go wrong with a call.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use crate::types::{ErrorEnvelope, StandardApiError};
use crate::{CallRecord, Operation, RawResponse, TransportError};

/// Code of a refusal that says: the first request with this idempotency key has not ended yet.
const IN_PROGRESS: &str = "request_in_progress";

/// Why a call failed. Cheap to clone; keeps all that the service said.
///
/// It prints as one line: `create_video: 402 insufficient_credit: Not enough credit (request 7f3a)`.
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
    source: Option<TransportError>,
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
    /// The service answered with a status that is no success; see [`Error::code`].
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

    /// The service's code for the refusal, such as `insufficient_credit`. New ones may appear at any time.
    pub fn code(&self) -> Option<&str> {
        self.0.said.as_ref().map(|said| said.code.as_str()).filter(|code| !code.is_empty())
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
        self.0.record.as_ref().or_else(|| self.0.source.as_ref()?.record())
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
            // With a status there was an answer, whatever became of its body.
            ErrorKind::Transport if self.0.status.is_some() => true,
            ErrorKind::Transport => self.0.source.as_ref().is_none_or(TransportError::may_have_executed),
            ErrorKind::Refused => match self.0.status {
                // The first try with the same key is under way.
                Some(StatusCode::CONFLICT) => {
                    self.code().is_some_and(|code| code.eq_ignore_ascii_case(IN_PROGRESS))
                }
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

    pub(crate) fn invalid_request(operation: &Operation, problem: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, Some(operation), problem.into())
    }

    pub(crate) fn transport(operation: &Operation, source: TransportError) -> Self {
        let mut error = Inner::new(ErrorKind::Transport, Some(operation), source.to_string());
        error.source = Some(source);
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
        error.source = cut;
        Self(Arc::new(error))
    }

    /// A success whose body carries a refusal, whatever else it has.
    pub(crate) fn refused_in_disguise(
        operation: &Operation,
        answered: &Answered,
        body: &Bytes,
    ) -> Option<Self> {
        // Hardly any success has the word in it, and most of those say `null`.
        if !body.windows(ERROR.len()).any(|window| window == ERROR) {
            return None;
        }
        let Probe { error: Some(_) } = serde_json::from_slice(body).ok()? else { return None };
        let mut error = Inner::new(ErrorKind::Refused, Some(operation), String::new());
        error.said = Some(read_refusal(body)?);
        answered.clone().note(&mut error);
        error.body = body.clone();
        Some(Self(Arc::new(error)))
    }

    /// A success whose body broke off.
    pub(crate) fn cut(operation: &Operation, answered: Answered, source: TransportError) -> Self {
        let mut error =
            Inner::new(ErrorKind::Transport, Some(operation), format!("the answer broke off: {source}"));
        answered.note(&mut error);
        error.source = Some(source);
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
            source: None,
            record: None,
        }
    }
}

/// The member in which refusals stand.
const ERROR: &[u8] = b"\"error\"";

/// Whether an answer has that member, and not as `null`.
#[derive(serde::Deserialize)]
struct Probe {
    error: Option<serde::de::IgnoredAny>,
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

/// Reads the v3 form, and the forms of the retired versions into it: `error` may be a text or an object with a numeric
/// code, or `code` and `message` stand at the top.
fn read_refusal(body: &[u8]) -> Option<StandardApiError> {
    if let Ok(ErrorEnvelope { error: Some(said), .. }) = serde_json::from_slice(body) {
        return Some(said);
    }
    let value: Value = serde_json::from_slice(body).ok()?;
    let inner = value.get("error").filter(|error| !error.is_null()).unwrap_or(&value);
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let member = |name: &str| inner.get(name).or_else(|| value.get(name)).and_then(text);
    let message =
        text(inner).or_else(|| member("message")).or_else(|| member("detail")).or_else(|| member("msg"))?;
    // A refusal may have no code; what the generated type requires is empty then.
    let said = json!({
        "code": member("code").unwrap_or_default(),
        "message": message,
        "param": member("param"),
        "doc_url": member("doc_url"),
    });
    serde_json::from_value(said).ok()
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
                if !said.code.is_empty() {
                    write!(f, "{}: ", said.code)?;
                }
                f.write_str(&one_line(&said.message))?;
                if let Some(param) = &said.param {
                    write!(f, " [{param}]")?;
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

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("what", &self.to_string())
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}

/// How long the service asks to be left alone, as it wrote it: seconds, or an HTTP date.
impl Error {
    /// The `Retry-After` header of a refusal, unparsed.
    pub fn retry_after(&self) -> Option<&str> {
        self.0.headers.get(header::RETRY_AFTER)?.to_str().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::read_refusal;

    #[test]
    fn every_known_form_of_a_refusal_is_read() {
        for (body, code, message) in [
            (r#"{"error":{"code":"not_found","message":"No such video"}}"#, "not_found", "No such video"),
            (r#"{"error":{"code":40119,"message":"too long"},"data":null}"#, "40119", "too long"),
            (r#"{"error":"bad","data":null}"#, "", "bad"),
            (r#"{"error":{"code":"c","message":"m","param":["a"]}}"#, "c", "m"),
            (r#"{"error":{"code":"c","message":"m","errors":[{"odd":1}]}}"#, "c", "m"),
            (r#"{"code":400175,"message":"Invalid"}"#, "400175", "Invalid"),
        ] {
            let said = read_refusal(body.as_bytes()).unwrap();
            assert_eq!((said.code.as_str(), said.message.as_str()), (code, message));
        }
        let odd = read_refusal(br#"{"error":{"code":7,"message":"m","param":"p","doc_url":"d"}}"#).unwrap();
        assert_eq!(
            (odd.code.as_str(), odd.param.as_deref(), odd.doc_url.as_deref()),
            ("7", Some("p"), Some("d"))
        );
        for body in ["<html>502</html>", "", "[]", r#"{"data":1}"#] {
            assert!(read_refusal(body.as_bytes()).is_none(), "{body}");
        }
    }
}
