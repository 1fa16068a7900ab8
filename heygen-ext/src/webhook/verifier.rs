//! Verifies the signatures of deliveries.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
#[cfg(feature = "webhook")]
use http::HeaderMap;
use secrecy::SecretString;

use super::event::{Event, NotAnEvent};
use super::headers::{DeliveryHeaders, Timestamp};
use super::key_ring::{EmptySecret, KeyRing, Mac};
use super::verify_error::VerifyError;

/// Default of the maximum difference between the timestamp of a delivery and the current time, as the service's documentation
/// recommends.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Default of the maximum body size, in bytes. Events have a few kilobytes.
const MAX_BODY_SIZE: usize = 128 << 10;

/// Verifies one delivery with one secret: for functions without a server of their own, such as AWS Lambda, and for frameworks
/// whose requests this crate does not know.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Webhook;

impl Webhook {
    /// Verifies a delivery, and reads its event. `signature` is the header `Heygen-Signature`, or else `Signature`; `body` is
    /// the body exactly as received.
    ///
    /// It derives a key from the secret in every call. A program that receives many deliveries makes a [`Verifier`] once.
    ///
    /// ```
    /// use heygen_ext::webhook::Webhook;
    ///
    /// let body = br#"{}"#;
    /// let signature =
    ///     "5f1e5d0b583b67adf347c04aaa8a879249c4509bf60dc483c47c8d64afa9984a";
    /// let event = Webhook::verify(body, signature, "whsec_test_only")?;
    /// println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
    /// # Ok::<_, heygen_ext::webhook::VerifyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the secret is blank ([`VerifyError::NoSecret`]), the signature is missing, malformed or wrong, or the body is not a
    /// JSON object.
    pub fn verify(
        body: &[u8],
        signature: &str,
        secret: impl Into<SecretString>,
    ) -> Result<Event, VerifyError> {
        let key = Mac::new(&secret.into()).map_err(|_| VerifyError::NoSecret)?;
        let headers = DeliveryHeaders::of_parts(signature, None, None)?;
        match headers.match_signature(&key, body) {
            true => Event::of_delivery(body, None, "".into()).map_err(VerifyError::NotAnEvent),
            false => Err(VerifyError::Mismatch),
        }
    }
}

/// Verifies the signatures of deliveries to registered endpoints.
///
/// The service signs the raw body with HMAC-SHA256 and the secret of the endpoint, and sends the signature in hexadecimal. It
/// has used two forms, and this accepts both: the header `Heygen-Signature` with `Heygen-Timestamp` and `Heygen-Event-Id`
/// (documentation of spring 2026), and the header `Signature` alone (deliveries since then, and those of v1). Deliveries to
/// the `callback_url` of a request are not signed; use a [`CallbackGuard`](super::CallbackGuard) for them.
///
/// ```
/// use heygen_ext::webhook::Verifier;
/// use heygen_ext::webhook::testing::Signer;
///
/// let verifier = Verifier::new("whsec_…")?;
/// let body = br#"{
///     "event_type": "avatar_video.success",
///     "event_data": {"video_id": "v1"}
/// }"#;
/// let signature = Signer::new("whsec_…")?.sign(body);
///
/// let event = verifier.verify_parts(body, &signature, None, None)?.event()?;
/// assert_eq!(event.job_id(), Some("v1"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Replays
///
/// The signature covers only the body. Anyone who has seen a delivery can repeat it with any timestamp and any event id, for
/// as long as the secret is valid. A timestamp therefore stops no forger, while a clock that is six minutes off would refuse
/// every delivery: by default, a timestamp outside of the tolerance is reported by
/// [`timestamp_problem`](Verified::timestamp_problem) and accepted.
///
/// What bounds a replay is the record of events: an [`Inbox`](super::Inbox) recognizes a repeated body by its
/// [key](Event::key) for as long as it keeps events. After that, a replayed event is handled again. Rotate the secret to end
/// this, and let handlers read the resource instead of trusting an event to be recent.
#[derive(Debug, Clone)]
#[must_use]
pub struct Verifier {
    keys: KeyRing,
    tolerance: Duration,
    strict_timestamps: bool,
    requires_timestamp: bool,
    max_body_size: usize,
    clock: Clock,
}

impl Verifier {
    /// Creates a verifier with one secret. Pass it as the service returned it, with the prefix `whsec_`, not decoded. White
    /// space and line ends around it are ignored.
    ///
    /// # Errors
    ///
    /// If the secret is empty or blank.
    pub fn new(secret: impl Into<SecretString>) -> Result<Self, EmptySecret> {
        let keys = KeyRing::new();
        keys.add("", secret)?;
        Ok(Self::with_keys(keys))
    }

    /// Creates a verifier with the secrets of a key ring, including those that are added later.
    pub fn with_keys(keys: KeyRing) -> Self {
        Self {
            keys,
            tolerance: TOLERANCE,
            strict_timestamps: false,
            requires_timestamp: false,
            max_body_size: MAX_BODY_SIZE,
            clock: Clock::default(),
        }
    }

    /// Sets how far the timestamp of a delivery may be from the current time, in either direction. The default is 300 seconds.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets whether a timestamp that is malformed or outside of the tolerance refuses the delivery. The default is `false`:
    /// it is only reported, because the timestamp is not signed.
    pub fn strict_timestamps(mut self, strict: bool) -> Self {
        self.strict_timestamps = strict;
        self
    }

    /// Sets whether a delivery without a timestamp is refused. The default is `false`: the newer form (`Signature`) has none.
    pub fn require_timestamp(mut self, required: bool) -> Self {
        self.requires_timestamp = required;
        self
    }

