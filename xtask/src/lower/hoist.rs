//! Inline enumerations, unions and objects become components, and equal ones become one: every place that takes a file
//! takes the same `AssetInput`.
//!
//! The name is the schema's `x-rust-name` (set in the overlay) or, for want of one, the shortest of the places' own
//! names: owner and property, `VideoAgentConfigOrientation`.

use std::collections::BTreeMap;

use heck::ToUpperCamelCase;
use serde_json::{Map, Value};

use super::extension;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::walk::{self, Place};

/// What belongs to the place and stays there when the type moves out.
const OF_THE_PLACE: [&str; 5] =
    ["description", "nullable", "deprecated", extension::CLEARABLE, extension::SENSITIVE];

/// Runs the pass.
pub fn apply(document: &mut Value) -> Result<(), Diagnostics> {
    named_components(document)?;
    loop {
        let groups = innermost(document);
        if groups.is_empty() {
            return Ok(());
        }
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut found = Vec::new();
        for (key, group) in &groups {
            match add(document, group, &names) {
                Ok(name) => {
                    names.insert(key.clone(), name);
                }
                Err(diagnostic) => found.push(*diagnostic),
            }
        }
        Diagnostics::into_result(found)?;
        walk::schemas_mut(document, |place, schema| {
            if let Some(name) = is_hoisted(place, schema).then(|| names.get(&key(schema))).flatten() {
                refer(schema, name);
            }
        });
    }
}

/// An inline schema with the name of a component is that component, if it is equal to it.
fn named_components(document: &mut Value) -> Result<(), Diagnostics> {
    let components: BTreeMap<String, String> =
        walk::components(document).map(|(name, schema)| (name.clone(), key(schema))).collect();
    let mut found = Vec::new();
    walk::schemas_mut(document, |place, schema| {
        let Some(name) = schema.get(extension::RUST_NAME).and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        match components.get(&name) {
            Some(component) if *component == key(schema) => refer(schema, &name),
            Some(_) => found.push(taken(&place.pointer, &name)),
            None => {}
        }
    });
    Diagnostics::into_result(found)
}

struct Group {
    schema: Value,
    wished: Option<String>,
    described: Option<String>,
    names: Vec<String>,
    pointer: String,
    descriptions: Vec<String>,
}

/// All inline schemas that hold no other inline schema, equal ones together.
fn innermost(document: &Value) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    walk::schemas(document, |place, schema| {
        if !is_hoisted(place, schema) || contains_inline(schema) {
            return;
        }
        let group = groups.entry(key(schema)).or_insert_with(|| Group {
            schema: core(schema),
            wished: None,
            described: None,
            names: Vec::new(),
            pointer: place.pointer.clone(),
            descriptions: Vec::new(),
        });
        group.names.push(name_of(place));
        group.descriptions.extend(schema.get("description").and_then(Value::as_str).map(str::to_owned));
        if let Some(text) = schema.get(extension::RUST_DESCRIPTION).and_then(Value::as_str) {
            group.described = Some(text.to_owned());
        }
        if let Some(wished) = schema.get(extension::RUST_NAME).and_then(Value::as_str) {
            group.wished = Some(wished.to_owned());
        }
    });
    groups
}

fn add(
    document: &mut Value,
    group: &Group,
    fresh: &BTreeMap<String, String>,
) -> Result<String, Box<Diagnostic>> {
    let shortest = group.names.iter().min_by_key(|name| (name.len(), name.as_str()));
    let name = group.wished.clone().or_else(|| shortest.cloned()).unwrap_or_default();
    if fresh.values().any(|other| *other == name) {
        return Err(Box::new(taken(&group.pointer, &name)));
    }
    let mut schema = group.schema.clone();
    let mut descriptions = group.descriptions.clone();
    descriptions.dedup();
    if let Some(text) = &group.described {
        schema["description"] = text.clone().into();
    } else if let ([only], true) = (descriptions.as_slice(), group.names.len() == group.descriptions.len()) {
        schema["description"] = only.clone().into();
    }
    match walk::components_mut(document).insert(name.clone(), schema) {
        None => Ok(name),
        Some(_) => Err(Box::new(taken(&group.pointer, &name))),
    }
}

