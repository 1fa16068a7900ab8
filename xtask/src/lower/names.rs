//! Names as Rust has them: `createVideoAgentV3` is `create_video_agent`, `VoiceDetailV3` is `VoiceDetail`; a v1 or v2
//! operation keeps its version at the end, so that it can never take the name of its successor.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::{Map, Value};

use super::gates::legacy_version;
use super::{extension, hoist};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) -> Result<(), Diagnostics> {
    let mut found = Vec::new();
    operations(document, &mut found);
    components(document, &mut found);
    Diagnostics::into_result(found)
}

fn operations(document: &mut Value, found: &mut Vec<Diagnostic>) {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    walk::operations_mut(document, |path, _, operation| {
        let Some(id) = operation.get("operationId").and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        let mut name = without_version(&id).to_snake_case();
        if let Some(version) = legacy_version(path) {
            name = format!("{name}_{version}");
        }
        if let Some(other) = taken.insert(name.clone(), id.clone()) {
            found.push(Diagnostic::new(
                "operation-name-collision",
                &id,
                format!("both `{other}` and `{id}` would be the method `{name}`"),
                format!("rename one: target $.paths[?@..operationId == '{id}'], update operationId"),
            ));
        }
        operation[extension::OPERATION_ID] = id.into();
        operation["operationId"] = name.into();
    });
}

fn components(document: &mut Value, found: &mut Vec<Diagnostic>) {
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for (old, schema) in walk::components(document) {
        let wished = schema.get(extension::RUST_NAME).and_then(Value::as_str);
        let new = wished.map_or_else(|| without_version(old).to_upper_camel_case(), str::to_owned);
        let other = taken.insert(new.clone(), old.clone());
        let equal = |other: &String| {
            let other = document.pointer(&format!("/components/schemas/{}", walk::escape(other)));
            wished.is_some() && other.is_some_and(|other| hoist::key(other) == hoist::key(schema))
        };
        // Equal components may be given one name, and are one type then.
        if let Some(other) = other.filter(|other| !equal(other)) {
            found.push(Diagnostic::new(
                "type-name-collision",
                format!("#/components/schemas/{old}"),
                format!("both `{other}` and `{old}` would be the type `{new}`"),
                format!("name one: target $.components.schemas['{old}'], update {{x-rust-name: …}}"),
            ));
        }
        renamed.insert(old.clone(), new);
    }
    rewrite(document, &renamed);
    let all = walk::components_mut(document);
    *all = std::mem::take(all)
        .into_iter()
        .map(|(old, mut schema)| {
            if let Some(map) = schema.as_object_mut() {
                map.remove(extension::RUST_NAME);
            }
            (renamed.get(&old).cloned().unwrap_or(old), schema)
        })
        .collect::<Map<String, Value>>();
}

fn rewrite(value: &mut Value, renamed: &BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (key, child) in map {
                let reference = child.as_str().and_then(|text| text.strip_prefix("#/components/schemas/"));
                match reference.and_then(|name| renamed.get(name)) {
                    // The key is `$ref`, or a tag in a discriminator's mapping.
                    Some(new) if key != "description" => {
                        *child = format!("#/components/schemas/{new}").into()
                    }
                    _ => rewrite(child, renamed),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|child| rewrite(child, renamed)),
        _ => {}
    }
}

/// Takes out every `V3` that stands as a word of its own.
pub fn without_version(name: &str) -> String {
    let mut rest = name;
    let mut kept = String::new();
    while let Some(at) = rest.find("V3") {
        let after = &rest[at + 2..];
        let is_word = !after.starts_with(|next: char| next.is_ascii_lowercase() || next.is_ascii_digit());
        kept.push_str(if is_word { &rest[..at] } else { &rest[..at + 2] });
        rest = after;
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_version_goes_wherever_it_is_a_word() {
        for (before, after) in [
            ("createVideoAgentV3", "createVideoAgent"),
            ("CreateVideoV3RequestBody", "CreateVideoRequestBody"),
            ("V30Thing", "V30Thing"),
            ("getV3data", "getV3data"),
        ] {
            assert_eq!(without_version(before), after);
        }
    }

    #[test]
    fn a_retired_operation_keeps_its_version() {
        let mut document = json!({"paths": {
            "/v2/videos": {"get": {"operationId": "listVideos"}},
            "/v3/videos": {"get": {"operationId": "listVideosV3"}}}});
        apply(&mut document).unwrap();
        assert_eq!(document["paths"]["/v2/videos"]["get"]["operationId"], "list_videos_v2");
        assert_eq!(document["paths"]["/v3/videos"]["get"]["operationId"], "list_videos");
        assert_eq!(document["paths"]["/v3/videos"]["get"]["x-operation-id"], "listVideosV3");
    }

    #[test]
    fn two_operations_of_one_name_are_refused() {
        let mut document = json!({"paths": {
            "/v3/a": {"get": {"operationId": "getA"}}, "/v3/b": {"get": {"operationId": "getAV3"}}}});
        assert!(apply(&mut document).unwrap_err().has("operation-name-collision"));
    }

    #[test]
    fn references_and_mappings_follow_a_renamed_component() {
        let mut document = json!({"components": {"schemas": {
            "AudioTTSV3": {"type": "object"},
            "Other": {"oneOf": [{"$ref": "#/components/schemas/AudioTTSV3"}],
                      "discriminator": {"propertyName": "t", "mapping": {"a": "#/components/schemas/AudioTTSV3"}}}}}});
        apply(&mut document).unwrap();
        let schemas = &document["components"]["schemas"];
        assert!(schemas["AudioTts"].is_object());
        assert_eq!(schemas["Other"]["oneOf"][0]["$ref"], "#/components/schemas/AudioTts");
        assert_eq!(schemas["Other"]["discriminator"]["mapping"]["a"], "#/components/schemas/AudioTts");
    }

    #[test]
    fn equal_components_with_one_wished_name_are_one_type() {
        let deleted =
            |text: &str| json!({"description": text, "properties": {"id": {}}, "x-rust-name": "Deleted"});
        let mut document = json!({"components": {"schemas": {"A": deleted("a"), "B": deleted("b")}}});
        apply(&mut document).unwrap();
        assert_eq!(document["components"]["schemas"].as_object().unwrap().len(), 1);
    }

    #[test]
    fn two_components_of_one_name_are_refused() {
        let mut document = json!({"components": {"schemas": {"A": {}, "AV3": {}}}});
        assert!(apply(&mut document).unwrap_err().has("type-name-collision"));
    }
}
