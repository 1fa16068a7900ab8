//! Generates responses from schemas, for the operations without simulated behavior.

use serde_json::{Map, Value, json};

use crate::document::{Route, document};

/// The status of the operation's first successful response, and a body that matches its schema.
///
/// `known` contains values by property name, such as the ids of the path.
pub(crate) fn answer(route: &Route, known: &Map<String, Value>) -> Option<(u16, Value)> {
    let (status, schema) = route.success.as_ref()?;
    Some((*status, value(schema, known, 0)))
}

fn value(schema: &Value, known: &Map<String, Value>, depth: usize) -> Value {
    let schema = document().resolve(schema);
    if let Some(fixed) = schema.get("const").or_else(|| schema.pointer("/enum/0")) {
        return fixed.clone();
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        let members = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
        let mut members = members.filter(|member| member.get("type") != Some(&"null".into()));
        if let (Some(member), false) = (members.next(), schema.get("properties").is_some()) {
            return value(member, known, depth + 1);
        }
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.and_then(Value::as_str),
    };
    match kind {
        Some("array") => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
            let item = schema.get("items").filter(|_| least > 0).map(|items| value(items, known, depth + 1));
            item.into_iter().collect()
        }
        Some("string") => match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => json!("2026-11-01T00:00:00Z"),
            _ => json!("simulated"),
        },
        Some("integer") => json!(schema.get("minimum").and_then(Value::as_i64).unwrap_or(0)),
        Some("number") => json!(schema.get("minimum").and_then(Value::as_f64).unwrap_or(0.0)),
        Some("boolean") => json!(false),
        _ => object(schema, known, depth),
    }
}

fn object(schema: &Value, known: &Map<String, Value>, depth: usize) -> Value {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
    let mut object = Map::new();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if let Some(value) = known.get(name) {
            object.insert(name.clone(), value.clone());
        } else if is_required(name) || name == "data" || name == "has_more" {
            object.insert(name.clone(), value(property, known, depth + 1));
        } else if depth == 0 {
            object.insert(name.clone(), Value::Null);
        }
    }
    object.into()
}
