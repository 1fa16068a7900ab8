//! Paths of values in a legacy request.

use std::fmt;

use serde_json::Value;

/// The place of a value in a legacy request: in its JSON body, in its query, or in its path.
///
/// It prints as `video_inputs[0].voice.speed` for a value of the body, `?limit` for a query parameter, and `{video_id}` for
/// a path parameter.
///
/// ```
/// use heygen_ext::migrate::InputPath;
/// use serde_json::json;
///
/// let body = json!({"video_inputs": [{"voice": {"speed": 1.5}}]});
/// let scene = InputPath::body().member("video_inputs").item(0);
/// let path = scene.member("voice").member("speed");
/// assert_eq!(path.to_string(), "video_inputs[0].voice.speed");
/// assert_eq!(path.value_in_body(&body), Some(&json!(1.5)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputPath {
    place: Place,
    steps: Vec<Step>,
}

/// The part of a request that contains a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    Body,
    Query,
    Path,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    Member(String),
    Item(usize),
}

impl InputPath {
    /// The path of the whole body.
    pub fn body() -> Self {
        Self::of(Place::Body)
    }

    pub(crate) fn of(place: Place) -> Self {
        Self { place, steps: Vec::new() }
    }

    /// The path of a member of the value with this path.
    pub fn member(&self, name: impl Into<String>) -> Self {
        self.with(Step::Member(name.into()))
    }

    /// The path of an item of the array with this path. The first item has the index 0.
    pub fn item(&self, index: usize) -> Self {
        self.with(Step::Item(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self { place: self.place, steps }
    }

    /// The path without its last part; `None` for the path of the whole body.
    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, steps) = self.steps.split_last()?;
        Some(Self { place: self.place, steps: steps.to_vec() })
    }

    /// The name of the member at the end of the path, or of the array that contains the item at its end.
    pub(crate) fn last_member(&self) -> Option<&str> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Member(name) => Some(name.as_str()),
            Step::Item(_) => None,
        })
    }

    /// Whether this is the other path, or one below it.
    pub(crate) fn starts_with(&self, other: &Self) -> bool {
        self.place == other.place && self.steps.starts_with(&other.steps)
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Finds the value with this path in the body of the request. `None` if the body has no such value, or if the path is that of
    /// a query or path parameter.
    pub fn value_in_body<'v>(&self, body: &'v Value) -> Option<&'v Value> {
        if self.place == Place::Body { self.value_in(body) } else { None }
    }

    /// Finds the value with this path below the root of its place.
    pub(crate) fn value_in<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(root, |value, step| match step {
            Step::Member(name) => value.get(name),
            Step::Item(index) => value.get(index),
        })
    }
}

impl fmt::Display for InputPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.place, self.steps.as_slice()) {
            (Place::Body, []) => return f.write_str("(the body)"),
            (Place::Query, []) => return f.write_str("(the query)"),
            (Place::Query, [Step::Member(name), ..]) => return write!(f, "?{name}"),
            (Place::Path, [Step::Member(name), ..]) => return write!(f, "{{{name}}}"),
            _ => {}
        }
        for (index, step) in self.steps.iter().enumerate() {
            match step {
                Step::Item(index) => write!(f, "[{index}]")?,
                Step::Member(name) if is_plain(name) && index == 0 => f.write_str(name)?,
                Step::Member(name) if is_plain(name) => write!(f, ".{name}")?,
                Step::Member(name) => write!(f, "[{}]", Value::from(name.as_str()))?,
            }
        }
        Ok(())
    }
}

/// Whether a name can be written without quotes.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_as_they_are_written_in_programs() {
        let scene = InputPath::body().member("video_inputs").item(1);
        assert_eq!(scene.member("a.b").to_string(), "video_inputs[1][\"a.b\"]");
        assert_eq!(InputPath::body().to_string(), "(the body)");
        assert_eq!(InputPath::of(Place::Query).member("limit").to_string(), "?limit");
        assert_eq!(InputPath::of(Place::Path).member("id").to_string(), "{id}");
        assert_eq!(scene.parent().unwrap().to_string(), "video_inputs");
    }
}
