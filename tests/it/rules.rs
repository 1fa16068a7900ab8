//! The simulator's validation of rules that the document states only in prose, as tables of invalid requests and the expected
//! errors.
//!
//! Each table has a valid body. A rule is a change to this body, and the expected error.

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

use heygen_api::operations::{API_KEY_HEADER, GET_VIDEO};
use heygen_sim::{Clock, Sim, SimBuilder};
use heygen_tests::invalid_values;
use jsonschema::Validator;
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The code of most errors.
const INVALID: &str = "invalid_parameter";

/// A change to a valid body, as a merge patch (RFC 7396), and the expected error.
struct Rule {
    label: &'static str,
    change: Value,
    refusal: Refusal,
}

/// An expected error: status, code and `param`, which is empty if the error has none.
#[derive(Debug, Clone, Copy)]
struct Refusal(u16, &'static str, &'static str);

fn rule(label: &'static str, change: Value, status: u16, code: &'static str, param: &'static str) -> Rule {
    Rule { label, change, refusal: Refusal(status, code, param) }
}

/// A rule whose error is 400 `invalid_parameter`.
fn invalid(label: &'static str, change: Value, param: &'static str) -> Rule {
    rule(label, change, 400, INVALID, param)
}

/// A response.
struct Reply {
    status: u16,
    retry_after: Option<String>,
    body: Value,
}

impl Reply {
    fn text(&self, pointer: &str) -> String {
        let text = self.body.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no {pointer} in {}", self.body)).to_owned()
    }
}

/// The path of a video.
fn video_path(id: &str) -> String {
    GET_VIDEO.path().replace("{video_id}", id)
}

/// A simulator, a client for it, and the problems that the test has found.
struct Harness {
    sim: Sim,
    client: Client,
    envelope: Validator,
    problems: Vec<String>,
}

impl Harness {
    async fn new() -> Self {
        Self::of(Sim::builder()).await
    }

    async fn of(builder: SimBuilder) -> Self {
        let envelope = json!({"type": "object", "required": ["error"],
            "properties": {"error": {"$ref": "#/components/schemas/StandardAPIError"}}});
        Self {
            sim: builder.clock(Clock::manual()).probe(false).start().await.unwrap(),
            client: Client::new(),
            envelope: invalid_values::validator(&super::overlaid(), &envelope),
            problems: Vec::new(),
        }
    }

    fn advance(&self, seconds: u64) {
        self.sim.advance(std::time::Duration::from_secs(seconds));
    }

    async fn send(&self, method: Method, path: &str, key: Option<&str>, body: Option<&Value>) -> Reply {
        let url = format!("{}{path}", self.sim.base_url());
        let mut request = self.client.request(method, url).header(API_KEY_HEADER, self.sim.api_key());
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Self::read(request).await
    }

    async fn read(request: reqwest::RequestBuilder) -> Reply {
        let reply = request.send().await.unwrap();
        assert_eq!(reply.headers()["x-request-id"].len(), 32);
        let retry_after = reply.headers().get("retry-after");
        Reply {
            status: reply.status().as_u16(),
            retry_after: retry_after.map(|value| value.to_str().unwrap().to_owned()),
            body: serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default(),
        }
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, None).await
    }

    /// Posts a request that must succeed.
    async fn post(&self, path: &str, body: Value) -> Reply {
        let reply = self.send(Method::POST, path, None, Some(&body)).await;
        assert!(reply.status < 300, "POST {path} {body}: {} {}", reply.status, reply.body);
        reply
    }

    /// Uploads one of the simulator's files and returns the id of the asset.
    async fn upload(&self, file: &str) -> String {
        let path = xtask::generate::workspace_root().join("heygen-sim/assets").join(file);
        let reply = self.form(file, &std::fs::read(path).unwrap()).await;
        reply.text("/data/asset_id")
    }

    async fn form(&self, name: &str, content: &[u8]) -> Reply {
        let head = format!("form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: text/plain");
        let mut body = format!("--edge\r\ncontent-disposition: {head}\r\n\r\n").into_bytes();
        body.extend(content);
        body.extend(b"\r\n--edge--\r\n");
        let url = format!("{}/v3/assets", self.sim.base_url());
        let request = self.client.post(url).header(API_KEY_HEADER, self.sim.api_key());
        Self::read(request.header("content-type", "multipart/form-data; boundary=edge").body(body)).await
    }

    /// Records a problem if a response is not the expected error.
    fn check_refusal(&mut self, label: &str, reply: &Reply, expected: Refusal) {
        let Refusal(status, code, param) = expected;
        let error = &reply.body["error"];
        // As observed at the service, the errors 401 and 404 do not have the member.
        let without = [401, 404].contains(&status);
        let param = if without { "" } else { param };
        if without && error.get("param").is_some() {
            self.problems.push(format!("{label}: a {status} with `param`: {}", reply.body));
        }
        let same = reply.status == status
            && error["code"] == code
            && error["param"].as_str().unwrap_or_default() == param;
        if !same || !self.envelope.is_valid(&reply.body) {
            self.problems.push(format!("{label}: expected {expected:?}: {} {}", reply.status, reply.body));
        }
    }

    /// Sends a request that must be refused.
    async fn expect_refusal(
        &mut self,
        label: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
        expected: (u16, &'static str, &'static str),
    ) {
        let before = self.sim.balance();
        let reply = self.send(method, path, None, body.as_ref()).await;
        self.check_refusal(label, &reply, Refusal(expected.0, expected.1, expected.2));
        // A refused request must not cost anything.
        if (self.sim.balance() - before).abs() > f64::EPSILON {
            self.problems.push(format!("{label}: the refused request changed the balance"));
        }
    }

    /// Posts a request that must be refused.
    async fn expect_post_refusal(
        &mut self,
        label: &str,
        path: &str,
        body: Value,
        expected: (u16, &'static str, &'static str),
    ) {
        self.expect_refusal(label, Method::POST, path, Some(body), expected).await;
    }

    /// Posts a valid body without changes and with each of the allowed ones, which must succeed, and then with the change of
    /// each rule, which must be refused.
    async fn check_rules(&mut self, path: &str, base: &Value, allowed: &[Value], rules: Vec<Rule>) {
        for change in [&json!({})].into_iter().chain(allowed) {
            self.post(path, changed(base, change)).await;
        }
        for rule in rules {
            let Refusal(status, code, param) = rule.refusal;
            self.expect_post_refusal(rule.label, path, changed(base, &rule.change), (status, code, param))
                .await;
        }
    }

    /// Fails the test if there were problems.
    fn finish(self) {
        assert!(self.problems.is_empty(), "{}", self.problems.join("\n"));
    }
}

/// Applies a merge patch to a value.
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
