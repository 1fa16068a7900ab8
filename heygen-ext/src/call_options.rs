//! What a program can decide about its calls: for a client, and for single calls.

use std::time::Duration;

/// Policies of some calls, where they are not those of the client: [`HeyGen::with`](crate::HeyGen::with).
///
/// What is not set stays as it is.
///
/// ```
/// use std::time::Duration;
/// use heygen_ext::{HeyGen, CallOptions};
///
/// # fn example(heygen: HeyGen) {
/// let deadline = Duration::from_secs(300);
/// let options = CallOptions::new().deadline(deadline).max_attempts(6);
/// let patient = heygen.with(options);
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct CallOptions {
    pub(crate) deadline: Option<Duration>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) log_bodies: Option<bool>,
}

impl CallOptions {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Time that a call may take with all its attempts and pauses. A pause that the service asks for and that does not fit
    /// is not waited for: the refusal is the result. Calls have no deadline by default; then pauses of up to 60 seconds are kept.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = Some(time);
        self
    }

    /// How often a request is sent at most; the default is 3. With 1 nothing is repeated, except once after a refused
    /// token was renewed.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts.max(1));
        self
    }

    /// Time for one attempt; the default is 30 seconds for reads and 120 for everything else. Transfers of files have none:
    /// they end after 60 seconds in which nothing moves.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = Some(time);
        self
    }

    /// Sends this key with every call whose operation takes one, in place of a new one for each call. Two calls of one
    /// operation with the same key are one: the second gets the answer of the first, for 24 hours.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Whether JSON bodies go to `tracing`, at level `TRACE` and with everything blotted out that may be a secret. Off
    /// by default.
    pub fn log_bodies(mut self, on: bool) -> Self {
        self.log_bodies = Some(on);
        self
    }

    /// These, and the others where these say nothing.
    pub(crate) fn or(self, others: &Self) -> Self {
        Self {
            deadline: self.deadline.or(others.deadline),
            max_attempts: self.max_attempts.or(others.max_attempts),
            timeout: self.timeout.or(others.timeout),
            idempotency_key: self.idempotency_key.or_else(|| others.idempotency_key.clone()),
            log_bodies: self.log_bodies.or(others.log_bodies),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_stays() {
        let client = CallOptions::new().max_attempts(5).deadline(Duration::from_secs(1));
        let call = CallOptions::new().max_attempts(1).idempotency_key("k").or(&client);
        assert_eq!(
            call,
            CallOptions::new().max_attempts(1).deadline(Duration::from_secs(1)).idempotency_key("k")
        );
        assert_eq!(CallOptions::new().max_attempts(0), CallOptions::new().max_attempts(1));
    }
}
