//! The checked request that a handler receives.

use serde_json::Value;

use crate::document::Route;
use crate::document::check::Pairs;
use crate::form::UploadedFile;
use crate::inline::Inline;

/// A request of an operation. It is valid for the document.
pub(crate) struct Call {
    pub(crate) route: &'static Route,
    /// Path parameters by name.
    pub(crate) path: Pairs,
    /// Query parameters by name.
    pub(crate) query: Pairs,
    /// The JSON body; null if the request has no body.
    pub(crate) body: Value,
    /// The inline files of the body, which contains their numbers instead.
    pub(crate) inline: Inline,
    /// The file of a form.
    pub(crate) file: Option<UploadedFile>,
    /// The time of the execution, in milliseconds since 1970.
    pub(crate) now: u64,
}

impl Call {
    /// A path parameter; empty if the path does not have it.
    pub(crate) fn id(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A string member of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}