fn taken(pointer: &str, name: &str) -> Diagnostic {
    Diagnostic::new(
        "type-name-collision",
        pointer,
        format!("the inline schema would be the type `{name}`, which is another one's name"),
        "give it a name of its own: update {x-rust-name: …}",
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
    let mut document = serde_json::json!({"components": {"schemas": {"Root": core(schema)}}});
    let mut inline = false;
    walk::schemas_mut(&mut document, |place, inner| inline |= is_hoisted(place, inner));
    inline
}

fn name_of(place: &Place) -> String {
    let words = std::iter::once(&place.owner).chain(&place.trail).map(|word| word.to_upper_camel_case());
    words.collect()
}

fn core(schema: &Value) -> Value {
    let map = schema.as_object().cloned().unwrap_or_default();
    let kept = map
        .into_iter()
        .filter(|(key, _)| !OF_THE_PLACE.contains(&key.as_str()))
        .filter(|(key, _)| key != extension::RUST_NAME && key != extension::RUST_DESCRIPTION);
    Value::Object(kept.collect())
}

/// Equal keys mean equal types: descriptions, inside too, have no say.
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
    let mut core = core(schema);
    without_descriptions(&mut core);
    walk::canonical(core).to_string()
}

fn refer(schema: &mut Value, name: &str) {
    let Some(map) = schema.as_object_mut() else { return };
    let mut kept: Map<String, Value> = std::mem::take(map);
    kept.retain(|key, _| OF_THE_PLACE.contains(&key.as_str()));
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
    fn equal_enumerations_are_one_type_named_by_the_shortest_place() {
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
    fn inner_objects_move_out_before_outer_ones() {
        let inner = json!({"type": "object", "properties": {"x": {"type": "string"}}});
        let outer = json!({"type": "object", "properties": {"b": inner}});
        let schemas = lowered(json!({"A": {"properties": {"a": outer}}})).unwrap();
        assert_eq!(schemas["AA"]["properties"]["b"], json!({"$ref": "#/components/schemas/AAB"}));
        assert_eq!(schemas["AAB"], inner);
    }

    #[test]
    fn a_wished_name_wins_and_may_be_a_component_that_is_equal() {
        let wished = json!({"type": "string", "enum": ["l"], "x-rust-name": "Side"});
        let schemas =
            lowered(json!({"Side": {"type": "string", "enum": ["l"]}, "A": {"properties": {"s": wished}}}));
        let schemas = schemas.unwrap();
        assert_eq!(schemas["A"]["properties"]["s"], json!({"$ref": "#/components/schemas/Side"}));
    }

    #[test]
    fn a_type_has_the_description_that_is_wished_for_it() {
        let place = |text: &str| json!({"type": "string", "enum": ["l"], "description": text, "x-rust-name": "Side", "x-rust-description": "A side."});
        let schemas =
            lowered(json!({"A": {"properties": {"s": place("Here."), "t": place("There.")}}})).unwrap();
        assert_eq!(schemas["Side"], json!({"type": "string", "enum": ["l"], "description": "A side."}));
    }

    #[test]
    fn a_name_that_is_taken_is_refused() {
        let side = json!({"type": "string", "enum": ["l", "r"]});
        let error =
            lowered(json!({"A": {"properties": {"side": side}}, "ASide": {"type": "object"}})).unwrap_err();
        assert!(error.has("type-name-collision"));
        let wished = json!({"type": "string", "enum": ["l"], "x-rust-name": "Side"});
        let error =
            lowered(json!({"Side": {"type": "object"}, "A": {"properties": {"s": wished}}})).unwrap_err();
        assert!(error.has("type-name-collision"));
    }
}
