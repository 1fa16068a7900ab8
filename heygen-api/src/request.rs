//! Making a request, for the generated code. It needs no HTTP client: that is the transport's.

use std::fmt::{self, Write as _};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Request, Url};
use serde::Serialize;
use serde_json::Value;

use crate::{Error, Operation};

/// Header names and values, as the generated code names them.
pub(crate) mod header {
    pub(crate) use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
}

/// What may stand in a path segment as it is (RFC 3986, `unreserved`).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A parameter of the path: its name, and its value.
type Parameter<'a> = (&'static str, &'a dyn fmt::Display);

/// The address of a call: the operation's path behind the base, each `{name}` in it replaced by the parameter.
///
/// What would not stay a segment is refused: nothing at all would name the collection, and dots are a step up, however
/// they are escaped.
fn address(operation: &Operation, base: &str, parameters: &[Parameter<'_>]) -> Result<String, Error> {
    let mut url = String::with_capacity(base.len() + operation.path().len() + 48 * parameters.len());
    url.push_str(base);
    let mut rest = operation.path();
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        url.push_str(before);
        let start = url.len();
        let value = parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        // Writing to a text does not fail.
        let _ = value.map(|value| write!(Escaped(&mut url), "{value}"));
        match url.get(start..).unwrap_or_default() {
            "" => return Err(Error::invalid_request(operation, format!("`{name}` is empty"))),
            dots @ ("." | "..") => {
                return Err(Error::invalid_request(operation, format!("`{name}` cannot be `{dots}`")));
            }
            _ => rest = after,
        }
    }
    url.push_str(rest);
    Ok(url)
}

/// Takes text for a path segment.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend(utf8_percent_encode(text, SEGMENT));
        Ok(())
    }
}

/// A header's value, or an error that names the header.
pub(crate) fn header_value(
    operation: &Operation,
    name: &str,
    value: &impl ToString,
) -> Result<header::HeaderValue, Error> {
    header::HeaderValue::from_str(&value.to_string()).map_err(|_| {
        Error::invalid_request(operation, format!("`{name}` has characters that no header takes"))
    })
}

/// A query parameter; none when its value is.
pub(crate) struct QueryParam(Vec<(String, String)>);

impl QueryParam {
    pub(crate) fn new(name: &str, value: &impl Serialize) -> Self {
        fn add(pairs: &mut Vec<(String, String)>, name: &str, value: Value) {
            match value {
                Value::Null => {}
                Value::String(text) => pairs.push((name.to_owned(), text)),
                Value::Array(items) => items.into_iter().for_each(|item| add(pairs, name, item)),
                other => pairs.push((name.to_owned(), other.to_string())),
            }
        }
        let mut pairs = Vec::new();
        add(&mut pairs, name, serde_json::to_value(value).unwrap_or_default());
        Self(pairs)
    }
}

/// A request in the making; keeps the first thing that went wrong.
pub(crate) struct RequestBuilder {
    operation: &'static Operation,
    request: Result<Request, Error>,
}

impl RequestBuilder {
    pub(crate) fn new(operation: &'static Operation, base: &str, parameters: &[Parameter<'_>]) -> Self {
        let request = address(operation, base, parameters).and_then(|url| match Url::parse(&url) {
            Ok(url) => Ok(Request::new(operation.method().clone(), url)),
            Err(problem) => {
                Err(Error::invalid_request(operation, format!("the address is no URL: {problem}")))
            }
        });
        Self { operation, request }
    }

    pub(crate) fn header(mut self, name: header::HeaderName, value: header::HeaderValue) -> Self {
        if let Ok(request) = &mut self.request {
            request.headers_mut().insert(name, value);
        }
        self
    }

    pub(crate) fn headers(mut self, headers: header::HeaderMap) -> Self {
        if let Ok(request) = &mut self.request {
            request.headers_mut().extend(headers);
        }
        self
    }

    pub(crate) fn query(mut self, parameter: &QueryParam) -> Self {
        if let (Ok(request), false) = (&mut self.request, parameter.0.is_empty()) {
            request.url_mut().query_pairs_mut().extend_pairs(&parameter.0);
        }
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        let Ok(request) = &mut self.request else { return self };
        match serde_json::to_vec(body) {
            Ok(bytes) => {
                let json = header::HeaderValue::from_static("application/json");
                request.headers_mut().insert(header::CONTENT_TYPE, json);
                *request.body_mut() = Some(bytes.into());
            }
            Err(problem) => {
                self.request = Err(Error::invalid_request(self.operation, format!("`body`: {problem}")));
            }
        }
        self
    }

    pub(crate) fn build(self) -> Result<Request, Error> {
        self.request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(value: &dyn fmt::Display) -> Result<String, Error> {
        let operation = &crate::operations::DELETE_VIDEO;
        let request =
            RequestBuilder::new(operation, "https://api.example", &[("video_id", value)]).build()?;
        Ok(request.url().path().to_owned())
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        assert_eq!(path(&"v_1-2.x~").unwrap(), "/v3/videos/v_1-2.x~");
        assert_eq!(path(&7).unwrap(), "/v3/videos/7");
        assert_eq!(path(&"a/b ä").unwrap(), "/v3/videos/a%2Fb%20%C3%A4");
        for value in ["a/b", "ä?#", "...", "a%2Fb", "\\..\\", "{video_id}"] {
            let path = path(&value).unwrap();
            assert!(path.starts_with("/v3/videos/") && path.matches('/').count() == 3, "{value}: {path}");
        }
        for value in ["", ".", ".."] {
            let error = path(&value).unwrap_err();
            assert!(error.to_string().starts_with("delete_video: `video_id` "), "{error}");
        }
    }

    #[test]
    fn query_parameters_by_type() {
        let pairs =
            |parameter: QueryParam| parameter.0.into_iter().map(|(_, value)| value).collect::<Vec<_>>();
        assert_eq!(pairs(QueryParam::new("a", &Some("x y"))), ["x y"]);
        assert_eq!(pairs(QueryParam::new("a", &None::<u32>)), [""; 0]);
        assert_eq!(pairs(QueryParam::new("a", &7)), ["7"]);
        assert_eq!(pairs(QueryParam::new("a", &["x", "y"])), ["x", "y"]);
    }
}
