//! A successful answer.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
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

/// What an operation answered: its value, with status, headers, and the body as it came.
///
/// It derefs to the value, whose members are accessible directly:
///
/// ```no_run
/// # async fn example(client: heygen_api::Client) -> Result<(), heygen_api::Error> {
/// let video = client.get_video().video_id("VIDEO_ID").await?;
/// println!("{} is {}", video.id, video.status);
/// // A member that this version has no field for:
/// println!("{}", video.json()["data"]["brand_new"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Response<T> {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    value: T,
}

impl<T> Response<T> {
    /// Status, such as 200 or 202.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The service's id of the request, to quote to its support.
    pub fn request_id(&self) -> Option<&str> {
        error::request_id(&self.headers)
    }

    /// The whole body as a JSON value, with what stands beside `data` and what this version has no field for.
    ///
    /// It is `null` for an empty body and for a stream of events. It is read anew by each call.
    pub fn json(&self) -> Value {
        from_json_slice(&self.body).unwrap_or_default()
    }

    /// The body as it came; empty for a stream of events.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The same answer with another value, made from this one.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        let Self { status, headers, body, value } = self;
        Response { status, headers, body, value: change(value) }
    }
}

/// What an empty body is read as: the service's envelope around an empty object.
const EMPTY: &[u8] = br#"{"data":{}}"#;

/// The service's envelope.
pub(crate) struct Data<T> {
    data: T,
}

object! { @read Data<T>: reply { required data, } }

impl<T: DeserializeOwned> Response<T> {
    /// Reads what stands under `data`.
    pub(crate) async fn data(operation: &Operation, response: RawResponse) -> Result<Self, Error> {
        let whole = Response::<Data<T>>::whole(operation, response).await?;
        Ok(whole.map(|whole| whole.data))
    }

    /// Reads the body as it is.
    pub(crate) async fn whole(operation: &Operation, mut response: RawResponse) -> Result<Self, Error> {
        let answered = Answered::take(&mut response);
        let body = match response.read().await {
            (body, None) => body,
            (_, Some(problem)) => return Err(Error::cut(operation, answered, problem)),
        };
        if let Some(refusal) = Error::refused_in_disguise(operation, &answered, &body) {
            return Err(refusal);
        }
        // An empty answer to a GET does not answer it; to anything else it says that it is done.
        let text = if body.is_empty() && *operation.method() != http::Method::GET { EMPTY } else { &body };
        match from_json_slice(text) {
            Ok(value) => Ok(Self { status: answered.status, headers: answered.headers, body, value }),
            Err(_) => {
                let problem = mismatch::<T>(text);
                Err(Error::decode(operation, answered, body, problem))
            }
        }
    }
}

impl<T: DeserializeOwned> Response<Page<T>> {
    /// Reads a page of a list.
    pub(crate) async fn page(operation: &Operation, response: RawResponse) -> Result<Self, Error> {
        let whole = Response::<WholePage<T>>::whole(operation, response).await?;
        Ok(whole.map(Page::from))
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
            // A refusal under the status of a success; anything else is not what was asked for.
            let whole = Response::<Value>::whole(operation, response).await?;
            let answered = Answered::of(whole.status, whole.headers);
            let problem = "the answer is JSON where a stream of events was due".to_owned();
            return Err(Error::decode(operation, answered, whole.body, problem));
        }
        let value = EventStream::new(operation, response);
        Ok(Self { status, headers, body: Bytes::new(), value })
    }
}

impl Response<()> {
    #[allow(
        dead_code,
        reason = "no operation answers with an empty body today; the next document may have one"
    )]
    pub(crate) fn empty(response: RawResponse) -> Self {
        let (status, headers) = response.into_head();
        Self { status, headers, body: Bytes::new(), value: () }
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    /// Without headers and body, in which cookies and signed addresses may stand.
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
