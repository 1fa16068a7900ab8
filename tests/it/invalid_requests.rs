//! The simulator refuses every request that the document does not allow, and its error names the invalid place. For each
//! operation, the test makes a request invalid in every possible way.

use std::collections::BTreeMap;
use std::fmt::Write;

use futures_util::{StreamExt, stream};
use heygen_api::operations::API_KEY_HEADER;
use heygen_sim::{Clock, Sim};
use heygen_tests::canonical::{self, Fill};
use heygen_tests::invalid_values;
use jsonschema::Validator;
use reqwest::{Client, Method, RequestBuilder, Url};
use serde_json::{Value, json};
use xtask::walk::{self, Operation};

/// Prefixes of the paths that are tested: all versions, retired ones included.
const PATH_PREFIXES: &[&str] = &["/v1/", "/v2/", "/v3/"];

/// Number of concurrent requests.
const CONCURRENCY: usize = 16;

/// Maximum number of failures that are printed.
const MAX_PRINTED: usize = 40;

/// The error_validator of `uploadAsset`, with a file.
const FORM: &str = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
                    content-type: text/plain\r\n\r\ncontent\r\n--edge--\r\n";

/// A request that is invalid in one place.
struct Case {
    label: String,
    request: RequestBuilder,
    param: Option<String>,
}

/// The valid request of an operation, from which its cases are made.
struct ValidRequest<'a> {
    document: &'a Value,
    operation: Operation<'a>,
    parameters: Vec<&'a Value>,
    body: Option<&'a Value>,
}

impl<'a> ValidRequest<'a> {
    fn new(document: &'a Value, operation: Operation<'a>) -> Self {
        let parameters =
            operation.parameters().map(|parameter| xtask::document::resolve(document, parameter)).collect();
        let json = operation.request_media().find(|(media, _)| *media == "application/json");
        Self { document, operation, parameters, body: json.map(|(_, object)| &object["schema"]) }
    }

