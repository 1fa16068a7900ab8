//! One change between two documents.

use serde::Serialize;

use super::effect::{RustEffect, WireEffect};
use super::kind::Kind;

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The kind, by its stable name.
    #[serde(serialize_with = "by_name")]
    pub kind: Kind,
    /// What changed: an operation (`POST /v3/videos`), a schema (`VideoDetail`), or the document.
    pub subject: String,
    /// JSON pointer to the place in the newer document; for a removal, in the older one.
    pub pointer: String,
    /// Effect on HTTP clients.
    pub wire: WireEffect,
    /// Effect on users of the Rust crate.
    pub rust: RustEffect,
    /// Whether programs may misbehave without an error.
    pub loud: bool,
    /// Operations that use the changed schema.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    /// Affected items of the crate's public API.
    pub items: Vec<String>,
    /// The change in one sentence.
    pub sentence: String,
}

fn by_name<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

impl Change {
    /// Whether a program that worked before the change may stop working.
    pub fn is_breaking(&self) -> bool {
        self.wire == WireEffect::Breaking || self.rust >= RustEffect::RunTime
    }

    /// Whether only text changed.
    pub fn is_text(&self) -> bool {
        self.kind == Kind::TextChanged
    }
}
