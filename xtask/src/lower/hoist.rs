//! Moves inline enumerations, unions and objects to components. Equal ones become one component: every place that takes a
//! file takes the same `AssetInput`.
//!
//! The name of the component is the schema's `x-rust-name`, which the overlay sets. Without one, it is made of the owner
//! and the property, such as `VideoAgentConfigOrientation`; of several places, the shortest name is used.

use std::collections::BTreeMap;

use heck::ToUpperCamelCase;
use serde_json::{Map, Value};

use super::extension;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::walk::{self, Place};

/// Keywords that describe the place rather than the type. They stay when the type becomes a component.
const PLACE_KEYWORDS: [&str; 5] =
    ["description", "nullable", "deprecated", extension::CLEARABLE, extension::SENSITIVE];

/// Runs the pass.
pub fn apply(document: &mut Value) -> Result<(), Diagnostics> {
    merge_named(document)?;
    loop {
        let groups = group_innermost(document);
        if groups.is_empty() {
            return Ok(());
        }
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut found = Vec::new();
        for (key, group) in &groups {
            match add_component(document, group, &names) {
                Ok(name) => {
                    names.insert(key.clone(), name);
                }
                Err(diagnostic) => found.push(*diagnostic),
            }
        }
        Diagnostics::into_result(found)?;
        walk::schemas_mut(document, |place, schema| {
            if let Some(name) = is_hoisted(place, schema).then(|| names.get(&key(schema))).flatten() {
                replace_by_reference(schema, name);
            }
        });
    }
}

/// Replaces inline schemas that have the name of an equal component by a reference to it.
fn merge_named(document: &mut Value) -> Result<(), Diagnostics> {
    let components: BTreeMap<String, String> =
        walk::components(document).map(|(name, schema)| (name.clone(), key(schema))).collect();
    let mut found = Vec::new();
    walk::schemas_mut(document, |place, schema| {
        let Some(name) = schema.get(extension::RUST_NAME).and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        match components.get(&name) {
            Some(component) if *component == key(schema) => replace_by_reference(schema, &name),
            Some(_) => found.push(name_collision(&place.pointer, &name)),
            None => {}
        }
    });
    Diagnostics::into_result(found)
}

/// Equal inline schemas, which become one component.
struct Group {
    schema: Value,
    /// `x-rust-name`.
    rust_name: Option<String>,
    /// `x-rust-description`.
    rust_description: Option<String>,
    /// One name for each place, made of its owner and its path.
    place_names: Vec<String>,
    pointer: String,
    descriptions: Vec<String>,
}

/// Groups equal inline schemas. Those that contain another inline schema are left for a later iteration.
fn group_innermost(document: &Value) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    walk::schemas(document, |place, schema| {
        if !is_hoisted(place, schema) || contains_inline(schema) {
            return;
        }
        let group = groups.entry(key(schema)).or_insert_with(|| Group {
            schema: without_place(schema),
            rust_name: None,
            rust_description: None,
            place_names: Vec::new(),
            pointer: place.pointer.clone(),
            descriptions: Vec::new(),
        });
        group.place_names.push(name_of(place));
        group.descriptions.extend(schema.get("description").and_then(Value::as_str).map(str::to_owned));
        if let Some(text) = schema.get(extension::RUST_DESCRIPTION).and_then(Value::as_str) {
            group.rust_description = Some(text.to_owned());
        }
        if let Some(name) = schema.get(extension::RUST_NAME).and_then(Value::as_str) {
            group.rust_name = Some(name.to_owned());
        }
    });
    groups
}

fn add_component(
    document: &mut Value,
    group: &Group,
    new_names: &BTreeMap<String, String>,
) -> Result<String, Box<Diagnostic>> {
    let shortest = group.place_names.iter().min_by_key(|name| (name.len(), name.as_str()));
    let name = group.rust_name.clone().or_else(|| shortest.cloned()).unwrap_or_default();
    if new_names.values().any(|other| *other == name) {
        return Err(Box::new(name_collision(&group.pointer, &name)));
    }
    let mut schema = group.schema.clone();
    let mut descriptions = group.descriptions.clone();
    descriptions.dedup();
    if let Some(text) = &group.rust_description {
        schema["description"] = text.clone().into();
    } else if let ([only], true) =
        (descriptions.as_slice(), group.place_names.len() == group.descriptions.len())
    {
        schema["description"] = only.clone().into();
    }
    match walk::components_mut(document).insert(name.clone(), schema) {
        None => Ok(name),
        Some(_) => Err(Box::new(name_collision(&group.pointer, &name))),
    }
}

fn name_collision(pointer: &str, name: &str) -> Diagnostic {
    Diagnostic::new(
        "type-name-collision",
        pointer,
        format!("the inline schema would become the type `{name}`, but another type has this name"),
        "give it another name in the overlay: update {x-rust-name: …}",
    )
}

fn is_hoisted(place: &Place, schema: &Value) -> bool {
    if place.is_component_root() {
        return false;
    }
    let is_enum =
        schema.get("enum").is_some() && schema.get("type").and_then(Value::as_str) == Some("string");
    let is_union = schema.get("oneOf").is_some() && schema.get("discriminator").is_some();
    let is_object = schema.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
    is_enum || is_union || is_object
}

