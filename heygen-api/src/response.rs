//! The response of a successful call.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::decode::from_json_slice;
use crate::error;
use crate::error::{Answered, Error};
use crate::events::EventStream;
use crate::mismatch::mismatch;
use crate::object::object;
use crate::operation::Operation;
use crate::page::{Page, WholePage};
use crate::raw::RawResponse;
use crate::transport_error::TransportError;

/// The response of an operation: its value, status, headers and unmodified body.
///
/// It derefs to the value, so that fields can be read directly:
///
/// ```no_run
/// # async fn example(client: heygen_api::Client) -> Result<(), heygen_api::Error> {
/// let video = client.get_video().video_id("VIDEO_ID").await?;
/// println!("{} is {}", video.id, video.status);
/// // A member that has no field in this version:
/// println!("{}", video.json()["data"]["brand_new"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Response<T> {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    // In a box, because values are large, and a call moves its response repeatedly.
    value: Box<T>,
}

impl<T> Response<T> {
    /// HTTP status, such as 200 or 202.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Headers of the response.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The request id that the service assigned; quote it to the provider's support.
    pub fn request_id(&self) -> Option<&str> {
        error::request_id(&self.headers)
    }

    /// Parses the whole body as JSON, including the members beside `data` and those that have no field in this version.
    ///
    /// The result is `null` for an empty body and for an event stream. Each call parses the body again.
    pub fn json(&self) -> Value {
        from_json_slice(&self.body).unwrap_or_default()
    }

    /// The unmodified body; empty for an event stream.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the value, and drops status, headers and body.
    pub fn into_inner(self) -> T {
        *self.value
    }

    /// Converts the value, and keeps status, headers and body.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        let Self { status, headers, body, value } = self;
        Response { status, headers, body, value: Box::new(change(*value)) }
    }
}

/// Stands in for an empty body: the service's envelope around an empty object.
const EMPTY: &[u8] = br#"{"data":{}}"#;

/// The service's envelope.
pub(crate) struct Data<T> {
    data: T,
    error: Option<IgnoredAny>,
}

object! { @read Data<T>: reply { required data, optional error, } }

/// A value, and whether the body around it may report an error.
type Taken<T> = (Box<T>, bool);

impl<T: DeserializeOwned> Response<T> {
    /// Reads the member `data` of the body.
    pub(crate) fn data(
        operation: &Operation,
        response: RawResponse,
    ) -> impl Future<Output = Result<Self, Error>> {
        Self::read(operation, response, |whole: Data<Box<T>>| (whole.data, whole.error.is_some()))
    }

    /// Reads the whole body.
    pub(crate) fn whole(
        operation: &Operation,
        response: RawResponse,
    ) -> impl Future<Output = Result<Self, Error>> {
        Self::read(operation, response, |whole: Box<T>| (whole, true))
    }
}

impl<T: DeserializeOwned> Response<Page<T>> {
    /// Reads a page of a list.
    pub(crate) fn page(
        operation: &Operation,
        response: RawResponse,
    ) -> impl Future<Output = Result<Self, Error>> {
        Self::read(operation, response, |whole: WholePage<T>| {
            let has_error = whole.error.is_some();
            (Box::new(whole.into()), has_error)
        })
    }
}

impl<T> Response<T> {
    /// Reads the whole body as a `W`, and takes from it what the call returns.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` has room for its arguments twice")]
    fn read<W: DeserializeOwned>(
        operation: &Operation,
        mut response: RawResponse,
        value_of: impl FnOnce(W) -> Taken<T>,
    ) -> impl Future<Output = Result<Self, Error>> {
        async move {
            let body = response.read().await;
            Self::decode(operation, Answered::take(&mut response), body, value_of)
        }
    }

    fn decode<W: DeserializeOwned>(
        operation: &Operation,
        answered: Answered,
        body: (Bytes, Option<TransportError>),
        value_of: impl FnOnce(W) -> Taken<T>,
    ) -> Result<Self, Error> {
        let body = match body {
            (body, None) => body,
            (_, Some(problem)) => return Err(Error::cut(operation, answered, problem)),
        };
        // An empty body is an error for a GET; for any other method it confirms success.
        let text = if body.is_empty() && *operation.method() != http::Method::GET { EMPTY } else { &body };
        let read = from_json_slice(text).map(value_of);
        if let Ok((value, false)) = read {
            return Ok(Self { status: answered.status, headers: answered.headers, body, value });
        }
        if let Some(refusal) = Error::refused_in_disguise(operation, &answered, &body) {
            return Err(refusal);
        }
        match read {
            Ok((value, _)) => Ok(Self { status: answered.status, headers: answered.headers, body, value }),
            Err(_) => {
                let coding = error::coding_problem(&answered.headers);
                let problem = coding.unwrap_or_else(|| mismatch::<W>(text));
                Err(Error::decode(operation, answered, body, problem))
            }
        }
    }
}

impl<T> Response<EventStream<T>> {
    #[cfg_attr(
        not(feature = "preview"),
        allow(dead_code, reason = "both event streams are preview operations")
    )]
    pub(crate) async fn events(operation: &Operation, response: RawResponse) -> Result<Self, Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        let media = headers.get(http::header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
        if media.is_some_and(|media| media.starts_with("application/json")) {
            // A refusal with a success status; any other JSON is unexpected.
            let whole = Response::<Value>::whole(operation, response).await?;
            let answered = Answered::of(whole.status, whole.headers);
            let problem = "the response is JSON instead of an event stream".to_owned();
            return Err(Error::decode(operation, answered, whole.body, problem));
        }
        // A compressed stream has no events that anyone could read.
        if let Some(problem) = error::coding_problem(&headers) {
            return Err(Error::decode(operation, Answered::of(status, headers), Bytes::new(), problem));
        }
        let value = Box::new(EventStream::new(operation, response));
        Ok(Self { status, headers, body: Bytes::new(), value })
    }
}

impl Response<Bytes> {
    /// Reads a body that is not JSON.
    #[allow(dead_code, reason = "every response is JSON today; the next document may differ")]
    pub(crate) async fn bytes(operation: &Operation, mut response: RawResponse) -> Result<Self, Error> {
        let answered = Answered::take(&mut response);
        let body = match response.read().await {
            (body, None) => body,
            (_, Some(problem)) => return Err(Error::cut(operation, answered, problem)),
        };
        if let Some(refusal) = Error::refused_in_disguise(operation, &answered, &body) {
            return Err(refusal);
        }
        let value = Box::new(body.clone());
        Ok(Self { status: answered.status, headers: answered.headers, body, value })
    }
}

impl Response<String> {
    /// Reads a body that is text.
    #[allow(dead_code, reason = "every response is JSON today; the next document may differ")]
    pub(crate) async fn text(operation: &Operation, response: RawResponse) -> Result<Self, Error> {
        let whole = Response::bytes(operation, response).await?;
        match String::from_utf8(whole.body.to_vec()) {
            Ok(text) => Ok(whole.map(|_| text)),
            Err(_) => {
                let answered = Answered::of(whole.status, whole.headers);
                let problem = "the response is not text in UTF-8".to_owned();
                Err(Error::decode(operation, answered, whole.body, problem))
            }
        }
    }
}

impl Response<()> {
    #[allow(dead_code, reason = "no operation has an empty response today; the next document may have one")]
    pub(crate) fn empty(response: RawResponse) -> Self {
        let (status, headers) = response.into_head();
        Self { status, headers, body: Bytes::new(), value: Box::new(()) }
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    /// Omits headers and body, which may contain cookies and signed URLs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("request_id", &self.request_id())
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

impl<T> Deref for Response<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}
