//! The responses of the simulator match the document.
//!
//! The requests are in `simulator_requests.json`, in sections, in the order in which they are sent. Each is an object:
//!
//! - `save` saves values of the response under names, by JSON pointer.
//! - `{name}` in a query or a body is replaced by the last value of that name.
//! - `path` has the name for each path parameter; a literal value starts with `=`.
//! - `repeat` sends the last body of the operation again.
//! - `forget` removes the last value of names.
//!
//! The section `reads` is sent for every saved value of its first path parameter.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use heygen_api::operations::{API_KEY_HEADER, GET_VIDEO};
use heygen_sim::{Clock, Sim};
use heygen_tests::invalid_values;
use jsonschema::Validator;
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use serde_json::{Value, json};
use xtask::walk::{self, Operation};

use super::response_members::{find_unknown_members, with_required_members};

/// The table of requests.
const REQUESTS: &str = include_str!("simulator_requests.json");

/// Maximum number of problems that are printed.
const MAX_PRINTED: usize = 40;

/// A simulator and a client that validates every response against the document.
pub(crate) struct Harness<'a> {
    document: &'a Value,
    operations: BTreeMap<String, Operation<'a>>,
    requests: Value,
    sim: Sim,
    client: Client,
    validators: BTreeMap<String, Validator>,
    /// Values of earlier responses by name.
    saved: BTreeMap<String, Vec<String>>,
    /// The last body of each operation.
    bodies: BTreeMap<String, Value>,
    called: BTreeSet<String>,
    /// The statuses of `data` in the replies of each operation.
    statuses: BTreeMap<String, BTreeSet<String>>,
    /// Links to files of the simulator: the latest link to each file.
    links: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl<'a> Harness<'a> {
    pub(crate) async fn new(document: &'a Value) -> Self {
        let sim = Sim::builder().clock(Clock::manual()).legacy(true).concurrency(1000).probe(false);
        let operations = walk::operations(document).into_iter();
        Self {
            document,
            operations: operations.map(|operation| (operation.id(), operation)).collect(),
            requests: serde_json::from_str(REQUESTS).unwrap(),
            sim: sim.start().await.unwrap(),
            client: Client::new(),
            validators: BTreeMap::new(),
            saved: BTreeMap::new(),
            bodies: BTreeMap::new(),
            called: BTreeSet::new(),
            statuses: BTreeMap::new(),
            links: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    pub(crate) fn advance(&self, seconds: f64) {
        self.sim.advance(Duration::from_secs_f64(seconds));
    }

    /// The last value of a name.
    pub(crate) fn saved(&self, name: &str) -> String {
        let values = self.saved.get(name).unwrap_or_else(|| panic!("no response had {name}"));
        values.last().unwrap_or_else(|| panic!("no {name} is left")).clone()
    }

    /// Saves values of a response.
    fn save(&mut self, step: &Value, response: &Value) {
        for (name, pointer) in step["save"].as_object().into_iter().flatten() {
            let value = response.pointer(pointer.as_str().unwrap()).and_then(Value::as_str);
            let value = value.unwrap_or_else(|| panic!("{step}: no {pointer} in {response}"));
            self.saved.entry(name.clone()).or_default().push(value.to_owned());
        }
    }

    /// Replaces the names in braces by their values.
    fn with_saved_values(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let mut parts = text.split('{');
                let mut text = parts.next().unwrap_or_default().to_owned();
                for part in parts {
                    let (name, rest) = part.split_once('}').unwrap();
                    text.push_str(&self.saved(name));
                    text.push_str(rest);
                }
                text.into()
            }
            Value::Array(items) => items.iter().map(|item| self.with_saved_values(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.with_saved_values(value))).collect()
            }
            other => other.clone(),
        }
    }

    /// The values for a path parameter, the latest first.
    fn candidates(&self, step: &Value, parameter: &str) -> Vec<String> {
        let name = step["path"][parameter].as_str();
        let name = name.unwrap_or_else(|| panic!("{step}: no value for {parameter}"));
        match name.strip_prefix('=') {
            Some(literal) => vec![literal.to_owned()],
            None => self.saved.get(name).into_iter().flatten().rev().cloned().collect(),
        }
    }

    /// The paths of a request: one for each value of the first parameter, with the latest values of the others.
    fn paths(&self, step: &Value) -> Vec<String> {
        let template = self.operation(step).path;
        let names: Vec<&str> =
            template.split('{').skip(1).map(|part| part.split('}').next().unwrap()).collect();
        let Some((first, others)) = names.split_first() else { return vec![template.to_owned()] };
        let fill = |path: String, name: &str, value: &str| path.replace(&format!("{{{name}}}"), value);
        let rest = others.iter().fold(template.to_owned(), |path, name| {
            fill(path, name, self.candidates(step, name).first().unwrap())
        });
        self.candidates(step, first).iter().map(|value| fill(rest.clone(), first, value)).collect()
    }

    fn operation(&self, step: &Value) -> &Operation<'a> {
        let id = step["operation"].as_str().unwrap();
        self.operations.get(id).unwrap_or_else(|| panic!("no operation {id}"))
    }

    /// Builds the request of a step.
    pub(crate) fn request(&self, step: &Value, path: &str, query: &[(String, String)]) -> RequestBuilder {
        let mut url = Url::parse(self.sim.base_url()).unwrap();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let method = Method::from_bytes(self.operation(step).method.to_uppercase().as_bytes()).unwrap();
        let mut request = self.client.request(method, url).header(API_KEY_HEADER, self.sim.api_key());
        if let Some(key) = step["key"].as_str() {
            request = request.header("idempotency-key", key);
        }
        if let Some(file) = step["file"].as_str() {
            let head = format!("form-data; name=\"file\"; filename=\"{file}\"\r\ncontent-type: text/plain");
            let mut body = format!("--edge\r\ncontent-disposition: {head}\r\n\r\n").into_bytes();
            body.extend(content(file));
            body.extend(b"\r\n--edge--\r\n");
            request = request.header("content-type", "multipart/form-data; boundary=edge").body(body);
        }
        request
    }

    /// Checks the status, the media type and the request id of a response. Returns the documented schema and a name for it.
    pub(crate) fn check_head(&mut self, step: &Value, response: &Response) -> Option<(Value, String)> {
        let operation = *self.operation(step);
        self.called.insert(operation.id());
        let (status, headers) = (response.status().as_u16().to_string(), response.headers());
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = header("content-type").split(';').next().unwrap_or_default().to_owned();
        let mut problems = Vec::new();
        if header("x-request-id").is_empty() {
            problems.push("no X-Request-Id".to_owned());
        }
        if step["status"].as_u64().is_some_and(|expected| expected.to_string() != status) {
            problems.push(format!("status {status}"));
        }
        let found =
            operation.success_media().find(|(saved_name, kind, _)| **saved_name == status && **kind == media);
        // A response without content has no media type. An operation may document no success at all.
        let mut successes = operation.responses().filter(|(status, _)| status.starts_with('2')).peekable();
        let is_empty = media.is_empty()
            && (successes.peek().is_none()
                || successes.any(|(one, response)| *one == status && response.get("content").is_none()));
        if found.is_none() && !is_empty {
            problems.push(format!("{status} with {media} is not documented"));
        }
        self.problems.extend(problems.into_iter().map(|problem| format!("{step}: {problem}")));
        found.map(|(.., object)| (object["schema"].clone(), format!("{} {status}", operation.id())))
    }

    /// Validates a value against a schema of the document, and records problems.
    pub(crate) fn validate(&mut self, schema: &Value, name: &str, value: &Value) {
        let document = self.document;
        let validator = self
            .validators
            .entry(name.to_owned())
            .or_insert_with(|| invalid_values::validator(document, schema));
        if let Some(error) = validator.iter_errors(value).next() {
            self.problems.push(format!("{name}: {error} at {}: {value}", error.instance_path()));
        }
        let mut unknown = Vec::new();
        find_unknown_members(self.document, &[schema], value, name, &mut unknown);
        self.problems.extend(unknown);
    }

    async fn send(&mut self, step: &Value, path: &str, query: &[(String, String)]) -> Value {
        let mut request = self.request(step, path, query);
        let id = step["operation"].as_str().unwrap().to_owned();
        let body = match step["repeat"] == true {
            true => self.bodies.get(&id).cloned(),
            false => step.get("body").map(|body| self.with_saved_values(body)),
        };
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
            self.bodies.insert(id.clone(), body);
        }
        let response = request.send().await.unwrap();
        let found = self.check_head(step, &response);
        let text = response.text().await.unwrap();
        let Ok(body) = serde_json::from_str::<Value>(&text) else {
            self.problems.push(format!("{step}: not JSON: {text}"));
            return Value::Null;
        };
        match found {
            Some((schema, name)) => self.validate(&with_required_members(schema), &name, &body),
            None => self.problems.push(format!("{path}: {text}")),
        }
        if let Some(status) = body.pointer("/data/status").and_then(Value::as_str) {
            self.statuses.entry(id).or_default().insert(status.to_owned());
        }
        collect_links(&body, &format!("{}/files/", self.sim.base_url()), &mut self.links);
        body
    }

    /// Calls every operation that the table does not have. It must be one without simulated behavior.
    async fn call_made_up_operations(&mut self) {
        let rest: Vec<Operation<'a>> =
            self.operations.values().filter(|one| !self.called.contains(&one.id())).copied().collect();
        for operation in rest {
            let arguments = super::wire::arguments(self.document, &operation);
            let mut path = operation.path.to_owned();
            for (name, value) in arguments["parameters"].as_object().into_iter().flatten() {
                path = path.replace(&format!("{{{name}}}"), value.as_str().unwrap_or("1"));
            }
            let step = json!({"operation": operation.id()});
            let mut request = self.request(&step, &path, &[]);
            let media = operation.request_media().next().map(|(media, _)| media.as_str());
            request = match media {
                None => request,
                Some(form @ "application/x-www-form-urlencoded") => request.header("content-type", form),
                Some(_) => {
                    request.header("content-type", "application/json").body(arguments["body"].to_string())
                }
            };
            let response = request.send().await.unwrap();
            if !response.headers().contains_key("x-heygen-sim-answer") {
                self.problems.push(format!("{step}: add a request to simulator_requests.json"));
            }
            let found = self.check_head(&step, &response);
            let is_json =
                response.headers().get("content-type").is_some_and(|media| media == "application/json");
            let body = response.bytes().await.unwrap();
            if let (Some((schema, name)), true) = (found, is_json) {
                let body: Value = serde_json::from_slice(&body).unwrap();
                self.validate(&with_required_members(schema), &name, &body);
            }
        }
    }

    fn query(&self, step: &Value) -> Vec<(String, String)> {
        let query = step["query"].as_object().into_iter().flatten();
        query
            .map(|(name, value)| (name.clone(), self.with_saved_values(value).as_str().unwrap().to_owned()))
            .collect()
    }

    /// Executes one step of the table.
    pub(crate) async fn step(&mut self, step: &Value) {
        if let Some(seconds) = step["advance"].as_f64() {
            self.advance(seconds);
        } else if let Some(slot) = step["put"].as_str() {
            let media = step["media"].as_str().unwrap();
            let request = self.client.put(self.saved(slot)).header("content-type", media);
            let response = request.body(content(step["file"].as_str().unwrap())).send().await.unwrap();
            assert_eq!(response.status(), 200, "{step}");
        } else {
            let path = self.paths(step).into_iter().next().unwrap_or_else(|| panic!("{step}: no id"));
            let response = self.send(step, &path, &self.query(step)).await;
            self.save(step, &response);
            for name in step["forget"].as_array().into_iter().flatten() {
                self.saved.get_mut(name.as_str().unwrap()).unwrap().pop();
            }
        }
    }

    /// Executes the steps of a section in order.
    pub(crate) async fn run_section(&mut self, section: &str) {
        for step in self.requests[section].as_array().unwrap().clone() {
            self.step(&step).await;
        }
    }

    /// Reads every saved resource; with `paged`, two pages of each list.
    pub(crate) async fn read_all(&mut self, paged: bool) {
        for step in self.requests["reads"].as_array().unwrap().clone() {
            let lists = paged && self.operation(&step).value.to_string().contains("\"name\":\"token\"");
            for path in self.paths(&step) {
                let mut query = self.query(&step);
                if lists {
                    query.push(("limit".into(), "1".into()));
                }
                let first = self.send(&step, &path, &query).await;
                let page = if first["data"].is_object() { &first["data"] } else { &first };
                let token = page["next_token"].as_str();
                assert_eq!(page["has_more"] == true, token.is_some(), "{step}: {first}");
                if let Some(token) = token.filter(|_| lists) {
                    query.push(("token".into(), token.to_owned()));
                    let second = self.send(&step, &path, &query).await;
                    assert_ne!(first, second, "{step}");
                }
            }
        }
    }
}

