//! Endpoints that receive webhooks.

/// A registered webhook endpoint.
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) url: String,
    /// Event types that it receives; `None` for all.
    pub(crate) events: Option<Vec<String>>,
    /// Id of the only resource whose events it receives; `None` for all.
    pub(crate) entity_id: Option<String>,
    /// The secret that signs its deliveries.
    pub(crate) secret: String,
    /// Creation time, in milliseconds since 1970.
    pub(crate) created: u64,
}
