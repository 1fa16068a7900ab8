//! The log of requests.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde_json::Value;

use crate::api_error::shorten;
use crate::bounded_json;
use crate::document::document;
use crate::reply::USUAL_SIZE;

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

/// A request as the log stores it: with few allocations, because most requests are never looked at.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) at: u64,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) operation: Option<&'static str>,
    pub(crate) query: Texts,
    pub(crate) headers: Texts,
    pub(crate) body: Option<Body>,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) request_id: String,
    pub(crate) fault: Option<&'static str>,
    pub(crate) replayed: bool,
}

impl Entry {
    fn to_request(&self) -> LoggedRequest {
        LoggedRequest {
            number: self.number,
            at: self.at,
            method: self.method.as_str().to_owned(),
            path: self.path.clone(),
            operation: self.operation.map(str::to_owned),
            query: self.query.to_map(),
            headers: self.headers.to_map(),
            body: self.body.as_ref().map(Body::to_value),
            status: self.status,
            code: self.code.clone(),
            request_id: self.request_id.clone(),
            fault: self.fault.map(str::to_owned),
            replayed: self.replayed,
        }
    }

    /// An estimate of the memory that it occupies, in bytes.
    fn memory(&self) -> usize {
        let texts = self.headers.memory() + self.query.memory();
        ENTRY + self.path.len() + texts + self.body.as_ref().map_or(0, |body| body.memory)
    }
}

/// Names with their values, in one text.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    text: String,
    /// Where each name and each value ends, in turn.
    ends: Vec<usize>,
}

impl Texts {
    fn add(&mut self, name: &str, value: &str) {
        for text in [name, value] {
            self.text.push_str(text);
            self.ends.push(self.text.len());
        }
    }

    /// The values by name. Of several with one name, the last.
    fn to_map(&self) -> BTreeMap<String, String> {
        let mut start = 0;
        let mut texts = self.ends.iter().map(|end| {
            let text = self.text.get(start..*end).unwrap_or_default().to_owned();
            start = *end;
            text
        });
        std::iter::from_fn(|| Some((texts.next()?, texts.next()?))).collect()
    }

    fn memory(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<usize>()
    }
}

/// A request, and what is stored with it.
#[derive(Debug)]
pub(crate) struct Kept {
    request: Entry,
    /// The body of the response, if it is text of at most 16 KiB.
    response: Option<Bytes>,
    /// What both occupy, in bytes.
    memory: usize,
}

/// The newest requests.
#[derive(Debug, Default)]
pub(crate) struct Log {
    requests: VecDeque<Kept>,
    /// Memory of the requests, in bytes.
    memory: usize,
    next: u64,
}

impl Log {
    /// Adds a request. Returns its number, for [`amend`](Self::amend), and a request that was removed to make room: the caller
    /// drops it when the log is not locked any more, because that takes longer than everything else.
    pub(crate) fn begin(&mut self, mut request: Entry) -> (u64, Option<Kept>) {
        request.number = self.next;
        self.next += 1;
        let memory = request.memory();
        self.requests.push_back(Kept { request, response: None, memory });
        self.memory += memory;
        (self.next - 1, self.remove_oldest())
    }

    /// Removes the oldest requests if there are too many, or if they are too large. Returns the last.
    fn remove_oldest(&mut self) -> Option<Kept> {
        let mut last = None;
        while self.requests.len() > MAX_REQUESTS || (self.memory > MAX_MEMORY && self.requests.len() > 1) {
            if let Some(removed) = self.requests.pop_front() {
                self.memory -= removed.memory;
                last = Some(removed);
            }
        }
        last
    }

    /// Changes a request, unless it was removed.
    pub(crate) fn amend(&mut self, number: u64, change: impl FnOnce(&mut Entry)) {
        let Some(kept) = self.kept(number) else { return };
        let had_body = kept.request.body.is_some();
        change(&mut kept.request);
        // Nothing else that is amended has a size worth counting.
        if !had_body && let Some(body) = &kept.request.body {
            let more = body.memory;
            kept.memory += more;
            self.memory += more;
            self.remove_oldest();
        }
    }

    /// Stores the body of the response to a request, unless it is too large or the request was removed.
    pub(crate) fn respond(&mut self, number: u64, body: Bytes) {
        if !(1..=BODY_LIMIT).contains(&body.len()) {
            return;
        }
        if let Some(kept) = self.kept(number)
            && kept.response.is_none()
        {
            // The bytes are part of a buffer, which may be twice as large.
            let more = 2 * body.len() + USUAL_SIZE;
            kept.response = Some(body);
            kept.memory += more;
            self.memory += more;
            self.remove_oldest();
        }
    }

    fn kept(&mut self, number: u64) -> Option<&mut Kept> {
        let first = self.next - self.requests.len() as u64;
        let place = number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        place.and_then(|place| self.requests.get_mut(place))
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.requests.iter().map(|kept| kept.request.to_request()).collect()
    }

