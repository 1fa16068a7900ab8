//! Applies an OpenAPI Overlay 1.0: corrections and additions to the provider's document, as data.
//!
//! The `target` of an action selects places in the document by an RFC 9535 JSONPath query. The action merges a value into
//! them (`update`) or removes them (`remove: true`), and says why (`description`). An action that matches nothing is an
//! error: the document has changed, and a person must decide whether the action is still needed.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::diagnostic::{Diagnostic, Diagnostics};

/// A parsed overlay document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    overlay: String,
    #[allow(dead_code, reason = "required by the format; only people read it")]
    info: Value,
    #[serde(default)]
    #[allow(dead_code, reason = "part of the format; only people read it")]
    extends: Option<String>,
    actions: Vec<Action>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    target: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    update: Option<Value>,
    #[serde(default)]
    remove: bool,
}

/// Reads an overlay in YAML or JSON.
pub fn load(path: &Path) -> Result<Overlay> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the overlay {}", path.display()))?;
    parse(&text).with_context(|| format!("{} is not an Overlay 1.0 document", path.display()))
}

/// Parses an overlay in YAML or JSON, which is valid YAML.
pub fn parse(text: &str) -> Result<Overlay> {
    Ok(serde_norway::from_str(text)?)
}

/// Applies all actions, in order.
pub fn apply(mut document: Value, overlay: &Overlay) -> Result<Value, Diagnostics> {
    if !overlay.overlay.starts_with("1.") {
        return Err(Diagnostic::new(
            "overlay-version",
            "overlay",
            format!("`overlay: {}` is not supported", overlay.overlay),
            "write the overlay for version 1.0.0",
        )
        .into());
    }
    let mut found = Vec::new();
    for (index, action) in overlay.actions.iter().enumerate() {
        let place = format!("overlay action {} ({})", index + 1, action.target);
        if let Err(diagnostic) = apply_action(&mut document, action, &place) {
            found.push(*diagnostic);
        }
    }
    Diagnostics::into_result(found)?;
    Ok(crate::walk::canonical(document))
}

fn apply_action(document: &mut Value, action: &Action, place: &str) -> Result<(), Box<Diagnostic>> {
    let fail =
        |rule, problem: String, remedy: &str| Err(Box::new(Diagnostic::new(rule, place, problem, remedy)));
    if action.description.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return fail(
            "overlay-reason",
            "the action has no description".into(),
            "add a `description` that says why the action is needed",
        );
    }
    let path = match JsonPath::parse(&action.target) {
        Ok(path) => path,
        Err(error) => {
            return fail(
                "overlay-target",
                format!("the target is not a valid JSONPath: {error}"),
                "write it as in RFC 9535",
            );
        }
    };
    // All matches are located before the first change. Removal starts with the last match, so that the indices of
    // earlier array elements stay valid.
    let mut pointers: Vec<String> =
        path.query_located(document).locations().map(|location| location.to_json_pointer()).collect();
    if pointers.is_empty() {
        return fail(
            "overlay-no-match",
            "the target matches nothing in the document".into(),
            "the document has changed: remove the action if it is no longer needed, or correct its target",
        );
    }
    match (&action.update, action.remove) {
        (Some(_), true) | (None, false) => fail(
            "overlay-action",
            "the action must have either `update` or `remove: true`".into(),
            "write exactly one of the two",
        ),
        (Some(update), false) => {
            for pointer in &pointers {
                if let Some(target) = document.pointer_mut(pointer) {
                    merge(target, update);
                }
            }
            Ok(())
        }
        (None, true) => {
            pointers.reverse();
            pointers.iter().for_each(|pointer| remove(document, pointer));
            Ok(())
        }
    }
}

/// Merges as Overlay 1.0 specifies: objects member by member; a new element, or elements, at the end of an array; any
/// other value is replaced.
fn merge(target: &mut Value, update: &Value) {
    match (target, update) {
        (Value::Object(target), Value::Object(update)) => {
            for (name, value) in update {
                match target.get_mut(name) {
                    Some(present) => merge(present, value),
                    None => {
                        target.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(target), Value::Array(update)) => target.extend(update.iter().cloned()),
        (Value::Array(target), update) => target.push(update.clone()),
        (target, update) => *target = update.clone(),
    }
}

fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    match document.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.remove(&last.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Ok(index) = last.parse::<usize>()
                && index < items.len()
            {
                items.remove(index);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(document: Value, actions: &str) -> Result<Value, Diagnostics> {
        let text = format!("overlay: 1.0.0\ninfo: {{title: t, version: '1'}}\nactions:\n{actions}");
        apply(document, &parse(&text).unwrap())
    }

    #[test]
    fn update_merges_objects_and_extends_arrays() {
        let document = json!({"a": {"required": ["x"], "keep": 1, "swap": 1}});
        let changed =
            run(document, "- {target: $.a, description: why, update: {required: [y], swap: 2, new: 3}}")
                .unwrap();
        assert_eq!(changed, json!({"a": {"keep": 1, "new": 3, "required": ["x", "y"], "swap": 2}}));
    }

    #[test]
    fn remove_removes_every_match() {
        let document = json!({"list": [1, {"default": null}, {"default": null}, 2], "keep": {"default": 1}});
        let changed =
            run(document, "- {target: '$.list[?@.default == null]', description: why, remove: true}");
        assert_eq!(changed.unwrap(), json!({"keep": {"default": 1}, "list": [1, 2]}));
    }

    #[test]
    fn the_finding_for_an_action_without_a_match_names_the_action() {
        let error = run(json!({}), "- {target: $.gone, description: why, remove: true}").unwrap_err();
        assert!(error.has("overlay-no-match"));
        assert!(error.to_string().contains("overlay action 1 ($.gone)"), "{error}");
    }

    #[test]
    fn an_action_without_a_reason_is_refused() {
        assert!(run(json!({"a": 1}), "- {target: $.a, remove: true}").unwrap_err().has("overlay-reason"));
    }

    #[test]
    fn an_action_must_either_update_or_remove() {
        assert!(run(json!({"a": 1}), "- {target: $.a, description: d}").unwrap_err().has("overlay-action"));
        let both = "- {target: $.a, description: d, remove: true, update: 1}";
        assert!(run(json!({"a": 1}), both).unwrap_err().has("overlay-action"));
    }

    #[test]
    fn a_target_that_is_not_a_jsonpath_is_refused() {
        assert!(
            run(json!({"a": 1}), "- {target: 'a..', description: d, remove: true}")
                .unwrap_err()
                .has("overlay-target")
        );
    }
}
