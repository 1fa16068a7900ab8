//! The generator would freeze a default into the client and send it with every call. A default is the service's to
//! apply: it goes (its description keeps it), and the property stays optional.

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
    fn a_default_goes_and_a_property_of_that_name_stays() {
        let mut document = json!({"components": {"schemas": {"A": {"properties": {
            "default": {"type": "string", "default": "x"}}}}}});
        super::apply(&mut document);
        let expected = json!({"properties": {"default": {"type": "string"}}});
        assert_eq!(document["components"]["schemas"]["A"], expected);
    }
}
