//! Removes titles, examples and the provider's display hints. They do not describe types, yet the generator would use a
//! `title` as the name of a type. So a document with them and one without them generate the same client.
//!
//! An example or a default of a value stays in an extension, because samples of the type prefer it.

use serde_json::{Map, Value};

use super::extension;
use crate::walk;

/// Runs the pass.
pub fn apply(document: &mut Value) {
    walk::schemas_mut(document, |_, schema| {
        if let Some(map) = schema.as_object_mut() {
            keep_example(map);
            strip(
                map,
                &["title", "example", "examples", "externalDocs", "xml", "$comment", "readOnly", "writeOnly"],
            );
        }
    });
    walk::operations_mut(document, |_, _, operation| {
        let Some(map) = operation.as_object_mut() else { return };
        strip(map, &["tags", "security", "servers", "externalDocs", "callbacks"]);
        for parameter in map.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(parameter) = parameter.as_object_mut() {
                strip(parameter, &["example", "examples"]);
            }
        }
        let bodies = map.get_mut("requestBody").and_then(|body| body.get_mut("content")).into_iter();
        bodies.for_each(strip_media);
        for (_, response) in map.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten() {
            response.get_mut("content").into_iter().for_each(strip_media);
            if let Some(response) = response.as_object_mut() {
                strip(response, &["headers", "links"]);
            }
        }
    });
    if let Some(root) = document.as_object_mut() {
        strip(root, &["tags", "security", "servers", "externalDocs", "webhooks"]);
    }
}

/// Records the example of a value, else its default. The members of an object have examples of their own.
fn keep_example(schema: &mut Map<String, Value>) {
    if !schema.get("type").is_some_and(Value::is_string) || schema.contains_key("properties") {
        return;
    }
    let first = schema.get("examples").and_then(|all| all.get(0));
    let example = schema.get("example").or(first).or(schema.get("default"));
    if let Some(example) = example.filter(|value| !value.is_null()).cloned() {
        schema.insert(extension::EXAMPLE.into(), example);
    }
}

fn strip_media(content: &mut Value) {
    for (_, media) in content.as_object_mut().into_iter().flatten() {
        if let Some(media) = media.as_object_mut() {
            strip(media, &["example", "examples"]);
        }
    }
}

fn strip(map: &mut Map<String, Value>, keys: &[&str]) {
    let kept_extensions = [
        extension::RUST_NAME,
        extension::RUST_DESCRIPTION,
        extension::SENSITIVE,
        extension::GATE,
        extension::SCOPES,
        extension::BASE_URL,
        extension::API_KEY_HEADER,
        extension::RESOURCE,
        extension::RESOURCES,
        extension::SEARCH_WORDS,
        extension::EXAMPLE_FIELDS,
        extension::EXAMPLE,
        extension::CONDITIONS,
    ];
    // The keys of a schema are keywords. This is never called on `properties`, whose keys are names.
    map.retain(|key, _| {
        !keys.contains(&key.as_str()) && (!key.starts_with("x-") || kept_extensions.contains(&key.as_str()))
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_value_keeps_an_example_or_else_its_default() {
        for (keywords, kept) in [
            (json!({"example": 1, "examples": [2], "default": 3}), json!(1)),
            (json!({"examples": [2], "default": 3}), json!(2)),
            (json!({"default": 3}), json!(3)),
            (json!({"default": null}), json!(null)),
        ] {
            let mut schema = keywords;
            schema["type"] = "integer".into();
            let mut document = json!({"components": {"schemas": {"A": schema}}});
            super::apply(&mut document);
            assert_eq!(document["components"]["schemas"]["A"]["x-example"], kept);
        }
    }

    #[test]
    fn titles_are_removed_but_not_a_property_named_title() {
        let mut document = json!({"components": {"schemas": {"A": {
            "title": "A thing", "examples": [1], "x-mcp-visible": false, "x-rust-name": "B",
            "properties": {"title": {"type": "string", "example": "x"}}}}}});
        super::apply(&mut document);
        let title = json!({"type": "string", "x-example": "x"});
        let expected = json!({"x-rust-name": "B", "properties": {"title": title}});
        assert_eq!(document["components"]["schemas"]["A"], expected);
    }
}
