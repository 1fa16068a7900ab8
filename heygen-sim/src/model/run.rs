//! Runs of workflows.

use serde_json::Value;

use crate::model::workflow::Version;
use crate::schedule::Schedule;

pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) workflow: String,
    pub(crate) version: Version,
    pub(crate) inputs: Value,
    pub(crate) schedule: Schedule,
    /// When it was cancelled.
    pub(crate) canceled: Option<u64>,
    /// Whether it ends with part of its outputs.
    pub(crate) partial: bool,
}
