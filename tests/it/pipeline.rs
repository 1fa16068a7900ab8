//! The pipeline as a whole: the formatting of the document does not affect the client, and errors name the place.

use std::fs;

use serde_json::{Map, Value, json};
use xtask::generate::{self, Paths, workspace_root};
use xtask::update::source::Source;

fn client_files(paths: &Paths) -> Vec<(String, String)> {
    let lowered = generate::load(paths).unwrap().lowered;
    let files = xtask::emit::emit(&lowered).unwrap();
    files.into_iter().map(|file| (file.name.to_owned(), file.text)).collect()
}

/// Adds a title and examples to every schema, and changes the order of the members of every object.
fn reformatted(value: Value, schema: bool) -> Value {
    let Value::Object(map) = value else { return value };
    let mut members: Vec<(String, Value)> = map
        .into_iter()
        .map(|(name, child)| {
            let child = match (name.as_str(), child) {
                ("properties" | "schemas", Value::Object(inner)) => Value::Object(
                    inner.into_iter().map(|(name, child)| (name, reformatted(child, true))).collect(),
                ),
                ("items" | "additionalProperties" | "schema", child) => reformatted(child, true),
                ("anyOf" | "oneOf" | "allOf", Value::Array(all)) => {
                    all.into_iter().map(|child| reformatted(child, true)).collect()
                }
                ("parameters", Value::Array(all)) => {
                    all.into_iter().map(|child| reformatted(child, false)).collect()
                }
                ("example" | "examples" | "enum" | "required" | "mapping" | "default", child) => child,
                (_, child) => reformatted(child, false),
            };
            (name, child)
        })
        .collect();
    if schema {
        members.retain(|(name, _)| name != "examples");
        members.push(("title".into(), json!("Some Title")));
        members.push(("examples".into(), json!([{"title": 1}])));
    }
    // Sorting by the reversed name gives an unusual but reproducible order.
    members.sort_by_key(|(name, _)| name.chars().rev().collect::<String>());
    members.into_iter().collect()
}

/// Writes YAML in which members are sorted by the reversed name: `serde_json::Map` cannot keep this order.
fn yaml(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(name, _)| name.chars().rev().collect::<String>());
            for (name, child) in members {
                out.push_str(&format!("\n{}{}:", " ".repeat(indent), json!(name)));
                yaml(child, indent + 1, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&format!("\n{}-", " ".repeat(indent)));
                yaml(item, indent + 2, out);
            }
        }
        scalar => out.push_str(&format!(" {scalar}")),
    }
}

#[test]
fn a_reformatted_document_generates_the_same_client() {
    let root = workspace_root();
    let original = client_files(&Paths::of_workspace(&root));
    let document: Value =
        serde_json::from_slice(&fs::read(root.join("openapi/heygen.json")).unwrap()).unwrap();
    let mut text = String::new();
    yaml(&reformatted(document, false), 0, &mut text);
    assert!(text.contains("title\": \"Some Title\""));
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("shuffled.yaml");
    fs::write(&spec, text.trim_start()).unwrap();
    let other = client_files(&Paths { spec, ..Paths::of_workspace(&root) });
    assert_eq!(original.len(), other.len());
    for ((name, original), (_, other)) in original.iter().zip(&other) {
        // Samples have the document's examples.
        let same = match name.as_str() {
            "schemas.json" => without_examples(original) == without_examples(other),
            _ => original == other,
        };
        assert!(same, "{name} differs");
    }
}

