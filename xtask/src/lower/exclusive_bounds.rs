//! Rewrites exclusive bounds, which are numbers in OpenAPI 3.1 and flags beside the bound in 3.0.

use serde_json::Value;

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::schemas_mut(document, |_, schema| {
        let Some(map) = schema.as_object_mut() else { return };
        for (exclusive, inclusive) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
            if let Some(bound @ Value::Number(_)) = map.get(exclusive).cloned() {
                map.insert(exclusive.into(), true.into());
                map.insert(inclusive.into(), bound);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn an_exclusive_bound_becomes_a_bound_and_a_flag() {
        let mut document = json!({"components": {"schemas": {"A": {"exclusiveMinimum": 0, "maximum": 3}}}});
        super::apply(&mut document);
        let expected = json!({"exclusiveMinimum": true, "minimum": 0, "maximum": 3});
        assert_eq!(document["components"]["schemas"]["A"], expected);
    }
}
