//! A simulator with a manual clock, and an HTTP client that calls it.

use std::time::Duration;

use heygen_sim::{Clock, Sim, SimBuilder};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};

pub(crate) struct Program {
    pub(crate) sim: Sim,
    pub(crate) client: Client,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Program {
    /// Starts a simulator with the default options.
    pub(crate) async fn start() -> Self {
        Self::with(Sim::builder()).await
    }

    pub(crate) async fn with(builder: SimBuilder) -> Self {
        let sim = builder.clock(Clock::manual()).start().await.unwrap();
        Self { sim, client: Client::new() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sim.base_url())
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.sim.advance(Duration::from_secs(seconds));
    }

    /// Sends a request with the API key, and returns the response.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.client.request(method, self.url(path)).header("x-api-key", self.sim.api_key());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["x-request-id"].len(), 32);
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    /// Sends a request that must succeed, and returns the `data` of the response.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.send(method.clone(), path, &[], body).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
        answer.body["data"].clone()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Sends a request that must be refused, and returns the status and the error code.
    pub(crate) async fn refused(&self, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
        let answer = self.send(method, path, &[], body).await;
        assert!(answer.status >= 400, "{path}: {} {}", answer.status, answer.body);
        (answer.status, answer.body["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Creates a video, and returns its id.
    pub(crate) async fn video(&self, title: &str) -> String {
        let body =
            json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello", "title": title});
        self.post("/v3/videos", body).await["video_id"].as_str().unwrap().to_owned()
    }

    /// Downloads a file, and returns the status and the body.
    pub(crate) async fn fetch(&self, link: &Value) -> (u16, Vec<u8>) {
        let response = self.client.get(link.as_str().unwrap()).send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    }
}
