//! Whether a delivery is the service's: the one door to an event.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;

use super::event::{Event, NotAnEvent};
use super::keys::{Found, KeyRing};
use super::mac::{self, EmptySecret, LENGTH};

/// The headers of the service, of both generations. That of v1 was the second.
pub(super) const SIGNATURES: [HeaderName; 2] =
    [HeaderName::from_static("heygen-signature"), HeaderName::from_static("signature")];
pub(super) const TIMESTAMP: HeaderName = HeaderName::from_static("heygen-timestamp");
pub(super) const EVENT_ID: HeaderName = HeaderName::from_static("heygen-event-id");

/// How far the time of a delivery may be from ours; the service's documentation advises it.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Longest body. Events have some kilobytes at most.
const LONGEST: usize = 1 << 20;

/// Signatures of one delivery that are looked at. The service sends one; a proxy may add others by the same name.
const MOST_SIGNATURES: usize = 8;

/// Checks the signatures of deliveries to registered endpoints.
///
/// The service signs the raw body with HMAC-SHA256 under the endpoint's secret, and sends the code in hexadecimal digits. It
/// has done so under two names, and this takes both: `Heygen-Signature`, with `Heygen-Timestamp` and `Heygen-Event-Id`
/// beside it (documentation of spring 2026), and `Signature` alone (deliveries since, and those of v1).
///
/// The signature covers the body alone, so that whoever has seen a delivery can send it again, with any timestamp. The
/// [`Receiver`](super::Receiver) recognises what it has seen before. Deliveries to the `callback_url` of a request are not
/// signed at all; see [`CallbackGuard`](super::CallbackGuard).
///
/// ```
/// use heygen_ext::webhook::Verifier;
/// use heygen_ext::webhook::testing::{Generation, Signer};
///
/// let verifier = Verifier::new("whsec_…")?;
/// let body = r#"{"event_type":"avatar_video.success","event_data":{"video_id":"v1"}}"#;
/// let request = Signer::new("whsec_…")?.deliver(Generation::Signature, body);
///
/// let event = verifier.verify(request.headers(), request.body().clone())?.event()?;
/// assert_eq!(event.job_id(), Some("v1"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Verifier {
    keys: KeyRing,
    tolerance: Duration,
    requires_timestamp: bool,
    longest: usize,
}

impl Verifier {
    /// Checks with one secret, as the service gave it: with its `whsec_`, and not decoded.
    ///
    /// # Errors
    ///
    /// The secret is empty.
    pub fn new(secret: impl Into<SecretString>) -> Result<Self, EmptySecret> {
        let keys = KeyRing::new();
        keys.add("", secret)?;
        Ok(Self::with_keys(keys))
    }

    /// Checks with these secrets, and with those that are added later.
    pub fn with_keys(keys: KeyRing) -> Self {
        Self { keys, tolerance: TOLERANCE, requires_timestamp: false, longest: LONGEST }
    }

    /// Takes deliveries whose timestamp is so far from now, before or after; the default is 300 seconds.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Whether a delivery without a timestamp is refused. By default it is not: the younger form has none.
    pub fn require_timestamp(mut self, required: bool) -> Self {
        self.requires_timestamp = required;
        self
    }

    /// Takes bodies of so many bytes at most; the default is 1 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    /// The secrets, to be added to and rotated.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Checks a delivery: its headers, and its body byte for byte as it came.
    ///
    /// # Errors
    ///
    /// The delivery is not one to be trusted. Whoever sent it should not be told why.
    pub fn verify(&self, headers: &HeaderMap, body: impl Into<Bytes>) -> Result<Verified, VerifyError> {
        self.verify_at(headers, body, SystemTime::now())
    }

    /// The same at a time of the caller's.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify).
    pub fn verify_at(
        &self,
        headers: &HeaderMap,
        body: impl Into<Bytes>,
        now: SystemTime,
    ) -> Result<Verified, VerifyError> {
        let body = body.into();
        if body.len() > self.longest {
            return Err(VerifyError::TooLarge { limit: self.longest });
        }
        let codes = codes(headers)?;
        let does = |key: &mac::Mac| {
            let ours = key.code(&body);
            // All of them are looked at, whichever fits.
            codes.all.iter().take(codes.count).fold(false, |fits, code| fits | mac::same(&ours, code))
        };
        let endpoint = match self.keys.find(now, does) {
            Found::Key(endpoint) => endpoint,
            Found::NoMatch => return Err(VerifyError::Mismatch),
            Found::NoKey => return Err(VerifyError::NoSecret),
        };
        // Only what is signed is worth the question whether it is old.
        self.check_time(timestamp(headers)?, now)?;
        Ok(Verified { body, endpoint, event_id: headers.get(EVENT_ID).cloned() })
    }

    /// Whether a delivery carries anything that could be a signature: what is not even that need not be read.
    pub(super) fn looks_signed(headers: &HeaderMap) -> Result<(), VerifyError> {
        codes(headers).map(drop)
    }

