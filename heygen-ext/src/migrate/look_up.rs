//! What a plan has to know from the service, and the answers.

use std::collections::BTreeMap;
use std::fmt;

use heygen_api::{Operation, operations};
use serde_json::Value;

use super::planned_request::PlannedRequest;

/// Something that a plan has to know from the service before its requests can be made.
///
/// A plan lists its look-ups. It is made without the answers first, then they are read, and then it is made again: see
/// [`Plan::unanswered`](super::Plan::unanswered). All look-ups are reads, and cost nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LookUp {
    /// A look: its kind, its engines, its preview image.
    Look(String),
    /// The looks of a group.
    LooksOfGroup(String),
    /// The variables of a template, with their current values.
    Template(String),
    /// The user of the key.
    Account,
}

impl LookUp {
    /// The operation that reads it.
    pub fn operation(&self) -> &'static Operation {
        match self {
            Self::Look(_) => &operations::GET_AVATAR_LOOK,
            Self::LooksOfGroup(_) => &operations::LIST_AVATAR_LOOKS,
            Self::Template(_) => &operations::GET_TEMPLATE,
            Self::Account => &operations::GET_CURRENT_USER,
        }
    }

    /// The request.
    pub(crate) fn request(&self) -> PlannedRequest {
        let request = PlannedRequest::new(self.operation(), self.purpose());
        match self {
            Self::Look(id) => request.with_parameter("look_id", id),
            Self::Template(id) => request.with_parameter("template_id", id),
            Self::LooksOfGroup(id) => request.with_query("group_id", id.as_str()),
            Self::Account => request,
        }
    }

    fn purpose(&self) -> &'static str {
        match self {
            Self::Look(_) => "the kind and the engines of the look",
            Self::LooksOfGroup(_) => "the looks of the group",
            Self::Template(_) => "the variables of the template",
            Self::Account => "the user of the key",
        }
    }
}

impl fmt::Display for LookUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request().fmt(f)
    }
}

/// Answers to look-ups.
///
/// ```
/// use heygen_ext::migrate::{LookUp, LookUps};
/// use serde_json::json;
///
/// let look = LookUp::Look("LOOK_ID".to_owned());
/// let answer = json!({
///     "id": "LOOK_ID",
///     "avatar_type": "photo_avatar",
///     "supported_api_engines": ["avatar_iii"],
/// });
/// let answers = LookUps::new().with(look, answer);
/// assert!(!answers.is_empty());
/// ```
#[derive(Clone, Default, PartialEq)]
#[must_use]
pub struct LookUps(BTreeMap<LookUp, Option<Value>>);

/// What is known about a look-up.
#[derive(Clone, Copy)]
pub(crate) enum Known<'a> {
    Found(&'a Value),
    /// The service does not have it.
    Absent,
    /// Nothing is known yet.
    Unanswered,
}

impl LookUps {
    /// No answers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer: the response, or its member `data`. For the looks of a group, it is the list of all pages.
    pub fn with(mut self, look_up: LookUp, mut answer: Value) -> Self {
        // What is looked up has no member of this name.
        let data = answer.get_mut("data").map(Value::take);
        self.0.insert(look_up, Some(data.unwrap_or(answer)));
        self
    }

    /// Adds that the service does not have it.
    pub fn with_absent(mut self, look_up: LookUp) -> Self {
        self.0.insert(look_up, None);
        self
    }

    /// Whether it has no answer.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, look_up: &LookUp) -> Known<'_> {
        match self.0.get(look_up) {
            Some(Some(data)) => Known::Found(data),
            Some(None) => Known::Absent,
            None => Known::Unanswered,
        }
    }
}

impl fmt::Debug for LookUps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_cannot_change_the_path() {
        let look = LookUp::Look("a/../b?c".to_owned()).to_string();
        assert!(look.starts_with("GET /v3/avatars/looks/a%2F..%2Fb%3Fc: "), "{look}");
        let looks = LookUp::LooksOfGroup("a&b".to_owned()).to_string();
        assert!(looks.starts_with("GET /v3/avatars/looks?group_id=a%26b: "), "{looks}");
    }

    #[test]
    fn an_answer_is_the_response_or_its_data() {
        let look = || LookUp::Look("l".to_owned());
        let data = json!({"id": "l", "avatar_type": "photo_avatar"});
        let of_data = LookUps::new().with(look(), data.clone());
        let of_response = LookUps::new().with(look(), json!({"data": data}));
        assert!(of_data == of_response && of_response != LookUps::new());
        let page = json!({"data": [data], "has_more": false, "next_token": null});
        let group = || LookUp::LooksOfGroup("g".to_owned());
        assert!(LookUps::new().with(group(), page) == LookUps::new().with(group(), json!([data])));
    }
}
