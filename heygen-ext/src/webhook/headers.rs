//! Reads the headers of a delivery: signature, timestamp and event id.

use std::time::Duration;

#[cfg(feature = "webhook")]
use http::HeaderMap;

use super::key_ring::{Code, Mac};
use super::verify_error::VerifyError;

/// Header of the signature in the documentation of spring 2026.
#[cfg(feature = "webhook")]
pub(super) const HEYGEN_SIGNATURE: &str = "heygen-signature";

/// Header of the signature in deliveries since then, and in v1.
#[cfg(feature = "webhook")]
pub(super) const SIGNATURE: &str = "signature";

#[cfg(feature = "webhook")]
pub(super) const TIMESTAMP: &str = "heygen-timestamp";
#[cfg(feature = "webhook")]
pub(super) const EVENT_ID: &str = "heygen-event-id";

/// Maximum number of signatures that are checked. The service sends one; a proxy may add headers of the same name.
#[cfg(feature = "webhook")]
const MAX_SIGNATURES: usize = 8;

/// The headers of the service, parsed once, before the body is read.
pub(super) struct DeliveryHeaders<'a> {
    /// The first signature; usually the only one.
    signature: Code,
    more_signatures: Vec<Code>,
    pub(super) timestamp: Timestamp,
    /// The id that the service gave the event. It is not signed.
    pub(super) event_id: Option<&'a str>,
}

/// The timestamp of a delivery, which is not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timestamp {
    Missing,
    Malformed,
    /// The time since 1970.
    At(Duration),
}

impl<'a> DeliveryHeaders<'a> {
    /// Parses the values of the headers, as a program without a header map has them.
    pub(super) fn of_parts(
        signature: &str,
        timestamp: Option<&str>,
        event_id: Option<&'a str>,
    ) -> Result<Self, VerifyError> {
        let missing = signature.trim().is_empty();
        let problem = if missing { VerifyError::MissingSignature } else { VerifyError::MalformedSignature };
        Ok(Self {
            signature: parse_signature(signature.as_bytes()).ok_or(problem)?,
            more_signatures: Vec::new(),
            timestamp: timestamp.map_or(Timestamp::Missing, |text| parse_timestamp(text.as_bytes())),
            event_id: event_id.map(str::trim).filter(|id| !id.is_empty()),
        })
    }

    /// Reads a header map in one pass. Separate lookups would take longer than the rest of a verification, apart from the
    /// MAC. Malformed signatures are ignored if at least one is well-formed; timestamps that differ are malformed.
    #[cfg(feature = "webhook")]
    pub(super) fn read(headers: &'a HeaderMap) -> Result<Self, VerifyError> {
        let (mut signature, mut more_signatures, mut count) = (None, Vec::new(), 0);
        let (mut timestamp, mut event_id) = (Timestamp::Missing, None);
        for (name, value) in headers {
            match name.as_str() {
                HEYGEN_SIGNATURE | SIGNATURE if count < MAX_SIGNATURES => {
                    count += 1;
                    match (parse_signature(value.as_bytes()), &signature) {
                        (Some(another), Some(_)) => more_signatures.push(another),
                        (Some(first), None) => signature = Some(first),
                        (None, _) => {}
                    }
                }
                TIMESTAMP => {
                    let another = parse_timestamp(value.as_bytes());
                    let differs = timestamp != Timestamp::Missing && timestamp != another;
                    timestamp = if differs { Timestamp::Malformed } else { another };
                }
                EVENT_ID if event_id.is_none() => {
                    event_id = value.to_str().ok().map(str::trim).filter(|id| !id.is_empty());
                }
                _ => {}
            }
        }
        match signature {
            Some(signature) => Ok(Self { signature, more_signatures, timestamp, event_id }),
            None if count > 0 => Err(VerifyError::MalformedSignature),
            None => Err(VerifyError::MissingSignature),
        }
    }

    /// Whether one of the signatures matches the body. It always compares all of them, so that the time does not depend on
    /// which one matches.
    pub(super) fn match_signature(&self, key: &Mac, body: &[u8]) -> bool {
        let expected = key.code(body);
        let more = self.more_signatures.iter();
        more.fold(expected == self.signature, |matches, signature| matches | (expected == *signature))
    }
}

/// Parses 64 hexadecimal digits, with or without the prefix `sha256=`.
fn parse_signature(text: &[u8]) -> Option<Code> {
    let text = text.trim_ascii();
    Code::from_hex(text.strip_prefix(b"sha256=").unwrap_or(text))
}

/// Parses a number of 13 digits as milliseconds since 1970, a shorter one as seconds.
fn parse_timestamp(text: &[u8]) -> Timestamp {
    let text = text.trim_ascii();
    let append =
        |number: u64, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'));
    match text.len() {
        1..=13 => match text.iter().try_fold(0, append) {
            Some(number) if text.len() == 13 => Timestamp::At(Duration::from_millis(number)),
            Some(number) => Timestamp::At(Duration::from_secs(number)),
            None => Timestamp::Malformed,
        },
        _ => Timestamp::Malformed,
    }
}