    fn check_time(&self, time: Option<SystemTime>, now: SystemTime) -> Result<(), VerifyError> {
        let Some(time) = time else {
            return match self.requires_timestamp {
                true => Err(VerifyError::MissingTimestamp),
                false => Ok(()),
            };
        };
        match now.duration_since(time) {
            Ok(age) if age > self.tolerance => Err(VerifyError::Stale { age }),
            Err(ahead) if ahead.duration() > self.tolerance => {
                Err(VerifyError::Future { ahead: ahead.duration() })
            }
            _ => Ok(()),
        }
    }
}

/// The codes that a delivery carries, by whichever name. What is no code is passed over, as long as there is one.
fn codes(headers: &HeaderMap) -> Result<Codes, VerifyError> {
    let mut codes = Codes { all: [[0; LENGTH]; MOST_SIGNATURES], count: 0 };
    let mut error = VerifyError::MissingSignature;
    for value in SIGNATURES.into_iter().flat_map(|name| headers.get_all(name)).take(MOST_SIGNATURES) {
        error = VerifyError::MalformedSignature;
        if let (Some(code), Some(place)) = (code(value.as_bytes()), codes.all.get_mut(codes.count)) {
            *place = code;
            codes.count += 1;
        }
    }
    if codes.count == 0 { Err(error) } else { Ok(codes) }
}

/// The codes of one delivery, mostly one, without a place on the heap.
struct Codes {
    all: [[u8; LENGTH]; MOST_SIGNATURES],
    count: usize,
}

/// 64 hexadecimal digits, perhaps with `sha256=` before them.
fn code(text: &[u8]) -> Option<[u8; LENGTH]> {
    let text = text.trim_ascii();
    mac::from_hex(text.strip_prefix(b"sha256=").unwrap_or(text))
}

/// The time of a delivery: seconds since 1970, or milliseconds if it has as many digits. Two that differ are none.
fn timestamp(headers: &HeaderMap) -> Result<Option<SystemTime>, VerifyError> {
    let mut values = headers.get_all(TIMESTAMP).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.any(|other| other != value) {
        return Err(VerifyError::MalformedTimestamp);
    }
    let text = value.to_str().map(str::trim).unwrap_or_default();
    let is_number = (1..=13).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = text.parse().ok().filter(|_| is_number).ok_or(VerifyError::MalformedTimestamp)?;
    let since = if text.len() == 13 { Duration::from_millis(number) } else { Duration::from_secs(number) };
    SystemTime::UNIX_EPOCH.checked_add(since).map(Some).ok_or(VerifyError::MalformedTimestamp)
}

/// Why a delivery is refused. It holds nothing of the secret, and nothing of the signature that would fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// There is no secret to check with: add one to the [`KeyRing`].
    NoSecret,
    /// No header with a signature: a `callback_url` delivery, or none of the service's.
    MissingSignature,
    /// No signature is 64 hexadecimal digits.
    MalformedSignature,
    /// The signature is not that of this body under any secret: forged, altered on the way, or signed with a secret that
    /// is not here.
    Mismatch,
    /// No timestamp, though one is required.
    MissingTimestamp,
    /// The timestamp is no time.
    MalformedTimestamp,
    /// Signed, and too old.
    Stale {
        /// How old it is.
        age: Duration,
    },
    /// Signed, and from the future: one of the clocks is wrong.
    Future {
        /// How far ahead it is.
        ahead: Duration,
    },
    /// The body is larger than what is taken.
    TooLarge {
        /// Bytes that are taken at most.
        limit: usize,
    },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSecret => f.write_str("there is no secret to check signatures with: add the endpoint's"),
            Self::MissingSignature => f.write_str("the delivery is not signed"),
            Self::MalformedSignature => f.write_str("the signature is not 64 hexadecimal digits"),
            Self::Mismatch => f.write_str(
                "the signature does not fit the body and any secret: was the body changed on its way?",
            ),
            Self::MissingTimestamp => f.write_str("the delivery has no timestamp, and one is required"),
            Self::MalformedTimestamp => f.write_str("the timestamp is no number of seconds since 1970"),
            Self::Stale { age } => write!(f, "the delivery is {} s old", age.as_secs()),
            Self::Future { ahead } => {
                write!(f, "the delivery is {} s ahead of this machine's clock", ahead.as_secs())
            }
            Self::TooLarge { limit } => write!(f, "the body has more than {limit} bytes"),
        }
    }
}

impl std::error::Error for VerifyError {}

/// A delivery whose signature was good. Only a [`Verifier`] makes one.
#[derive(Clone)]
pub struct Verified {
    body: Bytes,
    endpoint: Arc<str>,
    event_id: Option<HeaderValue>,
}

impl Verified {
    /// The body, as it came.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The endpoint whose secret signed it, by the name that it has in the [`KeyRing`]; empty for
    /// [`Verifier::new`].
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The id in the header `Heygen-Event-Id`, the same in every attempt to deliver the event. The signature does not
    /// cover it.
    pub fn event_id(&self) -> Option<&str> {
        let id = self.event_id.as_ref()?.to_str().ok()?.trim();
        (!id.is_empty()).then_some(id)
    }

    /// The event that it tells of.
    ///
    /// # Errors
    ///
    /// The body is signed, but it is no JSON object.
    pub fn event(&self) -> Result<Event, NotAnEvent> {
        Event::of(&self.body, self.event_id().map(str::to_owned))
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("endpoint", &self.endpoint)
            .field("event_id", &self.event_id())
            .field("bytes", &self.body.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
