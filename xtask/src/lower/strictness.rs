//! A reply must decode although the server grew, and a request is the service's to refuse: closed objects, patterns,
//! lengths and string formats go from all schemas, number ranges from those that replies reach. What an integer's
//! range leaves in a request is the Rust type that holds it.

use serde_json::{Map, Value};

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let (_, responses) = walk::directions(document);
    walk::schemas_mut(document, |place, schema| {
        let Some(map) = schema.as_object_mut() else { return };
        if map.contains_key("properties") || map.get("additionalProperties") == Some(&false.into()) {
            map.remove("additionalProperties");
        }
        // The generator takes an object without properties for a map, unless it is closed.
        if map.get("properties").and_then(Value::as_object).is_some_and(Map::is_empty) {
            map.insert("additionalProperties".into(), false.into());
        }
        for keyword in ["minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"] {
            map.remove(keyword);
        }
        for keyword in ["minProperties", "maxProperties", "multipleOf"] {
            map.remove(keyword);
        }
        match map.get("type").and_then(Value::as_str) {
            Some("string") if map.get("format").and_then(Value::as_str) != Some("binary") => {
                map.remove("format");
            }
            Some("integer") => {
                let received = match place.in_operation {
                    true => place.trail.first().is_some_and(|word| word == "Response"),
                    false => responses.contains(&place.owner),
                };
                let format = if received { "int64" } else { integer_format(map) };
                without_bounds(map);
                map.insert("format".into(), format.into());
            }
            Some("number") => {
                without_bounds(map);
                map.insert("format".into(), "double".into());
            }
            _ => {}
        }
    });
}

/// An unsigned type when negative values are refused, 32 bits wide when the upper bound allows it. Never a `NonZero`:
/// a literal should do.
fn integer_format(map: &Map<String, Value>) -> &'static str {
    let bound = |keyword: &str| map.get(keyword).and_then(Value::as_f64);
    match (bound("minimum"), bound("maximum")) {
        (Some(low), Some(high)) if low >= 0.0 && high <= f64::from(u32::MAX) => "uint32",
        (Some(low), None) if low >= 0.0 => "uint64",
        (Some(low), Some(high)) if low >= f64::from(i32::MIN) && high <= f64::from(i32::MAX) => "int32",
        _ => "int64",
    }
}

fn without_bounds(map: &mut Map<String, Value>) {
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
    fn strings_are_strings() {
        let schema = json!({"type": "string", "format": "date-time", "pattern": "x", "maxLength": 3});
        assert_eq!(lowered(schema), json!({"type": "string"}));
    }

    #[test]
    fn objects_are_open() {
        let schema = json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false});
        assert_eq!(lowered(schema), json!({"type": "object", "properties": {"a": {}}}));
    }

    #[test]
    fn an_object_without_properties_is_no_map() {
        let closed = json!({"type": "object", "properties": {}, "additionalProperties": false});
        assert_eq!(lowered(json!({"type": "object", "properties": {}})), closed);
    }

    #[test]
    fn a_map_stays_a_map() {
        let schema = json!({"type": "object", "additionalProperties": {"type": "string"}});
        assert_eq!(lowered(schema.clone()), schema);
    }

    #[test]
    fn a_requests_integer_keeps_the_type_that_holds_its_range() {
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
    fn a_replys_integer_takes_any_value() {
        let answer = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}});
        let mut document = json!({"paths": {"/a": {"get": {"responses": {"200": answer}}}},
            "components": {"schemas": {"A": {"type": "integer", "minimum": 0, "maximum": 100}}}});
        super::apply(&mut document);
        let expected = json!({"type": "integer", "format": "int64"});
        assert_eq!(document["components"]["schemas"]["A"], expected);
    }
}
