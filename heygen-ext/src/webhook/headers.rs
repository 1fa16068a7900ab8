//! What the headers of a delivery say of its signature.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use super::mac::{Code, Mac};
use super::verify_error::VerifyError;

/// The signature, by the name that the documentation of spring 2026 gives it.
pub(super) const HEYGEN_SIGNATURE: &str = "heygen-signature";

/// The signature, by the name that deliveries have had since, and in v1.
pub(super) const SIGNATURE: &str = "signature";

pub(super) const TIMESTAMP: &str = "heygen-timestamp";
pub(super) const EVENT_ID: &str = "heygen-event-id";

/// Signatures of one delivery that are looked at. The service sends one; a proxy may add others by the same name.
const MOST_SIGNATURES: usize = 8;

/// The headers of the service, read in one pass: to look each of them up takes longer than all the rest that a
/// verification needs besides the code.
pub(super) struct DeliveryHeaders<'a> {
    /// The first code; mostly there is no other.
    code: Code,
    others: Vec<Code>,
    timestamp: Option<&'a HeaderValue>,
    timestamps_differ: bool,
    event_id: Option<&'a HeaderValue>,
}

impl<'a> DeliveryHeaders<'a> {
    /// Reads them. A signature that is none is passed over, as long as there is one.
    pub(super) fn read(headers: &'a HeaderMap) -> Result<Self, VerifyError> {
        let (mut code, mut others, mut signatures) = (None, Vec::new(), 0);
        let (mut timestamp, mut timestamps_differ, mut event_id) = (None, false, None);
        for (name, value) in headers {
            match name.as_str() {
                HEYGEN_SIGNATURE | SIGNATURE if signatures < MOST_SIGNATURES => {
                    signatures += 1;
                    match (code_of(value.as_bytes()), &code) {
                        (Some(other), Some(_)) => others.push(other),
                        (Some(first), None) => code = Some(first),
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
        match code {
            Some(code) => Ok(Self { code, others, timestamp, timestamps_differ, event_id }),
            None if signatures > 0 => Err(VerifyError::MalformedSignature),
            None => Err(VerifyError::MissingSignature),
        }
    }

    /// Whether one of the codes is that of a body. All of them are looked at, whichever fits.
    pub(super) fn fit(&self, key: &Mac, body: &[u8]) -> bool {
        let ours = key.code(body);
        self.others.iter().fold(ours == self.code, |fits, code| fits | (ours == *code))
    }

    /// The time of the delivery, since 1970: in seconds, or in milliseconds if it has as many digits. Two that differ are
    /// none.
    pub(super) fn time(&self) -> Result<Option<Duration>, VerifyError> {
        match self.timestamp {
            Some(_) if self.timestamps_differ => Err(VerifyError::MalformedTimestamp),
            Some(value) => time_of(value.as_bytes()).ok_or(VerifyError::MalformedTimestamp).map(Some),
            None => Ok(None),
        }
    }

    /// The id of the event, by the service.
    pub(super) fn event_id(&self) -> Option<&'a HeaderValue> {
        self.event_id
    }
}

/// 64 hexadecimal digits, perhaps with `sha256=` before them.
fn code_of(text: &[u8]) -> Option<Code> {
    let text = text.trim_ascii();
    Code::from_hex(text.strip_prefix(b"sha256=").unwrap_or(text))
}

fn time_of(text: &[u8]) -> Option<Duration> {
    let text = text.trim_ascii();
    if !(1..=13).contains(&text.len()) {
        return None;
    }
    let add = |number: u64, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'));
    let number = text.iter().try_fold(0, add)?;
    Some(if text.len() == 13 { Duration::from_millis(number) } else { Duration::from_secs(number) })
}
