//! Makes optional lists and maps nullable, so that they become an `Option`. The generator would make an optional list a
//! `Vec`, and not send it when it is empty; but for the service absent and empty can differ ("an empty array removes all").

use serde_json::Value;

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::schemas_mut(document, |_, schema| {
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
        for (_, property) in properties.filter(|(name, _)| required.iter().all(|one| one != name.as_str())) {
            let kind = property.get("type").and_then(Value::as_str);
            if matches!(kind, Some("array" | "object")) {
                property["nullable"] = true.into();
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn an_optional_list_becomes_nullable() {
        let list = json!({"type": "array", "items": {}});
        let mut document = json!({"components": {"schemas": {"A": {
            "required": ["b"], "properties": {"a": list, "b": list}}}}});
        super::apply(&mut document);
        let properties = &document["components"]["schemas"]["A"]["properties"];
        assert_eq!(properties["a"], json!({"type": "array", "items": {}, "nullable": true}));
        assert_eq!(properties["b"], list);
    }
}
