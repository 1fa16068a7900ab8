//! Multipart forms of one part, streamed.

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use http::{HeaderValue, header};
use reqwest::{Body, Request};

use crate::{Error, Operation};

/// A file on its way up: name, content type, and content that is streamed or at hand.
///
/// ```
/// # use heygen_api::FilePart;
/// let part = FilePart::bytes("photo.png", "image/png", vec![0x89, 0x50]);
/// # let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"ab"))]);
/// let part = FilePart::stream("talk.mp4", "video/mp4", 2, chunks);
/// ```
#[derive(Debug)]
pub struct FilePart {
    name: String,
    content_type: String,
    length: u64,
    body: Body,
}

impl FilePart {
    /// A file that is in memory.
    pub fn bytes(
        name: impl Into<String>,
        content_type: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Self {
        let content = content.into();
        let length = content.len() as u64;
        Self { name: name.into(), content_type: content_type.into(), length, body: content.into() }
    }

    /// A file of a known size that is read as it is sent. When the stream yields another number of bytes, the
    /// connection breaks off.
    pub fn stream<S, E>(
        name: impl Into<String>,
        content_type: impl Into<String>,
        length: u64,
        content: S,
    ) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        Self {
            name: name.into(),
            content_type: content_type.into(),
            length,
            body: Body::wrap_stream(content),
        }
    }
}

/// Makes the request carry a form with `part` under `name`.
pub(crate) fn attach(
    operation: &'static Operation,
    mut request: Request,
    name: &str,
    part: Option<FilePart>,
) -> Result<Request, Error> {
    let invalid = |problem: String| Error::invalid_request(operation, problem);
    let part = part.ok_or_else(|| invalid(format!("`{name}` was not set")))?;
    if part.content_type.contains(['\r', '\n']) || part.content_type.parse::<HeaderValue>().is_err() {
        return Err(invalid(format!("`{name}`: the content type fits into no header")));
    }
    // RFC 7578 leaves the choice to the sender; what matters is that a line of the file cannot be taken for it.
    const BOUNDARY: &str = "heygen-form-5c9f2b7e4a1d4f0e9b6c8a3d7e2f1b40";
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        quoted(&part.name),
        part.content_type
    );
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    let length = head.len() as u64 + part.length + tail.len() as u64;
    let chunk = |text: String| stream::iter([Ok::<Bytes, reqwest::Error>(text.into())]);
    let body = match part.body.as_bytes() {
        Some(content) => {
            let whole = [head.as_bytes(), content, tail.as_bytes()].concat();
            Body::from(whole)
        }
        None => {
            let content = http_body_stream(part.body);
            Body::wrap_stream(chunk(head).chain(content).chain(chunk(tail)))
        }
    };
    let headers = request.headers_mut();
    let form = format!("multipart/form-data; boundary={BOUNDARY}");
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_str(&form).map_err(|problem| invalid(problem.to_string()))?,
    );
    headers.insert(header::CONTENT_LENGTH, length.into());
    *request.body_mut() = Some(body);
    Ok(request)
}

fn http_body_stream(body: Body) -> impl Stream<Item = Result<Bytes, reqwest::Error>> + Send {
    // A response is the one place where reqwest lends a body's bytes as a stream.
    reqwest::Response::from(http::Response::new(body)).bytes_stream()
}

/// As browsers write a file name: quotes and line breaks escaped.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::UPLOAD_ASSET;

    fn request() -> Request {
        Request::new(http::Method::POST, "http://localhost/".parse().unwrap())
    }

    #[test]
    fn a_form_in_memory_says_its_length() {
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
    fn a_streamed_form_says_its_length_and_is_not_held() {
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
        assert!(attach(&UPLOAD_ASSET, request(), "file", None).unwrap_err().to_string().contains("not set"));
    }
}
