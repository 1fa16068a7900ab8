//! An HTTP server that receives webhooks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    /// The methods of the requests that are not deliveries.
    probes: Mutex<Vec<Method>>,
    /// The statuses of the next responses; after them, 200. Zero means no response.
    answers: Mutex<VecDeque<u16>>,
    /// The statuses of the next responses to probes; after them, 204.
    probe_answers: Mutex<VecDeque<u16>>,
    arrived: Notify,
}

pub(crate) struct Receiver {
    shared: Arc<Shared>,
    pub(crate) url: String,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let service = Router::new().fallback(receive).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { shared, url }
    }

    /// Sets the statuses of the next responses. 0 means no response.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.shared.answers.lock().unwrap().extend(statuses);
    }

    /// Sets the statuses of the next responses to probes.
    pub(crate) fn answer_probes(&self, statuses: &[u16]) {
        self.shared.probe_answers.lock().unwrap().extend(statuses);
    }

    /// The methods of the probes so far.
    pub(crate) fn probes(&self) -> Vec<Method> {
        self.shared.probes.lock().unwrap().clone()
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Waits until `count` deliveries have arrived.
    pub(crate) async fn wait_for(&self, count: usize) {
        loop {
            let arrived = self.shared.arrived.notified();
            if self.received().len() >= count {
                return;
            }
            arrived.await;
        }
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if method != Method::POST {
        shared.probes.lock().unwrap().push(method);
        let answer = shared.probe_answers.lock().unwrap().pop_front().unwrap_or(204);
        return StatusCode::from_u16(answer).unwrap();
    }
    shared.received.lock().unwrap().push(Received { headers, body });
    let answer = shared.answers.lock().unwrap().pop_front().unwrap_or(200);
    shared.arrived.notify_waiters();
    match answer {
        0 => std::future::pending().await,
        status => StatusCode::from_u16(status).unwrap(),
    }
}
