//! Reads a legacy request, and records what happens to each of its values.
//!
//! A value is carried to the output, or lost with a reason, or neither: then [`Source::finish`] lists it as a loss. So a plan
//! cannot drop a value silently, because a conversion that forgets one does not have to know it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Number, Value};

use super::input_path::{InputPath, Place};
use super::loss::{Loss, Problem, Severity, shown};
use super::output::Output;

/// The values of a legacy request.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Values {
    /// The JSON body; `null` if the request has no body.
    pub(crate) body: Value,
    /// The query parameters, as an object.
    pub(crate) query: Value,
    /// The path parameters, as an object.
    pub(crate) path: Value,
    /// The media type of a body that is a file.
    pub(crate) media_type: Option<String>,
}

/// A legacy request with the record of its values.
pub(crate) struct Source<'v> {
    values: &'v Values,
    record: RefCell<Record>,
}

#[derive(Default)]
struct Record {
    carried: Vec<Carried>,
    losses: Vec<Loss>,
    problems: Vec<Problem>,
    /// The paths that were carried or lost, with all that is below them.
    done: BTreeSet<InputPath>,
}

/// A value of the legacy request that the plan carries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Carried {
    /// Where the value is in the legacy request.
    pub from: InputPath,
    /// Where it goes: a member of the v3 request, such as `scenes[0].input.script`, or a sentence about its effect.
    pub to: String,
}

/// What became known about the values of a request.
pub(crate) struct Findings {
    pub(crate) carried: Vec<Carried>,
    pub(crate) losses: Vec<Loss>,
    pub(crate) problems: Vec<Problem>,
}

impl<'v> Source<'v> {
    pub(crate) fn new(values: &'v Values) -> Self {
        Self { values, record: RefCell::default() }
    }

    pub(crate) fn node(&self, place: Place) -> Node<'_> {
        Node { record: &self.record, value: Some(self.root(place)), path: InputPath::of(place) }
    }

    pub(crate) fn media_type(&self) -> Option<&'v str> {
        self.values.media_type.as_deref()
    }

    fn root(&self, place: Place) -> &'v Value {
        match place {
            Place::Body => &self.values.body,
            Place::Query => &self.values.query,
            Place::Path => &self.values.path,
        }
    }

    /// Lists what was carried and lost. A value that was neither is a harmless loss: neither API documents it.
    pub(crate) fn finish(&self) -> Findings {
        let mut record = self.record.take();
        for place in [Place::Path, Place::Query, Place::Body] {
            let mut rest = Vec::new();
            collect(self.root(place), &InputPath::of(place), &record.done, &mut rest);
            record.losses.extend(rest.into_iter().map(|(path, value)| Loss {
                path,
                value: value.clone(),
                reason:
                    "the documentation of v1 and v2 does not have this member, and it is not sent".to_owned(),
                alternative: "remove it".to_owned(),
                severity: Severity::Harmless,
                is_engine: false,
            }));
        }
        for problem in &mut record.problems {
            // The path of a member that is missing becomes that of its object.
            while problem.path.value_in(self.root(problem.path.place())).is_none() {
                match problem.path.parent() {
                    Some(parent) => problem.path = parent,
                    None => break,
                }
            }
        }
        Findings { carried: record.carried, losses: record.losses, problems: record.problems }
    }
}

/// Collects the values that are not in `done`. An object or array of which nothing is in `done` is collected as one.
fn collect<'v>(
    value: &'v Value,
    path: &InputPath,
    done: &BTreeSet<InputPath>,
    found: &mut Vec<(InputPath, &'v Value)>,
) {
    if done.contains(path) || is_void(value) {
        return;
    }
    let inside: Vec<(InputPath, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (path.member(name), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| (path.item(index), value)).collect()
        }
        _ => Vec::new(),
    };
    if inside.is_empty() || (path.parent().is_some() && !is_touched(path, done)) {
        found.push((path.clone(), value));
    } else {
        inside.iter().for_each(|(path, value)| collect(value, path, done, found));
    }
}

/// Whether a path below this one is in `done`.
fn is_touched(path: &InputPath, done: &BTreeSet<InputPath>) -> bool {
    // The paths below this one follow it in the order of the set.
    done.range(path..).take_while(|other| other.starts_with(path)).any(|other| other != path)
}

