//! Why a call has no credentials: the cause of its transport error.

use std::fmt;

use crate::box_error::BoxError;

/// A call was not sent, because it has no credentials.
#[derive(Debug)]
pub(crate) struct CredentialsError {
    /// What happened before, in front of the reason, or an empty text.
    before: String,
    source: BoxError,
    transient: bool,
}

impl CredentialsError {
    /// `transient` is whether a later call may get a token without anyone acting.
    pub(crate) fn new(source: BoxError, transient: bool) -> Self {
        Self { before: String::new(), source, transient }
    }

    /// Adds what happened before.
    pub(crate) fn after(self, before: String) -> Self {
        Self { before, ..self }
    }

    /// Whether a later call may get a token without anyone acting.
    pub(crate) fn is_transient(&self) -> bool {
        self.transient
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}no credentials: {}", self.before, self.source)
    }
}

impl std::error::Error for CredentialsError {
    /// Skips the direct source, because the text includes it.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}
