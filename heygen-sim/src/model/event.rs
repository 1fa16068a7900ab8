//! Events, as `GET /v3/webhooks/events` lists them.

use serde_json::Value;

/// An event, such as the end of a job.
pub(crate) struct Event {
    pub(crate) id: String,
    /// Type, such as `avatar_video.success`.
    pub(crate) event_type: String,
    /// The `event_data` of the webhook.
    pub(crate) data: Value,
    /// Time of the event, in milliseconds since 1970.
    pub(crate) created: u64,
    /// Ids of the resources that the event concerns.
    pub(crate) entities: Vec<String>,
}
