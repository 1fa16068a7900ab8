//! Rewrites the schemas of request bodies.
//!
//! Unions are rewritten so that a validation error names the exact place.
//! A validator only reports that a value matches no member of a union. A union with a tag is therefore rewritten: the tag must
//! be one of the listed values, and each value implies the schema of its member. A union with null becomes a condition: if the
//! value is not null, the other schema applies. The same values are valid as before.
//!
//! A read-only property is not required: the service sets it, so `required` means responses (OpenAPI 3.0.4, Schema Object).

use serde_json::{Map, Value, json};

/// Returns a schema, or a document, whose schemas are rewritten.
pub(super) fn precise(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let mut object: Map<String, Value> =
                object.iter().map(|(key, value)| (key.clone(), precise(value))).collect();
            rewrite_tagged_union(&mut object);
            rewrite_nullable_union(&mut object);
            make_read_only_optional(&mut object);
            object.into()
        }
        Value::Array(items) => items.iter().map(precise).collect(),
        other => other.clone(),
    }
}

/// Rewrites a union with a tag.
fn rewrite_tagged_union(object: &mut Map<String, Value>) {
    let Some(tag) =
        object.get("discriminator").and_then(|one| one.get("propertyName")).and_then(Value::as_str)
    else {
        return;
    };
    let Some(mapping) = object["discriminator"].get("mapping").and_then(Value::as_object) else { return };
    // An `anyOf` with a tag is open: other tags are allowed.
    let Some(members) = object.get("oneOf").and_then(Value::as_array).map(Vec::len) else { return };
    if members != mapping.len() {
        return;
    }
    let tag = tag.to_owned();
    let words: Vec<&String> = mapping.keys().collect();
    let branches: Vec<Value> = mapping
        .iter()
        .map(|(word, target)| {
            let when = json!({"required": [tag], "properties": {&tag: {"const": word}}});
            json!({"if": when, "then": {"$ref": target}})
        })
        .collect();
    let rewritten = json!({
        "type": "object",
        "required": [tag],
        "properties": {&tag: {"enum": words}},
        "allOf": branches,
    });
    object.remove("oneOf");
    object.remove("discriminator");
    if let Value::Object(rewritten) = rewritten {
        object.extend(rewritten);
    }
}

/// Rewrites a union with null.
fn rewrite_nullable_union(object: &mut Map<String, Value>) {
    let null = json!({"type": "null"});
    let Some([one, other]) = object.get("anyOf").and_then(Value::as_array).map(Vec::as_slice) else { return };
    let rest = match (*one == null, *other == null) {
        (true, false) => other.clone(),
        (false, true) => one.clone(),
        _ => return,
    };
    object.remove("anyOf");
    object.insert("if".into(), null);
    object.insert("then".into(), true.into());
    object.insert("else".into(), rest);
}

/// Removes the read-only properties from the required ones.
fn make_read_only_optional(object: &mut Map<String, Value>) {
    let Some(Value::Array(required)) = object.get("required") else { return };
    let properties = object.get("properties");
    let is_read_only = |name: &Value| {
        let property = properties.and_then(|properties| properties.get(name.as_str()?));
        property.and_then(|property| property.get("readOnly")) == Some(&true.into())
    };
    let required: Vec<Value> = required.iter().filter(|name| !is_read_only(name)).cloned().collect();
    object.insert("required".into(), required.into());
}

#[cfg(all(test, feature = "validation"))]
mod tests {
    use super::*;

    fn places(schema: &Value, value: &Value) -> Vec<String> {
        let validator = jsonschema::draft202012::new(&precise(schema)).unwrap();
        validator.iter_errors(value).map(|error| error.instance_path().to_string()).collect()
    }

    #[test]
    fn an_error_names_the_exact_place() {
        let schema = json!({
            "$defs": {
                "Dog": {"properties": {"kind": {"const": "dog"}, "age": {"type": "integer"}}, "required": ["kind", "age"]},
                "Cat": {"properties": {"kind": {"const": "cat"}}, "required": ["kind"]},
            },
            "properties": {"pet": {"anyOf": [{
                "oneOf": [{"$ref": "#/$defs/Dog"}, {"$ref": "#/$defs/Cat"}],
                "discriminator": {"propertyName": "kind", "mapping": {"dog": "#/$defs/Dog", "cat": "#/$defs/Cat"}},
            }, {"type": "null"}]}},
        });
        for fine in [
            json!({}),
            json!({"pet": null}),
            json!({"pet": {"kind": "cat"}}),
            json!({"pet": {"kind": "dog", "age": 3}}),
        ] {
            assert_eq!(places(&schema, &fine), Vec::<String>::new(), "{fine}");
        }
        assert_eq!(places(&schema, &json!({"pet": {"kind": "dog", "age": "old"}})), ["/pet/age"]);
        assert_eq!(places(&schema, &json!({"pet": {"kind": "cow"}})), ["/pet/kind"]);
        assert_eq!(places(&schema, &json!({"pet": {"kind": "dog"}})), ["/pet"]);
        assert_eq!(places(&schema, &json!({"pet": {}})), ["/pet"]);
        assert_eq!(places(&schema, &json!({"pet": 7})), ["/pet"]);
    }

    #[test]
    fn a_read_only_property_is_not_required() {
        let schema = json!({"required": ["id", "name"],
            "properties": {"id": {"type": "string", "readOnly": true}, "name": {"type": "string"}, "required": {"type": "string"}}});
        assert_eq!(places(&schema, &json!({"name": "a"})), Vec::<String>::new());
        assert_eq!(places(&schema, &json!({"id": "a"})), [""]);
        assert_eq!(places(&schema, &json!({"id": 7, "name": "a", "required": 1})), ["/id", "/required"]);
    }
}
