//! What the simulator answers is what the document promises: the two are made by different code from the same document.
//!
//! The requests are in `simulator_requests.json`, in the order in which they are sent. There, `keep` puts parts of an
//! answer into a pool of names; `{name}` in a query or a body is the last value of that name; `path` tells which name
//! stands for a path parameter, `=` before a value that is meant as it is; `again` repeats the body before; `drop`
//! forgets the last value of names, and `look` asks about all values of one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use heygen_sim::{Clock, Sim};
use heygen_tests::broken;
use jsonschema::Validator;
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use serde_json::{Value, json};
use xtask::walk::{self, Operation};

/// The table of requests.
const REQUESTS: &str = include_str!("simulator_requests.json");

/// Members of an envelope that need not be there.
const OPTIONAL: [&str; 2] = ["error", "warning"];

/// The most problems that are shown.
const SHOWN: usize = 40;

/// A way through the simulator, on which every answer is held against the document.
pub(crate) struct Journey<'a> {
    document: &'a Value,
    operations: BTreeMap<String, Operation<'a>>,
    requests: Value,
    sim: Sim,
    client: Client,
    forms: BTreeMap<String, Validator>,
    /// What answers gave that later requests need.
    pool: BTreeMap<String, Vec<String>>,
    /// The body that an operation was called with last.
    bodies: BTreeMap<String, Value>,
    called: BTreeSet<String>,
    /// Statuses by operation.
    statuses: BTreeMap<String, BTreeSet<String>>,
    /// Links to files of the simulator, the newest of each.
    links: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl<'a> Journey<'a> {
    pub(crate) async fn new(document: &'a Value) -> Self {
        let sim = Sim::builder().clock(Clock::manual()).legacy(true).concurrency(1000).probe(false);
        let operations = walk::operations(document).into_iter();
        Self {
            document,
            operations: operations.map(|operation| (operation.id(), operation)).collect(),
            requests: serde_json::from_str(REQUESTS).unwrap(),
            sim: sim.start().await.unwrap(),
            client: Client::new(),
            forms: BTreeMap::new(),
            pool: BTreeMap::new(),
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
    pub(crate) fn known(&self, name: &str) -> String {
        let values = self.pool.get(name).unwrap_or_else(|| panic!("nothing gave {name}"));
        values.last().unwrap_or_else(|| panic!("no {name} is left")).clone()
    }

    fn keep(&mut self, step: &Value, answer: &Value) {
        for (name, pointer) in step["keep"].as_object().into_iter().flatten() {
            let value = answer.pointer(pointer.as_str().unwrap()).and_then(Value::as_str);
            let value = value.unwrap_or_else(|| panic!("{step}: no {pointer} in {answer}"));
            self.pool.entry(name.clone()).or_default().push(value.to_owned());
        }
    }

    /// The same value with names in braces replaced.
    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let mut parts = text.split('{');
                let mut filled = parts.next().unwrap_or_default().to_owned();
                for part in parts {
                    let (name, rest) = part.split_once('}').unwrap();
                    filled.push_str(&self.known(name));
                    filled.push_str(rest);
                }
                filled.into()
            }
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.filled(value))).collect()
            }
            other => other.clone(),
        }
    }

    /// The values that stand for a path parameter, the newest first.
    fn candidates(&self, step: &Value, parameter: &str) -> Vec<String> {
        let name = step["path"][parameter].as_str();
        let name = name.unwrap_or_else(|| panic!("{step}: nothing says what {parameter} is"));
        match name.strip_prefix('=') {
            Some(literal) => vec![literal.to_owned()],
            None => self.pool.get(name).into_iter().flatten().rev().cloned().collect(),
        }
    }

    /// Every path of a request: with each value of its first parameter, and the newest of the others.
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

    /// A request of an operation.
    pub(crate) fn request(&self, step: &Value, path: &str, query: &[(String, String)]) -> RequestBuilder {
        let mut url = Url::parse(self.sim.base_url()).unwrap();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let method = Method::from_bytes(self.operation(step).method.to_uppercase().as_bytes()).unwrap();
        let mut request = self.client.request(method, url).header("x-api-key", self.sim.api_key());
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

    /// Notes an answer's operation and whether status, type and id are as they should be; gives the schema's place.
    pub(crate) fn arrived(&mut self, step: &Value, answer: &Response) -> Option<(Value, String)> {
        let operation = *self.operation(step);
        self.called.insert(operation.id());
        let (status, headers) = (answer.status().as_u16().to_string(), answer.headers());
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = header("content-type").split(';').next().unwrap_or_default().to_owned();
        let mut problems = Vec::new();
        if header("x-request-id").is_empty() {
            problems.push("no X-Request-Id".to_owned());
        }
        if step["status"].as_u64().is_some_and(|wanted| wanted.to_string() != status) {
            problems.push(format!("status {status}"));
        }
        let found = operation.success_media().find(|(known, kind, _)| **known == status && **kind == media);
        if found.is_none() {
            problems.push(format!("{status} with {media} is not documented"));
        }
        self.problems.extend(problems.into_iter().map(|problem| format!("{step}: {problem}")));
        found.map(|(.., object)| (object["schema"].clone(), format!("{} {status}", operation.id())))
    }

    /// Holds a value against a schema of the document.
    pub(crate) fn hold(&mut self, schema: &Value, name: &str, value: &Value) {
        let document = self.document;
        let form = self.forms.entry(name.to_owned()).or_insert_with(|| broken::validator(document, schema));
        if let Some(error) = form.iter_errors(value).next() {
            self.problems.push(format!("{name}: {error} at {}: {value}", error.instance_path()));
        }
        let mut strangers = Vec::new();
        strange(self.document, &[schema], value, name, &mut strangers);
        self.problems.extend(strangers);
    }

    async fn send(&mut self, step: &Value, path: &str, query: &[(String, String)]) -> Value {
        let mut request = self.request(step, path, query);
        let id = step["operation"].as_str().unwrap().to_owned();
        let body = match step["again"] == true {
            true => self.bodies.get(&id).cloned(),
            false => step.get("body").map(|body| self.filled(body)),
        };
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
            self.bodies.insert(id.clone(), body);
        }
        let answer = request.send().await.unwrap();
        let found = self.arrived(step, &answer);
        let text = answer.text().await.unwrap();
        let Ok(body) = serde_json::from_str::<Value>(&text) else {
            self.problems.push(format!("{step}: no JSON: {text}"));
            return Value::Null;
        };
        match found {
            Some((schema, name)) => self.hold(&whole_envelope(schema), &name, &body),
            None => self.problems.push(format!("{path}: {text}")),
        }
        if let Some(status) = body.pointer("/data/status").and_then(Value::as_str) {
            self.statuses.entry(id).or_default().insert(status.to_owned());
        }
        links(&body, &format!("{}/files/", self.sim.base_url()), &mut self.links);
        body
    }

    fn query(&self, step: &Value) -> Vec<(String, String)> {
        let query = step["query"].as_object().into_iter().flatten();
        query.map(|(name, value)| (name.clone(), self.filled(value).as_str().unwrap().to_owned())).collect()
    }

    /// Does one thing of the table.
    pub(crate) async fn step(&mut self, step: &Value) {
        if let Some(seconds) = step["advance"].as_f64() {
            self.advance(seconds);
        } else if let Some(slot) = step["put"].as_str() {
            let media = step["media"].as_str().unwrap();
            let request = self.client.put(self.known(slot)).header("content-type", media);
            let answer = request.body(content(step["file"].as_str().unwrap())).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{step}");
        } else {
            let path = self.paths(step).into_iter().next().unwrap_or_else(|| panic!("{step}: no id"));
            let answer = self.send(step, &path, &self.query(step)).await;
            self.keep(step, &answer);
            for name in step["drop"].as_array().into_iter().flatten() {
                self.pool.get_mut(name.as_str().unwrap()).unwrap().pop();
            }
        }
    }

    /// Does the things of a section one after the other.
    pub(crate) async fn go(&mut self, section: &str) {
        for step in self.requests[section].as_array().unwrap().clone() {
            self.step(&step).await;
        }
    }

    /// Asks about everything there is; page by page, when lists are to be read so.
    pub(crate) async fn look(&mut self, paged: bool) {
        for step in self.requests["look"].as_array().unwrap().clone() {
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

/// One of the simulator's own files.
fn content(file: &str) -> Vec<u8> {
    std::fs::read(xtask::generate::workspace_root().join("heygen-sim/assets").join(file)).unwrap()
}

/// Makes the members of an envelope required: the document forgets to say that they are.
fn whole_envelope(mut schema: Value) -> Value {
    let members = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    schema["required"] = members.filter(|name| !OPTIONAL.contains(&name.as_str())).collect();
    schema
}

/// The schemas behind references and combinations.
fn flat<'a>(document: &'a Value, schemas: &[&'a Value], found: &mut Vec<&'a Value>) {
    for schema in schemas {
        let schema = xtask::document::resolve(document, schema);
        found.push(schema);
        for combination in ["allOf", "anyOf", "oneOf"] {
            let members: Vec<&Value> = schema[combination].as_array().into_iter().flatten().collect();
            flat(document, &members, found);
        }
    }
}

/// Members that the document does not know, where it knows any.
fn strange(document: &Value, schemas: &[&Value], value: &Value, at: &str, strangers: &mut Vec<String>) {
    let mut known = Vec::new();
    flat(document, schemas, &mut known);
    match value {
        Value::Object(members) => {
            let values = || known.iter().filter_map(|schema| schema.get("additionalProperties"));
            let open = values().any(|values| values != false)
                || known.iter().all(|schema| schema.get("properties").is_none());
            for (name, value) in members {
                let inner = known.iter().filter_map(|schema| schema["properties"].get(name));
                let inner: Vec<&Value> = inner.chain(values().filter(|values| values.is_object())).collect();
                if inner.is_empty() && !open && !OPTIONAL.contains(&name.as_str()) {
                    strangers.push(format!("{at}: the document has no {name}"));
                }
                strange(document, &inner, value, &format!("{at}.{name}"), strangers);
            }
        }
        Value::Array(items) => {
            let inner: Vec<&Value> = known.iter().filter_map(|schema| schema.get("items")).collect();
            items.iter().for_each(|item| strange(document, &inner, item, at, strangers));
        }
        _ => {}
    }
}

/// The links of an answer that start so, by what they lead to.
fn links(value: &Value, start: &str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::String(link) if link.starts_with(start) => {
            let file = link.split('?').next().unwrap_or_default();
            found.insert(file.to_owned(), link.clone());
        }
        Value::Object(members) => members.values().for_each(|value| links(value, start, found)),
        Value::Array(items) => items.iter().for_each(|item| links(item, start, found)),
        _ => {}
    }
}

impl Journey<'_> {
    fn assert_no_problems(&self) {
        let shown = self.problems.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(self.problems.is_empty(), "{} problems, such as:\n{shown}", self.problems.len());
    }
}

