//! Gives all operations one error schema. The document repeats the same error response for every operation and status. Here
//! the responses become `4XX` and `5XX`, and their schema that of the member `error` inside the envelope.
//!
//! The v1 and v2 operations have other error responses. Their schemas are not used: the client decodes those leniently.

use serde_json::{Value, json};

use super::extension;
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let error = most_common(document).and_then(|envelope| {
        let error = envelope.pointer("/properties/error")?;
        walk::target(error).map(walk::reference_to)
    });
    walk::operations_mut(document, |_, _, operation| {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
        let statuses: Vec<Value> = responses
            .keys()
            .filter(|status| !walk::is_success(status))
            .map(|status| status.as_str().into())
            .collect();
        responses.retain(|status, _| walk::is_success(status));
        if let Some(error) = error.as_ref().filter(|_| !statuses.is_empty()) {
            for status in ["4XX", "5XX"] {
                let content = json!({"application/json": {"schema": error}});
                responses.insert(status.into(), json!({"description": "Refused.", "content": content}));
            }
        }
        operation[extension::REFUSALS] = statuses.into();
    });
}

/// The most common schema of an error response outside v1 and v2. Descriptions are ignored, because they differ by status.
fn most_common(document: &Value) -> Option<Value> {
    let mut counts: Vec<(Value, usize)> = Vec::new();
    for operation in walk::operations(document) {
        if operation.value.get(extension::GATE).and_then(Value::as_str) == Some("legacy") {
            continue;
        }
        for (_, response) in operation.responses().filter(|(status, _)| !walk::is_success(status)) {
            let Some(schema) = response.pointer("/content/application~1json/schema") else { continue };
            let mut schema = schema.clone();
            if let Some(map) = schema.as_object_mut() {
                map.insert("description".into(), "What the service answers when it refuses.".into());
            }
            match counts.iter_mut().find(|(one, _)| *one == schema) {
                Some((_, count)) => *count += 1,
                None => counts.push((schema, 1)),
            }
        }
    }
    counts
        .into_iter()
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map(|(schema, _)| schema)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn every_operation_has_the_same_error_schema() {
        let error = json!({"$ref": "#/components/schemas/E"});
        let envelope = json!({"type": "object", "properties": {"error": error}});
        let response = json!({"content": {"application/json": {"schema": envelope}}});
        let mut document = json!({"paths": {"/v3/a": {"get": {
            "responses": {"200": {}, "400": response, "404": response, "default": response}}}}});
        super::apply(&mut document);
        let operation = &document["paths"]["/v3/a"]["get"];
        let statuses: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
        assert_eq!(statuses, ["200", "4XX", "5XX"]);
        assert_eq!(operation["x-refusals"], json!(["400", "404", "default"]));
        let of_4xx = operation.pointer("/responses/4XX/content/application~1json/schema");
        assert_eq!(of_4xx, Some(&error));
    }

    #[test]
    fn an_error_response_without_the_envelope_is_removed() {
        let response = json!({"content": {"application/json": {"schema": {"type": "string"}}}});
        let mut document = json!({"paths": {"/v3/a": {"get": {"responses": {"200": {}, "400": response}}}}});
        super::apply(&mut document);
        assert_eq!(document["paths"]["/v3/a"]["get"]["responses"], json!({"200": {}}));
    }
}
