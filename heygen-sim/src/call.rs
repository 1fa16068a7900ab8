//! A request as a handler gets it.

use serde_json::Value;

use crate::document::Route;
use crate::document::check::Pairs;
use crate::form::UploadedFile;
use crate::inline::Inline;

/// A request of an operation, checked against the document.
pub(crate) struct Call {
    pub(crate) route: &'static Route,
    /// Path parameters by name.
    pub(crate) path: Pairs,
    /// Query parameters by name.
    pub(crate) query: Pairs,
    /// Body; null if the request has none.
    pub(crate) body: Value,
    /// The files that were in the body; it has their numbers.
    pub(crate) inline: Inline,
    /// The file of a form.
    pub(crate) file: Option<UploadedFile>,
    /// The time at which it is carried out.
    pub(crate) now: u64,
}

impl Call {
    /// The path parameter of that name.
    pub(crate) fn id(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A text of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}
