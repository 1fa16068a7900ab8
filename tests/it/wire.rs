//! The request of every operation matches the document. Each operation is called by its method, with all arguments.

use heygen_api::Client;
use heygen_tests::canonical::{self, Fill};
use heygen_tests::{Captured, Recorder, generated};
use serde_json::{Map, Value, json};
use xtask::walk::{self, Operation};

/// The arguments of a call: every parameter, and the complete body.
pub(super) fn arguments(document: &Value, operation: &Operation<'_>) -> Value {
    let mut parameters = Map::new();
    for parameter in operation.parameters() {
        let parameter = xtask::document::resolve(document, parameter);
        let name = parameter["name"].as_str().unwrap();
        parameters
            .insert(name.to_owned(), canonical::value(document, &parameter["schema"], Fill::Everything));
    }
    let body = json_body(operation).map(|schema| canonical::value(document, schema, Fill::Everything));
    json!({"parameters": parameters, "body": body})
}

fn json_body<'a>(operation: &Operation<'a>) -> Option<&'a Value> {
    operation
        .request_media()
        .find(|(media, _)| *media == "application/json")
        .map(|(_, object)| &object["schema"])
}

/// The target and the headers that the document requires. It is read without our lowering passes.
fn expected(
    document: &Value,
    operation: &Operation<'_>,
    arguments: &Value,
) -> (String, Vec<(String, String)>) {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    let mut headers = vec![];
    for parameter in operation.parameters() {
        let parameter = xtask::document::resolve(document, parameter);
        let name = parameter["name"].as_str().unwrap();
        let value = text(&arguments["parameters"][name]);
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), &value),
            "query" => query.push(format!("{name}={value}")),
            "header" => headers.push((name.to_lowercase(), value)),
            other => panic!("parameter in {other}"),
        }
    }
    let streams = operation.success_media().any(|(_, media, _)| media == "text/event-stream");
    if !streams {
        headers.push(("accept".into(), "application/json".into()));
    }
    if json_body(operation).is_some() {
        headers.push(("content-type".into(), "application/json".into()));
    }
    headers.sort();
    query.sort();
    let target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    (target, headers)
}

fn sorted_query(target: &str) -> String {
    match target.split_once('?') {
        Some((path, query)) => {
            let mut pairs: Vec<&str> = query.split('&').collect();
            pairs.sort_unstable();
            format!("{path}?{}", pairs.join("&"))
        }
        None => target.to_owned(),
    }
}

async fn captured(call: heygen_tests::Call, arguments: &Value) -> Captured {
    let recorder = Recorder::default();
    let client = Client::new(recorder.clone());
    // Decoding the response `{}` may fail. Only the request matters here.
    let _ = call(&client, arguments).await;
    recorder.take().pop().unwrap_or_else(|| panic!("no request was sent for {arguments:#}"))
}

#[tokio::test]
async fn the_request_of_every_operation_matches_the_document() {
    let document = super::overlaid();
    let operations = walk::operations(&document);
    assert_eq!(operations.len(), generated::OPERATIONS.len());
    for operation in &operations {
        let facts = generated::OPERATIONS.iter().find(|facts| facts.document_id() == operation.id());
        let facts = facts.unwrap_or_else(|| panic!("{} has no method", operation.id()));
        let (_, call) = generated::CALLS.iter().find(|(id, _)| *id == facts.id()).unwrap();
        let arguments = arguments(&document, operation);
        let request = with_fixed_boundary(captured(*call, &arguments).await);

        let (target, headers) = expected(&document, operation, &arguments);
        assert_eq!(request.method, operation.method.to_uppercase(), "{}", facts.id());
        assert_eq!(sorted_query(&request.target), target, "{}", facts.id());
        assert_eq!(&request.operation, *facts);
        let body = match operation.request_media().next() {
            Some((media, _)) if media == "multipart/form-data" => form(&request),
            Some((_, object)) => {
                assert_eq!(request.headers, headers, "{}", facts.id());
                let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
                assert_eq!(body, arguments["body"], "{}", facts.id());
                let problem = canonical::first_problem(&document, &object["schema"], &body);
                assert_eq!(problem, None, "{}: the canonical body is not valid: {body:#}", facts.id());
                body
            }
            None => {
                assert_eq!(request.headers, headers, "{}", facts.id());
                assert!(request.body.is_none(), "{}", facts.id());
                Value::Null
            }
        };
        let shown = json!({
            "request": format!("{} {}", request.method, request.target),
            "headers": request.headers.into_iter().map(|(name, value)| (name, json!(value))).collect::<Map<_, _>>(),
            "body": body,
        });
        insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_json_snapshot!(facts.id(), shown);
        });
    }
}

