//! Requests that are ready to be sent.

use heygen_api::Operation;
use serde_json::Value;

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
}
