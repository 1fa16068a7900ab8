//! One small document for each rule, and the guarantee that the generator never panics on a document that passes.

use serde_json::{Value, json};

use super::lint;
use crate::emit::{self, progenitor};

/// A document with one operation and a few components, without findings.
fn valid_document() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": "t", "version": "1"},
        "x-base-url": "https://a.example",
        "x-api-key-header": "x-key",
        "paths": {"/a/{id}": {"post": {
            "operationId": "do_a",
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
                {"name": "limit", "in": "query", "schema": {"type": "integer", "format": "uint32"}}],
            "requestBody": {"required": true, "content": {"application/json": {"schema": reference("DoARequest")}}},
            "responses": {
                "200": {"description": "", "content": {"application/json": {"schema": reference("DoARequest")}}},
                "4XX": {"description": "", "content": {"application/json": {"schema": reference("Refusal")}}}}}}},
        "components": {"schemas": {
            "DoARequest": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"},
                "side": {"allOf": [reference("Side")], "description": "d"},
                "list": {"type": "array", "items": {"type": "string"}, "nullable": true},
                "any": {}}},
            "Refusal": {"type": "object", "properties": {"message": {"type": "string"}}},
            "Side": {"type": "string", "enum": ["left", "right"]}}}
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The valid document with another value at `pointer`; a missing last member is added.
fn document_with(pointer: &str, value: Value) -> Value {
    let mut document = valid_document();
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
    match parent {
        Value::Array(items) => items[last.parse::<usize>().unwrap()] = value,
        parent => parent[last.replace("~1", "/")] = value,
    }
    document
}

const OPERATION: &str = "/paths/~1a~1{id}/post";
const NAME: &str = "/components/schemas/DoARequest/properties/name";

/// An operation that lists, with this schema of its token, and further members of the operation.
fn paged(token: Value, extra: Value) -> Value {
    let mut document = valid_document();
    let operation = document.pointer_mut(OPERATION).unwrap();
    let parameters = operation["parameters"].as_array_mut().unwrap();
    parameters.push(json!({"name": "token", "in": "query", "schema": token}));
    operation["x-reply"] = json!("page");
    operation.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    document
}

/// The valid document with another component of this name.
fn component(name: &str) -> Value {
    let mut document = valid_document();
    document["components"]["schemas"][name] =
        json!({"type": "object", "properties": {"x": {"type": "string"}}});
    document
}

