//! The parts of a client that other modules need to send requests.

use std::sync::Arc;

use heygen_api::Client;

use crate::runtime::Runtime;

/// The HTTP clients and options that uploads, downloads, streams and the management of webhooks use.
#[derive(Clone)]
pub(crate) struct ClientContext {
    /// The generated client, with all policies.
    pub(crate) api: Client,
    /// The HTTP client for downloads. It does not send credentials, and follows only safe redirects.
    pub(crate) files: reqwest::Client,
    /// The HTTP client for signed links to the storage. It does not send credentials.
    pub(crate) storage: reqwest::Client,
    pub(crate) runtime: Arc<dyn Runtime>,
    /// The maximum number of attempts.
    pub(crate) max_attempts: u32,
    /// The idempotency key that the program set for its calls.
    pub(crate) idempotency_key: Option<String>,
}
