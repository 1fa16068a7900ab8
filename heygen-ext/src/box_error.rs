//! Errors of a program's own parts.

/// An error of any kind, from a part that the program supplies: its token provider, its webhook handler, its event store.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
