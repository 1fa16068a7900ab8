//! Records the schemas from which `heygen_api::testing` makes samples, before the passes after this one remove limits, patterns
//! and formats: one for each type, and for each operation one of its request and one of its whole answer.
//!
//! The keywords are those of OpenAPI 3.0, with these differences: `$ref` is the name of a type and may have siblings; a
//! union has its `tag` and its `variants`, or its `members` if their JSON types differ; `anyOf` and `oneOf` only require
//! properties; `sent: true` marks a type that is only in requests.

use serde_json::{Map, Value, json};

use super::replies::Reply;
use super::{extension, unions};
use crate::walk::{self, Operation};

/// Keywords that samples are made from.
const KEYWORDS: [&str; 17] = [
    "type",
    "nullable",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "required",
];

/// Runs the pass.
pub fn apply(document: &mut Value) {
    let (requests, replies) = walk::directions(document);
    let types: Map<String, Value> = walk::components(document)
        .map(|(name, schema)| {
            let mut compact = compact(schema);
            if requests.contains(name) && !replies.contains(name) {
                compact["sent"] = true.into();
            }
            (name.clone(), compact)
        })
        .collect();
    let operations: Map<String, Value> = walk::operations(document)
        .iter()
        .map(|operation| (operation.id(), of_operation(operation)))
        .filter(|(_, schemas)| schemas != &json!({}))
        .collect();
    document[extension::SAMPLES] = json!({"operations": operations, "types": types});
}

fn of_operation(operation: &Operation<'_>) -> Value {
    let mut schemas = Map::new();
    let is_json = |(media, _): &(&String, &Value)| media.as_str() == "application/json";
    if let Some((_, body)) = operation.request_media().find(is_json) {
        schemas.insert("request".into(), compact(&body["schema"]));
    }
    let reply = operation.success_media().find(|(_, media, _)| media.as_str() == "application/json");
    if let (Some((_, _, body)), Some(reply)) = (reply, Reply::of(operation.value)) {
        let beside = |place: &str| {
            let members = operation.value.get(extension::ENVELOPE).and_then(|kept| kept.get(place));
            members.and_then(Value::as_object).cloned().unwrap_or_default()
        };
        let answer = answer(reply, compact(&body["schema"]), &beside("data"), &beside("items"));
        schemas.insert("answer".into(), answer);
    }
    Value::Object(schemas)
}

/// The schema of a whole answer. That of a list is the last page, so that a program that reads all pages ends.
fn answer(reply: Reply, inner: Value, beside: &Map<String, Value>, in_data: &Map<String, Value>) -> Value {
    let object = |name: &str, value: Value, beside: &Map<String, Value>| {
        let mut properties: Map<String, Value> = beside
            .iter()
            .filter_map(|(name, schema)| Some((name.clone(), last_page(reply, name, compact(schema))?)))
            .collect();
        properties.insert(name.into(), value);
        json!({"type": "object", "required": [name], "properties": properties})
    };
    match reply {
        Reply::Whole | Reply::Text | Reply::Bytes => inner,
        Reply::Data => object("data", inner, beside),
        Reply::Page => {
            let items = json!({"type": "array", "items": inner});
            match in_data.is_empty() {
                true => object("data", items, beside),
                false => object("data", object("items", items, in_data), beside),
            }
        }
    }
}

fn last_page(reply: Reply, name: &str, schema: Value) -> Option<Value> {
    match (reply, name) {
        (Reply::Page, "has_more") => Some(json!({"enum": [false]})),
        (Reply::Page, "next_token") => {
            (schema.get("nullable") == Some(&true.into())).then(|| json!({"enum": [null]}))
        }
        _ => Some(schema),
    }
}

/// The schema with only those keywords that samples are made from.
fn compact(schema: &Value) -> Value {
    compact_at(schema, 0)
}

/// Levels of schemas in each other that are read. Lint refuses a document with more.
const DEEPEST: usize = 64;

