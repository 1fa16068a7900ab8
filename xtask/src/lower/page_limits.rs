//! The most items that a page may have is noted on the operation, before bounds are taken out of schemas: the client's
//! pagers ask for that many.

use serde_json::Value;

use super::extension;
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::operations_mut(document, |_, _, operation| {
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let mut limits = parameters.filter(|one| one["in"] == "query" && one["name"] == "limit");
        let most = limits.next().and_then(|limit| limit.pointer("/schema/maximum")).cloned();
        if let Some(most) = most {
            operation[extension::PAGE_LIMIT] = most;
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_limit_of_a_page_is_noted() {
        let limit = json!({"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 50}});
        let mut document = json!({"paths": {"/a": {"get": {"parameters": [limit]}, "post": {}}}});
        apply(&mut document);
        assert_eq!(document["paths"]["/a"]["get"][extension::PAGE_LIMIT], 50);
        assert_eq!(document["paths"]["/a"]["post"], json!({}));
    }
}
