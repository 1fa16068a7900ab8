//! The log of requests.

use std::collections::{BTreeMap, VecDeque};

use http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

/// Maximum number of requests in the log.
const MAX_REQUESTS: usize = 5_000;

/// Maximum size of a JSON body in the log, in bytes.
const BODY_LIMIT: usize = 16 * 1024;

/// A request that the simulator received. API keys, tokens and signatures are hidden.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// Number of the request, from 0.
    pub number: u64,
    /// When it was received: milliseconds since 1970 by the simulator's clock.
    pub at: u64,
    /// HTTP method, in upper case.
    pub method: String,
    /// Path, without the query.
    pub path: String,
    /// An `operationId` of the document, or `files`, `uploads` or `oauth`; `None` for an unknown path.
    pub operation: Option<String>,
    /// Query parameters.
    pub query: BTreeMap<String, String>,
    /// Headers. The value of those with secrets is `[hidden]`.
    pub headers: BTreeMap<String, String>,
    /// The JSON body, if it has at most 16 KiB.
    pub body: Option<Value>,
    /// HTTP status of the response; `None` if the connection was closed instead, or if the request is in progress.
    pub status: Option<u16>,
    /// Error code of the response.
    pub code: Option<String>,
    /// `X-Request-Id` of the response, unless a fault sets another.
    pub request_id: String,
    /// Name of the fault that was applied.
    pub fault: Option<String>,
    /// Whether the response was replayed for an idempotency key.
    pub replayed: bool,
}

/// The newest requests.
#[derive(Debug, Default)]
pub(crate) struct Log {
    requests: VecDeque<LoggedRequest>,
    next: u64,
}

impl Log {
    /// Adds a request. Returns its number, for [`amend`](Self::amend).
    pub(crate) fn begin(&mut self, mut request: LoggedRequest) -> u64 {
        request.number = self.next;
        self.next += 1;
        if self.requests.len() == MAX_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
        self.next - 1
    }

    /// Changes a request, unless it was removed.
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

/// The headers of a request, with hidden secrets.
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

/// The query of a request, with hidden signatures.
pub(crate) fn query(pairs: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let shown = pairs.iter().map(|(name, value)| {
        let secret = name.to_ascii_lowercase().contains("signature");
        (name.clone(), if secret { "[hidden]".into() } else { value.clone() })
    });
    shown.collect()
}

/// The body of a request; `None` if it is too large.
pub(crate) fn body(value: &Value, length: usize) -> Option<Value> {
    (length <= BODY_LIMIT && !value.is_null()).then(|| value.clone())
}
