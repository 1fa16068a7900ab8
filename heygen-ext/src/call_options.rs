//! Options of calls, for all calls of a client or for some of them.

use std::time::Duration;

/// Options of calls, for [`HeyGen::with`](crate::HeyGen::with) and [`HeyGenBuilder::options`](crate::HeyGenBuilder::options).
///
/// An option that is not set keeps the value of the client.
///
/// ```
/// use std::time::Duration;
/// use heygen_ext::{HeyGen, CallOptions};
///
/// # fn example(heygen: HeyGen) {
/// let deadline = Duration::from_secs(300);
/// let options = CallOptions::new().deadline(deadline).max_attempts(6);
/// let heygen = heygen.with(options);
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
    /// Sets nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the time of a call with all its attempts and pauses. If the service asks for a pause beyond the deadline, the
    /// call ends with the service's error at once. Calls have no deadline by default; then pauses of up to 60 seconds are honoured.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = Some(time);
        self
    }

    /// Sets how often a request is sent at most; the default is 3. With 1, a call is not repeated, except once after a
    /// refused token was renewed.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts.max(1));
        self
    }

    /// Limits the time of one attempt; the default is 30 seconds for reads and 120 for other calls. Transfers of files have
    /// an idle timeout of 60 seconds instead.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = Some(time);
        self
    }

    /// Sends this key with every call whose operation takes one, in place of a new one for each call.
    ///
    /// Use it for one call only: for 24 hours, a second call of the same operation with this key is not executed, and gets
    /// the answer of the first, even if its body differs. With [`HeyGen::submit_many`](crate::HeyGen::submit_many), every
    /// request would have it.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Whether JSON bodies are logged with `tracing`, at level `TRACE`, with possible secrets redacted. Off by default.
    pub fn log_bodies(mut self, on: bool) -> Self {
        self.log_bodies = Some(on);
        self
    }

    /// Returns these options. Those that are not set have the value of `others`.
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
    fn unset_options_keep_the_value_of_the_client() {
        let client = CallOptions::new().max_attempts(5).deadline(Duration::from_secs(1));
        let call = CallOptions::new().max_attempts(1).idempotency_key("k").or(&client);
        assert_eq!(
            call,
            CallOptions::new().max_attempts(1).deadline(Duration::from_secs(1)).idempotency_key("k")
        );
        assert_eq!(CallOptions::new().max_attempts(0), CallOptions::new().max_attempts(1));
    }
}
