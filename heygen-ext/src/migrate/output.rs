//! A v3 request body that a plan writes.

use serde_json::{Map, Value};

use super::fill::{Fill, Target};

/// A JSON object that is written member by member, and its place in the whole body.
#[derive(Debug, Default)]
pub(crate) struct Output {
    members: Map<String, Value>,
    at: String,
    /// The values that earlier answers have.
    fills: Vec<Fill>,
}

impl Output {
    /// A whole body.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// An object that [`attach`](Self::attach) puts into a member of this one.
    pub(crate) fn child(&self, name: &str) -> Self {
        Self { at: format!("{}.", self.place(name)), ..Self::default() }
    }

    /// The place of a member in the whole body, such as `scenes[0].input.script`.
    pub(crate) fn place(&self, name: &str) -> String {
        format!("{}{name}", self.at)
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.members.insert(name.to_owned(), value.into());
    }

    /// Sets a member from the answer to an earlier request. `pointer` is its JSON pointer in the answer.
    pub(crate) fn set_from(&mut self, name: &str, request: usize, pointer: &'static str) {
        // A place such as `scenes[0].input.script` has the JSON pointer `/scenes/0/input/script`.
        let place = self.place(name).replace(['[', '.'], "/").replace(']', "");
        let fill = Fill { target: Target::Body(format!("/{place}")), request, pointer };
        self.set(name, fill.placeholder());
        self.fills.push(fill);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
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
            self.fills.extend(child.fills);
            self.set(name, child.members);
        }
    }

    /// Puts objects into a member, as a list.
    pub(crate) fn attach_list(&mut self, name: &str, children: Vec<Self>) {
        let mut list = Vec::new();
        for child in children {
            self.fills.extend(child.fills);
            list.push(child.members);
        }
        self.set(name, list);
    }

    /// The object, and its values that earlier answers have.
    pub(crate) fn into_parts(self) -> (Value, Vec<Fill>) {
        (self.members.into(), self.fills)
    }

    pub(crate) fn into_value(self) -> Value {
        self.members.into()
    }
}
