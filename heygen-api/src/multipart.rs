//! Streamed multipart forms with one part.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use http::{HeaderValue, header};
use reqwest::Body;

use crate::error::Error;
use crate::operation::Operation;
use crate::request::Request;

/// A file to upload: its name, its content type, and its content, in memory or streamed.
///
/// ```
/// # use heygen_api::FilePart;
/// let part = FilePart::bytes("photo.png", "image/png", vec![0x89, 0x50]);
/// # let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"ab"))]);
/// let part = FilePart::stream("talk.mp4", "video/mp4", 2, chunks);
/// ```
pub struct FilePart {
    name: String,
    content_type: String,
    length: u64,
    content: Content,
}

enum Content {
    Bytes(Bytes),
    Stream(Chunks),
    Reopened(Open),
}

type Open = Arc<dyn Fn() -> Chunks + Send + Sync>;

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl FilePart {
    /// A file that is in memory.
    pub fn bytes(
        name: impl Into<String>,
        content_type: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Self {
        let content = content.into();
        let length = content.len() as u64;
        Self {
            name: name.into(),
            content_type: content_type.into(),
            length,
            content: Content::Bytes(content),
        }
    }

    /// A file of `length` bytes that is read while it is sent. The upload fails when the stream yields more or fewer bytes,
    /// so that a partial file is never accepted.
    pub fn stream<S, E>(
        name: impl Into<String>,
        content_type: impl Into<String>,
        length: u64,
        content: S,
    ) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Self {
            name: name.into(),
            content_type: content_type.into(),
            length,
            content: Content::Stream(chunks(content)),
        }
    }

    /// Like [`stream`](Self::stream), for a source that can be read again: a transport that retries the request calls
    /// `open` and sends the whole file again.
    pub fn reopened<S, E>(
        name: impl Into<String>,
        content_type: impl Into<String>,
        length: u64,
        open: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let content = Content::Reopened(Arc::new(move || chunks(open())));
        Self { name: name.into(), content_type: content_type.into(), length, content }
    }
}

fn chunks<S, E>(content: S) -> Chunks
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    Box::pin(content.map(|chunk| chunk.map_err(Into::into)))
}

impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePart")
            .field("name", &self.name)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Sets the body of the request to a form with `part` under `name`.
pub(crate) fn attach(
    operation: &Operation,
    mut request: reqwest::Request,
    name: &str,
    part: Option<FilePart>,
) -> Result<Request, Error> {
    let invalid = |problem: String| Error::invalid_request(operation, problem);
    let part = part.ok_or_else(|| invalid(format!("`{name}` is required; set it")))?;
    if part.content_type.contains(['\r', '\n']) || part.content_type.parse::<HeaderValue>().is_err() {
        return Err(invalid(format!(
            "`{name}`: the content type is not a valid header value; use a media type such as `video/mp4`"
        )));
    }
    let boundary = boundary();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        quoted(&part.name),
        part.content_type
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let around = (head.len() + tail.len()) as u64;
    let length = part.length.checked_add(around).ok_or_else(|| {
        invalid(format!(
            "`{name}`: the declared length of {} bytes is too large; set the length of the file",
            part.length
        ))
    })?;
    let headers = request.headers_mut();
    let form = format!("multipart/form-data; boundary={boundary}");
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_str(&form).map_err(|problem| invalid(problem.to_string()))?,
    );
    headers.insert(header::CONTENT_LENGTH, length.into());
    match part.content {
        Content::Bytes(content) => {
            *request.body_mut() = Some(Body::from([head.as_bytes(), &content, tail.as_bytes()].concat()));
        }
        Content::Stream(content) => *request.body_mut() = Some(form_body(head, part.length, content, tail)),
        Content::Reopened(open) => {
            let make = move || form_body(head.clone(), part.length, open(), tail.clone());
            return Ok(Request::with_body(request, Arc::new(make)));
        }
    }
    Ok(request.into())
}

