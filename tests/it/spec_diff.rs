//! The report of `cargo xtask spec diff` for edits of the document: kind, subject, sentence and verdict.

use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};
use xtask::diff::change::Change;
use xtask::diff::diff;
use xtask::diff::kind::Kind;
use xtask::diff::render::{self, Verdict};
use xtask::generate::workspace_root;
use xtask::names_lock::NamesLock;
use xtask::rehearse::edits::{self, Step};
use xtask::walk;

use super::random_edits::counts;

/// An edit of the document and the expected report: a row of `spec_edits.yaml`.
#[derive(Deserialize)]
pub(super) struct Edit {
    pub(super) edit: String,
    pub(super) steps: Vec<Step>,
    kind: String,
    subject: String,
    text: String,
    verdict: String,
}

pub(super) fn edits() -> Vec<Edit> {
    serde_norway::from_str(include_str!("spec_edits.yaml")).unwrap()
}

fn document() -> Value {
    serde_json::from_slice(&fs::read(workspace_root().join("openapi/heygen.json")).unwrap()).unwrap()
}

fn insert_at(document: &mut Value, pointer: &str, value: Value) {
    edits::apply(document, &[Step::Set { set: pointer.to_owned(), value }]).unwrap();
}

fn remove_at(document: &mut Value, pointer: &str) {
    edits::apply(document, &[Step::Remove { remove: pointer.to_owned() }]).unwrap();
}

pub(super) fn edited(steps: &[Step]) -> Value {
    let mut document = document();
    edits::apply(&mut document, steps).unwrap();
    document
}

const DETAIL: &str = "/components/schemas/VideoDetail/properties";
const SPEECH: &str = "/components/schemas/CreateSpeechRequest";

#[test]
fn every_edit_is_reported_with_kind_subject_and_verdict() {
    let old = document();
    let edits = edits();
    assert!(edits.len() >= 60, "{}", edits.len());
    for Edit { edit, steps, kind, subject, text, verdict } in edits {
        let changes = diff(&old, &edited(&steps), &NamesLock::default());
        let all = render::text(&changes);
        let is_expected = |change: &&Change| {
            change.kind.name() == kind && change.subject == subject && change.sentence.contains(&text)
        };
        let change = changes.iter().find(is_expected).unwrap_or_else(|| panic!("{edit}: {kind}\n{all}"));
        assert_eq!(format!("{:?}", Verdict::of(&changes)).to_lowercase(), verdict, "{edit}\n{all}");
        assert!(all.contains(&change.sentence), "{edit}\n{all}");
        assert!(change.pointer.starts_with("#/"), "{edit}: {}", change.pointer);
        // An edit of one place causes only a few changes.
        assert!(changes.len() <= 12, "{edit}: {} changes\n{all}", changes.len());
    }
}

#[test]
fn a_document_does_not_differ_from_itself() {
    let document = document();
    let changes = diff(&document, &document, &NamesLock::default());
    assert_eq!(changes, []);
    assert_eq!(Verdict::of(&changes).exit_status(), 0);
}

#[test]
fn swapping_the_documents_mirrors_the_changes() {
    let old = document();
    for Edit { edit, steps, .. } in edits() {
        let new = edited(&steps);
        assert_eq!(
            counts(&diff(&old, &new, &NamesLock::default()), true),
            counts(&diff(&new, &old, &NamesLock::default()), false),
            "{edit}"
        );
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

/// Rewrites the document without a change of meaning: adds titles, writes `null` in a list of types, and inlines a component.
fn rewritten(value: Value, document: &Value, is_schema: bool) -> Value {
    let Value::Object(map) = value else { return value };
    let mut map: serde_json::Map<String, Value> = map
        .into_iter()
        .map(|(name, child)| {
            let child = match (name.as_str(), child) {
                ("properties" | "schemas", Value::Object(inner)) => {
                    inner.into_iter().map(|(name, child)| (name, rewritten(child, document, true))).collect()
                }
                ("items" | "additionalProperties" | "schema", child) => rewritten(child, document, true),
                ("anyOf" | "oneOf" | "allOf", Value::Array(all)) => {
                    all.into_iter().map(|child| rewritten(child, document, true)).collect()
                }
                ("parameters", Value::Array(all)) => {
                    all.into_iter().map(|child| rewritten(child, document, false)).collect()
                }
                ("example" | "examples" | "enum" | "required" | "mapping" | "default" | "x-mint", child) => {
                    child
                }
                (_, child) => rewritten(child, document, false),
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
        let is_status = map.len() == 1 && map.get("$ref") == Some(&json!("#/components/schemas/VideoStatus"));
        if is_status {
            map = document["components"]["schemas"]["VideoStatus"].as_object().unwrap().clone();
        }
        map.insert("title".into(), json!("A Title"));
    }
    Value::Object(map)
}

#[test]
fn a_rewrite_without_a_change_of_meaning_is_not_reported() {
    let old = document();
    let new = rewritten(old.clone(), &old, false);
    assert_ne!(old, new);
    assert_eq!(render::text(&diff(&old, &new, &NamesLock::default())), render::text(&[]));

    // A schema that becomes a component is reported only as an added component.
    let mut new = old.clone();
    let place = "/components/schemas/CreateSpeechRequest/properties/seed/anyOf/0";
    let schema = new.pointer(place).unwrap().clone();
    insert_at(&mut new, "/components/schemas/Seed", schema);
    insert_at(&mut new, place, json!({"$ref": "#/components/schemas/Seed"}));
    let changes = diff(&old, &new, &NamesLock::default());
    assert_eq!(changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [Kind::ComponentAdded]);
    assert_eq!(Verdict::of(&changes), Verdict::Additive);

    // A component that is wrapped in `allOf`.
    let mut new = old.clone();
    let schema = new.pointer(SPEECH).unwrap().clone();
    insert_at(&mut new, SPEECH, json!({"allOf": [schema]}));
    assert_eq!(diff(&old, &new, &NamesLock::default()), []);
}

/// Changes keywords of schemas all over the document, one at a time.
#[test]
fn a_change_of_any_keyword_is_reported() {
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
                ("description", _) => json!("Other text."),
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
    // The step keeps the test fast, and still covers every kind of place.
    let mut tried = 0;
    for (pointer, other) in places.iter().step_by(83) {
        // `null` in a union has no type of its own.
        if old.pointer(pointer) == Some(&json!("null")) {
            continue;
        }
        let mut new = old.clone();
        insert_at(&mut new, pointer, other.clone());
        let changes = diff(&old, &new, &NamesLock::default());
        assert!(!changes.is_empty(), "{pointer} -> {other}");
        tried += 1;
    }
    assert!(tried > 35, "{tried}");
}

#[test]
fn text_markdown_and_json_contain_the_same_changes() {
    let old = document();
    let mut new = old.clone();
    insert_at(&mut new, &format!("{DETAIL}/mood"), json!({"type": "string"}));
    insert_at(&mut new, "/components/schemas/Mood", json!({"type": "string"}));
    remove_at(&mut new, &format!("{DETAIL}/title"));
    let changes = diff(&old, &new, &NamesLock::default());
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
