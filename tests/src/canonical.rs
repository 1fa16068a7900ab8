//! Valid values for schemas, of the document as published (3.1) or lowered (3.0.3).

use serde_json::{Map, Value, json};

/// Which properties of an object to fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Every property.
    Everything,
    /// Only required properties.
    Required,
    /// Every property, with null where it is allowed.
    Nulls,
    /// Every property. Of each union, the member at this index, modulo the number of members.
    Member(usize),
}

/// Strings to try for schemas with a pattern or a length.
const TEXTS: [&str; 6] =
    ["text", "#a1b2c3", "node_1", "a", "12345678", "550e8400-e29b-41d4-a716-446655440000"];

/// Returns a value that is valid for `schema`. The result is deterministic.
pub fn value(document: &Value, schema: &Value, fill: Fill) -> Value {
    of(document, schema, fill, 0)
}

fn of(document: &Value, schema: &Value, fill: Fill, depth: usize) -> Value {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = document.pointer(target.trim_start_matches('#')).unwrap_or(&Value::Null);
        return of(document, target, fill, depth + 1);
    }
    if fill == Fill::Nulls && depth > 0 && takes_null(schema) {
        return Value::Null;
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(first) = schema.pointer("/enum/0") {
        return first.clone();
    }
    if let Some(members) = schema.get("allOf").and_then(Value::as_array).filter(|members| members.len() > 1) {
        // A property of two members has the value of the last, which narrows that of the others.
        let objects = members.iter().map(|member| of(document, member, fill, depth + 1));
        return objects.filter_map(|object| object.as_object().cloned()).flatten().collect();
    }
    if schema.get("properties").is_none() {
        for keyword in ["allOf", "oneOf", "anyOf"] {
            let members = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
            let members: Vec<&Value> =
                members.filter(|member| member.get("type") != Some(&"null".into())).collect();
            // A recursive type ends at its first member, which is not recursive.
            let number = if let (Fill::Member(number), true) = (fill, depth < 16) { number } else { 0 };
            if let Some(member) = members.get(number % members.len().max(1)) {
                return tagged(schema, member, of(document, member, fill, depth + 1));
            }
        }
    }
    match kind(schema) {
        Some("object") => object(document, schema, fill, depth),
        Some("array") => array(document, schema, fill, depth),
        Some("string") => text(schema),
        Some("integer") => integer(schema),
        Some("number") => number(schema),
        Some("boolean") => json!(true),
        _ => json!("anything"),
    }
}

fn takes_null(schema: &Value) -> bool {
    let null = Value::from("null");
    let listed = |types: &Value| types.as_array().is_some_and(|types| types.contains(&null));
    let member = |member: &Value| member.get("type") == Some(&null);
    schema.get("type").is_some_and(listed)
        || schema.get("anyOf").and_then(Value::as_array).is_some_and(|members| members.iter().any(member))
}

fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.as_str(),
    }
}

/// Adds the tag to a member of a union. In the lowered document, members do not have it.
fn tagged(union: &Value, member: &Value, mut value: Value) -> Value {
    let tag = union.pointer("/discriminator/propertyName").and_then(Value::as_str);
    let mapping = union.pointer("/discriminator/mapping").and_then(Value::as_object);
    if let (Some(tag), Some(mapping), Some(object)) = (tag, mapping, value.as_object_mut()) {
        let target = member.get("$ref");
        let found = mapping.iter().find(|(_, to)| Some(*to) == target).map(|(value, _)| value.clone());
        // A member with an open tag has the tag of another member, or one for which the mapping has no member.
        let present = object.get(tag).and_then(Value::as_str).and_then(|value| mapping.get(value));
        if !object.contains_key(tag) || present.is_some_and(|to| Some(to) != target) {
            let is_open = found.is_none() && object.contains_key(tag);
            if let Some(value) = found.or_else(|| is_open.then(|| "another kind".to_owned())) {
                object.insert(tag.to_owned(), value.into());
            }
        }
    }
    value
}

fn object(document: &Value, schema: &Value, fill: Fill, depth: usize) -> Value {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut object = Map::new();
    // The depth of recursive types is limited.
    let full = fill != Fill::Required && depth < 16;
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if full || required.contains(&name.as_str()) {
            object.insert(name.clone(), of(document, property, fill, depth + 1));
        }
    }
    if let (Some(values), true) =
        (schema.get("additionalProperties").filter(|values| values.is_object()), full)
    {
        object.insert("key".into(), of(document, values, fill, depth + 1));
    }
    object.into()
}

fn array(document: &Value, schema: &Value, fill: Fill, depth: usize) -> Value {
    let minimum = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
    let length = if depth > 14 || fill == Fill::Required { minimum } else { minimum.max(1) };
    let item =
        schema.get("items").map(|items| of(document, items, fill, depth + 1)).unwrap_or(json!("anything"));
    vec![item; length as usize].into()
}

fn text(schema: &Value) -> Value {
    let found = TEXTS.iter().find(|text| first_problem(&Value::Null, schema, &json!(text)).is_none());
    json!(found.unwrap_or(&"text"))
}

fn integer(schema: &Value) -> Value {
    let minimum = schema.get("minimum").and_then(Value::as_i64).unwrap_or(0);
    let maximum = schema.get("maximum").and_then(Value::as_i64).unwrap_or(i64::MAX);
    json!(7.max(minimum).min(maximum))
}

fn number(schema: &Value) -> Value {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let minimum = bound("minimum").or(bound("exclusiveMinimum")).unwrap_or(0.5);
    let maximum = bound("maximum").or(bound("exclusiveMaximum")).unwrap_or(minimum + 1.0);
    json!((minimum + maximum) / 2.0)
}

/// Returns the first problem of a value under JSON Schema 2020-12. It uses none of our code.
pub fn first_problem(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    let whole = json!({"allOf": [schema], "components": document.get("components")});
    let validator = match jsonschema::draft202012::new(&whole) {
        Ok(validator) => validator,
        Err(error) => return Some(format!("the schema itself is invalid: {error}")),
    };
    validator.iter_errors(value).next().map(|error| format!("{} at {}", error, error.instance_path()))
}
