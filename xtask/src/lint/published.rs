//! Translates places in the lowered document, where things have their Rust names, to places in the document as published.

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::names_lock::EXTENSION;
use crate::walk;

const SCHEMAS: &str = "#/components/schemas/";

/// The finding with its place in the published document: a JSON pointer, or method, path and `operationId`.
pub fn place(mut finding: Diagnostic, lowered: &Value, published: &Value) -> Diagnostic {
    let place = schema(&finding.place, lowered, published)
        .or_else(|| operation(&finding.place, lowered))
        .unwrap_or_else(|| finding.place.clone());
    finding.place = place;
    finding
}

/// Translates the place of a schema. An inline schema that became a component is at its first place.
fn schema(place: &str, lowered: &Value, published: &Value) -> Option<String> {
    let (name, rest) = split(place.strip_prefix(SCHEMAS)?);
    let inline = lowered.get(EXTENSION)?.get("inline")?.as_object()?;
    // Owners of inline schemas may be inline schemas in turn; their places begin with the component.
    if let Some((path, _)) = inline.iter().find(|(_, given)| *given == name) {
        return Some(existing(published, &inline_pointer(path, lowered, published)?, rest));
    }
    let component = component(name, lowered)?;
    Some(existing(published, &format!("/components/schemas/{}", walk::escape(component)), rest))
}

/// Translates an operation, given by the name of its method or by its `operationId`.
fn operation(place: &str, lowered: &Value) -> Option<String> {
    let methods = lowered.get(EXTENSION)?.get("operations")?.as_object()?;
    let (id, method) = methods.iter().find(|(id, method)| *id == place || *method == place)?;
    let all = walk::operations(lowered);
    let operation = all.iter().find(|one| *method == one.id())?;
    Some(format!("{} {} ({id})", operation.method.to_uppercase(), operation.path))
}

/// The component in the published document that became the type `name`.
fn component<'a>(name: &str, lowered: &'a Value) -> Option<&'a str> {
    let components = lowered.get(EXTENSION)?.get("components")?.as_object()?;
    components.iter().find(|(_, given)| *given == name).map(|(component, _)| component.as_str())
}

/// The pointer to an inline schema, given by its path in `names.lock`.
fn inline_pointer(path: &str, lowered: &Value, published: &Value) -> Option<String> {
    let mut words = path.split('.');
    let owner = words.next()?;
    let start = match component(owner, lowered) {
        Some(component) => format!("/components/schemas/{}", walk::escape(component)),
        None => {
            let all = walk::operations(lowered);
            let operation = all.iter().find(|one| one.id() == owner)?;
            return Some(format!("/paths/{}/{}", walk::escape(operation.path), operation.method));
        }
    };
    // Each word is a property, or the items or values of the schema before it.
    Some(words.fold(start, |at, word| {
        let next = match word {
            "Item" => format!("{at}/items"),
            "Value" => format!("{at}/additionalProperties"),
            property => format!("{at}/properties/{}", walk::escape(property)),
        };
        if published.pointer(&next).is_some() { next } else { at }
    }))
}

/// The pointer `start` with as much of `rest` as exists in the published document.
fn existing(published: &Value, start: &str, rest: &str) -> String {
    let mut at = start.to_owned();
    for step in rest.split('/').filter(|step| !step.is_empty()) {
        let next = format!("{at}/{step}");
        if published.pointer(&next).is_none() {
            break;
        }
        at = next;
    }
    format!("#{at}")
}

fn split(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap_or((path, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_those_of_the_published_document() {
        let lowered = json!({
            "x-names": {
                "operations": {"getVideoV3": "get_video"},
                "components": {"VideoDetailV3": "VideoDetail"},
                "inline": {"VideoDetail.scenes.Item": "Scene"},
            },
            "paths": {"/v3/videos/{id}": {"get": {"operationId": "get_video"}}},
        });
        let scene = json!({"properties": {"text": {"type": "string"}}});
        let published = json!({"components": {"schemas": {
            "VideoDetailV3": {"properties": {"scenes": {"type": "array", "items": scene}}}}}});
        for (given, expected) in [
            ("#/components/schemas/VideoDetail", "#/components/schemas/VideoDetailV3"),
            (
                "#/components/schemas/VideoDetail/properties/scenes",
                "#/components/schemas/VideoDetailV3/properties/scenes",
            ),
            ("#/components/schemas/VideoDetail/gone/on", "#/components/schemas/VideoDetailV3"),
            (
                "#/components/schemas/Scene/properties/text",
                "#/components/schemas/VideoDetailV3/properties/scenes/items/properties/text",
            ),
            ("get_video", "GET /v3/videos/{id} (getVideoV3)"),
            ("getVideoV3", "GET /v3/videos/{id} (getVideoV3)"),
            ("#/info", "#/info"),
        ] {
            let finding = Diagnostic::new("rule", given, "", "");
            assert_eq!(place(finding, &lowered, &published).place, expected);
        }
    }
}
