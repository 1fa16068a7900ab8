//! Replaces references to shared parameters, responses and request bodies by their targets, and moves the parameters of a
//! path into its operations. So later passes see complete operations.

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
                    add_shared_parameters(operation, shared, &whole);
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

/// Adds the parameters of a path to an operation, except those that the operation declares itself.
fn add_shared_parameters(operation: &mut Value, shared: &[Value], whole: &Value) {
    let key = |parameter: &Value| {
        let parameter = resolve(whole, parameter);
        (parameter.get("name").cloned(), parameter.get("in").cloned())
    };
    let own = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let missing = shared.iter().filter(|one| own.iter().all(|other| key(other) != key(one))).cloned();
    let all: Vec<Value> = missing.chain(own.iter().cloned()).collect();
    operation["parameters"] = all.into();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn shared_parameters_and_responses_are_copied_into_operations() {
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
