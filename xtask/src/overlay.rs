//! Overlay 1.0: every correction and addition to the provider's document, as data.
//!
//! An action names its place by an RFC 9535 JSONPath query, says what to merge in (`update`) or that the place
//! goes (`remove: true`), and why (`description`). An action that matches nothing is an error: the document has
//! changed under it, and somebody must look.

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
    #[allow(dead_code, reason = "required by the format, read by people")]
    info: Value,
    #[serde(default)]
    #[allow(dead_code, reason = "part of the format, read by people")]
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

/// Parses an overlay; JSON is YAML too.
pub fn parse(text: &str) -> Result<Overlay> {
    Ok(serde_norway::from_str(text)?)
}

/// Applies all actions in their order.
pub fn apply(mut document: Value, overlay: &Overlay) -> Result<Value, Diagnostics> {
    if !overlay.overlay.starts_with("1.") {
        return Err(Diagnostic::new(
            "overlay-version",
            "overlay",
            format!("the overlay says version {}", overlay.overlay),
            "write it for version 1.0.0",
        )
        .into());
    }
    let mut found = Vec::new();
    for (index, action) in overlay.actions.iter().enumerate() {
        let place = format!("overlay action {} ({})", index + 1, action.target);
        if let Err(diagnostic) = apply_one(&mut document, action, &place) {
            found.push(*diagnostic);
        }
    }
    Diagnostics::into_result(found)?;
    Ok(crate::walk::canonical(document))
}

fn apply_one(document: &mut Value, action: &Action, place: &str) -> Result<(), Box<Diagnostic>> {
    let fail =
        |rule, problem: String, remedy: &str| Err(Box::new(Diagnostic::new(rule, place, problem, remedy)));
    if action.description.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return fail(
            "overlay-reason",
            "the action does not say why it is there".into(),
            "give it a description",
        );
    }
    let path = match JsonPath::parse(&action.target) {
        Ok(path) => path,
        Err(error) => {
            return fail("overlay-target", format!("the target is no JSONPath: {error}"), "see RFC 9535");
        }
    };
    // Pointers are taken before the first change; removals go from the last to the first, so that the index of an
    // array element that is still to go stays right.
    let mut pointers: Vec<String> =
        path.query_located(document).locations().map(|location| location.to_json_pointer()).collect();
    if pointers.is_empty() {
        return fail(
            "overlay-no-match",
            "the target matches nothing in the document".into(),
            "the document has changed: drop the action if it is no longer needed, or mend its target",
        );
    }
    match (&action.update, action.remove) {
        (Some(_), true) | (None, false) => fail(
            "overlay-action",
            "an action has either `update` or `remove: true`".into(),
            "keep one of the two",
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

/// As Overlay 1.0 says: objects merge member by member, an array takes the new element (or elements) at its end,
/// anything else is replaced.
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
    fn remove_takes_out_all_that_match() {
        let document = json!({"list": [1, {"default": null}, {"default": null}, 2], "keep": {"default": 1}});
        let changed =
            run(document, "- {target: '$.list[?@.default == null]', description: why, remove: true}");
        assert_eq!(changed.unwrap(), json!({"keep": {"default": 1}, "list": [1, 2]}));
    }

    #[test]
    fn an_action_that_matches_nothing_names_itself() {
        let error = run(json!({}), "- {target: $.gone, description: why, remove: true}").unwrap_err();
        assert!(error.has("overlay-no-match"));
        assert!(error.to_string().contains("overlay action 1 ($.gone)"), "{error}");
    }

    #[test]
    fn an_action_without_a_reason_is_refused() {
        assert!(run(json!({"a": 1}), "- {target: $.a, remove: true}").unwrap_err().has("overlay-reason"));
    }

    #[test]
    fn an_action_must_do_exactly_one_thing() {
        assert!(run(json!({"a": 1}), "- {target: $.a, description: d}").unwrap_err().has("overlay-action"));
        let both = "- {target: $.a, description: d, remove: true, update: 1}";
        assert!(run(json!({"a": 1}), both).unwrap_err().has("overlay-action"));
    }

    #[test]
    fn a_target_that_is_no_jsonpath_is_refused() {
        assert!(
            run(json!({"a": 1}), "- {target: 'a..', description: d, remove: true}")
                .unwrap_err()
                .has("overlay-target")
        );
    }
}
