//! The unread response of a transport.

use std::fmt;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::stream;
use http::{HeaderMap, StatusCode};

use crate::call_record::CallRecord;
use crate::transport_error::TransportError;

/// The response of a [`Transport`](crate::Transport): status, headers, and a body that may still be arriving.
///
/// It converts from the response of an HTTP client or, in tests and caches, from a complete response:
///
/// ```
/// use heygen_api::RawResponse;
///
/// let body = r#"{"error":{"code":"not_found","message":"No"}}"#;
/// let answer = http::Response::builder().status(404).body(body)?;
/// let raw = RawResponse::from(answer);
/// assert_eq!(raw.status(), 404);
/// # Ok::<_, http::Error>(())
/// ```
pub struct RawResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
    record: Option<CallRecord>,
}

enum Body {
    Arriving(reqwest::Response),
    Whole(Bytes),
    /// The bytes that arrived before the connection broke, and the error.
    Cut(Box<(Bytes, TransportError)>),
    Read,
}

impl RawResponse {
    /// Creates a response with a complete body.
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { status, headers, body: Body::Whole(body.into()), record: None }
    }

    /// Creates a response whose body was cut off after some bytes.
    pub fn cut(
        status: StatusCode,
        headers: HeaderMap,
        received: impl Into<Bytes>,
        problem: TransportError,
    ) -> Self {
        Self { status, headers, body: Body::Cut(Box::new((received.into(), problem))), record: None }
    }

    /// Adds the transport's record of the call.
    pub fn with_record(mut self, record: CallRecord) -> Self {
        self.record = Some(record);
        self
    }

    /// The transport's record of the call.
    pub fn record(&self) -> Option<&CallRecord> {
        self.record.as_ref()
    }

    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Reads the next bytes of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// The connection broke before the end of the body.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        if let Body::Arriving(response) = &mut self.body {
            let chunk = response.chunk().await;
            if !matches!(chunk, Ok(Some(_))) {
                self.body = Body::Read;
            }
            return Ok(chunk?);
        }
        match std::mem::replace(&mut self.body, Body::Read) {
            Body::Whole(bytes) => Ok(Some(bytes).filter(|bytes| !bytes.is_empty())),
            Body::Cut(mut cut) => {
                let bytes = std::mem::take(&mut cut.0);
                if bytes.is_empty() {
                    return Err(cut.1);
                }
                self.body = Body::Cut(cut);
                Ok(Some(bytes))
            }
            Body::Read | Body::Arriving(_) => Ok(None),
        }
    }

    /// Reads the rest of the body. If the connection breaks, returns the bytes that arrived, and the error.
    pub async fn read(&mut self) -> (Bytes, Option<TransportError>) {
        if let Body::Whole(body) = &mut self.body {
            let body = std::mem::take(body);
            self.body = Body::Read;
            return (body, None);
        }
        // Most responses are a single chunk, which is not copied.
        let (mut first, mut rest) = (Bytes::new(), Vec::new());
        let problem = loop {
            match self.chunk().await {
                Ok(Some(chunk)) if first.is_empty() => first = chunk,
                Ok(Some(chunk)) => rest.extend_from_slice(&chunk),
                Ok(None) => break None,
                Err(problem) => break Some(problem),
            }
        };
        let body = if rest.is_empty() { first } else { [&first[..], &rest].concat().into() };
        (body, problem)
    }

    /// Converts the rest of the body into a stream.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<Bytes, TransportError>> + Send {
        stream::try_unfold(self, |mut response| async move {
            Ok(response.chunk().await?.map(|chunk| (chunk, response)))
        })
    }

    /// Returns status and headers, and drops the body.
    pub fn into_head(self) -> (StatusCode, HeaderMap) {
        (self.status, self.headers)
    }

    /// Takes status, headers and record, and leaves the body.
    pub(crate) fn take_head(&mut self) -> (StatusCode, HeaderMap, Option<CallRecord>) {
        (self.status, std::mem::take(&mut self.headers), self.record.take())
    }
}

impl From<reqwest::Response> for RawResponse {
    fn from(mut response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        Self { status, headers, body: Body::Arriving(response), record: None }
    }
}

impl<B: Into<reqwest::Body>> From<http::Response<B>> for RawResponse {
    fn from(response: http::Response<B>) -> Self {
        reqwest::Response::from(response).into()
    }
}

impl fmt::Debug for RawResponse {
    /// Shows only the status: headers and body may contain data of the program.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse").field("status", &self.status).finish_non_exhaustive()
    }
}
