//! Why a call has no credentials: what the transport error of such a call holds.

use std::fmt;

use crate::box_error::BoxError;

/// A call was not sent, because it has no token.
#[derive(Debug)]
pub(crate) struct CredentialsError {
    /// What happened before, if anything; put in front of the reason.
    before: String,
    source: BoxError,
    transient: bool,
}

impl CredentialsError {
    /// `transient` is whether a later call may get a token without anyone acting.
    pub(crate) fn new(source: BoxError, transient: bool) -> Self {
        Self { before: String::new(), source, transient }
    }

    /// The same, with what happened before.
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
    /// What follows the text, which includes the source's own.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}
