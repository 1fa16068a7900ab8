//! Collects changes with their places and the affected items of the crate.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::effect::Direction;
use super::kind::Kind;

/// A place in an operation, in a schema, or in the document.
#[derive(Debug, Clone)]
pub struct Place {
    /// `POST /v3/videos`, `VideoDetail`, or `the document`.
    pub subject: String,
    /// The path from the subject, such as `body.videos[].image`.
    pub path: String,
    /// JSON pointer.
    pub pointer: String,
    /// The Rust item of the subject.
    pub item: Option<String>,
    /// Whether the fields of `item` are items too, such as `types::VideoDetail::status`.
    pub has_fields: bool,
}

impl Place {
    /// A place below this one.
    pub fn step(&self, step: &str, pointer: &str) -> Self {
        let pointer =
            if pointer.is_empty() { self.pointer.clone() } else { format!("{}/{pointer}", self.pointer) };
        Self { path: format!("{}{step}", self.path), pointer, ..self.clone() }
    }

    /// A field of the object at this place.
    pub fn field(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        let pointer = format!("{}/properties/{}", self.pointer, crate::walk::escape(name));
        Self { path, pointer, ..self.clone() }
    }

    /// The place as text for a sentence.
    fn text(&self) -> String {
        match (self.path.as_str(), self.has_fields) {
            ("", true) => "the schema".to_owned(),
            ("", false) => "the operation".to_owned(),
            (path, _) => format!("`{path}`"),
        }
    }

    fn items(&self) -> Vec<String> {
        let Some(item) = &self.item else { return Vec::new() };
        let is_field = self.has_fields
            && !self.path.is_empty()
            && self.path.chars().all(|c| c.is_alphanumeric() || c == '_');
        vec![if is_field { format!("{item}::{}", self.path) } else { item.clone() }]
    }
}

/// The changes found so far.
#[derive(Default)]
pub struct Report {
    /// In the order in which they were found.
    pub changes: Vec<Change>,
    /// For each component, the operations that use it.
    pub reached: BTreeMap<String, BTreeSet<String>>,
}

impl Report {
    /// Adds a change.
    pub fn add(&mut self, kind: Kind, place: &Place, direction: Direction, old: &str, new: &str) {
        let (wire, rust) = kind.effects(direction);
        let sentence =
            kind.sentence().replace("{place}", &place.text()).replace("{old}", old).replace("{new}", new);
        let operations = self.reached.get(&place.subject).into_iter().flatten().cloned().collect();
        self.changes.push(Change {
            kind,
            subject: place.subject.clone(),
            pointer: place.pointer.clone(),
            wire,
            rust,
            loud: kind.is_loud(),
            operations,
            items: place.items(),
            sentence,
        });
    }
}
