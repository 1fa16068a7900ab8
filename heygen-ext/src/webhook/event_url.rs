//! URLs in events.

use std::fmt;

/// A URL from an event, which `Debug` does not print.
///
/// It is signed: anyone who has it can download the file until it expires.
#[derive(Clone, PartialEq, Eq)]
pub struct EventUrl(pub(super) String);

impl EventUrl {
    /// The complete URL, with its signature.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "client")]
impl From<&EventUrl> for crate::download::Link {
    /// A link that cannot be refreshed: once it has expired, read the resource for a new one.
    fn from(url: &EventUrl) -> Self {
        Self::new(url.as_str())
    }
}

impl fmt::Debug for EventUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventUrl")
    }
}
