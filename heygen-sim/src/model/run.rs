//! Runs of workflows.

use serde_json::Value;

use crate::model::workflow::Version;
use crate::schedule::Schedule;

/// A run of a published version.
pub(crate) struct Run {
    pub(crate) id: String,
    /// Id of the workflow.
    pub(crate) workflow: String,
    /// The version that runs.
    pub(crate) version: Version,
    /// Inputs by name.
    pub(crate) inputs: Value,
    pub(crate) schedule: Schedule,
    /// When it was canceled, in milliseconds since 1970.
    pub(crate) canceled: Option<u64>,
    /// Whether it ends with only part of its outputs.
    pub(crate) partial: bool,
}