/// The schemas for samples, without the examples of values.
fn without_examples(text: &str) -> Value {
    fn remove(value: &mut Value) {
        match value {
            Value::Object(map) => {
                // A property may have the name `example`; its value is a schema.
                if map.contains_key("type") || map.contains_key("$ref") {
                    map.remove("example");
                }
                map.values_mut().for_each(remove);
            }
            Value::Array(items) => items.iter_mut().for_each(remove),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).unwrap();
    remove(&mut value);
    value
}

#[test]
fn a_change_of_one_schema_changes_one_line_of_the_schemas_for_samples() {
    let root = workspace_root();
    let mut document: Value =
        serde_json::from_slice(&fs::read(root.join("openapi/heygen.json")).unwrap()).unwrap();
    document["components"]["schemas"]["VideoDetail"]["properties"]["a_new_field"] = json!({"type": "string"});
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("heygen.json");
    fs::write(&spec, document.to_string()).unwrap();
    let schemas = |paths: &Paths| {
        let files = client_files(paths);
        files.into_iter().find(|(name, _)| name == "schemas.json").unwrap().1
    };
    let before = schemas(&Paths::of_workspace(&root));
    let after = schemas(&Paths { spec, ..Paths::of_workspace(&root) });
    let changed: Vec<&str> = after
        .lines()
        .zip(before.lines())
        .filter(|(after, before)| after != before)
        .map(|(after, _)| after)
        .collect();
    assert_eq!((changed.len(), after.lines().count()), (1, before.lines().count()));
    assert!(changed[0].starts_with("\"VideoDetail\": ") && changed[0].contains("a_new_field"), "{changed:?}");
}

#[test]
fn two_runs_generate_identical_files() {
    let paths = Paths::of_workspace(&workspace_root());
    assert!(client_files(&paths) == client_files(&paths));
}

#[test]
fn the_vendored_document_matches_source_toml() {
    let root = workspace_root();
    let source = Source::load(&root.join("openapi/SOURCE.toml")).unwrap();
    let bytes = fs::read(root.join("openapi/heygen.json")).unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(source, source.of(&document, &bytes, &source.updated));
}

fn failure(document: &str, overlay: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (spec, overlay_path) = (folder.path().join("document.json"), folder.path().join("overlay.yaml"));
    fs::write(&spec, document).unwrap();
    fs::write(&overlay_path, overlay).unwrap();
    let out = folder.path().join("out");
    let lock = folder.path().join("names.lock");
    let paths = Paths { spec, overlay: overlay_path, lock, out: Some(out.clone()) };
    let error = generate::run(&paths, false).unwrap_err();
    assert!(!out.exists(), "something was written");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was not removed");
    format!("{error:#}")
}

pub(super) const NO_OVERLAY: &str = "overlay: 1.0.0\ninfo: {title: none, version: '1'}\nactions: []\n";

fn small(change: impl FnOnce(&mut Value)) -> String {
    let mut document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "servers": [{"url": "https://a.example"}],
        "paths": {"/v3/a/{id}": {"get": {"operationId": "getA",
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
            "responses": {
                "200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}},
                "400": {"description": "", "content": {"application/json": {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}}}}}}},
        "components": {"schemas": {"A": {"type": "object", "properties": {"a": {"type": "string"}}}},
                       "securitySchemes": {"K": {"type": "apiKey", "in": "header", "name": "x-api-key"}}}
    });
    change(&mut document);
    document.to_string()
}

#[test]
fn a_small_document_becomes_a_client() {
    let folder = tempfile::tempdir().unwrap();
    let (spec, overlay) = (folder.path().join("d.json"), folder.path().join("o.yaml"));
    fs::write(&spec, small(|_| {})).unwrap();
    fs::write(&overlay, NO_OVERLAY).unwrap();
    let lock = folder.path().join("names.lock");
    let paths = Paths { spec, overlay, lock, out: Some(folder.path().join("generated")) };
    generate::run(&paths, false).unwrap();
    generate::run(&paths, true).unwrap();
    // The operation has no tag, so its resource is the first word of its path.
    let path = folder.path().join("generated/resources/a/calls.rs");
    let calls = fs::read_to_string(&path).unwrap();
    assert!(calls.contains("pub fn get_a(&self)"));
    fs::write(&path, calls.replace("get_a", "got_a")).unwrap();
    let error = generate::run(&paths, true).unwrap_err().to_string();
    assert!(error.contains("cargo xtask generate"), "{error}");
}

