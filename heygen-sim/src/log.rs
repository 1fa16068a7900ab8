//! The log of requests.

use std::collections::{BTreeMap, VecDeque};

use http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

use crate::api_error::shorten;
use crate::bounded_json;

/// Maximum number of requests in the log.
const MAX_REQUESTS: usize = 5_000;

/// Maximum size of a JSON body in the log, in bytes.
const BODY_LIMIT: usize = 16 * 1024;

/// Maximum length of a logged path, or of the value of a header or a query parameter, in characters.
const TEXT_LIMIT: usize = 2_000;

/// Maximum memory of all requests in the log, in bytes.
const MAX_MEMORY: usize = 64 * 1024 * 1024;

/// Maximum memory of a body in the log, in bytes. A body of many small values occupies far more than its text.
const MAX_BODY_MEMORY: usize = 256 * 1024;

/// What an entry occupies without its path, headers, query and body, in bytes.
const ENTRY: usize = 1_000;

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

/// A request, and what is stored with it.
#[derive(Debug)]
struct Entry {
    request: LoggedRequest,
    /// The body of the response, if it is text of at most 16 KiB.
    response: Option<Box<[u8]>>,
    /// What both occupy, in bytes.
    memory: usize,
}

/// The newest requests.
#[derive(Debug, Default)]
pub(crate) struct Log {
    requests: VecDeque<Entry>,
    /// Memory of the requests, in bytes.
    memory: usize,
    next: u64,
}

/// An estimate of the memory that a request occupies, in bytes.
fn memory(request: &LoggedRequest) -> usize {
    let pairs = request.headers.iter().chain(&request.query);
    let texts: usize = pairs.map(|(name, value)| name.len() + value.len() + 100).sum();
    ENTRY + request.path.len() + texts + request.body.as_ref().map_or(0, bounded_json::memory)
}

impl Log {
    /// Adds a request. Returns its number, for [`amend`](Self::amend).
    pub(crate) fn begin(&mut self, mut request: LoggedRequest) -> u64 {
        request.number = self.next;
        self.next += 1;
        let size = memory(&request);
        self.requests.push_back(Entry { request, response: None, memory: size });
        self.memory += size;
        self.remove_oldest();
        self.next - 1
    }

    /// Removes the oldest requests if there are too many, or if they are too large.
    fn remove_oldest(&mut self) {
        while self.requests.len() > MAX_REQUESTS || (self.memory > MAX_MEMORY && self.requests.len() > 1) {
            if let Some(removed) = self.requests.pop_front() {
                self.memory -= removed.memory;
            }
        }
    }

    /// Changes a request, unless it was removed.
    pub(crate) fn amend(&mut self, number: u64, change: impl FnOnce(&mut LoggedRequest)) {
        let Some(entry) = self.entry(number) else { return };
        let had_body = entry.request.body.is_some();
        change(&mut entry.request);
        // Nothing else that is amended has a size worth counting.
        if !had_body && let Some(body) = &entry.request.body {
            let more = bounded_json::memory(body);
            entry.memory += more;
            self.memory += more;
            self.remove_oldest();
        }
    }

    /// Stores the body of the response to a request, unless it is too large or the request was removed.
    pub(crate) fn respond(&mut self, number: u64, body: &[u8]) {
        if !(1..=BODY_LIMIT).contains(&body.len()) {
            return;
        }
        if let Some(entry) = self.entry(number)
            && entry.response.is_none()
        {
            entry.response = Some(body.into());
            entry.memory += body.len();
            self.memory += body.len();
            self.remove_oldest();
        }
    }

    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        let first = self.next - self.requests.len() as u64;
        let place = number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        place.and_then(|place| self.requests.get_mut(place))
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.requests.iter().map(|entry| entry.request.clone()).collect()
    }

    /// At most `count` requests with the bodies of their responses, newest first.
    pub(crate) fn newest(&self, count: usize) -> Vec<(LoggedRequest, Option<Box<[u8]>>)> {
        let entries = self.requests.iter().rev().take(count);
        entries.map(|entry| (entry.request.clone(), entry.response.clone())).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
        self.memory = 0;
    }
}

/// A path as it is logged.
pub(crate) fn path(path: &str) -> String {
    shorten(path, TEXT_LIMIT)
}

/// The headers of a request, with hidden secrets.
pub(crate) fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let shown = headers.iter().map(|(name, value)| {
        let secret =
            matches!(name.as_str(), "x-api-key" | "authorization" | "cookie" | "proxy-authorization");
        let value = if secret {
            "[hidden]".into()
        } else {
            shorten(&String::from_utf8_lossy(value.as_bytes()), TEXT_LIMIT)
        };
        (name.as_str().to_owned(), value)
    });
    shown.collect()
}

/// The query of a request, with hidden signatures.
pub(crate) fn query(pairs: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let shown = pairs.iter().map(|(name, value)| {
        let secret = name.to_ascii_lowercase().contains("signature");
        (name.clone(), if secret { "[hidden]".into() } else { shorten(value, TEXT_LIMIT) })
    });
    shown.collect()
}

/// The body of a request; `None` if it is too large.
pub(crate) fn body(value: &Value, length: usize) -> Option<Value> {
    let fits = length <= BODY_LIMIT && bounded_json::memory(value) <= MAX_BODY_MEMORY;
    (fits && !value.is_null()).then(|| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 5,000 requests with large headers would occupy 300 MB without a limit.
    #[test]
    fn the_memory_of_the_log_is_bounded() {
        let large: HeaderMap = (0..30)
            .map(|number| (format!("x-{number}").parse().unwrap(), "v".repeat(2_000).parse().unwrap()))
            .collect();
        let mut log = Log::default();
        let measured = allocation_counter::measure(|| {
            for _ in 0..MAX_REQUESTS {
                let number = log.begin(LoggedRequest {
                    number: 0,
                    at: 0,
                    method: "GET".into(),
                    path: path(&"/".repeat(60_000)),
                    operation: None,
                    query: BTreeMap::new(),
                    headers: headers(&large),
                    body: None,
                    status: None,
                    code: None,
                    request_id: String::new(),
                    fault: None,
                    replayed: false,
                });
                let tree = Value::from(vec![Value::from(Vec::<Value>::new()); 2_000]);
                log.amend(number, |request| request.body = body(&tree, 6_000));
                log.respond(number, &[b' '; BODY_LIMIT]);
            }
        });
        let newest = log.requests().pop().unwrap();
        assert_eq!((newest.number, newest.path.chars().count()), (4_999, TEXT_LIMIT + 1));
        let held = usize::try_from(measured.bytes_current).unwrap();
        assert!(held < MAX_MEMORY && held > MAX_MEMORY / 2, "{held}");
    }
}
