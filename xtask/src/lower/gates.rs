//! Which cargo feature an operation needs: the retired v1 and v2 paths `legacy`, operations that the provider keeps
//! out of its reference (`x-excluded`) `preview`, all others none.

use serde_json::Value;

use super::extension;
use crate::walk;

/// Runs the pass; before `annotations`, which strips the provider's own hints.
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

/// The version that a path names, when it is a retired one.
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
    fn paths_and_hints_decide() {
        let mut document = json!({"paths": {
            "/v1/a": {"get": {"x-excluded": true}}, "/v3/b": {"get": {"x-excluded": true}}, "/v3/c": {"get": {}}}});
        super::apply(&mut document);
        assert_eq!(document["paths"]["/v1/a"]["get"]["x-gate"], "legacy");
        assert_eq!(document["paths"]["/v3/b"]["get"]["x-gate"], "preview");
        assert_eq!(document["paths"]["/v3/c"]["get"].get("x-gate"), None);
    }
}