#[test]
fn every_error_names_the_place_and_no_file_is_written() {
    let cases: Vec<(String, &[&str])> = vec![
        ("{".into(), &["document.json", "not valid JSON"]),
        ("[1, 2".into(), &["document.json", "neither JSON nor valid YAML"]),
        ("{}".into(), &["document.json", "no member `openapi`"]),
        (r#"{"swagger": "2.0"}"#.into(), &["Swagger 2.0", "convert the document"]),
        (r#"{"openapi": "4.0.0", "paths": {}}"#.into(), &["openapi: 4.0.0", "3.0 to 3.2"]),
        (r#"{"openapi": "3.1.0"}"#.into(), &["paths"]),
        (
            small(|d| {
                d["components"]["schemas"]["A"]["properties"]["a"] =
                    json!({"$ref": "#/components/schemas/Gone"})
            }),
            &["dangling-reference", "#/components/schemas/A/properties/a", "Gone"],
        ),
        (
            small(|d| {
                d["components"]["schemas"]["A"] = json!({"$ref": "#/components/schemas/B"});
                d["components"]["schemas"]["B"] = json!({"$ref": "#/components/schemas/A"});
            }),
            &["recursive-alias", "#/components/schemas/A"],
        ),
        (
            small(|d| {
                let mut twin = d["paths"]["/v3/a/{id}"].clone();
                twin["get"]["operationId"] = json!("getAV3");
                d["paths"]["/v3/b/{id}"] = twin;
            }),
            &["operation-name-collision", "getAV3", "get_a", "update {operationId"],
        ),
        (
            small(|d| d["components"]["schemas"]["AV3"] = json!({"type": "object", "properties": {"a": {}}})),
            &["type-name-collision", "#/components/schemas/AV3", "x-rust-name"],
        ),
        (
            small(|d| d["paths"]["/v3/a/{id}"]["get"]["operationId"] = Value::Null),
            &["operation-id-missing", "GET /v3/a/{id}"],
        ),
        (
            small(|d| d["paths"]["/v3/a/{id}"]["get"]["parameters"] = json!([])),
            &["path-parameter", "GET /v3/a/{id}", "{id}"],
        ),
        (
            small(|d| d["paths"]["/v3/x"] = json!({"$ref": "other.json"})),
            &["#/paths/~1v3~1x", "refers to another document"],
        ),
        (
            small(|d| {
                d["components"]["schemas"]["A"]["properties"]["a"] = json!({"anyOf": [{"type": "array", "items": {}}, {"type": "array", "items": {"type": "string"}}]});
            }),
            &["untagged-union", "#/components/schemas/A/properties/a", "discriminator"],
        ),
        (
            small(|d| {
                d["paths"]["/v3/a/{id}"]["get"]["requestBody"] = json!({"required": true, "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/A"}},
                    "text/plain": {"schema": {"type": "string"}}}});
            }),
            &["request-media-types", "get_a"],
        ),
    ];
    for (document, parts) in cases {
        let error = failure(&document, NO_OVERLAY);
        for part in parts {
            assert!(error.contains(part), "`{part}` is not in:\n{error}\nfor {document}");
        }
    }
}

#[test]
fn what_the_client_would_not_use_is_refused() {
    let server = json!([{"url": "https://upload.example"}]);
    let cases: Vec<(String, &[&str])> = vec![
        (
            small(|document| document["servers"][0]["url"] = json!("/v3")),
            &["server-url", "#/servers/0/url", "`/v3`", "must be absolute"],
        ),
        (
            small(|document| document["servers"][0]["url"] = json!("https://{region}.example")),
            &["server-url"],
        ),
        (
            small(|document| document["paths"]["/v3/a/{id}"]["get"]["servers"] = server),
            &["operation-server", "#/paths/~1v3~1a~1{id}/get/servers"],
        ),
        (
            small(|document| document["components"]["securitySchemes"]["K"]["name"] = json!("x key")),
            &["key-header", "#/components/securitySchemes/K", "`x key`"],
        ),
        (
            small(|document| {
                document["components"]["securitySchemes"]["Basic"] =
                    json!({"type": "http", "scheme": "basic"});
            }),
            &["security-scheme", "#/components/securitySchemes/Basic", "remove it"],
        ),
        (small(|document| document["webhooks"] = json!({})), &["ignored-section", "#/webhooks"]),
        (
            small(|document| document["components"]["securitySchemes"] = json!({})),
            &["key-header", "#/components/securitySchemes", "no scheme of type `apiKey`"],
        ),
        (
            small(|document| document["paths"]["/v3/a/{id}"]["get"]["tags"] = json!(["4k"])),
            &["resource-name", "GET /v3/a/{id} (getA)", "`4k`"],
        ),
        (
            small(|document| document["components"]["schemas"]["A"]["required"] = json!("a")),
            &[
                "keyword-type",
                "#/components/schemas/A/required",
                "must be a list of strings, but it is `\"a\"`",
            ],
        ),
    ];
    for (document, parts) in cases {
        let error = failure(&document, NO_OVERLAY);
        for part in parts {
            assert!(error.contains(part), "{part} is missing in {error}");
        }
    }
}

