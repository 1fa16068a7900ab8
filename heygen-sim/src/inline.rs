//! Inline files: files in the body of a request, as base64. They are decoded before the state is locked.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::Value;

use crate::document::Route;

/// The decoded inline files of a request, by number.
#[derive(Default)]
pub(crate) struct Inline(Vec<Bytes>);

impl Inline {
    /// Removes the inline files from a body, and replaces the data of each by its number, or by an empty string if the data
    /// are not base64. The bodies of workflows do not change, because their content is free.
    pub(crate) fn take(route: &Route, body: &mut Value) -> Self {
        let mut inline = Self::default();
        if !route.path.starts_with("/v3/workflow") {
            inline.walk(body);
        }
        inline
    }

    /// Replaces the inline files in a value, recursively.
    fn walk(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                let is_file = members.get("type").is_some_and(|kind| kind == "base64");
                for (name, value) in members {
                    match value {
                        Value::String(data) if is_file && name == "data" => {
                            let content = BASE64_STANDARD.decode(&*data).ok();
                            let content = content.filter(|content| !content.is_empty());
                            *data = content.map_or_else(String::new, |content| self.push(content.into()));
                        }
                        _ => self.walk(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            _ => {}
        }
    }

    /// Adds a file, and returns its number.
    fn push(&mut self, content: Bytes) -> String {
        self.0.push(content);
        (self.0.len() - 1).to_string()
    }

    /// The file with a number.
    pub(crate) fn get(&self, number: &str) -> Option<Bytes> {
        self.0.get(number.parse::<usize>().ok()?).cloned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::document;

    #[test]
    fn inline_files_are_extracted_and_invalid_ones_emptied() {
        let file = |data: &str| json!({"type": "base64", "data": data});
        let mut body = json!({"a": file("YQ=="), "b": [file("?"), file(""), file("YmI=")], "data": "YQ=="});
        let before = body.clone();
        let videos = document().route("createVideo").unwrap();
        let inline = Inline::take(videos, &mut body);
        assert_eq!(body, json!({"a": file("0"), "b": [file(""), file(""), file("1")], "data": "YQ=="}));
        assert_eq!((inline.get("1"), inline.get("2"), inline.get("")), (Some("bb".into()), None, None));
        let mut body = before.clone();
        Inline::take(document().route("createWorkflow").unwrap(), &mut body);
        assert_eq!(body, before);
    }
}
