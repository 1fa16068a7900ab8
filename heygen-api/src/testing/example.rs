//! The document's own examples, where they are valid.

use serde_json::Value;

use super::schemas::Schemas;
use super::text;

/// The example of a schema, if it is valid and not empty. That of a text with a pattern is not used: nothing here matches
/// patterns.
pub(super) fn of(schemas: &Schemas, schema: &Value) -> Option<Value> {
    let example = schema.get("example").filter(|example| !is_empty(example))?;
    let name = schema.get("$ref").and_then(Value::as_str);
    let target = name.map_or(Some(schema), |name| schemas.of_type(name))?;
    if !is_valid(schemas, target, example) {
        return None;
    }
    match target.get("type").and_then(Value::as_str) {
        // As the field's type, so that it is written as it was read: 30.0, not 30.
        Some("number") => Some(example.as_f64()?.into()),
        _ => Some(example.clone()),
    }
}

fn is_empty(example: &Value) -> bool {
    match example {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Null => true,
        _ => false,
    }
}

fn is_valid(schemas: &Schemas, schema: &Value, value: &Value) -> bool {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return schemas.of_type(name).is_some_and(|target| is_valid(schemas, target, value));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.contains(value);
    }
    let within = |length: usize, low: &str, high: &str| {
        text::length(schema, low).is_none_or(|low| low <= length)
            && text::length(schema, high).is_none_or(|high| length <= high)
    };
    match (schema.get("type").and_then(Value::as_str), value) {
        (Some("string"), Value::String(text)) => {
            schema.get("pattern").is_none() && within(text.chars().count(), "minLength", "maxLength")
        }
        (Some("integer"), Value::Number(number)) => {
            (number.is_i64() || number.is_u64()) && is_in_range(schema, value)
        }
        (Some("number"), Value::Number(_)) => is_in_range(schema, value),
        (Some("boolean"), Value::Bool(_)) => true,
        (Some("array"), Value::Array(items)) => {
            let schema = schema.get("items").unwrap_or(&Value::Null);
            within(items.len(), "minItems", "maxItems")
                && items.iter().all(|item| is_valid(schemas, schema, item))
        }
        // Members have examples of their own. The values of a map are checked.
        (Some("object"), Value::Object(members)) => {
            let values = schema.get("additionalProperties");
            schema.get("properties").is_none()
                && members.values().all(|value| values.is_none_or(|values| is_valid(schemas, values, value)))
        }
        (None, _) => schema.get("tag").is_none() && schema.get("properties").is_none(),
        _ => false,
    }
}

fn is_in_range(schema: &Value, value: &Value) -> bool {
    let Some(value) = value.as_f64() else { return false };
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let is_exclusive = |keyword: &str| schema.get(keyword).and_then(Value::as_bool) == Some(true);
    let is_multiple = bound("multipleOf").is_none_or(|step| (value / step).fract() == 0.0);
    let above = |low: f64| low < value || low == value && !is_exclusive("exclusiveMinimum");
    let below = |high: f64| value < high || value == high && !is_exclusive("exclusiveMaximum");
    bound("minimum").is_none_or(above) && bound("maximum").is_none_or(below) && is_multiple
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_valid_example_is_used() {
        let json = r#"{"types": {"Side": {"type": "string", "enum": ["l", "r"]}}, "operations": {}}"#;
        let schemas = Schemas::read(json).unwrap();
        for (schema, example, used) in [
            (json!({"type": "string"}), json!("a"), true),
            (json!({"type": "string"}), json!(""), false),
            (json!({"type": "string"}), json!(7), false),
            (json!({"type": "string", "maxLength": 2}), json!("abc"), false),
            (json!({"type": "string", "pattern": "a"}), json!("a"), false),
            (json!({"type": "integer", "minimum": 1}), json!(1), true),
            (json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}), json!(1), false),
            (json!({"type": "integer"}), json!(1.5), false),
            (json!({"type": "number", "maximum": 1}), json!(1.5), false),
            (json!({"type": "boolean"}), json!(false), true),
            (json!({"$ref": "Side"}), json!("r"), true),
            (json!({"$ref": "Side"}), json!("x"), false),
            (json!({"type": "array", "items": {"$ref": "Side"}}), json!(["r"]), true),
            (json!({"type": "array", "items": {"$ref": "Side"}}), json!(["x"]), false),
            (json!({"type": "array", "items": {"$ref": "Side"}}), json!([]), false),
            (json!({"type": "object"}), json!({"any": 1}), true),
            (json!({"type": "object", "additionalProperties": {"$ref": "Side"}}), json!({"any": 1}), false),
        ] {
            let mut with_example = schema.clone();
            with_example["example"] = example.clone();
            assert_eq!(of(&schemas, &with_example), used.then_some(example), "{with_example}");
        }
        let number = json!({"type": "number", "example": 30});
        assert_eq!(of(&schemas, &number).unwrap().to_string(), "30.0");
    }
}