    /// Sets the maximum size of a body, in bytes. The default is 128 KiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body_size = bytes;
        self
    }

    /// Sets the clock, for tests and for platforms without one that the standard library knows. The default is the system clock.
    ///
    /// `wasm32-unknown-unknown` has none: without this, timestamps are not checked there, and replaced secrets do not expire.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }

    /// The key ring, to add and rotate secrets.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    #[cfg(feature = "webhook")]
    pub(super) fn max_body_size(&self) -> usize {
        self.max_body_size
    }

    /// Verifies a delivery by its body, exactly as received, and the values of its headers: `signature` is
    /// `Heygen-Signature`, or else `Signature`; `timestamp` is `Heygen-Timestamp`; `event_id` is `Heygen-Event-Id`.
    ///
    /// # Errors
    ///
    /// If the signature is missing, malformed or wrong, or the body is too large; with
    /// [`strict_timestamps`](Self::strict_timestamps), also if the timestamp is malformed or outside of the tolerance. Do not
    /// send the reason to the client.
    pub fn verify_parts(
        &self,
        body: &[u8],
        signature: &str,
        timestamp: Option<&str>,
        event_id: Option<&str>,
    ) -> Result<Verified, VerifyError> {
        let headers = DeliveryHeaders::of_parts(signature, timestamp, event_id)?;
        self.validate_size(body)?;
        self.verify_read(&headers, None, Bytes::copy_from_slice(body))
    }

    /// Verifies a delivery by its header map, and its body exactly as received.
    ///
    /// # Errors
    ///
    /// As for [`verify_parts`](Self::verify_parts).
    #[cfg(feature = "webhook")]
    #[cfg_attr(docsrs, doc(cfg(feature = "webhook")))]
    pub fn verify(&self, headers: &HeaderMap, body: impl Into<Bytes>) -> Result<Verified, VerifyError> {
        let body = body.into();
        self.validate_size(&body)?;
        self.verify_read(&DeliveryHeaders::read(headers)?, None, body)
    }

    /// Verifies a delivery whose headers were read before, with the secrets of one endpoint or of all.
    pub(super) fn verify_read(
        &self,
        headers: &DeliveryHeaders<'_>,
        endpoint: Option<&str>,
        body: Bytes,
    ) -> Result<Verified, VerifyError> {
        self.validate_size(&body)?;
        let now = self.clock.now();
        let endpoint = self.keys.find(endpoint, now, |key| headers.match_signature(key, &body))?;
        // After the signature: a forged delivery is always reported as a mismatch.
        if self.requires_timestamp && headers.timestamp == Timestamp::Missing {
            return Err(VerifyError::MissingTimestamp);
        }
        let timestamp_problem = now.and_then(|now| self.timestamp_problem(headers.timestamp, now));
        match timestamp_problem {
            Some(problem) if self.strict_timestamps => Err(problem),
            _ => {
                Ok(Verified { body, endpoint, event_id: headers.event_id.map(Box::from), timestamp_problem })
            }
        }
    }

    fn validate_size(&self, body: &[u8]) -> Result<(), VerifyError> {
        match body.len() > self.max_body_size {
            true => Err(VerifyError::TooLarge { limit: self.max_body_size }),
            false => Ok(()),
        }
    }

    /// Compares the timestamp of a delivery with the current time.
    fn timestamp_problem(&self, timestamp: Timestamp, now: SystemTime) -> Option<VerifyError> {
        let timestamp = match timestamp {
            Timestamp::Missing => return None,
            Timestamp::Malformed => return Some(VerifyError::MalformedTimestamp),
            Timestamp::At(timestamp) => timestamp,
        };
        // A time before 1970 counts as 1970. The clock is wrong in either case.
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        match now.checked_sub(timestamp) {
            Some(age) if age > self.tolerance => Some(VerifyError::Stale { age }),
            None if timestamp - now > self.tolerance => Some(VerifyError::Future { ahead: timestamp - now }),
            _ => None,
        }
    }
}

/// Where the current time is from.
#[derive(Clone)]
pub(crate) struct Clock(Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>);

impl Clock {
    pub(crate) fn new(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(clock)))
    }

    /// The current time. `None` where the standard library has no clock, and asking for it would panic.
    pub(crate) fn now(&self) -> Option<SystemTime> {
        self.0.as_ref().map(|clock| clock())
    }
}

impl Default for Clock {
    fn default() -> Self {
        match cfg!(all(target_family = "wasm", target_os = "unknown")) {
            true => Self(None),
            false => Self::new(SystemTime::now),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A delivery whose signature was verified. Only a [`Verifier`] creates one.
#[derive(Clone)]
pub struct Verified {
    body: Bytes,
    endpoint: Arc<str>,
    event_id: Option<Box<str>>,
    timestamp_problem: Option<VerifyError>,
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
    /// cover it, so it decides nothing.
    pub fn event_id(&self) -> Option<&str> {
        self.event_id.as_deref()
    }

    /// What is wrong with the timestamp of the delivery: it is malformed, or outside of the tolerance. It is not signed. One
    /// of the clocks is wrong, or the delivery is a replay.
    pub fn timestamp_problem(&self) -> Option<VerifyError> {
        self.timestamp_problem
    }

    /// Reads the event from the body.
    ///
    /// # Errors
    ///
    /// If the body is not a JSON object.
    pub fn event(&self) -> Result<Event, NotAnEvent> {
        Event::of_delivery(&self.body, self.event_id(), Arc::clone(&self.endpoint))
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

#[cfg(all(test, feature = "webhook"))]
mod tests;
