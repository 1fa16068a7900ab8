//! Reads the headers of a delivery: signature, timestamp and event id.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use super::mac::{Code, Mac};
use super::verify_error::VerifyError;

/// Header of the signature in the documentation of spring 2026.
pub(super) const HEYGEN_SIGNATURE: &str = "heygen-signature";

/// Header of the signature in deliveries since then, and in v1.
pub(super) const SIGNATURE: &str = "signature";

pub(super) const TIMESTAMP: &str = "heygen-timestamp";
pub(super) const EVENT_ID: &str = "heygen-event-id";

/// Maximum number of signatures that are checked. The service sends one; a proxy may add headers of the same name.
const MAX_SIGNATURES: usize = 8;

/// The headers of the service, read in one pass. Separate lookups would take longer than the rest of a verification, apart
/// from the MAC.
pub(super) struct DeliveryHeaders<'a> {
    /// The first signature; usually the only one.
    signature: Code,
    more_signatures: Vec<Code>,
    timestamp: Option<&'a HeaderValue>,
    timestamps_differ: bool,
    event_id: Option<&'a HeaderValue>,
}

impl<'a> DeliveryHeaders<'a> {
    /// Reads the headers. Malformed signatures are ignored if at least one is well-formed.
    pub(super) fn read(headers: &'a HeaderMap) -> Result<Self, VerifyError> {
        let (mut signature, mut more_signatures, mut count) = (None, Vec::new(), 0);
        let (mut timestamp, mut timestamps_differ, mut event_id) = (None, false, None);
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
                TIMESTAMP => match timestamp {
                    Some(first) => timestamps_differ |= first != value,
                    None => timestamp = Some(value),
                },
                EVENT_ID => event_id = event_id.or(Some(value)),
                _ => {}
            }
        }
        match signature {
            Some(signature) => {
                Ok(Self { signature, more_signatures, timestamp, timestamps_differ, event_id })
            }
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

    /// The timestamp of the delivery, as the time since 1970. A number of 13 digits is in milliseconds, a shorter one in
    /// seconds. Several timestamps that differ are an error.
    pub(super) fn timestamp(&self) -> Result<Option<Duration>, VerifyError> {
        match self.timestamp {
            Some(_) if self.timestamps_differ => Err(VerifyError::MalformedTimestamp),
            Some(value) => parse_timestamp(value.as_bytes()).ok_or(VerifyError::MalformedTimestamp).map(Some),
            None => Ok(None),
        }
    }

    /// The id that the service gave the event.
    pub(super) fn event_id(&self) -> Option<&'a HeaderValue> {
        self.event_id
    }
}

/// Parses 64 hexadecimal digits, with or without the prefix `sha256=`.
fn parse_signature(text: &[u8]) -> Option<Code> {
    let text = text.trim_ascii();
    Code::from_hex(text.strip_prefix(b"sha256=").unwrap_or(text))
}

fn parse_timestamp(text: &[u8]) -> Option<Duration> {
    let text = text.trim_ascii();
    if !(1..=13).contains(&text.len()) {
        return None;
    }
    let append =
        |number: u64, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'));
    let number = text.iter().try_fold(0, append)?;
    Some(if text.len() == 13 { Duration::from_millis(number) } else { Duration::from_secs(number) })
}
