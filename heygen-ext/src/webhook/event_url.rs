//! Links in events.

use std::fmt;

/// A link of an event. It is signed: whoever has it has the file, until it expires.
#[derive(Clone, PartialEq, Eq)]
pub struct EventUrl(pub(super) String);

impl EventUrl {
    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "client")]
impl From<&EventUrl> for crate::download::Link {
    /// The link alone: once it has expired, only the resource has a fresh one.
    fn from(url: &EventUrl) -> Self {
        Self::new(url.as_str())
    }
}

impl fmt::Debug for EventUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventUrl")
    }
}
