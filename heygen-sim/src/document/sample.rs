//! Generates responses from the document, for the operations without simulated behavior.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::document::{Content, Route, document};
use crate::reply::Reply;

/// The text or the file of a response that is not JSON.
const CONTENT: &str = "simulated";

/// The operation's first successful response, with content that matches it.
///
/// `known` contains values by property name, such as the ids of the path.
pub(crate) fn answer(route: &Route, known: &Map<String, Value>) -> Option<Reply> {
    let (status, content) = route.success.as_ref()?;
    let status = StatusCode::from_u16(*status).ok()?;
    Some(match content {
        Content::Json(schema) => Reply::json(status, value(schema, known, 0)),
        Content::Other(media) => Reply::bytes(status, media, CONTENT),
        Content::Nothing => Reply::empty(status),
    })
}

fn value(schema: &Value, known: &Map<String, Value>, depth: usize) -> Value {
    let schema = document().resolve(schema);
    if let Some(fixed) = schema.get("const").or_else(|| schema.pointer("/enum/0")) {
        return fixed.clone();
    }
    if schema.get("properties").is_none() {
        for keyword in ["oneOf", "anyOf"] {
            let members = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
            let mut members = members.filter(|member| member.get("type") != Some(&"null".into()));
            if let Some(member) = members.next() {
                return value(member, known, depth + 1);
            }
        }
    }
    match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        None | Some([]) => {}
        Some([member]) if schema.get("properties").is_none() => return value(member, known, depth + 1),
        Some(_) => {
            let mut merged = Map::new();
            merge(schema, &mut merged);
            return object(&merged.into(), known, depth);
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

/// Collects the properties of an object and of the schemas that it must match as well. Of two with one name, the last remains.
fn merge(schema: &Value, merged: &mut Map<String, Value>) {
    let schema = document().resolve(schema);
    for member in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        merge(member, merged);
    }
    if let (Some(more), Value::Object(properties)) = (
        schema.get("properties").and_then(Value::as_object),
        merged.entry("properties").or_insert_with(|| json!({})),
    ) {
        properties.extend(more.clone());
    }
    if let (Some(more), Value::Array(required)) = (
        schema.get("required").and_then(Value::as_array),
        merged.entry("required").or_insert_with(|| json!([])),
    ) {
        required.extend(more.iter().cloned());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_what_each_schema_of_an_all_of_requires() {
        let base = json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "size": {"type": "string"}}});
        let inner = json!({"required": ["ok"], "properties": {"ok": {"type": "boolean"}}});
        let more =
            json!({"allOf": [inner], "required": ["size"], "properties": {"size": {"enum": ["small"]}}});
        let data = json!({"properties": {"data": {"allOf": [base, more]}}});
        let known = Map::from_iter([("id".to_owned(), json!("one"))]);
        assert_eq!(value(&data, &known, 0), json!({"data": {"id": "one", "ok": false, "size": "small"}}));
        let one = json!({"allOf": [{"type": "string", "enum": ["a"]}]});
        assert_eq!(value(&one, &known, 0), "a");
    }
}
