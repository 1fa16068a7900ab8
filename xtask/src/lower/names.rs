//! Gives operations and components their Rust names: `createVideoAgentV3` becomes `create_video_agent`, `VoiceDetailV3`
//! becomes `VoiceDetail`. A v1 or v2 operation has its version at the end, so that its name never collides with that of its
//! v3 successor.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::{Map, Value, json};

use super::gates::legacy_version;
use super::{extension, hoist};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::names_lock::{self, NamesLock};
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value, lock: &NamesLock) -> Result<(), Diagnostics> {
    let (mut found, mut given) = (Vec::new(), NamesLock::default());
    rename_operations(document, lock, &mut given, &mut found);
    rename_components(document, lock, &mut given, &mut found);
    document[names_lock::EXTENSION] = json!({"operations": given.operations, "components": given.components});
    Diagnostics::into_result(found)
}

fn rename_operations(
    document: &mut Value,
    lock: &NamesLock,
    given: &mut NamesLock,
    found: &mut Vec<Diagnostic>,
) {
    let mut originals: BTreeMap<String, String> = BTreeMap::new();
    walk::operations_mut(document, |path, _, operation| {
        let Some(id) = operation.get("operationId").and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        let name = lock.operations.get(&id).cloned().unwrap_or_else(|| method_name(&id, path));
        given.operations.insert(id.clone(), name.clone());
        if let Some(other) = originals.insert(name.clone(), id.clone()) {
            found.push(Diagnostic::new(
                "operation-name-collision",
                &id,
                format!("the operations `{other}` and `{id}` would both become the method `{name}`"),
                format!("rename one in the overlay: target $.paths.*[?@.operationId == '{id}'], update {{operationId: …}}"),
            ));
        }
        operation[extension::OPERATION_ID] = id.into();
        operation["operationId"] = name.into();
    });
}

fn rename_components(
    document: &mut Value,
    lock: &NamesLock,
    given: &mut NamesLock,
    found: &mut Vec<Diagnostic>,
) {
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    let mut originals: BTreeMap<String, String> = BTreeMap::new();
    for (old, schema) in walk::components(document) {
        let rust_name = schema.get(extension::RUST_NAME).and_then(Value::as_str);
        let locked = lock.components.get(old).filter(|_| rust_name.is_none());
        let new = locked.cloned().unwrap_or_else(|| type_name(old, schema));
        let other = originals.insert(new.clone(), old.clone());
        let equal = |other: &String| {
            let other = walk::component(document, other);
            rust_name.is_some() && other.is_some_and(|other| hoist::key(other) == hoist::key(schema))
        };
        // Equal components may have the same `x-rust-name`: they become one type.
        if let Some(other) = other.filter(|other| !equal(other)) {
            found.push(Diagnostic::new(
                "type-name-collision",
                format!("#/components/schemas/{old}"),
                format!("the components `{other}` and `{old}` would both become the type `{new}`"),
                format!("rename one in the overlay: target $.components.schemas['{old}'], update {{x-rust-name: …}}"),
            ));
        }
        renamed.insert(old.clone(), new);
    }
    given.components.clone_from(&renamed);
    rename_references(document, &renamed);
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

fn rename_references(value: &mut Value, renamed: &BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (key, child) in map {
                let reference = child.as_str().and_then(|text| text.strip_prefix("#/components/schemas/"));
                match reference.and_then(|name| renamed.get(name)) {
                    // The key is `$ref`, or a tag in the mapping of a discriminator.
                    Some(new) if key != "description" => {
                        *child = format!("#/components/schemas/{new}").into()
                    }
                    _ => rename_references(child, renamed),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|child| rename_references(child, renamed)),
        _ => {}
    }
}

/// The method of the client for an operation. That of a v1 or v2 operation has the version at its end.
pub fn method_name(id: &str, path: &str) -> String {
    let name = without_version(id).to_snake_case();
    match legacy_version(path) {
        Some(version) => format!("{name}_{version}"),
        None => name,
    }
}

/// The type for a component: its `x-rust-name`, or else its own name without the version.
pub fn type_name(component: &str, schema: &Value) -> String {
    let given = schema.get(extension::RUST_NAME).and_then(Value::as_str);
    given.map_or_else(|| without_version(component).to_upper_camel_case(), str::to_owned)
}

/// Removes every `V3` that is a word of its own.
fn without_version(name: &str) -> String {
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
    fn v3_is_removed_where_it_is_a_word() {
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
        apply(&mut document, &NamesLock::default()).unwrap();
        assert_eq!(document["paths"]["/v2/videos"]["get"]["operationId"], "list_videos_v2");
        assert_eq!(document["paths"]["/v3/videos"]["get"]["operationId"], "list_videos");
        assert_eq!(document["paths"]["/v3/videos"]["get"]["x-operation-id"], "listVideosV3");
    }

    #[test]
    fn two_operations_with_the_same_name_are_refused() {
        let mut document = json!({"paths": {
            "/v3/a": {"get": {"operationId": "getA"}}, "/v3/b": {"get": {"operationId": "getAV3"}}}});
        assert!(apply(&mut document, &NamesLock::default()).unwrap_err().has("operation-name-collision"));
    }

    #[test]
    fn references_and_mappings_follow_a_renamed_component() {
        let mut document = json!({"components": {"schemas": {
            "AudioTTSV3": {"type": "object"},
            "Other": {"oneOf": [{"$ref": "#/components/schemas/AudioTTSV3"}],
                      "discriminator": {"propertyName": "t", "mapping": {"a": "#/components/schemas/AudioTTSV3"}}}}}});
        apply(&mut document, &NamesLock::default()).unwrap();
        let schemas = &document["components"]["schemas"];
        assert!(schemas["AudioTts"].is_object());
        assert_eq!(schemas["Other"]["oneOf"][0]["$ref"], "#/components/schemas/AudioTts");
        assert_eq!(schemas["Other"]["discriminator"]["mapping"]["a"], "#/components/schemas/AudioTts");
    }

    #[test]
    fn equal_components_with_the_same_x_rust_name_become_one_type() {
        let deleted =
            |text: &str| json!({"description": text, "properties": {"id": {}}, "x-rust-name": "Deleted"});
        let mut document = json!({"components": {"schemas": {"A": deleted("a"), "B": deleted("b")}}});
        apply(&mut document, &NamesLock::default()).unwrap();
        assert_eq!(document["components"]["schemas"].as_object().unwrap().len(), 1);
    }

    #[test]
    fn two_components_with_the_same_name_are_refused() {
        let mut document = json!({"components": {"schemas": {"A": {}, "AV3": {}}}});
        assert!(apply(&mut document, &NamesLock::default()).unwrap_err().has("type-name-collision"));
    }
}
