//! Records the maximum page size of each operation that lists, before the pass `strictness` removes bounds from schemas.
//! The client's page streams request pages of that size.

use serde_json::Value;

use super::extension;
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::operations_mut(document, |_, _, operation| {
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let mut limits = parameters.filter(|one| one["in"] == "query" && one["name"] == "limit");
        let maximum = limits.next().and_then(|limit| limit.pointer("/schema/maximum")).cloned();
        if let Some(maximum) = maximum {
            operation[extension::PAGE_LIMIT] = maximum;
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_maximum_page_size_is_recorded() {
        let limit = json!({"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 50}});
        let mut document = json!({"paths": {"/a": {"get": {"parameters": [limit]}, "post": {}}}});
        apply(&mut document);
        assert_eq!(document["paths"]["/a"]["get"][extension::PAGE_LIMIT], 50);
        assert_eq!(document["paths"]["/a"]["post"], json!({}));
    }
}
