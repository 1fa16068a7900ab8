//! Removes the components that no operation uses, so that they do not become types.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let mut roots = BTreeSet::new();
    if let Some(paths) = document.get("paths") {
        walk::references(paths, &mut roots);
    }
    let used = walk::closure(document, roots);
    walk::components_mut(document).retain(|name, _| used.contains(name));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn indirectly_used_components_stay() {
        let mut document = json!({
            "paths": {"/a": {"get": {"schema": {"$ref": "#/components/schemas/A"}}}},
            "components": {"schemas": {"A": {"items": {"$ref": "#/components/schemas/B"}}, "B": {}, "C": {}}}});
        super::apply(&mut document);
        let left: Vec<_> = document["components"]["schemas"].as_object().unwrap().keys().collect();
        assert_eq!(left, ["A", "B"]);
    }
}
