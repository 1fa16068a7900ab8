//! An answer as it came over a transport, before anybody has read it.

use std::fmt;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::stream;
use http::{HeaderMap, StatusCode};

use crate::call_record::CallRecord;
use crate::transport_error::TransportError;

/// What a [`Transport`](crate::Transport) answers: status, headers, and a body that is there or still on its way.
///
/// It is made from what an HTTP client gives, or, in tests and for caches, from a whole answer:
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
    /// What had arrived when the connection broke, and how it broke.
    Cut(Bytes, TransportError),
    Read,
}

impl RawResponse {
    /// An answer whose body is there as a whole.
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { status, headers, body: Body::Whole(body.into()), record: None }
    }

    /// An answer whose body broke off after some bytes.
    pub fn cut(
        status: StatusCode,
        headers: HeaderMap,
        received: impl Into<Bytes>,
        problem: TransportError,
    ) -> Self {
        Self { status, headers, body: Body::Cut(received.into(), problem), record: None }
    }

    /// The same, with what the transport tells of the call.
    pub fn with_record(mut self, record: CallRecord) -> Self {
        self.record = Some(record);
        self
    }

    /// What the transport tells of the call.
    pub fn record(&self) -> Option<&CallRecord> {
        self.record.as_ref()
    }

    /// Status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The next bytes of the body; none at its end.
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
            Body::Cut(bytes, problem) if bytes.is_empty() => Err(problem),
            Body::Cut(bytes, problem) => {
                self.body = Body::Cut(Bytes::new(), problem);
                Ok(Some(bytes))
            }
            Body::Read | Body::Arriving(_) => Ok(None),
        }
    }

    /// The rest of the body, and how it broke off, if it did.
    pub async fn read(&mut self) -> (Bytes, Option<TransportError>) {
        // Most answers are one chunk, which need not be copied.
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

    /// The rest of the body as a stream.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<Bytes, TransportError>> + Send {
        stream::try_unfold(self, |mut response| async move {
            Ok(response.chunk().await?.map(|chunk| (chunk, response)))
        })
    }

    /// Status and headers, without the body.
    pub fn into_head(self) -> (StatusCode, HeaderMap) {
        (self.status, self.headers)
    }

    /// Status, headers and record; the body stays.
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
    /// Status alone: headers and body may hold what was asked for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse").field("status", &self.status).finish_non_exhaustive()
    }
}
