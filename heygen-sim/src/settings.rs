//! The settings of a simulator, as the builder sets them.

use std::fmt;
use std::time::Duration;

/// The settings of a simulator.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) api_key: Secret,
    pub(crate) seed: u64,
    /// Whether the operations of v1 and v2 are enabled.
    pub(crate) legacy: bool,
    /// Whether Enterprise features are enabled.
    pub(crate) enterprise: bool,
    /// US dollars in the wallet.
    pub(crate) balance: f64,
    /// Maximum number of concurrent jobs.
    pub(crate) concurrency: usize,
    /// Maximum number of requests per minute; `None` for no limit.
    pub(crate) requests_per_minute: Option<u32>,
    /// How long a link to a file is valid.
    pub(crate) link_lifetime: Duration,
    /// Maximum size of a direct upload, in bytes.
    pub(crate) upload_limit: u64,
    /// Whether a webhook endpoint is probed when it is registered.
    pub(crate) probe: bool,
    /// Permissions of the API key.
    pub(crate) scopes: Vec<String>,
    /// Maximum number of requests of one operation that are taken at once; `None` for no limit.
    pub(crate) burst_limit: Option<usize>,
    /// Whether unknown members of bodies are ignored.
    pub(crate) lenient: bool,
    /// Whether a `callback_id` without a `callback_url` is refused.
    pub(crate) callback_id_needs_url: bool,
    /// Whether webhooks, callbacks and probes may go to other machines.
    pub(crate) remote_receivers: bool,
    /// Host names for which the simulator's own routes respond, in addition to loopback.
    pub(crate) allowed_hosts: Vec<String>,
    /// Maximum number of resources of each kind.
    pub(crate) keep: usize,
}

/// A string that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}