fn form_body(head: String, length: u64, content: Chunks, tail: String) -> Body {
    let text = |text: String| stream::iter([Ok::<Bytes, BoxError>(text.into())]);
    Body::wrap_stream(text(head).chain(exactly(length, content)).chain(text(tail)))
}

/// A random boundary, which a file neither contains by chance nor can predict. The standard library seeds its hash maps
/// from the system's randomness.
fn boundary() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("heygen-{:016x}{:016x}", random(), random())
}

/// The chunks of a stream, which must add up to `length` bytes.
fn exactly(length: u64, content: Chunks) -> impl Stream<Item = Result<Bytes, BoxError>> + Send {
    let start = Some((content, length));
    stream::try_unfold(start, move |state| async move {
        let Some((mut content, left)) = state else { return Ok(None) };
        match content.next().await.transpose()? {
            Some(chunk) => match left.checked_sub(chunk.len() as u64) {
                Some(left) => Ok(Some((chunk, Some((content, left))))),
                None => Err(format!("the file is longer than the declared {length} bytes").into()),
            },
            None if left == 0 => Ok(None),
            None => Err(format!("the file ended {left} bytes before the declared {length} bytes").into()),
        }
    })
}

/// A file name as browsers write it, with quotes and line breaks escaped.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::operations::UPLOAD_ASSET;

    fn request() -> reqwest::Request {
        reqwest::Request::new(http::Method::POST, "http://localhost/".parse().unwrap())
    }

    #[test]
    fn a_form_in_memory_has_a_content_length() {
        let part = FilePart::bytes("a\"b.txt", "text/plain", "hello");
        let request = attach(&UPLOAD_ASSET, request(), "file", Some(part)).unwrap();
        let body = request.body().unwrap().as_bytes().unwrap();
        assert_eq!(request.headers()[header::CONTENT_LENGTH], body.len().to_string());
        let text = std::str::from_utf8(body).unwrap();
        assert!(
            text.contains(
                "name=\"file\"; filename=\"a%22b.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_streamed_form_has_a_content_length_and_is_not_buffered() {
        let chunks = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"he")), Ok("llo".into())]);
        let part = FilePart::stream("a.txt", "text/plain", 5, chunks);
        let request = attach(&UPLOAD_ASSET, request(), "file", Some(part)).unwrap();
        assert!(request.body().unwrap().as_bytes().is_none());
        let plain = attach(
            &UPLOAD_ASSET,
            self::request(),
            "file",
            Some(FilePart::bytes("a.txt", "text/plain", "hello")),
        );
        assert_eq!(
            request.headers()[header::CONTENT_LENGTH],
            plain.unwrap().headers()[header::CONTENT_LENGTH]
        );
    }

    #[test]
    fn a_content_type_cannot_add_headers() {
        let part = FilePart::bytes("a", "text/plain\r\nX-Other: 1", "");
        assert!(
            attach(&UPLOAD_ASSET, request(), "file", Some(part))
                .unwrap_err()
                .to_string()
                .contains("content type")
        );
        assert!(
            attach(&UPLOAD_ASSET, request(), "file", None).unwrap_err().to_string().contains("is required")
        );
    }

    #[test]
    fn a_file_of_another_size_than_declared_fails() {
        let run = |announced| {
            let chunks = stream::iter([Ok(Bytes::from_static(b"he")), Ok("llo".into())]);
            let all: Vec<_> = exactly(announced, Box::pin(chunks)).collect().now_or_never().unwrap();
            all.into_iter().find_map(|chunk| chunk.err().map(|error| error.to_string()))
        };
        assert_eq!(run(5), None);
        assert_eq!(run(4).as_deref(), Some("the file is longer than the declared 4 bytes"));
        assert_eq!(run(7).as_deref(), Some("the file ended 2 bytes before the declared 7 bytes"));
    }

    #[test]
    fn boundaries_differ() {
        assert_ne!(boundary(), boundary());
    }
}
