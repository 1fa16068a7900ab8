//! The rules that the document states only in prose, as tables: what is wrong, and how it is refused.
//!
//! Each table begins with a body that is accepted. A rule is that body with a change, and what the refusal has to say.

mod assets;
mod avatars;
mod captions;
mod jobs;
mod limits;
mod projects;
mod retired;
mod videos;
mod voices;
mod workflows;

use heygen_sim::{Clock, Sim, SimBuilder};
use heygen_tests::broken;
use jsonschema::Validator;
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The code of most refusals.
const INVALID: &str = "invalid_parameter";

/// A change to a body, as a merge patch (RFC 7396), and its refusal.
struct Rule {
    what: &'static str,
    change: Value,
    refusal: Refusal,
}

/// Status, code and the place named; no place when it is empty.
#[derive(Debug, Clone, Copy)]
struct Refusal(u16, &'static str, &'static str);

fn rule(what: &'static str, change: Value, status: u16, code: &'static str, param: &'static str) -> Rule {
    Rule { what, change, refusal: Refusal(status, code, param) }
}

/// A rule whose refusal is 400 `invalid_parameter`.
fn invalid(what: &'static str, change: Value, param: &'static str) -> Rule {
    rule(what, change, 400, INVALID, param)
}

/// An answer.
struct Answer {
    status: u16,
    retry_after: Option<String>,
    body: Value,
}

impl Answer {
    fn text(&self, pointer: &str) -> String {
        let text = self.body.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no {pointer} in {}", self.body)).to_owned()
    }
}

/// Where requests are made, and what went wrong there.
struct Desk {
    sim: Sim,
    client: Client,
    envelope: Validator,
    problems: Vec<String>,
}

impl Desk {
    async fn new() -> Self {
        Self::of(Sim::builder()).await
    }

    async fn of(builder: SimBuilder) -> Self {
        let envelope = json!({"type": "object", "required": ["error"],
            "properties": {"error": {"$ref": "#/components/schemas/StandardAPIError"}}});
        Self {
            sim: builder.clock(Clock::manual()).probe(false).start().await.unwrap(),
            client: Client::new(),
            envelope: broken::validator(&super::overlaid(), &envelope),
            problems: Vec::new(),
        }
    }

    fn advance(&self, seconds: u64) {
        self.sim.advance(std::time::Duration::from_secs(seconds));
    }

    async fn send(&self, method: Method, path: &str, key: Option<&str>, body: Option<&Value>) -> Answer {
        let url = format!("{}{path}", self.sim.base_url());
        let mut request = self.client.request(method, url).header("x-api-key", self.sim.api_key());
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Self::read(request).await
    }

    async fn read(request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["x-request-id"].len(), 32);
        let retry_after = answer.headers().get("retry-after");
        Answer {
            status: answer.status().as_u16(),
            retry_after: retry_after.map(|value| value.to_str().unwrap().to_owned()),
            body: serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, None).await
    }

    /// Posts something that has to be accepted.
    async fn post(&self, path: &str, body: Value) -> Answer {
        let answer = self.send(Method::POST, path, None, Some(&body)).await;
        assert!(answer.status < 300, "POST {path} {body}: {} {}", answer.status, answer.body);
        answer
    }

    /// Uploads one of the simulator's own files and gives its id.
    async fn upload(&self, file: &str) -> String {
        let path = xtask::generate::workspace_root().join("heygen-sim/assets").join(file);
        let answer = self.form(file, &std::fs::read(path).unwrap()).await;
        answer.text("/data/asset_id")
    }

    async fn form(&self, name: &str, content: &[u8]) -> Answer {
        let head = format!("form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: text/plain");
        let mut body = format!("--edge\r\ncontent-disposition: {head}\r\n\r\n").into_bytes();
        body.extend(content);
        body.extend(b"\r\n--edge--\r\n");
        let url = format!("{}/v3/assets", self.sim.base_url());
        let request = self.client.post(url).header("x-api-key", self.sim.api_key());
        Self::read(request.header("content-type", "multipart/form-data; boundary=edge").body(body)).await
    }

    /// Notes whether a refusal is the wanted one.
    fn judge(&mut self, what: &str, answer: &Answer, wanted: Refusal) {
        let Refusal(status, code, param) = wanted;
        let error = &answer.body["error"];
        let same = answer.status == status
            && error["code"] == code
            && error["param"].as_str().unwrap_or_default() == param;
        if !same || !self.envelope.is_valid(&answer.body) {
            self.problems.push(format!("{what}: wanted {wanted:?}: {} {}", answer.status, answer.body));
        }
    }

    async fn refuses(
        &mut self,
        what: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
        wanted: (u16, &'static str, &'static str),
    ) {
        let before = self.sim.balance();
        let answer = self.send(method, path, None, body.as_ref()).await;
        self.judge(what, &answer, Refusal(wanted.0, wanted.1, wanted.2));
        // What is refused costs nothing.
        if (self.sim.balance() - before).abs() > f64::EPSILON {
            self.problems.push(format!("{what}: it was refused and paid for"));
        }
    }

    async fn posts(
        &mut self,
        what: &str,
        path: &str,
        body: Value,
        wanted: (u16, &'static str, &'static str),
    ) {
        self.refuses(what, Method::POST, path, Some(body), wanted).await;
    }

    /// A body that is accepted, also with other changes, and the rules that refuse it with theirs.
    async fn table(&mut self, path: &str, base: &Value, allowed: &[Value], rules: Vec<Rule>) {
        for change in [&json!({})].into_iter().chain(allowed) {
            self.post(path, changed(base, change)).await;
        }
        for rule in rules {
            let Refusal(status, code, param) = rule.refusal;
            self.posts(rule.what, path, changed(base, &rule.change), (status, code, param)).await;
        }
    }

    fn done(self) {
        assert!(self.problems.is_empty(), "{}", self.problems.join("\n"));
    }
}

/// A value with a merge patch applied.
fn changed(base: &Value, change: &Value) -> Value {
    let Value::Object(members) = change else { return change.clone() };
    let mut whole = base.as_object().cloned().unwrap_or_default();
    for (name, change) in members {
        if change.is_null() {
            whole.remove(name);
        } else {
            let value = changed(whole.get(name).unwrap_or(&Value::Null), change);
            whole.insert(name.clone(), value);
        }
    }
    whole.into()
}
