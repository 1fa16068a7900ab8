//! Marks the operations that need a cargo feature: `legacy` for retired v1 and v2 paths, `preview` for operations that the
//! provider leaves out of its reference (`x-excluded`).

use serde_json::Value;

use super::extension;
use crate::walk;

/// Runs the pass. It must run before `annotations`, which removes `x-excluded`.
pub fn apply(document: &mut Value) {
    walk::operations_mut(document, |path, _, operation| {
        let excluded = operation.get("x-excluded").and_then(Value::as_bool).unwrap_or(false);
        let gate = match (is_legacy(path), excluded) {
            (true, _) => "legacy",
            (false, true) => "preview",
            (false, false) => return,
        };
        operation[extension::GATE] = gate.into();
    });
}

/// The version in a path, if it is a retired one.
pub fn legacy_version(path: &str) -> Option<&'static str> {
    ["v1", "v2"].into_iter().find(|version| path.split('/').nth(1) == Some(version))
}

fn is_legacy(path: &str) -> bool {
    legacy_version(path).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn the_gate_depends_on_the_path_and_x_excluded() {
        let mut document = json!({"paths": {
            "/v1/a": {"get": {"x-excluded": true}}, "/v3/b": {"get": {"x-excluded": true}}, "/v3/c": {"get": {}}}});
        super::apply(&mut document);
        assert_eq!(document["paths"]["/v1/a"]["get"]["x-gate"], "legacy");
        assert_eq!(document["paths"]["/v3/b"]["get"]["x-gate"], "preview");
        assert_eq!(document["paths"]["/v3/c"]["get"].get("x-gate"), None);
    }
}