/// The passes and attributes that the provider's present document hardly needs are part of the pipeline.
#[test]
fn deprecations_read_only_fields_and_unions_by_a_fixed_value_are_carried_over() {
    let member = |kind: &str| {
        json!({"type": "object", "required": ["kind"], "properties": {
            "kind": {"type": "string", "const": kind}, "x": {"type": "string"}}})
    };
    let document = small(|document| {
        let schemas = document["components"]["schemas"].as_object_mut().unwrap();
        schemas.insert("One".into(), member("one"));
        schemas.insert("Two".into(), member("two"));
        schemas.insert(
            "Either".into(),
            json!({"anyOf": [
            {"$ref": "#/components/schemas/One"}, {"$ref": "#/components/schemas/Two"}]}),
        );
        schemas.insert(
            "PutARequest".into(),
            json!({"type": "object", "required": ["id", "either"], "properties": {
            "id": {"type": "string", "readOnly": true},
            "old": {"type": "string", "deprecated": true},
            "either": {"$ref": "#/components/schemas/Either"}}}),
        );
        let mut put = document["paths"]["/v3/a/{id}"]["get"].clone();
        put["operationId"] = json!("putA");
        put["deprecated"] = json!(true);
        put["requestBody"] = json!({"required": true, "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/PutARequest"}}}});
        document["paths"]["/v3/a/{id}"]["put"] = put;
    });
    let document = xtask::document::parse(&document, "small").unwrap();
    let overlay = xtask::overlay::parse(NO_OVERLAY).unwrap();
    let prepared = generate::prepare(document, &overlay, &Default::default()).unwrap();
    let schemas = &prepared.lowered["components"]["schemas"];
    assert_eq!(schemas["PutARequest"]["required"], json!(["either"]));
    assert_eq!(schemas["Either"]["discriminator"]["propertyName"], "kind");
    let files = xtask::emit::emit(&prepared.lowered).unwrap();
    let text: String = files.iter().map(|file| file.text.as_str()).collect();
    // The field, its two setters, and the method.
    assert_eq!(text.matches("#[deprecated(note = \"the service has deprecated this field\")]").count(), 3);
    assert_eq!(
        text.matches("#[deprecated(note = \"the service has deprecated this operation\")]").count(),
        1
    );
}

#[test]
fn documents_of_other_minor_versions_generate_the_same_client() {
    let overlay = xtask::overlay::parse(NO_OVERLAY).unwrap();
    let generated = |version: &str, field: Value| {
        let text = small(|document| {
            document["openapi"] = json!(version);
            document["components"]["schemas"]["A"]["properties"]["a"] = field;
        });
        let document = xtask::document::parse(&text, "small").unwrap();
        let prepared = generate::prepare(document, &overlay, &Default::default()).unwrap();
        assert_eq!(prepared.overlaid["openapi"], if version == "3.1.1" { "3.1.1" } else { "3.1.0" });
        xtask::emit::emit(&prepared.lowered).unwrap()
    };
    let expected = generated("3.1.1", json!({"type": ["string", "null"]}));
    assert!(expected == generated("3.0.3", json!({"type": "string", "nullable": true})));
    assert!(expected == generated("3.2.0", json!({"type": ["string", "null"]})));
    let error = failure(
        &small(|document| {
            document["openapi"] = json!("3.2.0");
            document["paths"]["/v3/a/{id}"]["query"] = document["paths"]["/v3/a/{id}"]["get"].clone();
        }),
        NO_OVERLAY,
    );
    assert!(error.contains("#/paths/~1v3~1a~1{id}/query"), "{error}");
}

#[test]
fn errors_in_the_overlay_name_the_action() {
    let with = |action: &str| NO_OVERLAY.replace("[]", &format!("[{action}]"));
    let error = failure(&small(|_| {}), &with("{target: $.gone, description: d, remove: true}"));
    assert!(error.contains("overlay-no-match") && error.contains("action 1 ($.gone)"), "{error}");
    let error = failure(&small(|_| {}), "overlay: [");
    assert!(error.contains("overlay.yaml"), "{error}");
    let error = failure(&small(|_| {}), &with("{target: $.paths, descripton: d, remove: true}"));
    assert!(error.contains("descripton"), "{error}");
}

#[test]
fn an_error_names_the_file_that_cannot_be_read() {
    let spec = "/nowhere/document.json".into();
    let paths = Paths { spec, ..Paths::of_workspace(&workspace_root()) };
    let error = format!("{:#}", generate::run(&paths, true).unwrap_err());
    assert!(error.contains("/nowhere/document.json"), "{error}");
}

#[test]
fn the_check_shows_a_field_that_was_removed_from_the_document() {
    let root = workspace_root();
    let mut document: Value =
        serde_json::from_slice(&fs::read(root.join("openapi/heygen.json")).unwrap()).unwrap();
    let properties =
        document.pointer_mut("/components/schemas/VideoDetail/properties").and_then(Value::as_object_mut);
    properties
        .map(|properties: &mut Map<String, Value>| properties.remove("thumbnail_url"))
        .unwrap()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("heygen.json");
    fs::write(&spec, document.to_string()).unwrap();
    let paths = Paths { spec, ..Paths::of_workspace(&root) };
    let outputs = generate::outputs(&root, &paths).unwrap();
    let shown = xtask::files::difference(&outputs).unwrap();
    assert!(shown.contains("-    pub thumbnail_url: Option<String>,"), "{shown}");
}