    /// At most `count` requests with the bodies of their responses, newest first.
    pub(crate) fn newest(&self, count: usize) -> Vec<(LoggedRequest, Option<Bytes>)> {
        let newest = self.requests.iter().rev().take(count);
        newest.map(|kept| (kept.request.to_request(), kept.response.clone())).collect()
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
pub(crate) fn headers(headers: &HeaderMap) -> Texts {
    let length =
        |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len().min(TEXT_LIMIT);
    let mut texts = Texts {
        text: String::with_capacity(headers.iter().map(length).sum()),
        ends: Vec::with_capacity(2 * headers.len()),
    };
    for (name, value) in headers {
        let secret =
            matches!(name.as_str(), "x-api-key" | "authorization" | "cookie" | "proxy-authorization")
                || name == document().api_key_header();
        match value.to_str() {
            _ if secret => texts.add(name.as_str(), "[hidden]"),
            Ok(value) if value.len() <= TEXT_LIMIT => texts.add(name.as_str(), value),
            _ => texts.add(name.as_str(), &shorten(&String::from_utf8_lossy(value.as_bytes()), TEXT_LIMIT)),
        }
    }
    texts
}

/// The query of a request, with hidden signatures.
pub(crate) fn query(pairs: &BTreeMap<String, String>) -> Texts {
    let mut texts = Texts::default();
    for (name, value) in pairs {
        let secret = name.to_ascii_lowercase().contains("signature");
        texts.add(name, &if secret { "[hidden]".into() } else { shorten(value, TEXT_LIMIT) });
    }
    texts
}

/// A JSON body as the log stores it: as text, because most bodies are never looked at.
#[derive(Debug)]
pub(crate) struct Body {
    text: Box<[u8]>,
    /// The memory of its value, in bytes: what it occupies for those who read the log.
    memory: usize,
}

impl Body {
    fn to_value(&self) -> Value {
        // It was parsed when the request arrived.
        serde_json::from_slice(&self.text).unwrap_or_default()
    }
}

/// The body of a request, from its text and its value; `None` if it is too large.
pub(crate) fn body(value: &Value, text: &[u8]) -> Option<Body> {
    let memory = bounded_json::memory(value);
    let fits = text.len() <= BODY_LIMIT && memory <= MAX_BODY_MEMORY && !value.is_null();
    fits.then(|| Body { text: text.into(), memory })
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
                let (number, _) = log.begin(Entry {
                    number: 0,
                    at: 0,
                    method: Method::GET,
                    path: path(&"/".repeat(60_000)),
                    operation: None,
                    query: Texts::default(),
                    headers: headers(&large),
                    body: None,
                    status: None,
                    code: None,
                    request_id: String::new(),
                    fault: None,
                    replayed: false,
                });
                let tree = Value::from(vec![Value::from(Vec::<Value>::new()); 2_000]);
                let text = tree.to_string().into_bytes();
                log.amend(number, |request| request.body = body(&tree, &text));
                log.respond(number, vec![b' '; BODY_LIMIT].into());
            }
        });
        let held = usize::try_from(measured.bytes_current).unwrap();
        assert!(held < MAX_MEMORY, "{held}");
        // Those who read the log have the values of the bodies, which the limit counts, too.
        let mut requests = Vec::new();
        let measured = allocation_counter::measure(|| requests = log.requests());
        let newest = requests.pop().unwrap();
        assert_eq!((newest.number, newest.path.chars().count()), (4_999, TEXT_LIMIT + 1));
        let read = usize::try_from(measured.bytes_max).unwrap();
        assert!(read < 2 * MAX_MEMORY && read > MAX_MEMORY / 2, "{read}");
    }

    #[test]
    fn the_headers_and_the_query_are_logged_without_secrets() {
        let mut sent = HeaderMap::from_iter([
            ("x-api-key".parse().unwrap(), "secret".parse().unwrap()),
            ("accept".parse().unwrap(), "a/b".parse().unwrap()),
            ("x-latin".parse().unwrap(), HeaderValue::from_bytes(b"caf\xe9").unwrap()),
            ("x-empty".parse().unwrap(), "".parse().unwrap()),
        ]);
        sent.append("x-two", "1".parse().unwrap());
        sent.append("x-two", "2".parse().unwrap());
        let logged = headers(&sent).to_map();
        let expected = [
            ("accept", "a/b"),
            ("x-api-key", "[hidden]"),
            ("x-empty", ""),
            ("x-latin", "caf\u{fffd}"),
            ("x-two", "2"),
        ];
        assert_eq!(
            logged.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(),
            expected
        );
        let pairs = BTreeMap::from([("a".into(), "é".into()), ("X-Amz-Signature".into(), "secret".into())]);
        assert_eq!(query(&pairs).to_map()["X-Amz-Signature"], "[hidden]");
        assert_eq!(query(&pairs).to_map()["a"], "é");
    }
}