/// The content of one of the simulator's files.
fn content(file: &str) -> Vec<u8> {
    std::fs::read(xtask::generate::workspace_root().join("heygen-sim/assets").join(file)).unwrap()
}

/// Collects the links with a prefix in a response, by their URL without the query.
fn collect_links(value: &Value, start: &str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::String(link) if link.starts_with(start) => {
            let file = link.split('?').next().unwrap_or_default();
            found.insert(file.to_owned(), link.clone());
        }
        Value::Object(members) => members.values().for_each(|value| collect_links(value, start, found)),
        Value::Array(items) => items.iter().for_each(|item| collect_links(item, start, found)),
        _ => {}
    }
}

impl Harness<'_> {
    fn assert_no_problems(&self) {
        let shown = self.problems.iter().take(MAX_PRINTED).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(self.problems.is_empty(), "{} problems, such as:\n{shown}", self.problems.len());
    }
}

#[tokio::test]
async fn every_response_matches_the_document_at_every_stage() {
    let document = super::overlaid();
    let mut harness = Harness::new(&document).await;
    harness.run_section("begin").await;
    harness.read_all(false).await;
    // Batch items leave the queue; the first jobs run; all jobs run; jobs that fail have failed.
    for seconds in [4.0, 2.0, 10.0, 15.0] {
        harness.advance(seconds);
        harness.read_all(false).await;
    }
    // A storyboard is ready for review.
    harness.advance(100.0);
    harness.run_section("stop").await;
    harness.read_all(false).await;
    harness.run_section("review").await;
    // Most jobs complete; delayed links appear; agent sessions and professional voices complete.
    for seconds in [180.0, 30.0, 600.0] {
        harness.advance(seconds);
        harness.read_all(false).await;
    }
    harness.run_section("afterwards").await;
    for seconds in [1.0, 600.0] {
        harness.advance(seconds);
        harness.read_all(true).await;
    }
    super::simulator_streams::read_streams(&mut harness).await;
    harness.run_section("end").await;
    harness.read_all(false).await;
    harness.call_made_up_operations().await;
    harness.assert_no_problems();
    let statuses = harness.statuses.iter().map(|(operation, statuses)| {
        format!("{operation}: {}\n", statuses.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
    });
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("simulated_statuses", statuses.collect::<String>());
    });
}

