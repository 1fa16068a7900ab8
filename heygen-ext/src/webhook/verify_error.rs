//! The error of a verification.

use std::time::Duration;

use super::event::NotAnEvent;

/// The error when a delivery is refused. It contains neither the secret nor the expected signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The key ring contains no valid secret, or none of the endpoint. Add one to the [`KeyRing`](super::KeyRing).
    #[error("the key ring contains no valid secret for the delivery; add the secret of the endpoint")]
    NoSecret,
    /// The delivery has no signature header. It is for a `callback_url`, or does not come from the service.
    #[error(
        "the delivery has no signature; if it is for a `callback_url`, whose deliveries are not signed, use a `CallbackGuard`"
    )]
    MissingSignature,
    /// None of the signature headers contains 64 hexadecimal digits.
    #[error("invalid signature: expected 64 hexadecimal digits; check that no proxy changes the headers")]
    MalformedSignature,
    /// The signature does not match the body with any secret. The delivery is forged, its body was changed, or it is signed
    /// with another secret.
    #[error(
        "the signature does not match the body with any secret of the key ring; check that the secret is the one of this \
         endpoint, and pass the body exactly as received"
    )]
    Mismatch,
    /// The delivery has no timestamp, but the verifier requires one.
    #[error(
        "the delivery has no timestamp, but the verifier requires one; to accept it, do not set `require_timestamp`"
    )]
    MissingTimestamp,
    /// The timestamp is not a number of seconds or milliseconds since 1970, or there are several that differ.
    #[error(
        "invalid timestamp: expected one number of seconds since 1970; check that no proxy changes the headers"
    )]
    MalformedTimestamp,
    /// The signature is valid, but the timestamp is too old.
    #[error("the delivery is {} s old; check the clock of this machine, or raise `tolerance`",
        .age.as_secs())]
    Stale {
        /// Age of the delivery.
        age: Duration,
    },
    /// The signature is valid, but the timestamp is in the future. One of the clocks is wrong.
    #[error("the timestamp of the delivery is {} s in the future; check the clock of this machine, or raise `tolerance`",
        .ahead.as_secs())]
    Future {
        /// How far the timestamp is ahead of the current time.
        ahead: Duration,
    },
    /// The body is larger than the limit.
    #[error("the body has more than {limit} bytes; `Verifier::max_body` sets the limit")]
    TooLarge {
        /// Maximum size of a body, in bytes.
        limit: usize,
    },
    /// The signature is valid, but the body is not a JSON object.
    #[error(transparent)]
    NotAnEvent(NotAnEvent),
}
