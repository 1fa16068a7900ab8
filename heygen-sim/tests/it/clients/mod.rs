//! Replays of programs that other people wrote: their requests in their order, with their headers, bodies and waits, and the
//! checks that they make of each response. What would stop such a program fails the test.
//!
//! Each file names the public source from which its requests are derived. Nothing sleeps: a wait advances the simulator's
//! manual clock.

mod ai_sdk;
mod comfyui;
mod heygen_cli;
mod hyperframes;
mod n8n;
mod openclaw;

use std::cell::Cell;
use std::time::Duration;

use heygen_sim::SimBuilder;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::program::{Answer, Program};

/// A program that calls the simulator, with its own headers and its own clock.
struct Client {
    program: Program,
    /// The headers of every request to the API.
    headers: Vec<(&'static str, String)>,
    /// How much faster than the program's clock the simulator's clock runs.
    speed: u64,
    /// How long the program has waited by its own clock.
    waited: Cell<Duration>,
}

impl Client {
    /// A program that sends its API key in `key_header`, and these other headers.
    async fn start(builder: SimBuilder, key_header: &'static str, others: &[(&'static str, &str)]) -> Self {
        let program = Program::with(builder).await;
        let key = program.sim.api_key().to_owned();
        let others = others.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let headers = others.chain([(key_header, key)]).collect();
        Self { program, headers, speed: 1, waited: Cell::default() }
    }

    /// A request of the API, without a body.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.program.client.request(method, self.program.url(path));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request
    }

    /// Sends a request of the API with a JSON body.
    async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        answer(request.body(body.to_string())).await
    }

    /// Reads a resource, which must succeed, and returns its `data`.
    async fn get(&self, path: &str) -> Value {
        data(answer(self.request(Method::GET, path)).await)
    }

    /// Waits by the program's clock.
    fn wait(&self, time: Duration) {
        self.waited.set(self.waited.get() + time);
        self.program.sim.advance(time * u32::try_from(self.speed).unwrap());
    }

    /// Downloads a file as such programs do: without any header of the API. Checks the length, and returns the media type.
    async fn download(&self, link: &Value) -> String {
        let response = self.program.client.get(link.as_str().unwrap()).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{link}");
        let headers = response.headers().clone();
        let bytes = response.bytes().await.unwrap();
        assert_eq!(headers["content-length"].to_str().unwrap(), bytes.len().to_string());
        assert!(!bytes.is_empty());
        headers["content-type"].to_str().unwrap().to_owned()
    }
}

/// Sends a request, and reads its response.
async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    Answer { status, headers, body }
}

/// The `data` of a response that must be a success. A program that finds an `error` beside it stops.
fn data(answer: Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{}: {}", answer.status, answer.body);
    assert!(answer.body.get("error").is_none_or(Value::is_null), "{}", answer.body);
    answer.body["data"].clone()
}

/// A string of a response, which must not be empty.
fn text(value: &Value) -> &str {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or_else(|| panic!("{value} is not a text"))
}
