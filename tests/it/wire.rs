//! The request of every operation matches the document. Each operation is called by its method, with all arguments.

use heygen_api::Client;
use heygen_api::reqwest::Url;
use heygen_tests::canonical::{self, Fill};
use heygen_tests::{Captured, Recorder, generated};
use serde_json::{Map, Value, json};
use xtask::walk::{self, Operation};

/// The media type of a form of names and values.
const PAIRS: &str = "application/x-www-form-urlencoded";

/// The arguments of a call: every parameter, and the complete body.
pub(super) fn arguments(document: &Value, operation: &Operation<'_>) -> Value {
    let mut parameters = Map::new();
    for parameter in operation.parameters() {
        let parameter = xtask::document::resolve(document, parameter);
        let name = parameter["name"].as_str().unwrap();
        let schema = &parameter["schema"];
        let value = canonical::value(document, schema, Fill::Everything);
        let members: Vec<&Value> =
            ["oneOf", "anyOf"].iter().filter_map(|union| schema[union].as_array()).flatten().collect();
        // A parameter of several types is a list if one of them is, or else a text.
        let value = match members.iter().any(|member| member["type"] == "array") {
            true => json!([value, value]),
            false if schema.get("oneOf").is_some() => text(&value).into(),
            false => value,
        };
        parameters.insert(name.to_owned(), value);
    }
    let body = body(operation).map(|(_, schema)| canonical::value(document, schema, Fill::Everything));
    json!({"parameters": parameters, "body": body})
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The media type and the schema of a body, unless it is a form with a file.
pub(super) fn body<'a>(operation: &Operation<'a>) -> Option<(&'a str, &'a Value)> {
    let bodies = operation.request_media().map(|(media, object)| (media.as_str(), &object["schema"]));
    let mut bodies = bodies.filter(|(media, _)| ["application/json", PAIRS].contains(media));
    bodies.next()
}

/// The target and the headers that the document requires. It is read without our lowering passes.
fn expected(
    document: &Value,
    operation: &Operation<'_>,
    arguments: &Value,
) -> (String, Vec<(String, String)>) {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    let mut headers = vec![];
    for parameter in operation.parameters() {
        let parameter = xtask::document::resolve(document, parameter);
        let name = parameter["name"].as_str().unwrap();
        let values = &arguments["parameters"][name];
        let value = text(values);
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), &value),
            "query" => match values.as_array() {
                Some(values) => query.extend(values.iter().map(|value| format!("{name}={}", text(value)))),
                None => query.push(format!("{name}={value}")),
            },
            "header" => headers.push((name.to_lowercase(), value)),
            other => panic!("parameter in {other}"),
        }
    }
    // A text, a file and a stream are not asked for by their media type.
    if operation.success_media().any(|(_, media, _)| media == "application/json") {
        headers.push(("accept".into(), "application/json".into()));
    }
    if let Some((media, _)) = body(operation) {
        headers.push(("content-type".into(), media.into()));
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
                let body = arguments["body"].clone();
                assert_body(&request, &body, facts.id());
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

/// The body of a request is this JSON, or the names and values of this object.
pub(super) fn assert_body(request: &Captured, expected: &Value, what: &str) {
    let body = request.body.as_ref().unwrap();
    if request.headers.contains(&("content-type".to_owned(), PAIRS.to_owned())) {
        assert_eq!(pairs(body), pairs_of(expected), "{what}");
    } else {
        assert_eq!(serde_json::from_slice::<Value>(body).unwrap(), *expected, "{what}");
    }
}

/// The names and values of a form.
fn pairs(body: &[u8]) -> Vec<(String, String)> {
    let url = Url::parse(&format!("form:?{}", str::from_utf8(body).unwrap())).unwrap();
    url.query_pairs().into_owned().collect()
}

/// The names and values of an object. A list has a pair for each item.
fn pairs_of(object: &Value) -> Vec<(String, String)> {
    let fields = object.as_object().unwrap().iter();
    let pairs = fields.flat_map(|(name, value)| {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        values
            .iter()
            .map(move |value| (name.clone(), value.as_str().map_or(value.to_string(), str::to_owned)))
    });
    pairs.collect()
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
        let Some(("application/json", schema)) = body(&operation) else { continue };
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
