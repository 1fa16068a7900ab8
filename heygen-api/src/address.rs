//! The URL of a call.

use std::fmt::{self, Write as _};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use crate::base_url::BaseUrl;
use crate::error::Error;
use crate::operation::Operation;

/// Every character that is escaped in a path segment: all but the unreserved ones of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The URL of a call: the base URL and the operation's path, with each `{name}` replaced by its parameter.
///
/// # Errors
///
/// A parameter is missing, or would not remain one segment: an empty value addresses the collection, and `..` addresses
/// the parent, even if it is escaped.
pub(crate) fn address<'a>(
    operation: &Operation,
    base: &BaseUrl,
    parameter: impl Fn(&str) -> Option<&'a str>,
) -> Result<Url, Error> {
    // The generator has checked the paths of the document.
    if operation.document_id().is_empty() {
        validate_path(operation)?;
    }
    let invalid = |problem: String| Error::invalid_request(operation, problem);
    let (base, base_path) = base.parsed().map_err(invalid)?;
    let mut path = String::with_capacity(base_path.len() + operation.path().len() + 48);
    path.push_str(base_path);
    let mut rest = operation.path();
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        path.push_str(before);
        let start = path.len();
        let value = parameter(name).ok_or_else(|| invalid(format!("`{name}` is required; set it")))?;
        // Writing to a `String` does not fail.
        let _ = Escaped(&mut path).write_str(value);
        match path.get(start..).unwrap_or_default() {
            "" => return Err(invalid(format!("`{name}` is empty; set a value"))),
            dots @ ("." | "..") => {
                return Err(invalid(format!(
                    "`{name}` cannot be `{dots}`, which changes the path; set another value"
                )));
            }
            _ => rest = after,
        }
    }
    path.push_str(rest);
    let mut url = base.clone();
    url.set_path(&path);
    Ok(url)
}

/// Checks the path of an operation that a program made.
fn validate_path(operation: &Operation) -> Result<(), Error> {
    let path = operation.path();
    let problem = if !path.starts_with('/') || path.starts_with("//") {
        // Without the `/`, the path would become part of the host name, and the key would go to another host.
        "must begin with exactly one `/`"
    } else if path.contains(['?', '#', '\\']) {
        "contains a query, fragment or backslash; set parameters with `path` and `query`"
    } else if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        "contains a `.` or `..` segment; remove it"
    } else {
        return Ok(());
    };
    Err(Error::invalid_request(operation, format!("invalid path `{path}`: {problem}")))
}

/// Writes text as an escaped path segment.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend(utf8_percent_encode(text, SEGMENT));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> BaseUrl {
        BaseUrl::validated("https://api.example").unwrap()
    }

    fn path(value: &str) -> Result<String, Error> {
        let operation = &crate::operations::DELETE_VIDEO;
        let url = address(operation, &base(), |name| (name == "video_id").then_some(value))?;
        Ok(url.path().to_owned())
    }

    #[test]
    fn no_path_leads_to_another_host() {
        for path in [
            "@evil.example/x",
            ".evil.example/v3",
            "v3/videos",
            ":80/x",
            "",
            "//evil.example/x",
            "/v3/../x",
            "/v3/./x",
            "/v3/x#frag",
            "/v3/x?q=1",
            "/\\evil.example/x",
        ] {
            let operation = Operation::new(http::Method::GET, path);
            let error = address(&operation, &base(), |_| None).unwrap_err();
            assert!(error.to_string().contains(&format!("invalid path `{path}`: ")), "{error}");
        }
    }

    #[test]
    fn the_path_follows_that_of_the_base_url() {
        let address = |base: &str, path: &str| {
            let operation = Operation::new(http::Method::GET, path);
            address(&operation, &BaseUrl::validated(base).unwrap(), |_| Some("a/%2e b")).unwrap().to_string()
        };
        for (base, path, wanted) in [
            ("https://api.example", "/v3/videos", "https://api.example/v3/videos"),
            ("http://127.0.0.1:80/", "/v3/{id}/x", "http://127.0.0.1/v3/a%2F%252e%20b/x"),
            (
                "https://gateway.example/a%20b/c/",
                "/v3/{id}",
                "https://gateway.example/a%20b/c/v3/a%2F%252e%20b",
            ),
            ("https://gateway.example/c", "/v3/a b/%41//é", "https://gateway.example/c/v3/a%20b/%41//%C3%A9"),
        ] {
            assert_eq!(address(base, path), wanted);
        }
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        assert_eq!(path("v_1-2.x~").unwrap(), "/v3/videos/v_1-2.x~");
        assert_eq!(path("a/b ä").unwrap(), "/v3/videos/a%2Fb%20%C3%A4");
        for value in ["a/b", "ä?#", "...", "a%2Fb", "\\..\\", "{video_id}"] {
            let path = path(value).unwrap();
            assert!(path.starts_with("/v3/videos/") && path.matches('/').count() == 3, "{value}: {path}");
        }
        for value in ["", ".", ".."] {
            let error = path(value).unwrap_err();
            assert!(error.to_string().starts_with("delete_video: `video_id` "), "{error}");
        }
        let error = address(&crate::operations::DELETE_VIDEO, &base(), |_| None).unwrap_err();
        assert_eq!(error.to_string(), "delete_video: `video_id` is required; set it");
    }
}