    /// The request without its body. `other` replaces the value of one parameter, or removes it. The number makes the
    /// idempotency key unique.
    fn request(
        &self,
        client: &Client,
        sim: &Sim,
        number: usize,
        other: Option<(&str, &Option<String>)>,
    ) -> RequestBuilder {
        let mut path = self.operation.path.to_owned();
        let mut query = Vec::new();
        let mut headers = vec![(API_KEY_HEADER.to_owned(), sim.api_key().to_owned())];
        for parameter in &self.parameters {
            let name = parameter["name"].as_str().unwrap();
            let valid = || match name {
                "Idempotency-Key" => format!("case-{number}"),
                _ if parameter["schema"]["type"] == "integer" => "1".to_owned(),
                _ if parameter["in"] == "path" => "some-id".to_owned(),
                _ => canonical::value(self.document, &parameter["schema"], Fill::Required)
                    .as_str()
                    .unwrap()
                    .into(),
            };
            let text = match other {
                Some((other, text)) if other == name => text.clone(),
                _ => (parameter["required"] == true).then(valid),
            };
            let Some(text) = text else { continue };
            match parameter["in"].as_str().unwrap() {
                "path" => path = path.replace(&format!("{{{name}}}"), &text),
                "query" => query.push((name, text)),
                "header" => headers.push((name.to_owned(), text)),
                other => panic!("parameter in {other}"),
            }
        }
        let mut url = Url::parse(sim.base_url()).unwrap();
        url.set_path(&path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let method = Method::from_bytes(self.operation.method.to_uppercase().as_bytes()).unwrap();
        let request = client.request(method, url);
        headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    fn with_body(request: RequestBuilder, body: &Value) -> RequestBuilder {
        request.header("content-type", "application/json").body(body.to_string())
    }

    /// All invalid requests of the operation. Forms stay valid, because they have no schema.
    fn cases(&self, client: &Client, sim: &Sim) -> Vec<Case> {
        let mut cases = Vec::new();
        let body = self.body.map(|schema| canonical::value(self.document, schema, Fill::Everything));
        for parameter in &self.parameters {
            let name = parameter["name"].as_str().unwrap();
            for case in invalid_values::parameter(self.document, parameter) {
                let request = self.request(client, sim, cases.len(), Some((name, &case.text)));
                let request = match &body {
                    Some(body) => Self::with_body(request, body),
                    None if self.operation.request_media().next().is_some() => {
                        request.header("content-type", "multipart/form-data; boundary=edge").body(FORM)
                    }
                    None => request,
                };
                let label = format!("{} ({:?})", case.label, shortened(&case.text.unwrap_or_default()));
                cases.push(Case { label, request, param: Some(name.to_owned()) });
            }
        }
        for case in self.body.into_iter().flat_map(|schema| invalid_values::bodies(self.document, schema)) {
            let request = Self::with_body(self.request(client, sim, cases.len(), None), &case.value);
            cases.push(Case { label: case.label, request, param: case.param });
        }
        cases
    }

    /// The documented schema of a 400 response, with `error` required, which the document omits. An operation without one is
    /// refused like the others.
    fn error_schema(&self) -> Value {
        let pointer = "/responses/400/content/application~1json/schema";
        let standard = || json!({"properties": {"error": {"$ref": "#/components/schemas/StandardAPIError"}}});
        let mut schema = self.operation.value.pointer(pointer).cloned().unwrap_or_else(standard);
        if schema.pointer("/properties/error").is_some() {
            schema["required"] = json!(["error"]);
        }
        schema
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Sends a case. Returns what is wrong with the response.
async fn check_case(case: Case, error_validator: &Validator, standard: bool) -> Option<String> {
    let expected = format!("{}, at {}", case.label, case.param.as_deref().unwrap_or("the body"));
    let response = match case.request.send().await {
        Ok(response) => response,
        Err(error) => return Some(format!("{expected}: {error:?}")),
    };
    let status = response.status().as_u16();
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = header("content-type").split(';').next() == Some("application/json");
    let has_id = !header("x-request-id").is_empty();
    let text = response.text().await.unwrap_or_default();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let error = &body["error"];
    let named = !standard
        || (error["code"] == "invalid_parameter" && error["param"].as_str() == case.param.as_deref());
    let fits = error_validator.is_valid(&body);
    (status != 400 || !is_json || !has_id || !named || !fits).then(|| {
        let flaws = [(is_json, "not JSON"), (has_id, "no X-Request-Id"), (fits, "not the documented schema")];
        let flaws: String =
            flaws.iter().filter(|(good, _)| !good).map(|(_, flaw)| format!(" {flaw}")).collect();
        format!("{expected}: {status}{flaws} {}", text.chars().take(300).collect::<String>())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_invalid_request_is_refused_with_the_invalid_place() {
    let document = super::overlaid();
    let sim = Sim::builder().clock(Clock::manual()).legacy(true).start().await.unwrap();
    let client = Client::new();
    let mut validators: BTreeMap<String, Validator> = BTreeMap::new();
    let (mut counts, mut total, mut failures) = (String::new(), 0, Vec::new());
    let is_tested =
        |operation: &Operation<'_>| PATH_PREFIXES.iter().any(|start| operation.path.starts_with(start));
    for operation in walk::operations(&document).into_iter().filter(is_tested) {
        let valid = ValidRequest::new(&document, operation);
        let cases = valid.cases(&client, &sim);
        if cases.is_empty() {
            continue;
        }
        writeln!(counts, "{}: {}", operation.id(), cases.len()).unwrap();
        total += cases.len();
        let schema = &valid.error_schema();
        // Two retired operations have other envelopes, without `param`.
        let standard =
            schema.pointer("/properties/error").and_then(walk::reference) == Some("StandardAPIError");
        let error_validator = &*validators
            .entry(schema.to_string())
            .or_insert_with(|| invalid_values::validator(&document, schema));
        let found: Vec<Option<String>> = stream::iter(cases)
            .map(|case| check_case(case, error_validator, standard))
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await;
        failures.extend(found.into_iter().flatten().map(|found| format!("{}: {found}", operation.id())));
    }
    failures.sort();
    // Adjacent failures often have the same cause, so the printed ones are spread over all.
    let printed = failures.iter().step_by(failures.len().div_ceil(MAX_PRINTED).max(1));
    let printed = printed.map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {total} cases failed, such as:\n{printed}", failures.len());
    assert!(total > 3000, "only {total} cases");
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("invalid_requests_by_operation", counts);
    });
}
