//! Multipart forms and event streams, which the generator cannot express, are noted on the operation for the emitters
//! that can; a form leaves the generator's view.

use serde_json::Value;

use super::extension;
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::operations_mut(document, |_, _, operation| {
        // Beside another media type it stays, and lint says that there are two.
        let media =
            operation.pointer("/requestBody/content").and_then(Value::as_object).map_or(0, |all| all.len());
        let form = operation.pointer("/requestBody/content/multipart~1form-data/schema");
        if let Some(form) = form.filter(|_| media == 1).cloned() {
            operation[extension::MULTIPART] = form;
            if let Some(map) = operation.as_object_mut() {
                map.remove("requestBody");
            }
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
    fn a_form_is_noted_and_leaves() {
        let mut document = json!({"paths": {"/a": {"post": {"requestBody": {"content": {
            "multipart/form-data": {"schema": {"properties": {"file": {}}}}}}}}}});
        super::apply(&mut document);
        assert_eq!(document["paths"]["/a"]["post"], json!({"x-multipart": {"properties": {"file": {}}}}));
    }

    #[test]
    fn a_form_beside_json_is_left_for_lint() {
        let mut document = json!({"paths": {"/a": {"post": {"requestBody": {"content": {
            "application/json": {"schema": {}}, "multipart/form-data": {"schema": {"properties": {"file": {}}}}}}}}}});
        let before = document.clone();
        super::apply(&mut document);
        assert_eq!(document, before);
    }

    #[test]
    fn an_event_stream_says_what_it_carries() {
        let mut document = json!({"paths": {"/a": {"get": {"responses": {"200": {"content": {
            "text/event-stream": {"schema": {"$ref": "#/components/schemas/E"}}}}}}}}});
        super::apply(&mut document);
        assert_eq!(document["paths"]["/a"]["get"]["x-events"], "E");
    }
}
