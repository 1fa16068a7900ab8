//! Removes constraints. A reply must still decode when the server adds to it, and the service itself validates requests.
//!
//! Closed objects, patterns, lengths, string formats, number ranges and lists of numbers are removed from all schemas. In a
//! request, the range of an integer decides its Rust type; in a reply, every integer is an `i64`.

use serde_json::{Map, Value};

use super::documentation::is_plain;
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let (_, responses) = walk::directions(document);
    walk::schemas_mut(document, |place, schema| {
        let Some(map) = schema.as_object_mut() else { return };
        if map.contains_key("properties") || map.get("additionalProperties") == Some(&false.into()) {
            map.remove("additionalProperties");
        }
        // The generator makes an object without properties a map, unless the object is closed.
        if map.get("properties").and_then(Value::as_object).is_some_and(Map::is_empty) {
            map.insert("additionalProperties".into(), false.into());
        }
        for keyword in ["minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"] {
            map.remove(keyword);
        }
        for keyword in ["minProperties", "maxProperties", "multipleOf"] {
            map.remove(keyword);
        }
        if is_plain(map) && values_have_the_type(map) {
            map.remove("enum");
        }
        match map.get("type").and_then(Value::as_str) {
            Some("string") if map.get("format").and_then(Value::as_str) != Some("binary") => {
                map.remove("format");
            }
            Some("integer") => {
                let in_reply = match place.in_operation {
                    true => place.trail.first().is_some_and(|word| word == "Response"),
                    false => responses.contains(&place.owner),
                };
                let format = if in_reply { "int64" } else { integer_format(map) };
                remove_bounds(map);
                map.insert("format".into(), format.into());
            }
            Some("number") => {
                remove_bounds(map);
                map.insert("format".into(), "double".into());
            }
            _ => {}
        }
    });
}

/// Whether every value of an enumeration of numbers or booleans has the type of the schema.
fn values_have_the_type(map: &Map<String, Value>) -> bool {
    let values = map.get("enum").and_then(Value::as_array).into_iter().flatten();
    match map.get("type").and_then(Value::as_str) {
        Some("integer") => values.clone().all(|value| value.is_i64() || value.is_u64()),
        Some("number") => values.clone().all(Value::is_number),
        _ => values.clone().all(Value::is_boolean),
    }
}

/// The smallest of four types for the range: unsigned if no value is negative, 32 bits wide if the upper bound
/// allows it. Never a `NonZero` type, so that users can write literals.
fn integer_format(map: &Map<String, Value>) -> &'static str {
    let bound = |keyword: &str| map.get(keyword).and_then(Value::as_f64);
    match (bound("minimum"), bound("maximum")) {
        (Some(low), Some(high)) if low >= 0.0 && high <= f64::from(u32::MAX) => "uint32",
        (Some(low), None) if low >= 0.0 => "uint64",
        (Some(low), Some(high)) if low >= f64::from(i32::MIN) && high <= f64::from(i32::MAX) => "int32",
        _ => "int64",
    }
}

fn remove_bounds(map: &mut Map<String, Value>) {
    for keyword in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
        map.remove(keyword);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn lowered(schema: Value) -> Value {
        let mut document = json!({"components": {"schemas": {"A": schema}}});
        super::apply(&mut document);
        document["components"]["schemas"]["A"].clone()
    }

    #[test]
    fn a_number_or_boolean_of_a_list_is_a_plain_one() {
        assert_eq!(lowered(json!({"type": "boolean", "enum": [true]})), json!({"type": "boolean"}));
        let expected = json!({"type": "number", "format": "double"});
        assert_eq!(lowered(json!({"type": "number", "enum": [0.5, 1]})), expected);
        let mixed = json!({"type": "boolean", "enum": [true, "yes"]});
        assert_eq!(lowered(mixed.clone()), mixed);
    }

    #[test]
    fn constraints_of_strings_are_removed() {
        let schema = json!({"type": "string", "format": "date-time", "pattern": "x", "maxLength": 3});
        assert_eq!(lowered(schema), json!({"type": "string"}));
    }

    #[test]
    fn closed_objects_become_open() {
        let schema = json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false});
        assert_eq!(lowered(schema), json!({"type": "object", "properties": {"a": {}}}));
    }

    #[test]
    fn an_object_without_properties_does_not_become_a_map() {
        let closed = json!({"type": "object", "properties": {}, "additionalProperties": false});
        assert_eq!(lowered(json!({"type": "object", "properties": {}})), closed);
    }

    #[test]
    fn a_map_stays_a_map() {
        let schema = json!({"type": "object", "additionalProperties": {"type": "string"}});
        assert_eq!(lowered(schema.clone()), schema);
    }

    #[test]
    fn the_format_of_an_integer_in_a_request_follows_from_its_range() {
        for (low, high, format) in [
            (json!(1), json!(100), "uint32"),
            (json!(0), Value::Null, "uint64"),
            (json!(-50), json!(50), "int32"),
            (Value::Null, Value::Null, "int64"),
        ] {
            let lowered = lowered(json!({"type": "integer", "minimum": low, "maximum": high}));
            assert_eq!(lowered, json!({"type": "integer", "format": format}));
        }
    }

    #[test]
    fn an_integer_in_a_reply_is_an_int64() {
        let response =
            json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}});
        let mut document = json!({"paths": {"/a": {"get": {"responses": {"200": response}}}},
            "components": {"schemas": {"A": {"type": "integer", "minimum": 0, "maximum": 100}}}});
        super::apply(&mut document);
        let expected = json!({"type": "integer", "format": "int64"});
        assert_eq!(document["components"]["schemas"]["A"], expected);
    }
}
