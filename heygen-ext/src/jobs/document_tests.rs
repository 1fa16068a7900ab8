//! Holds the tables of kinds and of requests against the document.

use std::collections::BTreeSet;

use heygen_api::{Operation, operations};
use serde_json::Value;

use super::batches::{BATCHES, MAX_ITEMS};
use super::facts::ALL;
use super::reading;
use super::submit::{PREVIEW_STARTS, STARTS, WITH_PARAMETER};

fn document() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../heygen-sim/openapi.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The schemas of a property, with references and alternatives resolved.
fn properties<'a>(document: &'a Value, schema: &'a Value, name: &str) -> Vec<&'a Value> {
    let schema = resolved(document, schema);
    let own = schema.pointer(&format!("/properties/{name}"));
    let members =
        ["allOf", "anyOf", "oneOf"].iter().filter_map(|keyword| schema.get(*keyword)?.as_array()).flatten();
    own.into_iter().chain(members.flat_map(|member| properties(document, member, name))).collect()
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

fn values(document: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = resolved(document, schema);
    let own = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let members =
        ["allOf", "anyOf", "oneOf"].iter().filter_map(|keyword| schema.get(*keyword)?.as_array()).flatten();
    let inner = members.flat_map(|member| values(document, member));
    own.filter_map(Value::as_str).map(str::to_owned).chain(inner).collect()
}

/// The member `data` of a successful response.
fn data<'a>(document: &'a Value, operation: &'a Value) -> Vec<&'a Value> {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let schemas = responses
        .filter(|(status, _)| status.starts_with('2'))
        .filter_map(|(_, response)| response.pointer("/content/application~1json/schema"));
    schemas.flat_map(|schema| properties(document, schema, "data")).collect()
}

fn of<'a>(document: &'a Value, operation: &Operation) -> &'a Value {
    &document["paths"][operation.path()][operation.method().as_str().to_lowercase()]
}

#[test]
fn every_documented_status_has_a_meaning() {
    let document = document();
    for facts in ALL {
        let read = facts.bulk.as_ref().filter(|bulk| bulk.only).map_or(facts.read, |bulk| bulk.read);
        let all = data(&document, of(&document, read));
        assert!(!all.is_empty(), "{}", facts.name);
        for schema in all.iter().flat_map(|data| properties(&document, data, "status")) {
            for word in values(&document, schema) {
                assert!(
                    reading::is_known(facts, &word),
                    "{}: `{word}` has no meaning in jobs/facts.rs",
                    facts.name
                );
            }
        }
        if let Some(result) = facts.result {
            assert!(
                all.iter().any(|data| !properties(&document, data, result).is_empty()),
                "{}: no `{result}`",
                facts.name
            );
        }
    }
}

/// Operations that return an id, and start no job that could be waited for.
const NOT_JOBS: [(&Operation, &str); 11] = [
    (&operations::CREATE_WEBHOOK_ENDPOINT, "exists at once"),
    (&operations::ROTATE_WEBHOOK_ENDPOINT_SECRET, "exists at once"),
    (&operations::CREATE_FOLDER, "exists at once"),
    (&operations::CREATE_TEMPLATE, "exists at once"),
    (&operations::CREATE_BRAND_GLOSSARY, "exists at once"),
    (&operations::UPLOAD_ASSET, "exists at once"),
    (&operations::CREATE_SPEECH, "the reply has the audio"),
    (&operations::CREATE_ASSET_UPLOAD, "waits for the upload; `complete_asset_upload` starts the job"),
    (&operations::CREATE_ASSET_UPLOAD_BATCH, "waits for the uploads; `complete_asset_batch` starts the job"),
    (&operations::SEND_VIDEO_AGENT_MESSAGE, "continues a job: `Job::answer`"),
    (&operations::STOP_VIDEO_AGENT_SESSION, "ends a job"),
];

#[test]
fn every_operation_that_starts_a_job_has_a_kind() {
    let document = document();
    let started: BTreeSet<&str> =
        STARTS.iter().chain(WITH_PARAMETER).chain(PREVIEW_STARTS).map(|start| start.operation.id()).collect();
    let mut missing = Vec::new();
    for operation in
        operations::ALL.iter().filter(|one| one.path().starts_with("/v3") && one.method() == "POST")
    {
        let returned = data(&document, of(&document, operation));
        let names = returned.iter().flat_map(|data| {
            resolved(&document, data)["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str())
        });
        let has_id =
            names.into_iter().any(|name| name == "id" || name.ends_with("_id") || name.ends_with("_ids"));
        let is_exempt = NOT_JOBS.iter().any(|(one, _)| one.id() == operation.id())
            // Workflows are definitions, and realtime avatars are streams.
            || ["/v3/workflows", "/v3/avatar-realtime"].iter().any(|path| operation.path().starts_with(path))
            || operation.path().ends_with("/cancel");
        if has_id && !is_exempt && !started.contains(operation.id()) {
            missing.push(operation.id());
        }
    }
    assert_eq!(missing, [""; 0], "these operations start jobs of no kind; see jobs/submit.rs");
}

#[test]
fn the_batch_operations_take_what_the_table_says() {
    let document = document();
    for batch in &BATCHES {
        let body = |operation: &Operation| {
            let body = of(&document, operation).pointer("/requestBody/content/application~1json/schema");
            resolved(&document, body.unwrap())
        };
        let items = properties(&document, body(batch.create), batch.requests);
        let item = resolved(&document, &items[0]["items"]);
        assert_eq!(items[0]["maxItems"], MAX_ITEMS, "{}", batch.requests);
        let members = |schema: &Value| -> BTreeSet<String> {
            let variants = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
            let all = std::iter::once(schema).chain(variants.iter().map(|one| resolved(&document, one)));
            let properties = all.filter_map(|one| one["properties"].as_object());
            properties.flat_map(|properties| properties.keys().cloned()).collect()
        };
        let single = members(body(batch.single));
        assert!(!single.is_empty());
        for member in single.difference(&members(item)) {
            assert!(batch.only_single.contains(&member.as_str()), "{}: `{member}`", batch.requests);
        }
    }
}

#[test]
fn the_id_of_each_kind_is_a_parameter_of_the_operation_that_reads_it() {
    for facts in ALL {
        assert!(facts.read.path().contains(&format!("{{{}}}", facts.id)), "{}", facts.name);
    }
}
