//! Requests that are ready to be sent.

use heygen_api::Operation;
use serde_json::Value;

/// What a ledger has in place of a path parameter if each item of a batch is a job.
const EACH_ITEM: &str = "each item";

/// A request that is ready to be sent.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Submission {
    pub(crate) operation: &'static Operation,
    /// The path parameter, if the operation has one.
    pub(crate) parameter: Option<(&'static str, String)>,
    pub(crate) body: Value,
    /// JSON pointer to the id, or to the ids, in the member `data` of the answer.
    pub(crate) ids: &'static str,
    /// In a batch whose items are the jobs, how many there are. In any other request, the answer names the jobs.
    pub(crate) items: Option<usize>,
}

impl Submission {
    /// What distinguishes the request from others of the same operation with the same body.
    pub(crate) fn recorded_parameter(&self) -> Option<&str> {
        match self.items {
            Some(_) => Some(EACH_ITEM),
            None => self.parameter.as_ref().map(|(_, value)| value.as_str()),
        }
    }
}

/// Whether each item of a recorded batch is a job.
pub(crate) fn each_item_is_a_job(parameter: Option<&str>) -> bool {
    parameter == Some(EACH_ITEM)
}
