//! The schemas from which samples are made. `cargo xtask generate` writes them; `xtask/src/lower/samples.rs` has their keywords.

use std::sync::OnceLock;

use serde_json::{Map, Value};

/// The schemas of all types and operations.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    types: Map<String, Value>,
    operations: Map<String, Value>,
}

impl Schemas {
    /// The schemas of this version of the crate.
    pub(super) fn of_this_crate() -> &'static Self {
        static READ: OnceLock<Schemas> = OnceLock::new();
        // A test reads the file, so that it is valid.
        READ.get_or_init(|| Self::read(include_str!("../generated/schemas.json")).unwrap_or_default())
    }

    /// Reads the schemas.
    pub(super) fn read(json: &str) -> Option<Self> {
        let Value::Object(mut all) = serde_json::from_str(json).ok()? else { return None };
        let mut section = |name: &str| match all.remove(name) {
            Some(Value::Object(section)) => Some(section),
            _ => None,
        };
        Some(Self { types: section("types")?, operations: section("operations")? })
    }

    /// The schema of a type.
    pub(super) fn of_type(&self, name: &str) -> Option<&Value> {
        self.types.get(name)
    }

    /// The schema of an operation's `request` or `answer`.
    pub(super) fn of_operation(&self, id: &str, part: &str) -> Option<&Value> {
        self.operations.get(id)?.get(part)
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    #[cfg(test)]
    pub(super) fn types_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.types
    }
}
