//! Verifies the signatures of deliveries.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;

use super::event::{Event, NotAnEvent};
use super::headers::DeliveryHeaders;
use super::key_ring::{KeyMatch, KeyRing};
use super::mac::EmptySecret;
use super::verify_error::VerifyError;

/// Default of the maximum difference between the timestamp of a delivery and the current time, as the service's documentation
/// recommends.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Default of the maximum body size, in bytes. Events have a few kilobytes.
const MAX_BODY_SIZE: usize = 1 << 20;

/// Verifies the signatures of deliveries to registered endpoints.
///
/// The service signs the raw body with HMAC-SHA256 and the secret of the endpoint, and sends the signature in hexadecimal. It
/// has used two forms, and this accepts both: the header `Heygen-Signature` with `Heygen-Timestamp` and `Heygen-Event-Id`
/// (documentation of spring 2026), and the header `Signature` alone (deliveries since then, and those of v1).
///
/// The signature covers only the body. Anyone who has seen a delivery can therefore replay it with any timestamp; the
/// [`Receiver`](super::Receiver) recognizes replayed events. Deliveries to the `callback_url` of a request are not signed; use
/// a [`CallbackGuard`](super::CallbackGuard) for them.
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
    max_body_size: usize,
}

impl Verifier {
    /// Creates a verifier with one secret. Pass it as the service returned it, with the prefix `whsec_`, not decoded.
    ///
    /// # Errors
    ///
    /// If the secret is empty.
    pub fn new(secret: impl Into<SecretString>) -> Result<Self, EmptySecret> {
        let keys = KeyRing::new();
        keys.add("", secret)?;
        Ok(Self::with_keys(keys))
    }

    /// Creates a verifier with the secrets of a key ring, including those that are added later.
    pub fn with_keys(keys: KeyRing) -> Self {
        Self { keys, tolerance: TOLERANCE, requires_timestamp: false, max_body_size: MAX_BODY_SIZE }
    }

    /// Sets how far the timestamp of a delivery may be from the current time, in either direction. The default is 300 seconds.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets whether a delivery without a timestamp is refused. The default is `false`: the newer form (`Signature`) has none.
    pub fn require_timestamp(mut self, required: bool) -> Self {
        self.requires_timestamp = required;
        self
    }

    /// Sets the maximum size of a body, in bytes. The default is 1 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body_size = bytes;
        self
    }

    /// The key ring, to add and rotate secrets.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    pub(super) fn max_body_size(&self) -> usize {
        self.max_body_size
    }

    /// Verifies a delivery: its headers, and its body exactly as received.
    ///
    /// # Errors
    ///
    /// If the signature is missing, malformed or wrong, the timestamp is outside of the tolerance, or the body is too large.
    /// Do not send the reason to the client.
    pub fn verify(&self, headers: &HeaderMap, body: impl Into<Bytes>) -> Result<Verified, VerifyError> {
        self.verify_at(headers, body, SystemTime::now())
    }

    /// Like [`verify`](Self::verify), with `now` as the current time.
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
        if body.len() > self.max_body_size {
            return Err(VerifyError::TooLarge { limit: self.max_body_size });
        }
        let headers = DeliveryHeaders::read(headers)?;
        let endpoint = match self.keys.find(now, |key| headers.match_signature(key, &body)) {
            KeyMatch::Found(endpoint) => endpoint,
            KeyMatch::NoMatch => return Err(VerifyError::Mismatch),
            KeyMatch::NoKey => return Err(VerifyError::NoSecret),
        };
        // After the signature: a forged delivery is always reported as a mismatch.
        self.validate_timestamp(headers.timestamp()?, now)?;
        Ok(Verified { body, endpoint, event_id: headers.event_id().cloned() })
    }

    /// Checks that a delivery has a well-formed signature. If it has none, its body need not be read.
    pub(super) fn validate_signature_header(headers: &HeaderMap) -> Result<(), VerifyError> {
        DeliveryHeaders::read(headers).map(drop)
    }

    /// Checks that the timestamp of a delivery, as the time since 1970, is within the tolerance.
    fn validate_timestamp(&self, timestamp: Option<Duration>, now: SystemTime) -> Result<(), VerifyError> {
        let Some(timestamp) = timestamp else {
            return match self.requires_timestamp {
                true => Err(VerifyError::MissingTimestamp),
                false => Ok(()),
            };
        };
        // A time before 1970 counts as 1970. The clock is wrong in either case.
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        match now.checked_sub(timestamp) {
            Some(age) if age > self.tolerance => Err(VerifyError::Stale { age }),
            None if timestamp - now > self.tolerance => Err(VerifyError::Future { ahead: timestamp - now }),
            _ => Ok(()),
        }
    }
}

/// A delivery whose signature was verified. Only a [`Verifier`] creates one.
#[derive(Clone)]
pub struct Verified {
    body: Bytes,
    endpoint: Arc<str>,
    event_id: Option<HeaderValue>,
}

impl Verified {
    /// The body, as received.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The endpoint whose secret signed the delivery, by its name in the [`KeyRing`]. Empty for the secret of
    /// [`Verifier::new`].
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The id in the header `Heygen-Event-Id`, which is the same in every delivery attempt of an event. The signature does not
    /// cover it.
    pub fn event_id(&self) -> Option<&str> {
        let id = self.event_id.as_ref()?.to_str().ok()?.trim();
        (!id.is_empty()).then_some(id)
    }

    /// Reads the event from the body.
    ///
    /// # Errors
    ///
    /// If the body is not a JSON object.
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
