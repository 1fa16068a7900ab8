//! Applies an OpenAPI Overlay 1.0: corrections and additions to the provider's document, as data.
//!
//! The `target` of an action selects places in the document by an RFC 9535 JSONPath query. The action merges a value into
//! them (`update`) or removes them (`remove: true`), and says why (`description`). An action that matches nothing, changes
//! nothing, or adds an element that a list already has, is an error: the document has changed since it was written.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::walk;

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

/// What an action did to a document.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The target of the action.
    pub target: String,
    /// The number of places that the target selects.
    pub matches: usize,
    /// Whether the action changed the document.
    pub changed: bool,
    /// JSON pointers to the members that the action added.
    pub added: BTreeSet<String>,
    /// JSON pointers to the lists that already had an element of the action.
    doubled: BTreeSet<String>,
}

/// The result of applying an overlay.
#[derive(Debug)]
pub struct Applied {
    /// The document with all actions applied that could be applied.
    pub document: Value,
    /// One effect for each action.
    pub effects: Vec<Effect>,
    /// What is wrong with the actions.
    pub findings: Vec<Diagnostic>,
}

/// Applies all actions, in order, and collects what is wrong with them.
pub fn apply_all(mut document: Value, overlay: &Overlay) -> Applied {
    let mut findings = Vec::new();
    if !overlay.overlay.starts_with("1.") {
        findings.push(Diagnostic::new(
            "overlay-version",
            "overlay",
            format!("`overlay: {}` is not supported", overlay.overlay),
            "write the overlay for version 1.0.0",
        ));
        return Applied { document, effects: Vec::new(), findings };
    }
    let mut effects = Vec::new();
    for (index, action) in overlay.actions.iter().enumerate() {
        let mut effect = Effect { target: action.target.clone(), ..Effect::default() };
        match apply_action(&mut document, action, &mut effect) {
            Ok(()) => findings.extend(effect.finding(index)),
            Err((rule, problem, remedy)) => {
                findings.push(Diagnostic::new(rule, place(index, &action.target), problem, remedy));
            }
        }
        effects.push(effect);
    }
    Applied { document: walk::canonical(document), effects, findings }
}

/// Applies all actions, in order.
pub fn apply(document: Value, overlay: &Overlay) -> Result<Value, Diagnostics> {
    let applied = apply_all(document, overlay);
    Diagnostics::into_result(applied.findings)?;
    Ok(applied.document)
}

/// The place of a finding about the action with this index.
fn place(index: usize, target: &str) -> String {
    format!("overlay action {} ({target})", index + 1)
}

impl Effect {
    /// Whether the overlay can do without the action.
    pub fn is_superfluous(&self) -> bool {
        !self.changed
    }

    fn finding(&self, index: usize) -> Option<Diagnostic> {
        let (rule, problem, remedy) = if self.is_superfluous() {
            let problem = "the document already has everything that the action sets";
            ("overlay-superfluous", problem.to_owned(), "drop it from the overlay")
        } else {
            let list = self.doubled.first()?;
            let problem = format!("the list `#{list}` already has an element that the action adds");
            ("overlay-doubled", problem, "drop the element from the action, or drop the action")
        };
        Some(Diagnostic::new(rule, place(index, &self.target), problem, remedy))
    }
}

/// Compares the effects of the overlay on an older and on a newer document. An action is a finding if it matches fewer places
/// than before, or if the newer document itself has a member that the action used to add.
pub fn aged(old: &[Effect], new: &[Effect]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (index, (old, new)) in old.iter().zip(new).enumerate() {
        let place = place(index, &new.target);
        if (1..old.matches).contains(&new.matches) {
            found.push(Diagnostic::new(
                "overlay-fewer-matches",
                &place,
                format!(
                    "the target matches {} of the {} places that it matched before",
                    new.matches, old.matches
                ),
                "check the places that it no longer matches, then run the command again with `--accept`",
            ));
        }
        let present: Vec<&str> = old.added.difference(&new.added).map(String::as_str).collect();
        if new.changed && new.matches >= old.matches && !present.is_empty() {
            found.push(Diagnostic::new(
                "overlay-now-present",
                place,
                format!(
                    "the document now has members that the action used to add: `#{}`",
                    present.join("`, `#")
                ),
                "drop them from the action; or, if they still differ, run the command again with `--accept`",
            ));
        }
    }
    found
}

/// The text of an overlay without the actions with these indices. `None` if the text is not laid out as one block for each
/// action, in which case a person must drop them.
pub fn without(text: &str, dropped: &BTreeSet<usize>) -> Option<String> {
    let starts_action = |line: &str| line.starts_with("  - ");
    let (mut out, mut action) = (String::new(), None);
    for line in text.split_inclusive('\n') {
        if starts_action(line) {
            action = Some(action.map_or(0, |index: usize| index + 1));
        }
        let belongs = starts_action(line) || line.starts_with("    ");
        if !(belongs && action.is_some_and(|index| dropped.contains(&index))) {
            out.push_str(line);
        }
    }
    let (before, after) = (parse(text).ok()?, parse(&out).ok()?);
    (after.actions.len() + dropped.len() == before.actions.len()).then_some(out)
}

type Failure = (&'static str, String, &'static str);