#[tokio::test]
async fn every_simulated_answer_fits_the_document_at_every_step() {
    let document = super::overlaid();
    let mut journey = Journey::new(&document).await;
    journey.go("begin").await;
    journey.look(false).await;
    // Batches leave their queue; the first jobs run; all is under way; what is to fail has failed.
    for seconds in [4.0, 2.0, 10.0, 15.0] {
        journey.advance(seconds);
        journey.look(false).await;
    }
    // A storyboard is there.
    journey.advance(100.0);
    journey.go("stop").await;
    journey.look(false).await;
    journey.go("review").await;
    // The end of most; the late link; the end of agents and professional voices.
    for seconds in [180.0, 30.0, 600.0] {
        journey.advance(seconds);
        journey.look(false).await;
    }
    journey.go("afterwards").await;
    for seconds in [1.0, 600.0] {
        journey.advance(seconds);
        journey.look(true).await;
    }
    super::simulator_streams::listen(&mut journey).await;
    journey.go("end").await;
    journey.look(false).await;
    journey.assert_no_problems();

    let all: BTreeSet<String> = journey.operations.keys().cloned().collect();
    assert_eq!(all.difference(&journey.called).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(all.len(), 150);
    let statuses = journey.statuses.iter().map(|(operation, statuses)| {
        format!("{operation}: {}\n", statuses.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
    });
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("simulated_statuses", statuses.collect::<String>());
    });
}

