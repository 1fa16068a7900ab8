//! What a migrated call costs, compared with the legacy call.

use std::fmt;

/// How the cost of a call changes by migrating, and why.
///
/// Prices move, so a plan names none: <https://developers.heygen.com> has them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The direction of the change.
    pub change: CostChange,
    /// Why.
    pub reason: String,
}

/// The direction in which a cost changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CostChange {
    /// It costs less.
    Less,
    /// The same work by the same engine. The amount may differ: compare the price lists.
    Same,
    /// It costs more.
    More,
    /// It depends on something that is not known.
    Unknown,
}

impl Cost {
    pub(crate) fn new(change: CostChange, reason: impl Into<String>) -> Self {
        Self { change, reason: reason.into() }
    }
}

impl CostChange {
    /// The direction in lower case, such as `more`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Less => "less",
            Self::Same => "same",
            Self::More => "more",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.change.as_str(), self.reason)
    }
}
