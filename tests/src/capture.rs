//! A transport that sends nothing: it records requests, and responds from a queue.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use heygen_api::{BoxFuture, Operation, RawResponse, Transport, TransportError};

/// A request as it would have been sent.
#[derive(Debug, Clone)]
pub struct Captured {
    /// Its operation.
    pub operation: Operation,
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers, sorted by name.
    pub headers: Vec<(String, String)>,
    /// Body, if it is in memory.
    pub body: Option<Bytes>,
}

/// Records requests. Responds with the queued responses, and then with `200 {}`.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    requests: Arc<Mutex<Vec<Captured>>>,
    answers: Arc<Mutex<VecDeque<http::Response<Bytes>>>>,
}

impl Recorder {
    /// Adds a response to the queue.
    pub fn answer(&self, answer: http::Response<Bytes>) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push_back(answer);
    }

    /// Removes and returns the requests so far.
    pub fn take(&self) -> Vec<Captured> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Recorder {
    fn send<'a>(
        &'a self,
        request: heygen_api::Request,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        let url = request.url();
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let mut headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        headers.sort();
        let body = request.body().and_then(|body| body.as_bytes()).map(Bytes::copy_from_slice);
        let captured = Captured {
            operation: operation.clone(),
            method: request.method().to_string(),
            target,
            headers,
            body,
        };
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(captured);
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let answer = answer.unwrap_or_else(|| http::Response::new(Bytes::from_static(b"{}")));
        Box::pin(async move { Ok(RawResponse::from(answer)) })
    }
}
