//! Completes discriminators: a mapping may name a component without `#/components/schemas/`, and a union without a
//! discriminator gets one if a property with a fixed value tells its members apart.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let components: Map<String, Value> =
        walk::components(document).map(|(name, schema)| (name.clone(), schema.clone())).collect();
    walk::schemas_mut(document, |_, schema| {
        if let Some(mapping) = schema.pointer_mut("/discriminator/mapping").and_then(Value::as_object_mut) {
            for target in mapping.values_mut() {
                if let Some(name) = target.as_str().filter(|name| components.contains_key(*name)) {
                    *target = walk::reference_to(name)["$ref"].clone();
                }
            }
        }
        if schema.get("discriminator").is_none()
            && let Some(tag) = tag_of_members(schema, &components)
        {
            schema["discriminator"] = json!({"propertyName": tag, "mapping": {}});
        }
        complete_mapping(schema, &components);
    });
}

/// Adds the members that have a fixed tag, and that the mapping does not have. Later passes move the values of the tag to types
/// of their own.
fn complete_mapping(schema: &mut Value, components: &Map<String, Value>) {
    let Some(tag) = schema.pointer("/discriminator/propertyName").and_then(Value::as_str) else { return };
    let known =
        schema.pointer("/discriminator/mapping").and_then(Value::as_object).cloned().unwrap_or_default();
    let members = ["oneOf", "anyOf"].iter().filter_map(|keyword| schema.get(keyword)?.as_array()).flatten();
    let references = members.filter_map(|member| Some((member.get("$ref")?, walk::reference(member)?)));
    let missing: Vec<(String, Value)> = references
        .filter(|(target, _)| !known.values().any(|known| known == *target))
        .filter_map(|(target, name)| {
            Some((fixed_value(components.get(name)?, tag)?.to_owned(), target.clone()))
        })
        .collect();
    for (value, target) in missing {
        schema["discriminator"]["mapping"][value] = target;
    }
}

/// The property that every member of a union requires with a fixed value of its own.
fn tag_of_members(schema: &Value, components: &Map<String, Value>) -> Option<String> {
    let members = ["oneOf", "anyOf"].iter().find_map(|keyword| schema.get(keyword)?.as_array())?;
    let members: Vec<&Value> = members
        .iter()
        .filter(|member| member.get("type") != Some(&"null".into()))
        .map(|member| components.get(walk::reference(member)?))
        .collect::<Option<_>>()?;
    let (first, rest) = members.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let properties = first.get("properties")?.as_object()?;
    let is_tag = |name: &&String| {
        let values: Option<BTreeSet<&str>> =
            std::iter::once(first).chain(rest).map(|member| fixed_value(member, name)).collect();
        values.is_some_and(|values| values.len() == members.len())
    };
    properties.keys().find(is_tag).cloned()
}

/// The only value that a required property can have.
fn fixed_value<'a>(schema: &'a Value, property: &str) -> Option<&'a str> {
    let required = schema.get("required")?.as_array()?;
    required.iter().find(|name| *name == property)?;
    match schema.get("properties")?.get(property)?.get("enum")?.as_array()?.as_slice() {
        [only] => only.as_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(value: Value) -> Value {
        json!({"required": ["kind"], "properties": {"kind": value, "name": {"type": "string"}}})
    }

    fn lowered(union: Value) -> Value {
        let mut document = json!({"components": {"schemas": {
            "U": union,
            "A": member(json!({"enum": ["a"]})),
            "B": member(json!({"enum": ["b"]})),
            "Open": member(json!({"type": "string"}))}}});
        apply(&mut document);
        document["components"]["schemas"]["U"]["discriminator"].clone()
    }

    fn of(names: &[&str]) -> Value {
        names.iter().map(|name| walk::reference_to(name)).collect()
    }

    #[test]
    fn a_mapping_may_name_components() {
        let mapping = json!({"a": "A", "b": "#/components/schemas/B", "c": "Unknown"});
        let union =
            json!({"oneOf": of(&["A", "B"]), "discriminator": {"propertyName": "kind", "mapping": mapping}});
        let expected = json!({"a": "#/components/schemas/A", "b": "#/components/schemas/B", "c": "Unknown"});
        assert_eq!(lowered(union)["mapping"], expected);
    }

    #[test]
    fn fixed_values_tell_members_apart() {
        let mapping = json!({"a": "#/components/schemas/A", "b": "#/components/schemas/B"});
        let expected = json!({"propertyName": "kind", "mapping": mapping});
        assert_eq!(lowered(json!({"anyOf": of(&["A", "B"])})), expected);
        let without_mapping = json!({"oneOf": of(&["A", "B"]), "discriminator": {"propertyName": "kind"}});
        assert_eq!(lowered(without_mapping), expected);
        let with_null =
            json!({"anyOf": [walk::reference_to("A"), walk::reference_to("B"), {"type": "null"}]});
        assert_eq!(lowered(with_null), expected);
        assert_eq!(lowered(json!({"oneOf": of(&["A", "Open"])})), Value::Null);
        assert_eq!(lowered(json!({"oneOf": of(&["A", "A"])})), Value::Null);
        assert_eq!(lowered(json!({"oneOf": of(&["A"])})), Value::Null);
        assert_eq!(lowered(json!({"oneOf": [{"type": "string"}, walk::reference_to("A")]})), Value::Null);
    }
}
