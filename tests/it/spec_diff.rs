//! What `cargo xtask spec diff` says of edits that a provider makes: the kind, the place, the words, the verdict.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};
use xtask::diff::change::Change;
use xtask::diff::diff;
use xtask::diff::kind::Kind;
use xtask::diff::render::{self, Verdict};
use xtask::generate::workspace_root;
use xtask::walk;

/// An edit with what is expected of it: a row of `spec_edits.yaml`.
#[derive(Deserialize)]
struct Edit {
    edit: String,
    steps: Vec<Step>,
    kind: String,
    subject: String,
    words: String,
    verdict: String,
}

/// One step of an edit, by JSON pointers into the published document.
#[derive(Deserialize)]
#[serde(untagged)]
enum Step {
    /// Puts a value there; what is above it exists.
    Set { set: String, value: Value },
    /// Takes the value away.
    Remove { remove: String },
    /// Takes a value from one place to another.
    Move {
        #[serde(rename = "move")]
        from: String,
        to: String,
    },
}

fn edits() -> Vec<Edit> {
    serde_norway::from_str(include_str!("spec_edits.yaml")).unwrap()
}

fn document() -> Value {
    serde_json::from_slice(&fs::read(workspace_root().join("openapi/heygen.json")).unwrap()).unwrap()
}

fn split(pointer: &str) -> (&str, String) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    (parent, name.replace("~1", "/").replace("~0", "~"))
}

fn put(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = split(pointer);
    match document.pointer_mut(parent).unwrap_or_else(|| panic!("{parent} does not exist")) {
        Value::Object(map) => {
            map.insert(name, value);
        }
        Value::Array(items) if name == "-" => items.push(value),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        other => panic!("{parent} is {other}"),
    }
}

fn take(document: &mut Value, pointer: &str) -> Value {
    let (parent, name) = split(pointer);
    match document.pointer_mut(parent).unwrap_or_else(|| panic!("{parent} does not exist")) {
        Value::Object(map) => map.remove(&name).unwrap_or_else(|| panic!("{pointer} does not exist")),
        Value::Array(items) => items.remove(name.parse().unwrap()),
        other => panic!("{parent} is {other}"),
    }
}

fn edited(steps: &[Step]) -> Value {
    let mut document = document();
    for step in steps {
        match step {
            Step::Set { set, value } => put(&mut document, set, value.clone()),
            Step::Remove { remove } => drop(take(&mut document, remove)),
            Step::Move { from, to } => {
                let value = take(&mut document, from);
                put(&mut document, to, value);
            }
        }
    }
    document
}

const DETAIL: &str = "/components/schemas/VideoDetail/properties";
const SPEECH: &str = "/components/schemas/CreateSpeechRequest";

#[test]
fn every_edit_has_its_kind_its_place_and_its_verdict() {
    let old = document();
    let edits = edits();
    assert!(edits.len() >= 60, "{}", edits.len());
    for Edit { edit, steps, kind, subject, words, verdict } in edits {
        let changes = diff(&old, &edited(&steps));
        let all = render::text(&changes);
        let is_expected = |change: &&Change| {
            change.kind.name() == kind && change.subject == subject && change.sentence.contains(&words)
        };
        let change = changes.iter().find(is_expected).unwrap_or_else(|| panic!("{edit}: {kind}\n{all}"));
        assert_eq!(format!("{:?}", Verdict::of(&changes)).to_lowercase(), verdict, "{edit}\n{all}");
        assert!(all.contains(&change.sentence), "{edit}\n{all}");
        assert!(change.pointer.starts_with("#/"), "{edit}: {}", change.pointer);
        // Nothing else is reported: an edit of one place is at most a handful of changes.
        assert!(changes.len() <= 12, "{edit}: {} changes\n{all}", changes.len());
    }
}

#[test]
fn a_document_does_not_differ_from_itself() {
    let document = document();
    let changes = diff(&document, &document);
    assert_eq!(changes, []);
    assert_eq!(Verdict::of(&changes).exit_status(), 0);
}

#[test]
fn swapped_documents_give_the_mirrored_changes() {
    let old = document();
    for Edit { edit, steps, .. } in edits() {
        let new = edited(&steps);
        let count = |changes: &[Change], mirror: bool| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for change in changes {
                // What is optional or required is known of what was added only.
                let kind = match if mirror { change.kind.mirror() } else { change.kind } {
                    Kind::RequiredFieldAdded => Kind::FieldAdded,
                    Kind::RequiredParameterAdded => Kind::ParameterAdded,
                    kind => kind,
                };
                *counts.entry(kind.name().to_owned()).or_default() += 1;
            }
            counts
        };
        assert_eq!(count(&diff(&old, &new), true), count(&diff(&new, &old), false), "{edit}");
    }
}

#[test]
fn kinds_mirror_each_other() {
    for kind in Kind::ALL {
        let twice = kind.mirror().mirror();
        let required = matches!(kind, Kind::RequiredFieldAdded | Kind::RequiredParameterAdded);
        assert!(twice == *kind || required, "{kind:?}");
    }
}

