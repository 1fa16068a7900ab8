//! Removes defaults. The generator would write them into the client, which would send them with every call; but it is the
//! service that applies them. The property stays optional, and the pass `documentation` has put the default into its
//! description.

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut serde_json::Value) {
    walk::schemas_mut(document, |_, schema| {
        if let Some(map) = schema.as_object_mut() {
            map.remove("default");
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn defaults_are_removed_but_not_a_property_named_default() {
        let mut document = json!({"components": {"schemas": {"A": {"properties": {
            "default": {"type": "string", "default": "x"}}}}}});
        super::apply(&mut document);
        let expected = json!({"properties": {"default": {"type": "string"}}});
        assert_eq!(document["components"]["schemas"]["A"], expected);
    }
}