fn contains_inline(schema: &Value) -> bool {
    let mut document = serde_json::json!({"components": {"schemas": {"Root": without_place(schema)}}});
    let mut inline = false;
    walk::schemas_mut(&mut document, |place, inner| inline |= is_hoisted(place, inner));
    inline
}

fn name_of(place: &Place) -> String {
    let words = std::iter::once(&place.owner).chain(&place.trail).map(|word| word.to_upper_camel_case());
    words.collect()
}

fn without_place(schema: &Value) -> Value {
    let map = schema.as_object().cloned().unwrap_or_default();
    let kept = map
        .into_iter()
        .filter(|(key, _)| !PLACE_KEYWORDS.contains(&key.as_str()))
        .filter(|(key, _)| key != extension::RUST_NAME && key != extension::RUST_DESCRIPTION);
    Value::Object(kept.collect())
}

/// A key for comparing schemas. Schemas with equal keys are the same type; descriptions, at any depth, are ignored.
pub(super) fn key(schema: &Value) -> String {
    fn without_descriptions(value: &mut Value) {
        match value {
            Value::Object(map) => {
                if map.get("description").is_some_and(Value::is_string) {
                    map.remove("description");
                }
                map.values_mut().for_each(without_descriptions);
            }
            Value::Array(items) => items.iter_mut().for_each(without_descriptions),
            _ => {}
        }
    }
    let mut without_place = without_place(schema);
    without_descriptions(&mut without_place);
    walk::canonical(without_place).to_string()
}

fn replace_by_reference(schema: &mut Value, name: &str) {
    let Some(map) = schema.as_object_mut() else { return };
    let mut kept: Map<String, Value> = std::mem::take(map);
    kept.retain(|key, _| PLACE_KEYWORDS.contains(&key.as_str()));
    *map = kept;
    let reference = walk::reference_to(name);
    if map.is_empty() {
        *schema = reference;
    } else {
        map.insert("allOf".into(), Value::Array(vec![reference]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lowered(schemas: Value) -> Result<Value, Diagnostics> {
        let mut document = json!({"components": {"schemas": schemas}});
        apply(&mut document).map(|()| document["components"]["schemas"].clone())
    }

    #[test]
    fn equal_enumerations_become_one_type_with_the_shortest_name() {
        let side = json!({"type": "string", "enum": ["l", "r"]});
        let schemas = lowered(json!({
            "Long": {"properties": {"side": side}},
            "A": {"properties": {"side": {"type": "string", "enum": ["l", "r"], "description": "Which."}}}}));
        let schemas = schemas.unwrap();
        assert_eq!(schemas["ASide"], side);
        assert_eq!(schemas["Long"]["properties"]["side"], json!({"$ref": "#/components/schemas/ASide"}));
        assert_eq!(
            schemas["A"]["properties"]["side"],
            json!({"allOf": [{"$ref": "#/components/schemas/ASide"}], "description": "Which."})
        );
    }

    #[test]
    fn inner_objects_become_components_before_outer_ones() {
        let inner = json!({"type": "object", "properties": {"x": {"type": "string"}}});
        let outer = json!({"type": "object", "properties": {"b": inner}});
        let schemas = lowered(json!({"A": {"properties": {"a": outer}}})).unwrap();
        assert_eq!(schemas["AA"]["properties"]["b"], json!({"$ref": "#/components/schemas/AAB"}));
        assert_eq!(schemas["AAB"], inner);
    }

    #[test]
    fn x_rust_name_may_be_the_name_of_an_equal_component() {
        let named = json!({"type": "string", "enum": ["l"], "x-rust-name": "Side"});
        let schemas =
            lowered(json!({"Side": {"type": "string", "enum": ["l"]}, "A": {"properties": {"s": named}}}));
        let schemas = schemas.unwrap();
        assert_eq!(schemas["A"]["properties"]["s"], json!({"$ref": "#/components/schemas/Side"}));
    }

    #[test]
    fn x_rust_description_becomes_the_description_of_the_type() {
        let place = |text: &str| json!({"type": "string", "enum": ["l"], "description": text, "x-rust-name": "Side", "x-rust-description": "A side."});
        let schemas =
            lowered(json!({"A": {"properties": {"s": place("Here."), "t": place("There.")}}})).unwrap();
        assert_eq!(schemas["Side"], json!({"type": "string", "enum": ["l"], "description": "A side."}));
    }

    #[test]
    fn a_name_of_another_type_is_refused() {
        let side = json!({"type": "string", "enum": ["l", "r"]});
        let error =
            lowered(json!({"A": {"properties": {"side": side}}, "ASide": {"type": "object"}})).unwrap_err();
        assert!(error.has("type-name-collision"));
        let named = json!({"type": "string", "enum": ["l"], "x-rust-name": "Side"});
        let error =
            lowered(json!({"Side": {"type": "object"}, "A": {"properties": {"s": named}}})).unwrap_err();
        assert!(error.has("type-name-collision"));
    }
}