fn compact_at(schema: &Value, depth: usize) -> Value {
    let mut kept = Map::new();
    let Some(map) = schema.as_object().filter(|_| depth < DEEPEST) else { return Value::Object(kept) };
    let compact = |schema: &Value| compact_at(schema, depth + 1);
    for (keyword, value) in map.iter().filter(|(keyword, _)| KEYWORDS.contains(&keyword.as_str())) {
        kept.insert(keyword.clone(), value.clone());
    }
    // Rust writes a number of this type with a fraction: 1 as `1.0`.
    if kept.get("type") == Some(&"number".into())
        && let Some(Value::Array(values)) = kept.get_mut("enum")
    {
        values.iter_mut().for_each(|value| *value = value.as_f64().into());
    }
    if let Some(name) = walk::target(schema) {
        kept.insert("$ref".into(), name.into());
    }
    if let Some(example) = map.get(extension::EXAMPLE) {
        kept.insert("example".into(), example.clone());
    }
    if let Some(properties) = map.get("properties").and_then(Value::as_object) {
        let properties = properties.iter().map(|(name, schema)| (name.clone(), compact(schema)));
        kept.insert("properties".into(), Value::Object(properties.collect()));
    }
    if let Some(items) = map.get("items") {
        kept.insert("items".into(), compact(items));
    }
    if let Some(values) = map.get("additionalProperties").filter(|values| values.is_object()) {
        kept.insert("additionalProperties".into(), compact(values));
    }
    for (keyword, members) in map.get(extension::CONDITIONS).and_then(Value::as_object).into_iter().flatten()
    {
        let members = members.as_array().into_iter().flatten();
        let members = members.map(|member| json!({"required": member["required"]}));
        kept.insert(keyword.clone(), members.collect());
    }
    if map.contains_key(extension::BY_JSON_TYPE) {
        let members = map.get("oneOf").and_then(Value::as_array).into_iter().flatten();
        kept.insert("members".into(), members.map(compact).collect());
    }
    if let Some(tag) = unions::tag(schema) {
        let members = unions::members(schema).into_iter();
        let variants = members.map(|member| json!({"value": member.value, "$ref": member.component}));
        let variants: Vec<Value> = variants.collect();
        kept.insert("tag".into(), tag.into());
        kept.insert("variants".into(), variants.into());
    }
    Value::Object(kept)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn samples(mut document: Value) -> Value {
        super::apply(&mut document);
        document["x-samples"].clone()
    }

    fn content(schema: Value) -> Value {
        json!({"content": {"application/json": {"schema": schema}}})
    }

    #[test]
    fn limits_and_examples_stay_and_descriptions_do_not() {
        let schema = json!({"type": "object", "required": ["a"], "x-conditions": {"anyOf": [{"required": ["b"], "title": "t"}]},
            "properties": {
                "a": {"type": "string", "maxLength": 3, "format": "uri", "description": "d", "x-example": "e"},
                "b": {"allOf": [{"$ref": "#/components/schemas/B"}], "nullable": true, "description": "d"}}});
        let recorded = samples(json!({"components": {"schemas": {"A": schema}}}));
        let expected = json!({"type": "object", "required": ["a"], "anyOf": [{"required": ["b"]}], "properties": {
            "a": {"type": "string", "maxLength": 3, "format": "uri", "example": "e"},
            "b": {"$ref": "B", "nullable": true}}});
        assert_eq!(recorded["types"]["A"], expected);
    }

    #[test]
    fn numbers_are_written_as_rust_writes_them() {
        let schema = json!({"type": "number", "enum": [0.5, 1, null]});
        let recorded = samples(json!({"components": {"schemas": {"A": schema}}}));
        assert_eq!(recorded["types"]["A"]["enum"].to_string(), "[0.5,1.0,null]");
    }

    #[test]
    fn what_is_only_in_requests_is_marked() {
        let schema = json!({"type": "object", "properties": {"x": {}}});
        let union = json!({"oneOf": [{"$ref": "#/components/schemas/A"}],
            "discriminator": {"propertyName": "t", "mapping": {"a": "#/components/schemas/A"}}});
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let recorded = samples(json!({
            "paths": {"/a": {"post": {"operationId": "create_a", "x-reply": "whole",
                "requestBody": content(reference("Sent")), "responses": {"200": content(reference("Received"))}}}},
            "components": {"schemas": {"A": schema, "Sent": union, "Received": schema}}}));
        let variants = json!([{"value": "a", "$ref": "A"}]);
        assert_eq!(recorded["types"]["Sent"], json!({"tag": "t", "variants": variants, "sent": true}));
        assert_eq!(recorded["types"]["A"]["sent"], true);
        assert_eq!(recorded["types"]["Received"], json!({"type": "object", "properties": {"x": {}}}));
        let operation = &recorded["operations"]["create_a"];
        assert_eq!(*operation, json!({"request": {"$ref": "Sent"}, "answer": {"$ref": "Received"}}));
    }

    #[test]
    fn an_answer_has_its_envelope_and_a_list_is_its_last_page() {
        let answer = |reply: &str, envelope: Value| {
            let operation = json!({"operationId": "list_a", "x-reply": reply, "x-envelope": envelope,
                "responses": {"200": content(json!({"type": "string"}))}});
            samples(json!({"paths": {"/a": {"get": operation}}}))["operations"]["list_a"]["answer"].clone()
        };
        let object = |name: &str, mut properties: Value, value: Value| {
            properties[name] = value;
            json!({"type": "object", "required": [name], "properties": properties})
        };
        let text = json!({"type": "string"});
        let count = json!({"type": "integer", "description": "d"});
        let beside = json!({"total": {"type": "integer"}});
        assert_eq!(
            answer("data", json!({"data": {"total": count}, "items": {}})),
            object("data", beside.clone(), text)
        );
        let page =
            json!({"has_more": {"type": "boolean"}, "next_token": {"type": "string", "nullable": true}});
        let last = json!({"has_more": {"enum": [false]}, "next_token": {"enum": [null]}});
        let items = json!({"type": "array", "items": {"type": "string"}});
        assert_eq!(
            answer("page", json!({"data": page, "items": {}})),
            object("data", last.clone(), items.clone())
        );
        let nested = object("items", last, items);
        assert_eq!(
            answer("page", json!({"data": {"total": count}, "items": page})),
            object("data", beside, nested)
        );
    }
}
