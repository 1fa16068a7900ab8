//! Replaces `const`, which OpenAPI 3.0 does not have, by an enumeration of one value.

use serde_json::Value;

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::schemas_mut(document, |_, schema| {
        let Some(map) = schema.as_object_mut() else { return };
        if let Some(constant) = map.remove("const") {
            let kind = match &constant {
                Value::String(_) => Some("string"),
                Value::Bool(_) => Some("boolean"),
                Value::Number(number) if number.is_f64() => Some("number"),
                Value::Number(_) => Some("integer"),
                _ => None,
            };
            if let Some(kind) = kind {
                map.entry("type").or_insert(kind.into());
            }
            map.insert("enum".into(), Value::Array(vec![constant]));
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_constant_becomes_an_enumeration_of_one_value() {
        for (constant, kind) in [(json!("url"), "string"), (json!(3), "integer"), (json!(true), "boolean")] {
            let mut document =
                json!({"components": {"schemas": {"A": {"properties": {"t": {"const": constant}}}}}});
            super::apply(&mut document);
            let expected = json!({"enum": [constant], "type": kind});
            assert_eq!(document["components"]["schemas"]["A"]["properties"]["t"], expected);
        }
    }
}
