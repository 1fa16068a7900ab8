//! Parts of the calls of the facade.

use percent_encoding::{NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde_json::Value;

/// A call without a body.
pub(super) const NO_BODY: Option<&Value> = None;

/// An id, as a part of a path or query.
pub(super) fn encode(id: &str) -> PercentEncode<'_> {
    utf8_percent_encode(id, NON_ALPHANUMERIC)
}
