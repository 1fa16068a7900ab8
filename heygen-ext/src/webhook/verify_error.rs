//! The error of a verification.

use std::fmt;
use std::time::Duration;

use super::event::NotAnEvent;

/// The error when a delivery is refused. It contains neither the secret nor the expected signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The key ring contains no valid secret, or none of the endpoint. Add one to the [`KeyRing`](super::KeyRing).
    NoSecret,
    /// The delivery has no signature header. It is for a `callback_url`, or does not come from the service.
    MissingSignature,
    /// None of the signature headers contains 64 hexadecimal digits.
    MalformedSignature,
    /// The signature does not match the body with any secret. The delivery is forged, its body was changed, or it is signed
    /// with another secret.
    Mismatch,
    /// The delivery has no timestamp, but the verifier requires one.
    MissingTimestamp,
    /// The timestamp is not a number of seconds or milliseconds since 1970, or there are several that differ.
    MalformedTimestamp,
    /// The signature is valid, but the timestamp is too old.
    Stale {
        /// Age of the delivery.
        age: Duration,
    },
    /// The signature is valid, but the timestamp is in the future. One of the clocks is wrong.
    Future {
        /// How far the timestamp is ahead of the current time.
        ahead: Duration,
    },
    /// The body is larger than the limit.
    TooLarge {
        /// Maximum size of a body, in bytes.
        limit: usize,
    },
    /// The signature is valid, but the body is not a JSON object.
    NotAnEvent(NotAnEvent),
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSecret => f.write_str(
                "the key ring contains no valid secret for the delivery; add the secret of the endpoint",
            ),
            Self::MissingSignature => f.write_str(
                "the delivery has no signature; \
                 if it is for a `callback_url`, whose deliveries are not signed, use a `CallbackGuard`",
            ),
            Self::MalformedSignature => f.write_str(
                "invalid signature: expected 64 hexadecimal digits; \
                 check that no proxy changes the headers",
            ),
            Self::Mismatch => f.write_str(
                "the signature does not match the body with any secret of the key ring; \
                 check that the secret is the one of this endpoint, and pass the body exactly as received",
            ),
            Self::MissingTimestamp => f.write_str(
                "the delivery has no timestamp, but the verifier requires one; \
                 to accept it, do not set `require_timestamp`",
            ),
            Self::MalformedTimestamp => f.write_str(
                "invalid timestamp: expected one number of seconds since 1970; \
                 check that no proxy changes the headers",
            ),
            Self::Stale { age } => write!(
                f,
                "the delivery is {} s old; check the clock of this machine, or raise `tolerance`",
                age.as_secs()
            ),
            Self::Future { ahead } => write!(
                f,
                "the timestamp of the delivery is {} s in the future; \
                 check the clock of this machine, or raise `tolerance`",
                ahead.as_secs()
            ),
            Self::TooLarge { limit } => {
                write!(f, "the body has more than {limit} bytes; to accept it, raise `max_body`")
            }
            Self::NotAnEvent(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for VerifyError {}