fn documents_by_rule() -> Vec<(&'static str, Value)> {
    let operation = |below: &str, value: Value| document_with(&format!("{OPERATION}/{below}"), value);
    let json_of =
        |schema: Value| json!({"description": "", "content": {"application/json": {"schema": schema}}});
    let media = |media: &str| json!({"required": true, "content": {media: {"schema": {"type": "string"}}}});
    let query = |extra: Value| {
        let mut parameter = json!({"name": "q", "in": "query", "schema": {"type": "string"}});
        parameter.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        operation("parameters/1", parameter)
    };
    vec![
        // The generator would return an error or panic.
        ("openapi-version", document_with("/openapi", json!("3.1.0"))),
        ("info", document_with("/info", json!({}))),
        ("operation-id-missing", operation("operationId", Value::Null)),
        ("path-template", {
            let mut document = valid_document();
            let item = document["paths"]["/a/{id}"].clone();
            document["paths"] = json!({"/a/{id": item});
            document
        }),
        ("dropshot-extension", operation("x-dropshot-websocket", json!({}))),
        ("request-media-type", operation("requestBody", media("multipart/form-data"))),
        ("request-media-type", operation("requestBody", media("image/png"))),
        (
            "request-media-types",
            operation(
                "requestBody",
                json!({"required": true, "content": {
            "application/json": {"schema": reference("DoARequest")}, "text/plain": {"schema": {"type": "string"}}}}),
            ),
        ),
        ("form-parts", operation("x-multipart", json!({"properties": {"title": {"type": "string"}}}))),
        (
            "form-parts",
            operation(
                "x-multipart",
                json!({"properties": {
                    "a": {"type": "string", "format": "binary"}, "b": {"type": "string", "format": "binary"}}}),
            ),
        ),
        ("media-schema-missing", operation("requestBody/content/application~1json", json!({}))),
        ("media-encoding", operation("requestBody/content/application~1json/encoding", json!({"a": {}}))),
        ("error-types-differ", operation("responses/422", json_of(reference("DoARequest")))),
        ("error-types-differ", operation("responses/404", json!({"description": ""}))),
        ("success-types-differ", operation("responses/204", json!({"description": ""}))),
        ("success-types-differ", operation("responses/202", json_of(reference("Refusal")))),
        ("default-response", operation("responses/default", json_of(reference("Refusal")))),
        ("success-types-differ", operation("responses/202", json_of(json!({"type": "string"})))),
        ("response-reference", operation("responses/200", json!({"$ref": "#/components/responses/R"}))),
        (
            "response-media-type",
            operation(
                "responses/4XX",
                json!({"description": "", "content": {
            "application/problem+json": {"schema": reference("Refusal")}}}),
            ),
        ),
        (
            "response-media-types",
            operation("responses/200/content/text~1plain", json!({"schema": reference("DoARequest")})),
        ),
        (
            "event-stream-type",
            operation(
                "responses/200",
                json!({"description": "", "content": {
            "text/event-stream": {"schema": reference("DoARequest")}}}),
            ),
        ),
        ("status-code", operation("responses/2000", json_of(reference("DoARequest")))),
        ("parameter-style", query(json!({"in": "cookie"}))),
        ("parameter-style", query(json!({"style": "deepObject"}))),
        ("parameter-style", query(json!({"explode": false}))),
        ("parameter-schema", operation("parameters/1", json!({"name": "q", "in": "query"}))),
        ("parameter-schema", query(json!({"schema": {"type": "string", "nullable": true}}))),
        ("page-parameter", paged(json!({"type": "integer"}), json!({"x-page-limit": 10}))),
        ("page-limit", paged(json!({"type": "string"}), json!({}))),
        ("page-member", {
            let mut document = paged(json!({"type": "string"}), json!({"x-page-limit": 10}));
            document["components"]["schemas"]["DoARequest"]["properties"]["next_token"] =
                json!({"type": "string"});
            document["paths"]["/a/{id}"]["post"]["x-reply"] = json!("data");
            document
        }),
        ("type-name", component("Vec")),
        ("type-name", component("Into")),
        ("form-body", {
            let mut document = operation("x-form-body", json!(true));
            document["components"]["schemas"]["DoARequest"]["properties"]["nested"] =
                json!({"type": "object"});
            document
        }),
        ("parameter-reference", operation("parameters/1", json!({"$ref": "#/components/parameters/P"}))),
        ("path-parameter-optional", operation("parameters/0/required", json!(false))),
        // The generated client would be silently wrong.
        ("inline-enum", document_with(NAME, json!({"type": "string", "enum": ["a"]}))),
        ("enum-type", document_with("/components/schemas/Side/enum", json!([1, 2]))),
        (
            "untagged-union",
            document_with(NAME, json!({"oneOf": [reference("DoARequest"), reference("Refusal")]})),
        ),
        (
            "untagged-union",
            document_with(NAME, json!({"anyOf": [reference("DoARequest"), reference("Refusal")]})),
        ),
        (
            "untagged-union",
            document_with(NAME, json!({"type": "string", "discriminator": {"propertyName": "t"}})),
        ),
        (
            "inline-union",
            document_with(
                NAME,
                json!({"oneOf": [reference("DoARequest")], "discriminator": {"propertyName": "t"}}),
            ),
        ),
        ("all-of", document_with(NAME, json!({"allOf": [reference("Side"), reference("Refusal")]}))),
        ("default-value", document_with(NAME, json!({"type": "string", "default": "x"}))),
        ("patch-null", {
            let mut document = document_with(
                "/components/schemas/DoARequest/properties/note",
                json!({"type": "string", "nullable": true}),
            );
            let post = document["paths"]["/a/{id}"]["post"].take();
            document["paths"]["/a/{id}"] = json!({"patch": post});
            document
        }),
        ("closed-object", document_with("/components/schemas/DoARequest/additionalProperties", json!(false))),
        (
            "inline-object",
            document_with(NAME, json!({"type": "object", "properties": {"x": {"type": "string"}}})),
        ),
        ("constraint", document_with(NAME, json!({"type": "string", "pattern": "a"}))),
        ("constraint", document_with(NAME, json!({"type": "string", "maxLength": 3}))),
        ("constraint", operation("parameters/0/schema", json!({"type": "string", "minLength": 1}))),
        ("number-range", document_with(NAME, json!({"type": "integer", "format": "int64", "minimum": 1}))),
        ("number-range", document_with(NAME, json!({"type": "number", "exclusiveMinimum": true}))),
        ("integer-format", document_with(NAME, json!({"type": "integer"}))),
        ("string-format", document_with(NAME, json!({"type": "string", "format": "date-time"}))),
        ("schema-type", document_with(NAME, json!({"type": "file"}))),
        ("schema-type", document_with(NAME, json!({"type": ["string", "integer"]}))),
        ("schema-type", document_with(NAME, json!({"properties": {}}))),
        ("schema-keyword", document_with(NAME, json!({"not": {"type": "string"}}))),
        ("schema-keyword", document_with(NAME, json!({"const": 1}))),
        ("schema-keyword", document_with(NAME, json!({"type": "string", "x-rust-type": {"crate": "std"}}))),
        ("dropshot-extension", operation("x-dropshot-pagination", json!({}))),
        ("schema-keyword", document_with(NAME, json!({"type": "string", "title": "T"}))),
        ("schema-boolean", document_with(NAME, json!(true))),
        ("array-items", document_with(NAME, json!({"type": "array"}))),
        (
            "reference-siblings",
            document_with(NAME, json!({"$ref": "#/components/schemas/Side", "description": "d"})),
        ),
        ("dangling-reference", document_with(NAME, json!({"$ref": "#/components/schemas/Gone"}))),
        ("dangling-reference", document_with(NAME, json!({"$ref": "other.json#/A"}))),
        ("required-unknown", document_with("/components/schemas/DoARequest/required", json!(["nothing"]))),
        ("recursive-type", document_with(NAME, reference("DoARequest"))),
        // Names.
        (
            "type-name",
            document_with("/components/schemas/String", json!({"type": "object", "properties": {"a": {}}})),
        ),
        (
            "field-name-collision",
            document_with("/components/schemas/DoARequest/properties/Name", json!({"type": "string"})),
        ),
        (
            "field-name",
            document_with("/components/schemas/DoARequest/properties/1st", json!({"type": "string"})),
        ),
        (
            "field-name",
            document_with("/components/schemas/DoARequest/properties/build", json!({"type": "string"})),
        ),
        ("variant-name-collision", document_with("/components/schemas/Side/enum", json!(["a_b", "a-b"]))),
        ("operation-name", operation("operationId", json!("execute"))),
        ("operation-name", operation("operationId", json!("doA"))),
        ("parameter-name-collision", query(json!({"name": "body"}))),
        ("parameter-name", query(json!({"name": "send"}))),
        ("parameter-name", query(json!({"name": ""}))),
        (
            "error-schema",
            document_with(
                "/components/schemas/StandardApiError",
                json!({"type": "object", "required": ["code"],
                "properties": {"code": {"type": "string"}, "param": {"type": "string"}, "message": {"type": "string"}}}),
            ),
        ),
        (
            "constructor-name-collision",
            document_with(
                "/components/schemas/U",
                json!({"oneOf": [reference("DoARequest"), reference("Refusal")], "discriminator": {
                    "propertyName": "t",
                    "mapping": {"a-b": reference("DoARequest")["$ref"], "a_b": reference("Refusal")["$ref"]}}}),
            ),
        ),
        ("body-name", operation("operationId", json!("do_b"))),
        (
            "field-name-collision",
            document_with("/components/schemas/DoARequest/properties/maybe_list", json!({"type": "string"})),
        ),
        ("operation-name-collision", {
            let mut document = valid_document();
            document["paths"]["/b/{id}"] = document["paths"]["/a/{id}"].clone();
            document
        }),
    ]
}

