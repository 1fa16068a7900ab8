//! The effects of a change.

use serde::Serialize;

/// The direction in which a value is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the caller to the service.
    Request,
    /// From the service to the caller.
    Reply,
    /// Both directions: a schema that requests and replies share.
    Both,
}

/// The effect of a change on a program that uses the HTTP API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WireEffect {
    /// No effect: requests and responses are the same.
    Same,
    /// Existing programs still work, and something was added.
    Additive,
    /// A request may fail or mean something else, or a response may no longer decode.
    Breaking,
}

/// The effect of a change on a program that uses the generated crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RustEffect {
    /// Documentation only.
    Text,
    /// Something was added; programs compile as before.
    New,
    /// Programs compile as before, but may fail or read something else at run time.
    RunTime,
    /// A program that uses the item no longer compiles, or compiles with a warning.
    Compile,
}
