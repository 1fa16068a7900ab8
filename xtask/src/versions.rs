//! Rewrites OpenAPI 3.0 as 3.1, so that every later stage sees one version. OpenAPI 3.2 differs from 3.1 only by additions;
//! those that matter here are findings of [`document`](crate::document).

use serde_json::{Map, Value, json};

use crate::walk;

/// Whether the pipeline reads documents of this version.
pub fn is_supported(version: &str) -> bool {
    ["3.0.", "3.1.", "3.2."].iter().any(|series| format!("{version}.").starts_with(series))
}

/// Rewrites a document of any supported version as OpenAPI 3.1.
pub fn to_3_1(document: &mut Value) {
    let version = document.get("openapi").and_then(Value::as_str).unwrap_or_default();
    if version.starts_with("3.1") {
        return;
    }
    let is_3_0 = version.starts_with("3.0");
    document["openapi"] = "3.1.0".into();
    if is_3_0 {
        walk::schemas_mut(document, |_, schema| {
            if let Some(map) = schema.as_object_mut() {
                rewrite_bounds(map);
                rewrite_nullable(map);
            }
        });
    }
}

/// An exclusive bound is a flag beside the bound in 3.0, and a number of its own in 3.1.
fn rewrite_bounds(map: &mut Map<String, Value>) {
    for (exclusive, inclusive) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(Value::Bool(is_exclusive)) = map.get(exclusive).cloned() {
            map.remove(exclusive);
            if let Some(bound) = map.remove(inclusive) {
                map.insert(if is_exclusive { exclusive } else { inclusive }.into(), bound);
            }
        }
    }
}

/// A value that may be null has `nullable: true` in 3.0, and the type `null` in 3.1.
fn rewrite_nullable(map: &mut Map<String, Value>) {
    if map.remove("nullable") != Some(true.into()) {
        return;
    }
    if let Some(Value::Array(values)) = map.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    if let Some(Value::String(one)) = map.get("type").cloned() {
        map.insert("type".into(), json!([one, "null"]));
        return;
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(Value::Array(members)) = map.get_mut(keyword) {
            members.push(json!({"type": "null"}));
            return;
        }
    }
    if let Some(Value::Array(members)) = map.remove("allOf") {
        let inner = match members.as_slice() {
            [only] => only.clone(),
            _ => json!({"allOf": members}),
        };
        map.insert("anyOf".into(), json!([inner, {"type": "null"}]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(schema: Value) -> Value {
        let mut document = json!({"openapi": "3.0.3", "components": {"schemas": {"A": schema}}});
        to_3_1(&mut document);
        assert_eq!(document["openapi"], "3.1.0");
        document["components"]["schemas"]["A"].clone()
    }

    #[test]
    fn nullable_becomes_the_type_null() {
        let a = json!({"$ref": "#/components/schemas/A"});
        for (before, after) in [
            (json!({"type": "string", "nullable": true}), json!({"type": ["string", "null"]})),
            (json!({"type": "string", "nullable": false}), json!({"type": "string"})),
            (
                json!({"type": "string", "enum": ["a"], "nullable": true}),
                json!({"type": ["string", "null"], "enum": ["a", null]}),
            ),
            (
                json!({"allOf": [a], "nullable": true, "description": "d"}),
                json!({"anyOf": [a, {"type": "null"}], "description": "d"}),
            ),
            (json!({"oneOf": [a, a], "nullable": true}), json!({"oneOf": [a, a, {"type": "null"}]})),
        ] {
            assert_eq!(rewritten(before), after);
        }
    }

    #[test]
    fn a_flag_beside_a_bound_becomes_an_exclusive_bound() {
        let before = json!({"minimum": 0, "exclusiveMinimum": true, "maximum": 3, "exclusiveMaximum": false});
        assert_eq!(rewritten(before), json!({"exclusiveMinimum": 0, "maximum": 3}));
    }

    #[test]
    fn three_minor_versions_are_read() {
        assert!(["3.0.3", "3.1", "3.2.0"].into_iter().all(is_supported));
        assert!(!["3", "3.10.0", "4.0", "2.0"].into_iter().any(is_supported));
    }
}