#[test]
fn a_valid_document_passes_and_generates() {
    lint(&valid_document()).unwrap();
    progenitor::run(&valid_document()).unwrap();
}

#[test]
fn every_rule_reports_its_document() {
    for (rule, document) in documents_by_rule() {
        let findings = lint(&document).expect_err(rule);
        assert!(findings.has(rule), "expected a finding of the rule {rule}, got:\n{findings}");
        for finding in &findings.0 {
            assert!(!finding.place.is_empty() && !finding.remedy.is_empty(), "{finding}");
        }
    }
}

/// Puts every unusual schema in every place that has one, and runs the documents of the rules too. A document that passes
/// lint must generate.
#[test]
fn a_document_that_passes_never_makes_the_generator_panic() {
    let unusual: Vec<Value> = vec![
        json!({}),
        json!({"nullable": true}),
        json!({"type": "object"}),
        json!({"type": "object", "properties": {}}),
        json!({"type": "object", "additionalProperties": true}),
        json!({"type": "object", "additionalProperties": false}),
        json!({"type": "object", "additionalProperties": {"type": "array", "items": {}}}),
        json!({"type": "array", "items": {"type": "array", "items": {"type": "number", "format": "double"}}}),
        json!({"type": "boolean", "nullable": true}),
        json!({"type": "number", "exclusiveMinimum": true}),
        json!({"type": "number", "enum": [1]}),
        json!({"type": "string", "enum": []}),
        json!({"enum": [null]}),
        json!({"allOf": []}),
        json!({"oneOf": []}),
        json!({"anyOf": [{"type": "string"}]}),
        json!({"not": {}}),
        json!({"type": "null"}),
        json!({"type": "string", "format": "binary"}),
        json!({"type": "object", "required": ["x"]}),
        json!({"$ref": "#/components/schemas/DoARequest"}),
        json!({"allOf": [{"$ref": "#/components/schemas/Refusal"}], "nullable": true}),
        json!({"type": "string", "default": null}),
        json!(false),
    ];
    let places = [
        NAME,
        "/components/schemas/DoARequest",
        "/components/schemas/Side",
        "/components/schemas/DoARequest/properties/list/items",
        "/paths/~1a~1{id}/post/parameters/1/schema",
        "/paths/~1a~1{id}/post/requestBody/content/application~1json/schema",
        "/paths/~1a~1{id}/post/responses/200/content/application~1json/schema",
    ];
    let cases =
        places.iter().flat_map(|place| unusual.iter().map(|schema| document_with(place, schema.clone())));
    let mut passed = 0;
    for document in cases.chain(documents_by_rule().into_iter().map(|(_, document)| document)) {
        if lint(&document).is_ok() {
            passed += 1;
            // An error that names the type is allowed; a panic, or text that is not Rust, is not.
            let error = emit::emit(&document).err().map(|error| format!("{error:#}")).unwrap_or_default();
            let document = serde_json::to_string_pretty(&document).unwrap();
            assert!(
                !error.contains("panicked") && !error.contains("not valid Rust"),
                "{error} on\n{document}"
            );
        }
    }
    assert!(passed > 20, "only {passed} documents passed; the list must contain documents that pass too");
}
