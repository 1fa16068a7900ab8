//! Records forms and event streams in extensions of the operation: the generator does not support them, so our emitters
//! handle them. The request body of a multipart form is removed; a form of names and values is otherwise like JSON.

use serde_json::{Value, json};

use super::extension;
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::operations_mut(document, |_, _, operation| {
        // A form beside another media type stays, and lint reports that there are two.
        let media =
            operation.pointer("/requestBody/content").and_then(Value::as_object).map_or(0, |all| all.len());
        let form = operation.pointer("/requestBody/content/multipart~1form-data/schema");
        if let Some(form) = form.filter(|_| media == 1).cloned() {
            operation[extension::MULTIPART] = form;
            if let Some(map) = operation.as_object_mut() {
                map.remove("requestBody");
            }
        }
        let names_and_values = operation
            .pointer("/requestBody/content/application~1x-www-form-urlencoded")
            .filter(|_| media == 1);
        if let Some(object) = names_and_values.cloned() {
            operation[extension::FORM_BODY] = true.into();
            operation["requestBody"]["content"] = json!({"application/json": object});
        }
        let events = operation
            .get("responses")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(status, _)| walk::is_success(status))
            .find_map(|(_, response)| response.pointer("/content/text~1event-stream/schema"))
            .and_then(walk::target)
            .map(str::to_owned);
        if let Some(component) = events {
            operation[extension::EVENTS] = component.into();
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_form_moves_to_an_extension() {
        let mut document = json!({"paths": {"/a": {"post": {"requestBody": {"content": {
            "multipart/form-data": {"schema": {"properties": {"file": {}}}}}}}}}});
        super::apply(&mut document);
        assert_eq!(document["paths"]["/a"]["post"], json!({"x-multipart": {"properties": {"file": {}}}}));
    }

    #[test]
    fn a_form_of_names_and_values_is_recorded() {
        let object = json!({"schema": {"properties": {"name": {}}}});
        let mut document = json!({"paths": {"/a": {"post": {"requestBody": {"content": {
            "application/x-www-form-urlencoded": object}}}}}});
        super::apply(&mut document);
        let expected = json!({"x-form-body": true, "requestBody": {"content": {"application/json": object}}});
        assert_eq!(document["paths"]["/a"]["post"], expected);
    }

    #[test]
    fn a_form_beside_json_is_not_changed() {
        let mut document = json!({"paths": {"/a": {"post": {"requestBody": {"content": {
            "application/json": {"schema": {}}, "multipart/form-data": {"schema": {"properties": {"file": {}}}}}}}}}});
        let before = document.clone();
        super::apply(&mut document);
        assert_eq!(document, before);
    }

    #[test]
    fn the_component_of_an_event_stream_is_recorded() {
        let mut document = json!({"paths": {"/a": {"get": {"responses": {"200": {"content": {
            "text/event-stream": {"schema": {"$ref": "#/components/schemas/E"}}}}}}}}});
        super::apply(&mut document);
        assert_eq!(document["paths"]["/a"]["get"]["x-events"], "E");
    }
}
