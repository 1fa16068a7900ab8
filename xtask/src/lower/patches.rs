//! Marks the properties of PATCH bodies that may be absent or null, so that their Rust type can express both. Absent means
//! "do not change", null means "clear".
//!
//! Only the properties of the body itself are marked: the service replaces an object inside the body as a whole.

use std::collections::BTreeSet;

use serde_json::Value;

use super::extension;
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let mut roots = BTreeSet::new();
    for operation in walk::operations(document).iter().filter(|operation| operation.method == "patch") {
        roots.extend(walk::bodies(operation));
    }
    for name in roots {
        let Some(schema) = walk::components_mut(document).get_mut(&name) else { continue };
        let required = schema.get("required").cloned().unwrap_or_default();
        let is_required =
            |name: &str| required.as_array().is_some_and(|all| all.iter().any(|one| one == name));
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
        for (_, property) in properties.filter(|(name, _)| !is_required(name)) {
            if property.get("nullable").and_then(Value::as_bool) == Some(true) {
                property[extension::CLEARABLE] = true.into();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn only_nullable_properties_of_patch_bodies_are_clearable() {
        let body = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/B"}}}});
        let mut document = json!({"paths": {"/a": {"patch": {"requestBody": body}}}, "components": {"schemas": {
            "B": {"properties": {"a": {"nullable": true}, "b": {}}}, "C": {"properties": {"a": {"nullable": true}}}}}});
        super::apply(&mut document);
        let schemas = &document["components"]["schemas"];
        assert_eq!(
            schemas["B"],
            json!({"properties": {"a": {"nullable": true, "x-clearable": true}, "b": {}}})
        );
        assert_eq!(schemas["C"]["properties"]["a"].get("x-clearable"), None);
    }
}
