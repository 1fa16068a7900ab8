//! 3.1 gives exclusive bounds as numbers; 3.0 as flags beside the bound.

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
    fn a_number_becomes_bound_and_flag() {
        let mut document = json!({"components": {"schemas": {"A": {"exclusiveMinimum": 0, "maximum": 3}}}});
        super::apply(&mut document);
        let expected = json!({"exclusiveMinimum": true, "minimum": 0, "maximum": 3});
        assert_eq!(document["components"]["schemas"]["A"], expected);
    }
}
