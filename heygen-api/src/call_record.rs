//! The record that a retrying transport keeps of a call.

/// The record that a retrying transport keeps of a call. The transport adds it to the
/// [`RawResponse`](crate::RawResponse) or the [`TransportError`](crate::TransportError), and every error of the call
/// contains it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CallRecord {
    /// The `Idempotency-Key` that was sent; the call can be repeated safely with it.
    pub idempotency_key: Option<String>,
    /// How many times the request was sent.
    pub attempts: u32,
    /// Whether the service may have executed an attempt before the last one.
    pub earlier_may_have_executed: bool,
}

impl CallRecord {
    /// Creates a record of a number of attempts with an idempotency key.
    pub fn new(idempotency_key: Option<String>, attempts: u32) -> Self {
        Self { idempotency_key, attempts, earlier_may_have_executed: false }
    }

    /// Sets whether the service may have executed an attempt before the last one.
    pub fn earlier_may_have_executed(mut self, possible: bool) -> Self {
        self.earlier_may_have_executed = possible;
        self
    }
}
