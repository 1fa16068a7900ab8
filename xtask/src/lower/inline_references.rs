//! References to shared parameters, responses and request bodies are replaced by what they refer to, and parameters
//! of a path move into its operations: later passes see operations that are whole.

use serde_json::Value;

use crate::document::{is_method, resolve};
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let whole = document.clone();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for item in paths.values_mut() {
            let shared = item.get("parameters").cloned();
            let Some(item) = item.as_object_mut() else { continue };
            item.retain(|key, _| is_method(key));
            for operation in item.values_mut() {
                if let Some(Value::Array(shared)) = &shared {
                    adopt(operation, shared, &whole);
                }
            }
        }
    }
    walk::operations_mut(document, |_, _, operation| {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            *parameter = resolve(&whole, parameter).clone();
        }
        if let Some(body) = operation.get_mut("requestBody") {
            *body = resolve(&whole, body).clone();
        }
        for response in operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten() {
            *response.1 = resolve(&whole, response.1).clone();
        }
    });
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.retain(|section, _| section == "schemas");
    }
}

/// A path's parameter holds for an operation that does not declare the same one itself.
fn adopt(operation: &mut Value, shared: &[Value], whole: &Value) {
    let key = |parameter: &Value| {
        let parameter = resolve(whole, parameter);
        (parameter.get("name").cloned(), parameter.get("in").cloned())
    };
    let own = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let missing = shared.iter().filter(|one| own.iter().all(|mine| key(mine) != key(one))).cloned();
    let all: Vec<Value> = missing.chain(own.iter().cloned()).collect();
    operation["parameters"] = all.into();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn shared_parameters_and_responses_come_home() {
        let mut document = json!({
            "paths": {"/a/{id}": {
                "parameters": [{"name": "id", "in": "path"}],
                "get": {"parameters": [{"$ref": "#/components/parameters/P"}],
                        "responses": {"409": {"$ref": "#/components/responses/R"}}}}},
            "components": {"parameters": {"P": {"name": "p", "in": "query"}}, "responses": {"R": {"description": "r"}}}
        });
        super::apply(&mut document);
        assert_eq!(
            document,
            json!({"components": {}, "paths": {"/a/{id}": {"get": {
                "parameters": [{"name": "id", "in": "path"}, {"name": "p", "in": "query"}],
                "responses": {"409": {"description": "r"}}}}}})
        );
    }
}
