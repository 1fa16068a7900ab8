//! The simulator refuses what the document refuses, and names the place: every operation, every way to break a request.

use std::collections::BTreeMap;
use std::fmt::Write;

use futures_util::{StreamExt, stream};
use heygen_sim::{Clock, Sim};
use heygen_tests::broken;
use heygen_tests::canonical::{self, Fill};
use jsonschema::Validator;
use reqwest::{Client, Method, RequestBuilder, Url};
use serde_json::{Value, json};
use xtask::walk::{self, Operation};

/// How the paths start whose operations are tried: all of them, the retired ones too.
const PATHS: &[&str] = &["/v1/", "/v2/", "/v3/"];

/// How many requests are under way at once.
const AT_ONCE: usize = 16;

/// The most failures that are shown.
const SHOWN: usize = 40;

/// A form with a file: what `uploadAsset` takes.
const FORM: &str = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
                    content-type: text/plain\r\n\r\ncontent\r\n--edge--\r\n";

/// A request with one thing wrong.
struct Case {
    label: String,
    request: RequestBuilder,
    param: Option<String>,
}

/// The valid request that the cases of an operation are made from.
struct Valid<'a> {
    document: &'a Value,
    operation: Operation<'a>,
    parameters: Vec<&'a Value>,
    body: Option<&'a Value>,
}

impl<'a> Valid<'a> {
    fn new(document: &'a Value, operation: Operation<'a>) -> Self {
        let parameters =
            operation.parameters().map(|parameter| xtask::document::resolve(document, parameter)).collect();
        let json = operation.request_media().find(|(media, _)| *media == "application/json");
        Self { document, operation, parameters, body: json.map(|(_, object)| &object["schema"]) }
    }

    /// The request without a body, and with another text, or none, for one parameter. The number keeps one case from
    /// being taken for the repetition of another.
    fn request(
        &self,
        client: &Client,
        sim: &Sim,
        number: usize,
        other: Option<(&str, &Option<String>)>,
    ) -> RequestBuilder {
        let mut path = self.operation.path.to_owned();
        let mut query = Vec::new();
        let mut headers = vec![("x-api-key".to_owned(), sim.api_key().to_owned())];
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

    /// All that can be wrong with a request of the operation. A form is not broken: it has no schema to break.
    fn cases(&self, client: &Client, sim: &Sim) -> Vec<Case> {
        let mut cases = Vec::new();
        let body = self.body.map(|schema| canonical::value(self.document, schema, Fill::Everything));
        for parameter in &self.parameters {
            let name = parameter["name"].as_str().unwrap();
            for case in broken::parameter(self.document, parameter) {
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
        for case in self.body.into_iter().flat_map(|schema| broken::bodies(self.document, schema)) {
            let request = Self::with_body(self.request(client, sim, cases.len(), None), &case.value);
            cases.push(Case { label: case.label, request, param: case.param });
        }
        cases
    }

    /// The document's form of a refusal. It forgets to say that the error in it is required.
    fn refusal(&self) -> Value {
        let pointer = "/responses/400/content/application~1json/schema";
        let schema = self.operation.value.pointer(pointer).cloned();
        let mut schema = schema.unwrap_or_else(|| panic!("{} documents no 400", self.operation.id()));
        if schema.pointer("/properties/error").is_some() {
            schema["required"] = json!(["error"]);
        }
        schema
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// What is wrong with the answer to a case.
async fn failure(case: Case, form: &Validator, standard: bool) -> Option<String> {
    let wanted = format!("{}, at {}", case.label, case.param.as_deref().unwrap_or("the body"));
    let answer = match case.request.send().await {
        Ok(answer) => answer,
        Err(error) => return Some(format!("{wanted}: {error:?}")),
    };
    let status = answer.status().as_u16();
    let header =
        |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = header("content-type").split(';').next() == Some("application/json");
    let has_id = !header("x-request-id").is_empty();
    let text = answer.text().await.unwrap_or_default();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let error = &body["error"];
    let named = !standard
        || (error["code"] == "invalid_parameter" && error["param"].as_str() == case.param.as_deref());
    let fits = form.is_valid(&body);
    (status != 400 || !is_json || !has_id || !named || !fits).then(|| {
        let flaws = [(is_json, "no JSON"), (has_id, "no X-Request-Id"), (fits, "not the documented form")];
        let flaws: String =
            flaws.iter().filter(|(good, _)| !good).map(|(_, flaw)| format!(" {flaw}")).collect();
        format!("{wanted}: {status}{flaws} {}", text.chars().take(300).collect::<String>())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_broken_request_is_refused_by_name() {
    let document = super::overlaid();
    let sim = Sim::builder().clock(Clock::manual()).legacy(true).start().await.unwrap();
    let client = Client::new();
    let mut forms: BTreeMap<String, Validator> = BTreeMap::new();
    let (mut counts, mut total, mut failures) = (String::new(), 0, Vec::new());
    let tried = |operation: &Operation<'_>| PATHS.iter().any(|start| operation.path.starts_with(start));
    for operation in walk::operations(&document).into_iter().filter(tried) {
        let valid = Valid::new(&document, operation);
        let cases = valid.cases(&client, &sim);
        if cases.is_empty() {
            continue;
        }
        writeln!(counts, "{}: {}", operation.id(), cases.len()).unwrap();
        total += cases.len();
        let schema = &valid.refusal();
        // Two old operations have envelopes of their own, without a place in them.
        let standard =
            schema.pointer("/properties/error").and_then(walk::reference) == Some("StandardAPIError");
        let form = &*forms.entry(schema.to_string()).or_insert_with(|| broken::validator(&document, schema));
        let found: Vec<Option<String>> = stream::iter(cases)
            .map(|case| failure(case, form, standard))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        failures.extend(found.into_iter().flatten().map(|found| format!("{}: {found}", operation.id())));
    }
    failures.sort();
    // Spread over all of them: one cause has many cases side by side.
    let shown = failures.iter().step_by(failures.len().div_ceil(SHOWN).max(1));
    let shown = shown.map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {total} cases failed, such as:\n{shown}", failures.len());
    assert!(total > 3000, "only {total} cases");
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("refusals_by_operation", counts);
    });
}
