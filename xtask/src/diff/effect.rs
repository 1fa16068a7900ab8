//! What a change means, and for whom.

use serde::Serialize;

/// Which way a value travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the caller to the service.
    Request,
    /// From the service to the caller.
    Reply,
    /// Both ways: a schema that requests and replies share.
    Both,
}

/// What a change means for a program that speaks HTTP with the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WireEffect {
    /// Nothing: the same requests and answers as before.
    Same,
    /// What worked before still works; there is more.
    Additive,
    /// A request or a reader that worked before may fail, or mean something else.
    Breaking,
}

/// What a change means for a program that uses the generated crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RustEffect {
    /// Documentation only.
    Text,
    /// Something new; programs compile as before.
    New,
    /// Programs compile as before, and may be refused or read something else when they run.
    RunTime,
    /// A program that uses the item does not compile, or compiles with a warning.
    Compile,
}