fn apply_action(document: &mut Value, action: &Action, effect: &mut Effect) -> Result<(), Failure> {
    if action.description.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err((
            "overlay-reason",
            "the action has no description".into(),
            "add a `description` that says why the action is needed",
        ));
    }
    let path = JsonPath::parse(&action.target).map_err(|error| {
        let problem = format!("the target is not a valid JSONPath: {error}");
        ("overlay-target", problem, "write it as in RFC 9535")
    })?;
    // All matches are located before the first change. Removal starts with the last match, so that the indices of
    // earlier array elements stay valid.
    let mut pointers: Vec<String> =
        path.query_located(document).locations().map(|location| location.to_json_pointer()).collect();
    effect.matches = pointers.len();
    if pointers.is_empty() {
        return Err((
            "overlay-no-match",
            "the target matches nothing in the document".into(),
            "drop the action if it is no longer needed, or correct its target",
        ));
    }
    match (&action.update, action.remove) {
        (Some(_), true) | (None, false) => Err((
            "overlay-action",
            "the action must have either `update` or `remove: true`".into(),
            "write exactly one of the two",
        )),
        (Some(update), false) => {
            for pointer in &pointers {
                if let Some(target) = document.pointer_mut(pointer) {
                    merge(target, update, pointer, effect);
                }
            }
            Ok(())
        }
        (None, true) => {
            effect.changed = true;
            pointers.reverse();
            pointers.iter().for_each(|pointer| remove(document, pointer));
            Ok(())
        }
    }
}

/// Merges as Overlay 1.0 specifies: objects member by member; a new element, or elements, at the end of an array; any
/// other value is replaced.
fn merge(target: &mut Value, update: &Value, pointer: &str, effect: &mut Effect) {
    match (target, update) {
        (Value::Object(target), Value::Object(update)) => {
            for (name, value) in update {
                let pointer = format!("{pointer}/{}", walk::escape(name));
                match target.get_mut(name) {
                    Some(present) => merge(present, value, &pointer, effect),
                    None => {
                        target.insert(name.clone(), value.clone());
                        effect.changed = true;
                        effect.added.insert(pointer);
                    }
                }
            }
        }
        (Value::Array(target), update) => {
            let elements = update.as_array().map_or(std::slice::from_ref(update), Vec::as_slice);
            for element in elements {
                // An element that is there already is a finding. It is not added, so that nothing else is found because of it.
                if target.contains(element) {
                    effect.doubled.insert(pointer.to_owned());
                } else {
                    effect.changed = true;
                    target.push(element.clone());
                }
            }
        }
        (target, update) => {
            effect.changed |= target != update;
            *target = update.clone();
        }
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

    #[test]
    fn an_action_without_an_effect_is_a_finding() {
        let superfluous = "- {target: $.a, description: d, update: {x: 1}}";
        let error = run(json!({"a": {"x": 1}}), superfluous).unwrap_err();
        assert!(error.has("overlay-superfluous") && error.to_string().contains("drop it"), "{error}");
        assert!(run(json!({"a": {"x": 2}}), superfluous).is_ok());
        let doubled = "- {target: $.a, description: d, update: {list: [y, z]}}";
        let error = run(json!({"a": {"list": ["x", "y"]}}), doubled).unwrap_err();
        assert!(error.has("overlay-doubled") && error.to_string().contains("`#/a/list`"), "{error}");
        assert!(run(json!({"a": {"list": ["y", "z"]}}), doubled).unwrap_err().has("overlay-superfluous"));
    }

    #[test]
    fn an_action_ages_when_it_matches_less_or_the_document_catches_up() {
        let overlay = parse(
            "overlay: 1.0.0\ninfo: {}\nactions:\n\
             - {target: '$.list[?@.a]', description: d, update: {b: 1}}\n\
             - {target: $, description: d, update: {new: {x: 1}}}\n",
        )
        .unwrap();
        let effects = |document: Value| apply_all(document, &overlay).effects;
        let old = effects(json!({"list": [{"a": 1}, {"a": 2}]}));
        assert_eq!(aged(&old, &old), []);
        let rules = |document| aged(&old, &effects(document)).iter().map(|one| one.rule).collect::<Vec<_>>();
        assert_eq!(rules(json!({"list": [{"a": 1}, {"c": 2}]})), ["overlay-fewer-matches"]);
        let caught_up = json!({"list": [{"a": 1}, {"a": 2}], "new": {"x": 2}});
        assert_eq!(rules(caught_up), ["overlay-now-present"]);
    }

    #[test]
    fn dropped_actions_leave_the_others_and_the_comments() {
        let text = "overlay: 1.0.0\ninfo: {}\nactions:\n  # ---- One\n\n  - target: $.a\n    remove: true\n  \
                    - target: $.b\n    remove: true\n\n  # ---- Two\n\n  - target: $.c\n    remove: true\n";
        let left = without(text, &BTreeSet::from([0, 2])).unwrap();
        let expected = "overlay: 1.0.0\ninfo: {}\nactions:\n  # ---- One\n\n  - target: $.b\n    remove: true\n\n  # ---- Two\n\n";
        assert_eq!(left, expected);
        assert_eq!(
            without("{overlay: 1.0.0, info: {}, actions: [{target: $.a}]}", &BTreeSet::from([0])),
            None
        );
    }
}
