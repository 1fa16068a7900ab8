//! The generator would make an optional list a plain `Vec` and leave an empty one out. To the service absent and empty
//! can be two things ("an empty array removes all"), so an optional list or map is an `Option` like anything else.

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
    fn an_optional_list_may_be_absent() {
        let list = json!({"type": "array", "items": {}});
        let mut document = json!({"components": {"schemas": {"A": {
            "required": ["b"], "properties": {"a": list, "b": list}}}}});
        super::apply(&mut document);
        let properties = &document["components"]["schemas"]["A"]["properties"];
        assert_eq!(properties["a"], json!({"type": "array", "items": {}, "nullable": true}));
        assert_eq!(properties["b"], list);
    }
}
