//! Samples of single schemas, and how far a change of one schema reaches. `tests/it/samples.rs` of the workspace makes the
//! samples of every type and operation, and validates them against the provider's document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::schemas::Schemas;
use super::values::{Content, Maker};
use super::{Sample, sample};
use crate::types::{SceneElement, VideoDetail};

const EMBEDDED: &str = include_str!("../generated/schemas.json");

const FULL: Content = Content { required_only: false, unknown_member: false, unknown_value: false };
const LEAST: Content = Content { required_only: true, ..FULL };

/// The value of the type `A` among these types.
fn made(types: &Value, content: Content, seed: u64) -> Value {
    let schemas = Schemas::read(&json!({"types": types, "operations": {}}).to_string()).unwrap();
    let schema = schemas.of_type("A").unwrap();
    Maker { schemas: &schemas, content }.value(seed, "A", schema)
}

/// The value of a schema inside a type.
fn member(schema: Value, content: Content, seed: u64) -> Value {
    let types = json!({"A": {"type": "object", "required": ["member"], "properties": {"member": schema}}});
    made(&types, content, seed)["member"].clone()
}

#[test]
fn a_sample_is_the_same_in_every_run_and_on_every_machine() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&sample::<VideoDetail>()).unwrap(), @r##"
    {
      "captioned_video_url": "https://example.com/captioned-video/195285ae.mp4",
      "completed_at": 1711930200,
      "created_at": 1711929600,
      "duration": 3.5,
      "failure_code": "rendering_failed",
      "failure_message": "Failure message 4f99",
      "folder_id": "folder_54b71628",
      "gif_url": "https://example.com/gif/d4ca20fd.gif",
      "id": "id_d635a3a3",
      "output_language": "en-US",
      "status": "pending",
      "subtitle_url": "https://example.com/subtitle/aac12da4.srt",
      "thumbnail_url": "https://example.com/thumbnail/54d51ee0.jpg",
      "title": "Title 2a08",
      "video_page_url": "https://example.com/video-page/43b316bd",
      "video_url": "https://example.com/video/0b198786.mp4"
    }
    "##);
    let other: VideoDetail = Sample::new().seed(7).required_only().of();
    insta::assert_snapshot!(serde_json::to_string_pretty(&other).unwrap(), @r##"
    {
      "id": "id_a1ee7733",
      "status": "completed"
    }
    "##);
    let element = Sample::new().seed(7).with_unknown_member().json_of::<SceneElement>();
    insta::assert_snapshot!(element.to_string(), @r##"{"id":"id_0b36cb3e","member_of_a_newer_version":{"added":true},"playback":"Playback 825e","speed_multiplier":90.75,"trim":{"end_offset":18.0,"member_of_a_newer_version":{"added":true},"start_offset":5.5},"type":"video","url":"https://example.com/url/fbf66320","volume":98.5}"##);
}

#[test]
fn numbers_are_within_their_bounds() {
    for seed in 0..100 {
        for (schema, low, high) in [
            (json!({"type": "integer"}), 1.0, 100.0),
            (json!({"type": "integer", "minimum": -3, "maximum": -1}), -3.0, -1.0),
            (json!({"type": "integer", "minimum": 0, "exclusiveMinimum": true, "maximum": 1}), 1.0, 1.0),
            (json!({"type": "integer", "minimum": 1_000_000}), 1e6, 2e6),
            (json!({"type": "integer", "maximum": 0}), 0.0, 0.0),
            (json!({"type": "number", "minimum": 0.5, "maximum": 2}), 0.5, 2.0),
            (json!({"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 0.1}), 0.01, 0.1),
            (json!({"type": "number", "maximum": -5}), -105.0, -5.0),
        ] {
            let value = member(schema.clone(), FULL, seed).as_f64().unwrap();
            assert!((low..=high).contains(&value), "{value} for {schema}");
        }
        let multiple =
            member(json!({"type": "integer", "minimum": 4, "maximum": 11, "multipleOf": 5}), FULL, seed);
        assert!(multiple == 5 || multiple == 10, "{multiple}");
    }
}

#[test]
fn lists_and_maps_have_as_many_members_as_their_schema_allows() {
    let word = json!({"type": "string", "enum": ["a", "b", "c"]});
    for seed in 0..30 {
        let length = |schema: Value, content| member(schema, content, seed).as_array().unwrap().len();
        assert_eq!(length(json!({"type": "array", "items": word}), LEAST), 0);
        assert!((1..=3).contains(&length(json!({"type": "array", "items": word}), FULL)));
        assert_eq!(length(json!({"type": "array", "items": word, "minItems": 4}), LEAST), 4);
        assert_eq!(length(json!({"type": "array", "items": word, "maxItems": 1}), FULL), 1);
        let unique =
            member(json!({"type": "array", "items": word, "minItems": 3, "uniqueItems": true}), LEAST, seed);
        let values: BTreeSet<String> = unique.as_array().unwrap().iter().map(Value::to_string).collect();
        assert_eq!(values.len(), 3, "{unique}");
        let map = json!({"type": "object", "additionalProperties": {"type": "integer"}});
        assert!(member(map.clone(), FULL, seed)["key"].is_i64());
        assert_eq!(member(map, LEAST, seed), json!({}));
    }
}

#[test]
fn a_recursive_type_ends() {
    let types = json!({
        "A": {"tag": "type", "variants": [{"value": "group", "$ref": "Group"}, {"value": "text", "$ref": "Text"}]},
        "Group": {"type": "object", "required": ["first"], "properties": {
            "first": {"$ref": "A"}, "parent": {"$ref": "Group"}, "all": {"type": "array", "items": {"$ref": "A"}}}},
        "Text": {"type": "object", "properties": {"twin": {"$ref": "Text"}}}});
    let group = json!({"type": "group", "first": {"type": "text"}, "all": []});
    assert_eq!(made(&types, FULL, 0), group);
    // A type that requires itself has no values. Its sample ends too.
    let types = json!({"A": {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "A"}}}});
    assert!(made(&types, LEAST, 0)["a"]["a"].is_object());
}

#[test]
fn conditions_hold_also_at_minimum() {
    let schema = |keyword: &str| {
        json!({"A": {"type": "object", keyword: [{"required": ["x"]}, {"required": ["y"]}],
            "properties": {"x": {"enum": [1]}, "y": {"enum": [2]}, "z": {"enum": [3]}}}})
    };
    assert_eq!(made(&schema("anyOf"), LEAST, 0), json!({"x": 1}));
    assert_eq!(made(&schema("anyOf"), FULL, 0), json!({"x": 1, "y": 2, "z": 3}));
    assert_eq!(made(&schema("oneOf"), FULL, 0), json!({"x": 1, "z": 3}));
    assert_eq!(made(&schema("allOf"), LEAST, 0), json!({"x": 1, "y": 2}));
}

#[test]
fn unknown_members_and_values_are_in_every_object_and_choice() {
    let types = json!({
        "A": {"type": "object", "properties": {
            "side": {"$ref": "Side"}, "shape": {"$ref": "Shape"}, "map": {"type": "object"},
            "inner": {"type": "object", "properties": {}}}},
        "Side": {"type": "string", "enum": ["l"]},
        "Shape": {"tag": "type", "variants": [{"value": "round", "$ref": "Round"}]},
        "Round": {"type": "object", "properties": {}}});
    let unknown = |unknown_member, unknown_value| Content { unknown_member, unknown_value, ..FULL };
    let value = made(&types, unknown(true, false), 0);
    for place in ["", "/inner", "/shape"] {
        let member = value.pointer(&format!("{place}/member_of_a_newer_version"));
        assert_eq!(member, Some(&json!({"added": true})), "{place}");
    }
    assert_eq!(value["map"].as_object().unwrap().len(), 1);
    let value = made(&types, unknown(false, true), 0);
    assert_eq!(value["side"], "value_of_a_newer_version");
    assert_eq!(value["shape"], json!({"type": "value_of_a_newer_version"}));
}

/// The sample of every type, by name.
fn all(schemas: &Schemas, seed: u64) -> Vec<(String, Value)> {
    let maker = Maker { schemas, content: FULL };
    let names = schemas.names();
    names.map(|name| (name.to_owned(), maker.value(seed, name, schemas.of_type(name).unwrap()))).collect()
}

#[test]
fn a_new_field_changes_only_the_samples_that_contain_it() {
    for seed in [0, 7] {
        let before = all(&Schemas::read(EMBEDDED).unwrap(), seed);
        let mut changed = Schemas::read(EMBEDDED).unwrap();
        let added = json!({"type": "string"});
        changed.types_mut()["AssetUrl"]["properties"]["a_new_field"] = added;
        let (mut same, mut grown) = (0, 0);
        for ((name, before), (_, mut after)) in before.into_iter().zip(all(&changed, seed)) {
            let found = remove_all(&mut after, "a_new_field");
            assert_eq!(after, before, "{name}");
            if found == 0 { same += 1 } else { grown += 1 }
        }
        assert!(grown >= 2 && same > 300, "{grown} have the field, {same} do not");
    }
}

/// Removes a member from every object. Returns how many had it.
fn remove_all(value: &mut Value, name: &str) -> usize {
    match value {
        Value::Object(members) => {
            let found = usize::from(members.remove(name).is_some());
            found + members.values_mut().map(|child| remove_all(child, name)).sum::<usize>()
        }
        Value::Array(items) => items.iter_mut().map(|item| remove_all(item, name)).sum(),
        _ => 0,
    }
}

#[test]
fn a_new_value_of_an_enumeration_changes_no_canonical_sample() {
    let before = all(&Schemas::read(EMBEDDED).unwrap(), 0);
    let mut changed = Schemas::read(EMBEDDED).unwrap();
    changed.types_mut()["VideoStatus"]["enum"].as_array_mut().unwrap().push("archived".into());
    assert_eq!(all(&changed, 0), before);
}

#[test]
fn one_of_several_json_types_is_drawn() {
    let schema =
        json!({"A": {"members": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}});
    let all: Vec<_> = (0..20).map(|seed| made(&schema, FULL, seed)).collect();
    assert!(all[0].is_i64());
    assert!(all.iter().any(|value| value.is_i64()) && all.iter().any(|value| value.is_array()), "{all:?}");
}