/// Whether a value says nothing: the old service treated these as absent.
fn is_void(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_void),
        Value::Object(members) => members.values().all(is_void),
        _ => false,
    }
}

/// A value of the request, or the place of a value that is missing.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    record: &'a RefCell<Record>,
    value: Option<&'a Value>,
    path: InputPath,
}

impl<'a> Node<'a> {
    pub(crate) fn get(&self, name: &str) -> Self {
        let value = self.value.and_then(|value| value.get(name));
        Self { record: self.record, value, path: self.path.member(name) }
    }

    /// The first of these members that is present, or else the first.
    pub(crate) fn first_of(&self, names: &[&str]) -> Self {
        let present = names.iter().map(|name| self.get(name)).find(Self::is_present);
        present.unwrap_or_else(|| self.get(names.first().copied().unwrap_or_default()))
    }

    /// Whether there is a value. `null`, an empty text and an empty list count as missing.
    pub(crate) fn is_present(&self) -> bool {
        self.value.is_some_and(|value| !is_void(value))
    }

    pub(crate) fn value(&self) -> &'a Value {
        self.value.unwrap_or(&Value::Null)
    }

    pub(crate) fn is_object(&self) -> bool {
        self.value.is_some_and(Value::is_object)
    }

    pub(crate) fn items(&self) -> Vec<Self> {
        let items = self.value.and_then(Value::as_array).into_iter().flatten().enumerate();
        items
            .map(|(index, value)| Self {
                record: self.record,
                value: Some(value),
                path: self.path.item(index),
            })
            .collect()
    }

    /// The name of the member.
    pub(crate) fn name(&self) -> &str {
        self.path.last_member().unwrap_or_default()
    }

    /// The members of an object, by name.
    pub(crate) fn members(&self) -> Vec<(&'a str, Self)> {
        let members = self.value.and_then(Value::as_object).into_iter().flatten();
        members.map(|(name, _)| (name.as_str(), self.get(name))).collect()
    }

    /// Records a problem of this value.
    pub(crate) fn problem(&self, message: impl Into<String>) {
        self.problem_with_code("invalid_parameter", message);
    }

    pub(crate) fn problem_with_code(&self, code: &'static str, message: impl Into<String>) {
        let problem = Problem { path: self.path.clone(), message: message.into(), code };
        self.record.borrow_mut().problems.push(problem);
    }

    /// Records that this value must be there.
    pub(crate) fn missing(&self, name: &str, remedy: &str) {
        self.problem(format!("`{name}` is missing; {remedy}"));
    }

    /// Records that this value and all below it are carried.
    pub(crate) fn carried(&self, to: impl Into<String>) {
        if self.value.is_some() {
            let mut record = self.record.borrow_mut();
            record.done.insert(self.path.clone());
            record.carried.push(Carried { from: self.path.clone(), to: to.into() });
        }
    }

    /// Records that this value and all below it are lost.
    pub(crate) fn lose(&self, severity: Severity, reason: impl Into<String>, alternative: impl Into<String>) {
        self.push_loss(severity, reason.into(), alternative.into(), false);
    }

    /// Records that the engine of v2 cannot be kept, at the value that decides about it.
    pub(crate) fn lose_engine(&self, reason: impl Into<String>, alternative: impl Into<String>) {
        self.push_loss(Severity::Billed, reason.into(), alternative.into(), true);
    }

    /// The loss of this value, for a plan that only knows later whether it is lost.
    pub(crate) fn loss(
        &self,
        severity: Severity,
        reason: impl Into<String>,
        alternative: impl Into<String>,
    ) -> Loss {
        let (path, value) = (self.path.clone(), self.value().clone());
        Loss {
            path,
            value,
            reason: reason.into(),
            alternative: alternative.into(),
            severity,
            is_engine: false,
        }
    }

    fn push_loss(&self, severity: Severity, reason: String, alternative: String, is_engine: bool) {
        if !self.is_present() {
            return;
        }
        let (path, value) = (self.path.clone(), self.value().clone());
        let mut record = self.record.borrow_mut();
        record.done.insert(path.clone());
        let loss = Loss { path, value, reason, alternative, severity, is_engine };
        // Several scenes may share a value.
        if !record.losses.contains(&loss) {
            record.losses.push(loss);
        }
    }

    /// Reads a text without recording it. Old programs send numbers where the service expects a text.
    pub(crate) fn text(&self) -> Option<String> {
        match self.value? {
            Value::Null => None,
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            other => {
                self.problem(format!("{} is not a text; write a string", shown(other)));
                None
            }
        }
    }

    /// Reads a number without recording it. Old programs send numbers as text.
    pub(crate) fn number(&self) -> Option<Number> {
        let number = match self.value? {
            Value::Null => return None,
            Value::String(text) if text.trim().is_empty() => return None,
            Value::Number(number) => Some(number.clone()),
            Value::String(text) => parse_number(text.trim()),
            _ => None,
        };
        if number.is_none() {
            self.problem(format!("{} is not a number; write a number", shown(self.value())));
        }
        number
    }

    pub(crate) fn float(&self) -> Option<f64> {
        self.number().and_then(|number| number.as_f64())
    }

    /// Reads a truth value without recording it. Old programs send `"true"` and `1`.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match self.value? {
            Value::Null => None,
            Value::Bool(value) => Some(*value),
            Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
            Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "" => None,
                "true" | "1" | "yes" => Some(true),
                "false" | "0" | "no" => Some(false),
                _ => self.not_boolean(),
            },
            _ => self.not_boolean(),
        }
    }

    fn not_boolean(&self) -> Option<bool> {
        self.problem(format!("{} is not a truth value; write `true` or `false`", shown(self.value())));
        None
    }

    /// Reads one of the words in a table, in any case, and returns its second column. Any other word is a problem.
    pub(crate) fn word<T: Copy>(&self, table: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = table.iter().find(|(word, _)| word.eq_ignore_ascii_case(text.trim()));
        if found.is_none() {
            let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
            self.problem(format!("`{text}` is not known; write one of: {}", words.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    /// Whether the value is this word, in any case.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.value().as_str().is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
    }

    /// Carries a value that is computed from this one.
    pub(crate) fn put(&self, output: &mut Output, name: &str, value: impl Into<Value>) {
        self.carried(output.place(name));
        output.set(name, value);
    }

    /// Carries a text.
    pub(crate) fn put_text(&self, output: &mut Output, name: &str) -> Option<String> {
        let text = self.text()?;
        self.put(output, name, text.clone());
        Some(text)
    }

    /// Carries a truth value.
    pub(crate) fn put_boolean(&self, output: &mut Output, name: &str) -> Option<bool> {
        let value = self.boolean()?;
        self.put(output, name, value);
        Some(value)
    }

    /// Carries a number. A number outside the limits becomes the nearest limit, which is a loss of this severity.
    pub(crate) fn put_number(&self, output: &mut Output, name: &str, limits: Limits) {
        let Some(number) = self.number() else { return };
        let value = number.as_f64().unwrap_or_default();
        let nearest = value.clamp(limits.min, limits.max);
        if nearest == value {
            self.put(output, name, number);
        } else {
            output.set(name, nearest);
            let reason = format!("v3 accepts {} to {}", limits.min, limits.max);
            self.lose(limits.severity, reason, format!("set {nearest}"));
        }
    }

    /// Carries an integer.
    pub(crate) fn put_integer(&self, output: &mut Output, name: &str) {
        let Some(number) = self.float() else { return };
        // Every integer up to 2^53 has an exact `f64`.
        if number.fract() == 0.0 && number.abs() < 9e15 {
            #[expect(clippy::cast_possible_truncation, reason = "the value is an integer below 2^53")]
            self.put(output, name, number as i64);
        } else {
            self.problem(format!("{number} is not an integer; write one"));
        }
    }

    /// Carries a list of texts.
    pub(crate) fn put_texts(&self, output: &mut Output, name: &str) {
        if !self.is_present() {
            return;
        }
        if !self.value().is_array() {
            self.problem(format!("{} is not a list; write a list of strings", shown(self.value())));
            return;
        }
        let texts: Vec<Value> = self.items().iter().filter_map(Self::text).map(Value::from).collect();
        self.put(output, name, texts);
    }
}

/// The smallest and largest value that v3 accepts, and the severity of a value outside.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) severity: Severity,
}

fn parse_number(text: &str) -> Option<Number> {
    if let Ok(integer) = text.parse::<i64>() {
        return Some(integer.into());
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests;
