//! The log of requests.

use std::collections::{BTreeMap, VecDeque};

use http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

/// How many requests are remembered.
const KEEP: usize = 5_000;

/// Largest JSON body, in bytes, that is remembered with its request.
const BODY_LIMIT: usize = 16 * 1024;

/// A request as the simulator met it. Keys, tokens and signatures are not in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// Its number, from 0 on.
    pub number: u64,
    /// When it came: milliseconds since 1970 by the simulator's clock.
    pub at: u64,
    /// Method, in capitals.
    pub method: String,
    /// Path, without the query.
    pub path: String,
    /// The document's `operationId`; `files`, `uploads` or `oauth`; none for an unknown path.
    pub operation: Option<String>,
    /// Query parameters.
    pub query: BTreeMap<String, String>,
    /// Headers; those that carry secrets read `[hidden]`.
    pub headers: BTreeMap<String, String>,
    /// The JSON body, when there was one of up to 16 KiB.
    pub body: Option<Value>,
    /// Status of the answer; none when the connection was closed instead, or the answer is not there yet.
    pub status: Option<u16>,
    /// Code of the error that was answered.
    pub code: Option<String>,
    /// `X-Request-Id` of the answer, unless a fault's own takes its place.
    pub request_id: String,
    /// The fault that struck it, by name.
    pub fault: Option<String>,
    /// Whether the answer is an earlier one, by idempotency key.
    pub replayed: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    requests: VecDeque<LoggedRequest>,
    next: u64,
}

impl Log {
    /// Notes a request; the number is for [`amend`](Self::amend).
    pub(crate) fn begin(&mut self, mut request: LoggedRequest) -> u64 {
        request.number = self.next;
        self.next += 1;
        if self.requests.len() == KEEP {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
        self.next - 1
    }

    /// Adds the outcome, unless it is forgotten by now.
    pub(crate) fn amend(&mut self, number: u64, change: impl FnOnce(&mut LoggedRequest)) {
        let first = self.next - self.requests.len() as u64;
        let place = number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        if let Some(request) = place.and_then(|place| self.requests.get_mut(place)) {
            change(request);
        }
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
    }
}

/// Headers for the log.
pub(crate) fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let shown = headers.iter().map(|(name, value)| {
        let secret =
            matches!(name.as_str(), "x-api-key" | "authorization" | "cookie" | "proxy-authorization");
        let value =
            if secret { "[hidden]".into() } else { String::from_utf8_lossy(value.as_bytes()).into_owned() };
        (name.as_str().to_owned(), value)
    });
    shown.collect()
}

/// A query for the log.
pub(crate) fn query(pairs: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let shown = pairs.iter().map(|(name, value)| {
        let secret = name.to_ascii_lowercase().contains("signature");
        (name.clone(), if secret { "[hidden]".into() } else { value.clone() })
    });
    shown.collect()
}

/// A body for the log.
pub(crate) fn body(value: &Value, length: usize) -> Option<Value> {
    (length <= BODY_LIMIT && !value.is_null()).then(|| value.clone())
}