#[tokio::test]
async fn every_link_of_a_completed_job_can_be_fetched() {
    let document = super::overlaid();
    let mut journey = Journey::new(&document).await;
    journey.go("begin").await;
    journey.advance(120.0);
    journey.go("review").await;
    journey.advance(1200.0);
    journey.go("afterwards").await;
    journey.advance(1200.0);
    journey.links.clear();
    journey.look(false).await;
    let mut kinds = BTreeSet::new();
    for (file, link) in &journey.links {
        let answer = journey.client.get(link).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{link}");
        assert!(!answer.bytes().await.unwrap().is_empty(), "{link}");
        kinds.insert(file.rsplit('/').next().unwrap_or_default().to_owned());
    }
    let wanted =
        ["captioned.mp4", "captions.srt", "captions.vtt", "foreground.webm", "preview.gif", "speech.mp3"];
    let more = ["thumbnail.png", "video.mov", "video.mp4", "video.webm"];
    for kind in wanted.into_iter().chain(more) {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }
    assert!(journey.links.len() > 100, "only {} links", journey.links.len());
}

#[tokio::test]
async fn a_refusal_fits_the_document() {
    let document = super::overlaid();
    let mut journey = Journey::new(&document).await;
    let url = format!("{}/v3/videos/unknown", journey.sim.base_url());
    let request = journey.client.get(url).header("x-api-key", journey.sim.api_key());
    let refused: Value = serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
    let envelope = json!({"required": ["error"], "properties": {"error": {"$ref": "#/components/schemas/StandardAPIError"}}});
    journey.hold(&envelope, "refusal", &refused);
    journey.assert_no_problems();
}
