//! What a transport reports about a call, whether it succeeded or failed.

/// What a transport that repeats requests tells of a call. It stands in the [`RawResponse`](crate::RawResponse), or in the
/// [`TransportError`](crate::TransportError), and every error of the call has it then.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CallRecord {
    /// The `Idempotency-Key` that was sent; with it the call can be repeated safely.
    pub idempotency_key: Option<String>,
    /// How often the request was sent.
    pub attempts: u32,
    /// Whether a try before the last may have been executed, whatever the outcome of the last.
    pub earlier_may_have_executed: bool,
}

impl CallRecord {
    /// A record of so many attempts under that key.
    pub fn new(idempotency_key: Option<String>, attempts: u32) -> Self {
        Self { idempotency_key, attempts, earlier_may_have_executed: false }
    }

    /// The same, when a try before the last may have been executed.
    pub fn after_a_doubtful_try(mut self, doubtful: bool) -> Self {
        self.earlier_may_have_executed = doubtful;
        self
    }
}
