//! Reads bodies up to a limit, and parses queries.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

use crate::api_error::ApiError;
use crate::document::check::Pairs;

/// Maximum size of a body, in bytes: 32 MB, the service's limit for a file in a form, plus 64 KiB for the rest of the form.
pub(crate) const BODY_LIMIT: usize = 32 * 1024 * 1024 + 64 * 1024;

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(headers: &HeaderMap, body: Incoming, limit: usize) -> Result<Bytes, ApiError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(too_large(limit));
    }
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(error) => Err(ApiError::invalid("", format!("the body is incomplete: {error}"))),
    }
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
    let plain = |text: &str| percent_decode(&text.replace('+', " "));
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
