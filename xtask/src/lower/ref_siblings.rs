//! Moves a `$ref` that has siblings into `allOf`, because OpenAPI 3.0 ignores the siblings of a `$ref`.

use serde_json::{Value, json};

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::schemas_mut(document, |_, schema| {
        let Some(map) = schema.as_object_mut().filter(|map| map.len() > 1) else { return };
        if let Some(reference) = map.remove("$ref") {
            map.insert("allOf".into(), json!([{ "$ref": reference }]));
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn only_a_reference_with_siblings_moves_into_all_of() {
        let reference = json!({"$ref": "#/components/schemas/A"});
        let described = json!({"$ref": "#/components/schemas/A", "description": "d"});
        let mut document =
            json!({"components": {"schemas": {"B": {"properties": {"a": reference, "b": described}}}}});
        super::apply(&mut document);
        let properties = &document["components"]["schemas"]["B"]["properties"];
        assert_eq!(properties["a"], reference);
        assert_eq!(properties["b"], json!({"allOf": [reference], "description": "d"}));
    }
}
