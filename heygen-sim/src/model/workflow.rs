//! Workflows and their published versions.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

pub(crate) struct Workflow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) meta: Option<Value>,
    pub(crate) draft: Value,
    pub(crate) revision: u64,
    /// The newest, the oldest of them first.
    pub(crate) versions: VecDeque<Version>,
}

#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) number: u64,
    /// Shared by the runs that are bound to it.
    pub(crate) graph: Arc<Value>,
    pub(crate) checksum: String,
}
