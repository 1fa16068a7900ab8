//! Replaces `const`, which OpenAPI 3.0 does not have, by an enumeration of one value.

use serde_json::Value;

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::schemas_mut(document, |_, schema| {
        let Some(map) = schema.as_object_mut() else { return };
        if let Some(constant) = map.remove("const") {
            if constant.is_string() {
                map.entry("type").or_insert("string".into());
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
        let mut document = json!({"components": {"schemas": {"A": {"properties": {"t": {"const": "url"}}}}}});
        super::apply(&mut document);
        let expected = json!({"enum": ["url"], "type": "string"});
        assert_eq!(document["components"]["schemas"]["A"]["properties"]["t"], expected);
    }
}
