//! What the builder decides.

use std::fmt;
use std::time::Duration;

/// The settings of a simulator.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) api_key: Secret,
    pub(crate) seed: u64,
    /// Whether the operations of v1 and v2 work.
    pub(crate) legacy: bool,
    /// Whether the workspace has what only Enterprise has.
    pub(crate) enterprise: bool,
    /// US dollars in the wallet.
    pub(crate) balance: f64,
    /// Jobs that may run at once.
    pub(crate) concurrency: usize,
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) link_lifetime: Duration,
    /// Bytes that a direct upload may have.
    pub(crate) upload_limit: u64,
    /// Whether a webhook endpoint is probed when it is registered.
    pub(crate) probe: bool,
    /// Resources of each kind that are kept.
    pub(crate) keep: usize,
}

/// A text that `Debug` hides.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}