#[tokio::test]
async fn every_link_of_completed_jobs_can_be_downloaded() {
    let document = super::overlaid();
    let mut harness = Harness::new(&document).await;
    harness.run_section("begin").await;
    harness.advance(120.0);
    harness.run_section("review").await;
    harness.advance(1200.0);
    harness.run_section("afterwards").await;
    harness.advance(1200.0);
    harness.links.clear();
    harness.read_all(false).await;
    let mut kinds = BTreeSet::new();
    for (file, link) in &harness.links {
        let response = harness.client.get(link).send().await.unwrap();
        assert_eq!(response.status(), 200, "{link}");
        assert!(!response.bytes().await.unwrap().is_empty(), "{link}");
        kinds.insert(file.rsplit('/').next().unwrap_or_default().to_owned());
    }
    let expected =
        ["captioned.mp4", "captions.srt", "captions.vtt", "foreground.webm", "preview.gif", "speech.mp3"];
    let more = ["thumbnail.png", "video.mov", "video.mp4", "video.webm"];
    for kind in expected.into_iter().chain(more) {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }
    assert!(harness.links.len() > 100, "only {} links", harness.links.len());
}

#[tokio::test]
async fn an_error_response_matches_the_document() {
    let document = super::overlaid();
    let mut harness = Harness::new(&document).await;
    let url = format!("{}{}", harness.sim.base_url(), GET_VIDEO.path().replace("{video_id}", "unknown"));
    let request = harness.client.get(url).header(API_KEY_HEADER, harness.sim.api_key());
    let refused: Value = serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
    let envelope = json!({"required": ["error"], "properties": {"error": {"$ref": "#/components/schemas/StandardAPIError"}}});
    harness.validate(&envelope, "refusal", &refused);
    harness.assert_no_problems();
}
