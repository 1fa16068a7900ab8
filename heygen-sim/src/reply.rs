//! Responses.

use std::convert::Infallible;
use std::fmt;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use serde::Serialize;
use serde_json::Value;

/// The error that closes a connection, without a response or in the middle of its body.
#[derive(Debug)]
pub(crate) struct Disconnect;

impl fmt::Display for Disconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut on demand")
    }
}

impl std::error::Error for Disconnect {}

/// The media type of JSON.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Room for the text of most responses, in bytes.
pub(crate) const USUAL_SIZE: usize = 1024;

/// The body of a response.
pub(crate) type Body = UnsyncBoxBody<Bytes, Disconnect>;

/// A response whose JSON is not yet serialized.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    /// Code of the error, for the log.
    pub(crate) code: Option<String>,
}

/// The content of a [`Reply`].
pub(crate) enum Payload {
    Json(Value),
    Bytes(Bytes),
    Stream(Body),
}

impl Reply {
    /// A JSON response.
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self { status, headers: content_type(JSON), payload: Payload::Json(body), code: None }
    }

    /// A JSON response with status 200, which is serialized at once.
    pub(crate) fn written(body: &impl Serialize) -> Self {
        let payload = Payload::Bytes(to_text(body).into());
        Self { status: StatusCode::OK, headers: content_type(JSON), payload, code: None }
    }

    /// A response of bytes with a media type.
    pub(crate) fn bytes(status: StatusCode, media_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: media(media_type), payload: Payload::Bytes(body.into()), code: None }
    }

    /// A response without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), payload: Payload::Bytes(Bytes::new()), code: None }
    }

    /// A response with status 200 whose body is sent in chunks.
    pub(crate) fn stream(
        media_type: &str,
        chunks: impl Stream<Item = Result<Bytes, Disconnect>> + Send + 'static,
    ) -> Self {
        let body = StreamBody::new(chunks.map(|chunk| chunk.map(Frame::data)));
        Self {
            status: StatusCode::OK,
            headers: media(media_type),
            payload: Payload::Stream(body.boxed_unsync()),
            code: None,
        }
    }

    /// The text of a JSON response. It is serialized once, however often it is asked for.
    pub(crate) fn json_text(&mut self) -> Option<Bytes> {
        if let Payload::Json(value) = &self.payload {
            self.payload = Payload::Bytes(to_text(value).into());
        }
        match &self.payload {
            Payload::Bytes(text) if self.headers.get(header::CONTENT_TYPE)? == JSON => Some(text.clone()),
            _ => None,
        }
    }

    /// Sets a header. An invalid value is ignored.
    pub(crate) fn header(mut self, name: header::HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The response with its JSON as bytes.
    pub(crate) fn serialized(mut self) -> Self {
        if let Payload::Json(value) = &self.payload {
            self.payload = Payload::Bytes(to_text(value).into());
        }
        self
    }

    /// The bytes of a body of JSON or XML, for the log. Pages are left out, since they contain codes for signing in.
    pub(crate) fn loggable(&self) -> Option<Bytes> {
        let media = self.headers.get(header::CONTENT_TYPE)?;
        match &self.payload {
            Payload::Bytes(bytes) if media == "application/json" || media == "application/xml" => {
                Some(bytes.clone())
            }
            _ => None,
        }
    }

    /// The HTTP response.
    pub(crate) fn into_response(self) -> Response<Body> {
        let body = match self.payload {
            Payload::Json(value) => full_body(to_text(&value)),
            Payload::Bytes(bytes) => full_body(bytes),
            Payload::Stream(body) => body,
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// A value as JSON.
fn to_text(value: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::with_capacity(USUAL_SIZE);
    // Writing to a vector does not fail, and the members of all values have names.
    match serde_json::to_writer(&mut text, value) {
        Ok(()) => text,
        Err(_) => Vec::new(),
    }
}

/// A body that is sent as a whole.
pub(crate) fn full_body(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

fn media(media_type: &str) -> HeaderMap {
    HeaderValue::from_str(media_type).map(content_type).unwrap_or_default()
}

fn content_type(value: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, value)])
}
