//! Endpoints that receive webhooks.

pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) events: Option<Vec<String>>,
    pub(crate) entity_id: Option<String>,
    pub(crate) secret: String,
    pub(crate) created: u64,
}