/// Replaces the boundary of a form, which differs in each run.
fn with_fixed_boundary(mut request: Captured) -> Captured {
    let found = request
        .headers
        .iter()
        .find_map(|(_, value)| value.split_once("boundary=").map(|(_, found)| found.to_owned()));
    if let Some(boundary) = found {
        let same = "B".repeat(boundary.len());
        request.headers.iter_mut().for_each(|(_, value)| *value = value.replace(&boundary, &same));
        request.body =
            request.body.map(|body| String::from_utf8_lossy(&body).replace(&boundary, &same).into());
    }
    request
}

/// The lines of a form. Checks the length in the headers, too.
fn form(request: &Captured) -> Value {
    let body = request.body.as_ref().unwrap();
    let length =
        request.headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.clone());
    assert_eq!(length, Some(body.len().to_string()));
    String::from_utf8_lossy(body).split("\r\n").map(Value::from).collect()
}

#[tokio::test]
async fn only_set_fields_are_sent_for_every_member_of_a_union() {
    let document = super::overlaid();
    let mut fills = vec![Fill::Required];
    fills.extend((1..6).map(Fill::Member));
    for operation in walk::operations(&document) {
        let Some(schema) = json_body(&operation) else { continue };
        let facts = generated::OPERATIONS.iter().find(|facts| facts.document_id() == operation.id()).unwrap();
        let (_, call) = generated::CALLS.iter().find(|(id, _)| *id == facts.id()).unwrap();
        let mut arguments = arguments(&document, &operation);
        for fill in &fills {
            arguments["body"] = canonical::value(&document, schema, *fill);
            let request = captured(*call, &arguments).await;
            let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
            assert_eq!(body, arguments["body"], "{} with {fill:?}", facts.id());
        }
    }
}

#[test]
fn the_facts_about_operations_match_the_document() {
    let document = super::overlaid();
    for operation in walk::operations(&document) {
        let facts = generated::OPERATIONS.iter().find(|facts| facts.document_id() == operation.id()).unwrap();
        assert_eq!(
            (facts.path(), facts.method().as_str().to_lowercase().as_str()),
            (operation.path, operation.method)
        );
        let key = operation
            .parameters()
            .map(|parameter| xtask::document::resolve(&document, parameter))
            .find(|parameter| parameter["name"] == "Idempotency-Key");
        let expected_key = match key.map(|key| key["required"] == true) {
            None => heygen_api::IdempotencyKey::None,
            Some(false) => heygen_api::IdempotencyKey::Optional,
            Some(true) => heygen_api::IdempotencyKey::Required,
        };
        assert_eq!(facts.idempotency_key(), expected_key, "{}", facts.id());
        let excluded = operation.value["x-excluded"] == true;
        let gate = match (operation.path.starts_with("/v3/"), excluded) {
            (false, _) => heygen_api::Gate::Legacy,
            (true, true) => heygen_api::Gate::Preview,
            (true, false) => heygen_api::Gate::None,
        };
        assert_eq!(facts.gate(), gate, "{}", facts.id());
    }
}
