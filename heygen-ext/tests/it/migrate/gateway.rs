//! A program of v1 and v2, a service that answers it, and the simulator behind the service.

use axum::Router;
use heygen_ext::migrate::{LegacyService, MigrateOptions};
use heygen_ext::reqwest::{self, Method};
use heygen_ext::{CallOptions, HeyGen};
use heygen_sim::{Clock, Sim};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A PNG file of one pixel.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\nIDATx\x9cc\0\x01\
    \0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";

/// A service on the loopback interface.
pub(crate) struct Gateway {
    pub(crate) url: String,
    key: String,
    client: reqwest::Client,
    _server: Option<JoinHandle<()>>,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

/// Serves a router on the loopback interface, and returns its address.
pub(crate) async fn serve(router: Router) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (url, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

impl Gateway {
    /// Serves a service. Its program sends this key.
    pub(crate) async fn of(service: LegacyService, key: &str) -> Self {
        let (url, server) = serve(Router::new().fallback_service(service)).await;
        Self { url, key: key.to_owned(), client: reqwest::Client::new(), _server: Some(server) }
    }

    /// A server that runs already.
    pub(crate) fn to(url: &str, key: &str) -> Self {
        Self { url: url.to_owned(), key: key.to_owned(), client: reqwest::Client::new(), _server: None }
    }

    /// A simulator with a manual clock, and a service before it.
    pub(crate) async fn with_sim(options: MigrateOptions) -> (Sim, Self) {
        let sim = Sim::builder().clock(Clock::manual()).concurrency(100).start().await.unwrap();
        let gateway = Self::of(
            LegacyService::new(heygen(sim.base_url()).legacy().with_options(options)),
            sim.api_key(),
        );
        let gateway = gateway.await;
        (sim, gateway)
    }

    /// Sends a request as a program of v1 or v2 does.
    pub(crate) async fn send(&self, request: &str, body: Option<&Value>) -> Reply {
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.send_bytes(request, body).await
    }

    pub(crate) async fn send_bytes(&self, request: &str, body: Option<(&str, Vec<u8>)>) -> Reply {
        let mut call = self.call(request);
        if let Some((media_type, body)) = body {
            call = call.header("Content-Type", media_type).body(body);
        }
        Self::reply(call).await
    }

    /// Sends a request with further headers.
    pub(crate) async fn send_with(&self, request: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        let call = headers.iter().fold(self.call(request), |call, (name, value)| call.header(*name, *value));
        Self::reply(call.header("Content-Type", "application/json").body(body.to_string())).await
    }

    fn call(&self, request: &str) -> reqwest::RequestBuilder {
        let (method, target) = request.split_once(' ').unwrap();
        let url = format!("{}{target}", self.url);
        self.client.request(method.parse::<Method>().unwrap(), url).header("X-Api-Key", &self.key)
    }

    async fn reply(call: reqwest::RequestBuilder) -> Reply {
        let answer = call.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        Reply { status, headers, body }
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.send(&format!("GET {target}"), None).await
    }

    pub(crate) async fn post(&self, target: &str, body: &Value) -> Reply {
        self.send(&format!("POST {target}"), Some(body)).await
    }
}

/// A client whose own key is not valid anywhere, and which does not repeat calls.
pub(crate) fn heygen(base_url: &str) -> HeyGen {
    let options = CallOptions::new().max_attempts(1);
    HeyGen::builder().api_key("of-the-operator").base_url(base_url).options(options).build().unwrap()
}
