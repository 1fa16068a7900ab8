//! The object around every answer gets a name, that of its operation: `list_videos` answers a `ListVideosEnvelope`.
//! `data` is required in it, for the service always sends it with a success, though the document does not say so.

use heck::ToUpperCamelCase;
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) -> Result<(), Diagnostics> {
    let mut found = Vec::new();
    let mut named: Vec<(String, Value)> = Vec::new();
    walk::operations_mut(document, |_, _, operation| {
        let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = format!("{}Envelope", id.to_upper_camel_case());
        let mut first: Option<Value> = None;
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
        for (status, response) in responses.filter(|(status, _)| walk::is_success(status)) {
            let Some(schema) = response.pointer_mut("/content/application~1json/schema") else { continue };
            if schema.get("properties").is_none() {
                continue;
            }
            let envelope = require_data(std::mem::replace(schema, walk::reference_to(&name)), &id);
            match &first {
                None => {
                    named.push((name.clone(), envelope.clone()));
                    first = Some(envelope);
                }
                Some(first) if *first == envelope => {}
                Some(_) => found.push(Diagnostic::new(
                    "success-bodies-differ",
                    &id,
                    format!("the answer {status} has another shape than the success before it"),
                    "make them one shape in the overlay, or drop the one that the service does not send",
                )),
            }
        }
    });
    for (name, schema) in named {
        let place = format!("#/components/schemas/{name}");
        if walk::components_mut(document).insert(name.clone(), schema).is_some() {
            found.push(Diagnostic::new(
                "type-name-collision",
                place,
                format!("the component `{name}` stands where the envelope of an operation goes"),
                format!(
                    "name it otherwise: target $.components.schemas['{name}'], update {{x-rust-name: …}}"
                ),
            ));
        }
    }
    Diagnostics::into_result(found)
}

fn require_data(mut envelope: Value, operation: &str) -> Value {
    let data = envelope.pointer("/properties/data");
    if data.is_some_and(|data| data.get("nullable").and_then(Value::as_bool) != Some(true)) {
        envelope["required"] = json!(["data"]);
    }
    envelope["description"] = format!("What `{operation}` answers.").into();
    envelope
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    fn answer(schema: serde_json::Value) -> serde_json::Value {
        json!({"content": {"application/json": {"schema": schema}}})
    }

    #[test]
    fn an_inline_answer_is_named_after_its_operation() {
        let inline = json!({"type": "object", "properties": {"data": {"type": "string"}}});
        let mut document = json!({"paths": {"/a": {"get": {"operationId": "get_a",
            "responses": {"200": answer(inline.clone()), "201": answer(inline)}}}}});
        super::apply(&mut document).unwrap();
        let envelope = &document["components"]["schemas"]["GetAEnvelope"];
        assert_eq!(envelope["required"], json!(["data"]));
        assert_eq!(
            document["paths"]["/a"]["get"]["responses"]["201"],
            answer(json!({"$ref": "#/components/schemas/GetAEnvelope"}))
        );
    }

    #[test]
    fn two_shapes_of_success_are_refused() {
        let mut document = json!({"paths": {"/a": {"get": {"operationId": "get_a", "responses": {
            "200": answer(json!({"properties": {"a": {}}})), "202": answer(json!({"properties": {"b": {}}}))}}}}});
        assert!(super::apply(&mut document).unwrap_err().has("success-bodies-differ"));
    }
}
