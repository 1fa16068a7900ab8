//! A v3 request body that a plan writes.

use serde_json::{Map, Value};

/// A JSON object that is written member by member, and its place in the whole body.
#[derive(Debug, Default)]
pub(crate) struct Output {
    members: Map<String, Value>,
    at: String,
}

impl Output {
    /// A whole body.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// An object that [`attach`](Self::attach) puts into a member of this one.
    pub(crate) fn child(&self, name: &str) -> Self {
        Self { members: Map::new(), at: format!("{}.", self.place(name)) }
    }

    /// The place of a member in the whole body, such as `scenes[0].input.script`.
    pub(crate) fn place(&self, name: &str) -> String {
        format!("{}{name}", self.at)
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.members.insert(name.to_owned(), value.into());
    }

    pub(crate) fn is_filled(&self) -> bool {
        !self.members.is_empty()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Puts an object into a member, unless it is empty.
    pub(crate) fn attach(&mut self, name: &str, child: Self) {
        if !child.members.is_empty() {
            self.set(name, child.into_value());
        }
    }

    pub(crate) fn into_value(self) -> Value {
        self.members.into()
    }
}
