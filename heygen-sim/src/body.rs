//! Reads bodies up to a limit, and parses queries.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use percent_encoding::percent_decode_str;

use crate::api_error::ApiError;
use crate::document::check::Pairs;

/// Maximum size of a body, in bytes: 32 MB, the service's limit for a file in a form, plus 64 KiB for the rest of the form.
pub(crate) const BODY_LIMIT: usize = 32 * 1024 * 1024 + 64 * 1024;

/// How long the next part of a body may take, in real time.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The next bytes of a body; `None` at its end. A client that stops sending is refused after half a minute.
pub(crate) async fn next_chunk(body: &mut Incoming) -> Result<Option<Bytes>, ApiError> {
    loop {
        let frame = tokio::time::timeout(READ_TIMEOUT, body.frame()).await.map_err(|_| {
            let message = format!("no part of the body arrived for {} seconds", READ_TIMEOUT.as_secs());
            ApiError::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message)
        })?;
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => {
                // Trailers have no data.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => {
                return Err(ApiError::invalid("", format!("the body is incomplete: {error}")));
            }
        }
    }
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(headers: &HeaderMap, mut body: Incoming, limit: usize) -> Result<Bytes, ApiError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(too_large(limit));
    }
    let Some(first) = next_chunk(&mut body).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() && first.len() <= limit {
        // Most bodies are one chunk, which is not copied.
        return Ok(first);
    }
    let mut whole = BytesMut::from(first);
    while whole.len() <= limit {
        match next_chunk(&mut body).await? {
            Some(chunk) => whole.extend_from_slice(&chunk),
            None => return Ok(whole.freeze()),
        }
    }
    Err(too_large(limit))
}

/// 413, for a body or text above `limit` bytes.
pub(crate) fn too_large(limit: usize) -> ApiError {
    let message = format!("it has more than {} MB", limit / (1024 * 1024));
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
}

/// Parses a query, or a URL-encoded form.
pub(crate) fn parse_query(query: &str) -> Pairs {
    let pairs = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let plain = |text: &str| match text.contains(['+', '%']) {
        true => percent_decode(&text.replace('+', " ")),
        false => text.to_owned(),
    };
    pairs.map(|(name, value)| (plain(name), plain(value))).collect::<BTreeMap<_, _>>()
}

/// Percent-decodes a text. Invalid escapes do not change.
pub(crate) fn percent_decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_escapes_are_decoded_and_invalid_ones_kept() {
        assert_eq!(percent_decode("a%20b%2Fc"), "a b/c");
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz"), "%zz");
        assert_eq!(
            parse_query("a=1&b=x+y&c"),
            BTreeMap::from([("a", "1"), ("b", "x y"), ("c", "")].map(|(a, b)| (a.into(), b.into())))
        );
    }
}
