//! Why a delivery is refused.

use std::fmt;
use std::time::Duration;

/// Why a delivery is refused. It holds nothing of the secret, and nothing of the signature that would fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// There is no secret to check with: add one to the [`KeyRing`](super::KeyRing).
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
