//! Whether a delivery is the service's: the one door to an event.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;

use super::event::{Event, NotAnEvent};
use super::headers::DeliveryHeaders;
use super::key_ring::{Found, KeyRing};
use super::mac::EmptySecret;
use super::verify_error::VerifyError;

/// How far the time of a delivery may be from ours; the service's documentation advises it.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Longest body. Events have some kilobytes at most.
const LONGEST: usize = 1 << 20;

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
/// let body = r#"{
///     "event_type": "avatar_video.success",
///     "event_data": {"video_id": "v1"}
/// }"#;
/// let request = Signer::new("whsec_…")?.deliver(Generation::Signature, body);
///
/// let (head, body) = request.into_parts();
/// let event = verifier.verify(&head.headers, body)?.event()?;
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
        let headers = DeliveryHeaders::read(headers)?;
        let endpoint = match self.keys.find(now, |key| headers.fit(key, &body)) {
            Found::Key(endpoint) => endpoint,
            Found::NoMatch => return Err(VerifyError::Mismatch),
            Found::NoKey => return Err(VerifyError::NoSecret),
        };
        // Only what is signed is worth the question whether it is old.
        self.check_time(headers.time()?, now)?;
        Ok(Verified { body, endpoint, event_id: headers.event_id().cloned() })
    }

    /// Whether a delivery carries anything that could be a signature: what is not even that need not be read.
    pub(super) fn looks_signed(headers: &HeaderMap) -> Result<(), VerifyError> {
        DeliveryHeaders::read(headers).map(drop)
    }

    /// Whether a delivery is of these days, by its time since 1970.
    fn check_time(&self, time: Option<Duration>, now: SystemTime) -> Result<(), VerifyError> {
        let Some(time) = time else {
            return match self.requires_timestamp {
                true => Err(VerifyError::MissingTimestamp),
                false => Ok(()),
            };
        };
        // A clock that stands before 1970 is as wrong as one that stands there.
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        match now.checked_sub(time) {
            Some(age) if age > self.tolerance => Err(VerifyError::Stale { age }),
            None if time - now > self.tolerance => Err(VerifyError::Future { ahead: time - now }),
            _ => Ok(()),
        }
    }
}

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
        let event = Event::of(&self.body, self.event_id().map(str::to_owned))?;
        Ok(event.with_endpoint(Arc::clone(&self.endpoint)))
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
