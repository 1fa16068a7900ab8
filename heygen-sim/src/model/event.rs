//! Events: what happened, for those who ask later.

use serde_json::Value;

pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) event_type: String,
    pub(crate) data: Value,
    pub(crate) created: u64,
    /// Ids of the resources that it is about.
    pub(crate) entities: Vec<String>,
}
