//! Random edits of the document: `spec diff` finds each of them, mirrors it, and reports no edit that changes nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use xtask::diff::change::Change;
use xtask::diff::diff;
use xtask::diff::kind::Kind;
use xtask::names_lock::NamesLock;

use super::broken_documents::{Chance, pointers, sample};

/// Pointers to the properties of components, and to the operations: places where an edit is seen by users.
fn places(document: &Value) -> (Vec<String>, Vec<String>) {
    let all = pointers(document);
    let is_property = |pointer: &&String| {
        let steps: Vec<&str> = pointer.split('/').collect();
        matches!(steps.as_slice(), ["", "components", "schemas", _, "properties", _])
    };
    let is_operation = |pointer: &&String| {
        let steps: Vec<&str> = pointer.split('/').collect();
        matches!(steps.as_slice(), ["", "paths", _, "get" | "post" | "patch" | "delete"])
    };
    (all.iter().filter(is_property).cloned().collect(), all.iter().filter(is_operation).cloned().collect())
}

/// Changes one thing that users can notice, and returns a description of it.
fn edit(document: &mut Value, chance: &mut Chance) -> String {
    let (properties, operations) = places(document);
    let property = chance.pick(&properties).clone();
    let operation = chance.pick(&operations).clone();
    let parent = |pointer: &str| pointer.rsplit_once('/').map(|(parent, _)| parent.to_owned()).unwrap();
    let name = |pointer: &str| pointer.rsplit('/').next().unwrap().replace("~1", "/");
    match chance.below(7) {
        0 => {
            let all = document.pointer_mut(&parent(&property)).unwrap();
            all["brand_new"] = json!({"type": "string"});
            format!("a field beside {property}")
        }
        1 => {
            document
                .pointer_mut(&parent(&property))
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(&name(&property));
            format!("{property} removed")
        }
        2 => {
            *document.pointer_mut(&property).unwrap() = json!({"type": "array", "items": {"type": "number"}});
            format!("{property} is a list of numbers")
        }
        3 => {
            document.pointer_mut(&property).unwrap()["deprecated"] = json!(true);
            format!("{property} is deprecated")
        }
        4 => {
            let all = document.pointer_mut(&parent(&operation)).unwrap().as_object_mut().unwrap();
            all.remove(&name(&operation));
            format!("{operation} removed")
        }
        5 => {
            let one = document.pointer_mut(&operation).unwrap();
            let parameter = json!({"name": "brand_new", "in": "query", "schema": {"type": "string"}});
            match one.get_mut("parameters").and_then(Value::as_array_mut) {
                Some(all) => all.push(parameter),
                None => one["parameters"] = json!([parameter]),
            }
            format!("a parameter of {operation}")
        }
        _ => {
            document.pointer_mut(&operation).unwrap()["deprecated"] = json!(true);
            format!("{operation} is deprecated")
        }
    }
}

/// Adds titles and reverses the members of `enum` and `required`, in every schema: it changes nothing.
fn reformat(value: &mut Value, chance: &mut Chance) {
    match value {
        Value::Object(map) => {
            for keyword in ["required", "enum"] {
                if let Some(Value::Array(items)) = map.get_mut(keyword)
                    && chance.below(2) == 0
                {
                    items.reverse();
                }
            }
            if map.get("type").is_some_and(Value::is_string) && chance.below(2) == 0 {
                map.insert("title".into(), "A Title".into());
            }
            let data = ["example", "examples", "default", "x-mint"];
            let inside = map.iter_mut().filter(|(name, _)| !data.contains(&name.as_str()));
            inside.for_each(|(_, child)| reformat(child, chance));
        }
        Value::Array(items) => items.iter_mut().for_each(|child| reformat(child, chance)),
        _ => {}
    }
}

/// The number of changes of each kind; with `mirror`, of the kind that the opposite edit has.
pub(super) fn counts(changes: &[Change], mirror: bool) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for change in changes {
        // Whether an item is required is reported only when it is added.
        let kind = match if mirror { change.kind.mirror() } else { change.kind } {
            Kind::RequiredFieldAdded => Kind::FieldAdded,
            Kind::RequiredParameterAdded => Kind::ParameterAdded,
            kind => kind,
        };
        *counts.entry(kind.name()).or_default() += 1;
    }
    counts
}

#[test]
fn each_random_edit_is_found_and_mirrored() {
    let old = sample();
    let lock = NamesLock::default();
    for seed in 0..400 {
        let mut chance = Chance(seed);
        let mut new = old.clone();
        let edits: Vec<String> = (0..=chance.below(3)).map(|_| edit(&mut new, &mut chance)).collect();
        if new == old {
            continue;
        }
        let changes = diff(&old, &new, &lock);
        assert!(changes.iter().any(|change| !change.is_text()), "seed {seed}: {edits:?} was not found");
        assert_eq!(
            counts(&changes, true),
            counts(&diff(&new, &old, &lock), false),
            "seed {seed}: {edits:?} is not mirrored"
        );
    }
}

#[test]
fn random_formatting_is_not_a_change() {
    let old = sample();
    for seed in 0..100 {
        let mut new = old.clone();
        reformat(&mut new, &mut Chance(seed));
        assert_ne!(old, new);
        let changes = diff(&old, &new, &NamesLock::default());
        assert_eq!(changes, [], "seed {seed}");
    }
}
