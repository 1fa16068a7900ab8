//! Workflows and their published versions.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

/// A workflow: a draft that can be edited, and the versions published from it.
pub(crate) struct Workflow {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The author's metadata.
    pub(crate) meta: Option<Value>,
    /// The graph of the draft.
    pub(crate) draft: Value,
    /// Number of the draft's revision. Each edit increments it.
    pub(crate) revision: u64,
    /// The newest published versions, in the order of their numbers.
    pub(crate) versions: VecDeque<Version>,
}

/// A published version. It does not change.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) id: String,
    /// Number of the version, from 1.
    pub(crate) number: u64,
    /// The graph, shared with the runs of this version.
    pub(crate) graph: Arc<Value>,
    /// Checksum of the graph.
    pub(crate) checksum: String,
}
