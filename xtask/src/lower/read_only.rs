//! Makes read-only properties of requests optional: the service sets them, so a request cannot be required to have them.

use serde_json::Value;

use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let (sent, _) = walk::directions(document);
    walk::schemas_mut(document, |place, schema| {
        let in_request = match place.in_operation {
            true => place.trail.first().is_some_and(|part| part == "Body"),
            false => sent.contains(&place.owner),
        };
        if !in_request {
            return;
        }
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let read_only: Vec<String> = properties
            .filter(|(_, property)| property.get("readOnly") == Some(&true.into()))
            .map(|(name, _)| name.clone())
            .collect();
        if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| !read_only.iter().any(|read_only| name == read_only));
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_request_does_not_require_what_the_service_sets() {
        let schema = json!({"required": ["id", "name"], "properties": {
            "id": {"type": "string", "readOnly": true}, "name": {"type": "string"}}});
        let body =
            json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sent"}}}});
        let mut document = json!({
            "paths": {"/a": {"post": {"operationId": "a", "requestBody": body}}},
            "components": {"schemas": {"Sent": schema, "Received": schema}}});
        super::apply(&mut document);
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["Sent"]["required"], json!(["name"]));
        assert_eq!(schemas["Received"]["required"], json!(["id", "name"]));
    }
}