/// The document in other spellings that mean the same: titles and examples, `null` in a list of types, a component written
/// out at its places, and an inline schema as a component.
fn respelled(value: Value, document: &Value, is_schema: bool) -> Value {
    let Value::Object(map) = value else { return value };
    let mut map: serde_json::Map<String, Value> = map
        .into_iter()
        .map(|(name, child)| {
            let child = match (name.as_str(), child) {
                ("properties" | "schemas", Value::Object(inner)) => {
                    inner.into_iter().map(|(name, child)| (name, respelled(child, document, true))).collect()
                }
                ("items" | "additionalProperties" | "schema", child) => respelled(child, document, true),
                ("anyOf" | "oneOf" | "allOf", Value::Array(all)) => {
                    all.into_iter().map(|child| respelled(child, document, true)).collect()
                }
                ("parameters", Value::Array(all)) => {
                    all.into_iter().map(|child| respelled(child, document, false)).collect()
                }
                ("example" | "examples" | "enum" | "required" | "mapping" | "default" | "x-mint", child) => {
                    child
                }
                (_, child) => respelled(child, document, false),
            };
            (name, child)
        })
        .collect();
    if is_schema {
        if let Some(Value::Array(members)) = map.get("anyOf")
            && let [one, null] = &members[..]
            && null == &json!({"type": "null"})
            && one.get("type").is_some_and(Value::is_string)
            && !map.contains_key("description")
        {
            let (one, ty) = (one.clone(), one["type"].clone());
            map.remove("anyOf");
            map.extend(one.as_object().unwrap().clone());
            map.insert("type".into(), json!([ty, "null"]));
        }
        let is_text = map.len() == 1 && map.get("$ref") == Some(&json!("#/components/schemas/VideoStatus"));
        if is_text {
            map = document["components"]["schemas"]["VideoStatus"].as_object().unwrap().clone();
        }
        map.insert("title".into(), json!("A Title"));
    }
    Value::Object(map)
}

#[test]
fn other_spellings_do_not_change_the_meaning() {
    let old = document();
    let new = respelled(old.clone(), &old, false);
    assert_ne!(old, new);
    assert_eq!(render::text(&diff(&old, &new)), render::text(&[]));

    // A schema that moves into a component is a new name of a type, and nothing else.
    let mut new = old.clone();
    let place = "/components/schemas/CreateSpeechRequest/properties/seed/anyOf/0";
    let schema = new.pointer(place).unwrap().clone();
    put(&mut new, "/components/schemas/Seed", schema);
    put(&mut new, place, json!({"$ref": "#/components/schemas/Seed"}));
    let changes = diff(&old, &new);
    assert_eq!(changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [Kind::ComponentAdded]);
    assert_eq!(Verdict::of(&changes), Verdict::Additive);

    // A component through `allOf`.
    let mut new = old.clone();
    let schema = new.pointer(SPEECH).unwrap().clone();
    put(&mut new, SPEECH, json!({"allOf": [schema]}));
    assert_eq!(diff(&old, &new), []);
}

/// Every keyword of every schema, one at a time: a change of it is found, at the place where it is.
#[test]
fn a_change_anywhere_in_a_schema_is_found() {
    let old = document();
    let mut places: Vec<(String, Value)> = Vec::new();
    walk::schemas(&old, |place, schema| {
        let Some(map) = schema.as_object() else { return };
        for (key, value) in map {
            let other = match (key.as_str(), value) {
                ("maxLength" | "minLength" | "maximum" | "minimum" | "maxItems" | "minItems", value) => {
                    json!(value.as_f64().unwrap_or_default() + 7.0)
                }
                ("enum", Value::Array(values)) => {
                    values.iter().cloned().chain([json!("a value more")]).collect()
                }
                ("required", Value::Array(names)) => names.iter().skip(1).cloned().collect(),
                ("description", _) => json!("Other words."),
                ("pattern", _) => json!("^other$"),
                ("format", _) => json!("other"),
                ("default", Value::Null) => json!("other"),
                ("default", _) => json!("another default"),
                ("type", Value::String(name)) => json!(if name == "string" { "integer" } else { "string" }),
                _ => continue,
            };
            places.push((format!("{}/{key}", place.pointer.trim_start_matches('#')), other));
        }
    });
    assert!(places.len() > 3000, "{}", places.len());
    // A step that meets every kind of place, and is quick.
    let mut tried = 0;
    for (pointer, other) in places.iter().step_by(83) {
        // `null` in a union has no type of its own.
        if old.pointer(pointer) == Some(&json!("null")) {
            continue;
        }
        let mut new = old.clone();
        put(&mut new, pointer, other.clone());
        let changes = diff(&old, &new);
        assert!(!changes.is_empty(), "{pointer} -> {other}");
        tried += 1;
    }
    assert!(tried > 35, "{tried}");
}

#[test]
fn the_forms_have_the_same_changes() {
    let old = document();
    let mut new = old.clone();
    put(&mut new, &format!("{DETAIL}/mood"), json!({"type": "string"}));
    put(&mut new, "/components/schemas/Mood", json!({"type": "string"}));
    take(&mut new, &format!("{DETAIL}/title"));
    let changes = diff(&old, &new);
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("spec_diff_text", render::text(&changes));
        insta::assert_snapshot!("spec_diff_markdown", render::markdown(&changes));
    });
    let parsed: Value = serde_json::from_str(&render::json(&changes).unwrap()).unwrap();
    assert_eq!(parsed.as_array().unwrap().len(), changes.len());
    assert_eq!(parsed[0]["kind"], "field-removed");
    assert_eq!(parsed[0]["pointer"], format!("#{DETAIL}/title"));
    assert_eq!(parsed[0]["items"], json!(["types::VideoDetail::title"]));
    assert!(parsed[0]["operations"].as_array().unwrap().contains(&json!("GET /v3/videos/{video_id}")));
}
