//! What the parts that send need of a client, without the whole of it.

use std::sync::Arc;

use heygen_api::Client;

use crate::runtime::Runtime;

/// What uploads, downloads, streams and the management of webhooks need to send.
#[derive(Clone)]
pub(crate) struct ClientContext {
    /// The generated client, with every policy on.
    pub(crate) api: Client,
    /// The HTTP client for files of the service: it sends no credentials, and redirects only lead to safe places.
    pub(crate) files: reqwest::Client,
    /// The HTTP client for signed links to the storage: it sends no credentials.
    pub(crate) storage: reqwest::Client,
    pub(crate) runtime: Arc<dyn Runtime>,
    /// How often a request is sent at most.
    pub(crate) max_attempts: u32,
    /// The idempotency key that the program has set for its calls.
    pub(crate) idempotency_key: Option<String>,
}
