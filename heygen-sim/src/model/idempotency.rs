//! Idempotency keys.
//!
//! A key belongs to an operation and a path. The first successful response is stored for 24 hours and replayed, even if the
//! new body differs. While the first request is in progress, another with the same key is refused. Refusals are not stored, so
//! the key can be used again; the service does not document what it does in this case.
//!
//! Three operations of workflows have stricter rules: the same key with another body or path is a conflict, and a replay
//! always has status 200. The keys of workflow runs do not expire.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::api_error::ApiError;

/// How long a response is stored, in milliseconds.
const LIFETIME: u64 = 24 * 60 * 60 * 1000;

/// Maximum memory of all stored responses, in bytes.
const MAX_MEMORY: usize = 64 * 1024 * 1024;

/// Operations with the stricter rules.
const STRICT: [&str; 3] = ["createWorkflow", "publishWorkflowVersion", "createWorkflowRun"];

/// An idempotency key, with the operation and the path that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// `operationId` of the document.
    pub(crate) operation: String,
    /// Path of the request.
    pub(crate) path: String,
    /// Value of the header.
    pub(crate) value: String,
}

/// The state of a key.
enum Entry {
    InProgress,
    Done {
        /// When the response was stored, in milliseconds since 1970.
        at: u64,
        status: StatusCode,
        response: Bytes,
        /// Digest of the body, for a strict operation.
        body: Option<BodyDigest>,
        /// Number of the entry, in the order of completion.
        number: u64,
        /// Memory of the response, in bytes.
        size: usize,
    },
}

/// SHA-256 of a body, to compare bodies.
pub(crate) type BodyDigest = [u8; 32];

impl Key {
    fn is_strict(&self) -> bool {
        STRICT.contains(&self.operation.as_str())
    }

    /// The digest of a body, if the operation compares bodies. The order of the members does not matter. It takes a while
    /// for a large body, so do not call it with a lock.
    pub(crate) fn digest(&self, body: &Value) -> Option<BodyDigest> {
        self.is_strict().then(|| Sha256::digest(body.to_string()).into())
    }

    /// The operation and the value, without the path.
    fn without_path(&self) -> (String, String) {
        (self.operation.clone(), self.value.clone())
    }
}

/// What to do with a request that has a key.
#[derive(Debug, PartialEq)]
pub(crate) enum Decision {
    /// Execute the request, then call [`IdempotencyKeys::complete`] or [`IdempotencyKeys::release`].
    Execute,
    /// Respond with this status and this stored body.
    Replay(StatusCode, Bytes),
}

/// The keys in use, and the newest stored responses.
pub(crate) struct IdempotencyKeys {
    entries: HashMap<Key, Entry>,
    /// Keys with a stored response, in the order of completion.
    done: BTreeMap<u64, Key>,
    /// For strict operations, the paths with which each key was used.
    paths: HashMap<(String, String), Vec<String>>,
    /// Number of the next stored response.
    next: u64,
    /// Maximum number of stored responses.
    keep: usize,
    /// Memory of the stored responses, in bytes.
    memory: usize,
}

impl IdempotencyKeys {
    /// Creates a store of up to `keep` responses, and at least one.
    pub(crate) fn new(keep: usize) -> Self {
        let (entries, done, paths) = (HashMap::new(), BTreeMap::new(), HashMap::new());
        Self { entries, done, paths, next: 0, keep: keep.max(1), memory: 0 }
    }

    /// Decides what to do with a request that has a key.
    pub(crate) fn begin(
        &mut self,
        key: &Key,
        body: Option<BodyDigest>,
        now: u64,
    ) -> Result<Decision, ApiError> {
        let strict = key.is_strict();
        let expires = key.operation != "createWorkflowRun";
        if strict && self.has_other_path(key, now) {
            return Err(ApiError::conflict("this Idempotency-Key was used for another workflow"));
        }
        match self.entries.get(key) {
            Some(Entry::InProgress) => {
                let message = "a request with this Idempotency-Key is still under way";
                return Err(ApiError::new(StatusCode::CONFLICT, "request_in_progress", message));
            }
            Some(Entry::Done { at, status, response, body: first, .. })
                if !expires || now < at + LIFETIME =>
            {
                if strict && *first != body {
                    return Err(ApiError::conflict("this Idempotency-Key was used with another body"));
                }
                let status = if strict { StatusCode::OK } else { *status };
                return Ok(Decision::Replay(status, response.clone()));
            }
            _ => {}
        }
        self.remove(key);
        self.entries.insert(key.clone(), Entry::InProgress);
        if strict {
            self.paths.entry(key.without_path()).or_default().push(key.path.clone());
        }
        Ok(Decision::Execute)
    }

    /// Whether the key is in use with another path, or has a valid response there.
    fn has_other_path(&self, key: &Key, now: u64) -> bool {
        let mut paths = self.paths.get(&key.without_path()).into_iter().flatten();
        paths.any(|path| {
            let other = Key { path: path.clone(), ..key.clone() };
            let entry = self.entries.get(&other);
            let expired = matches!(entry, Some(Entry::Done { at, .. }) if now >= at + LIFETIME);
            *path != key.path && entry.is_some() && !expired
        })
    }

    /// Stores the successful response of a request. Removes the oldest response if there are too many.
    pub(crate) fn complete(
        &mut self,
        key: &Key,
        (status, response): (StatusCode, Bytes),
        body: Option<BodyDigest>,
        now: u64,
    ) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        let number = self.next;
        self.next += 1;
        let size = response.len();
        *entry = Entry::Done { at: now, status, response, body, number, size };
        self.memory += size;
        self.done.insert(number, key.clone());
        while self.done.len() > self.keep || (self.memory > MAX_MEMORY && self.done.len() > 1) {
            let Some((_, oldest)) = self.done.pop_first() else { break };
            self.remove(&oldest);
        }
    }

    /// Removes a key whose request did not succeed. Does nothing if the key has a stored response.
    pub(crate) fn release(&mut self, key: &Key) {
        if matches!(self.entries.get(key), Some(Entry::InProgress)) {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(Entry::Done { number, size, .. }) = self.entries.remove(key) {
            self.memory -= size;
            self.done.remove(&number);
        }
        let name = key.without_path();
        if let Some(paths) = self.paths.get_mut(&name) {
            paths.retain(|path| *path != key.path);
            if paths.is_empty() {
                self.paths.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(operation: &str, value: &str) -> Key {
        Key { operation: operation.into(), path: "/p".into(), value: value.into() }
    }

    fn body(number: u8) -> Option<BodyDigest> {
        Some([number; 32])
    }

    fn done(answer: &'static str) -> (StatusCode, Bytes) {
        (StatusCode::CREATED, answer.into())
    }

    #[test]
    fn a_key_replays_its_response_for_a_day_even_with_another_body() {
        let mut keys = IdempotencyKeys::new(10);
        let one = key("createVideo", "k");
        assert_eq!(keys.begin(&one, body(1), 0), Ok(Decision::Execute));
        assert_eq!(keys.begin(&one, body(1), 0).unwrap_err().code, "request_in_progress");
        keys.complete(&one, done("a"), body(1), 0);
        let replay = Ok(Decision::Replay(StatusCode::CREATED, "a".into()));
        assert_eq!(keys.begin(&one, body(2), LIFETIME - 1), replay);
        assert_eq!(keys.begin(&key("createLipsyncV3", "k"), body(1), 0), Ok(Decision::Execute));
        assert_eq!(keys.begin(&one, body(2), LIFETIME), Ok(Decision::Execute));
    }

    #[test]
    fn the_key_of_a_refused_request_can_be_used_again() {
        let mut keys = IdempotencyKeys::new(10);
        let one = key("createVideo", "k");
        assert_eq!(keys.begin(&one, body(1), 0), Ok(Decision::Execute));
        keys.release(&one);
        assert_eq!(keys.begin(&one, body(1), 0), Ok(Decision::Execute));
    }

    #[test]
    fn workflow_operations_compare_bodies() {
        let mut keys = IdempotencyKeys::new(10);
        let run = key("createWorkflowRun", "k");
        assert_eq!(keys.begin(&run, body(1), 0), Ok(Decision::Execute));
        keys.complete(&run, done("a"), body(1), 0);
        // Releasing a key does not remove its response.
        keys.release(&run);
        assert_eq!(
            keys.begin(&run, body(1), 10 * LIFETIME),
            Ok(Decision::Replay(StatusCode::OK, "a".into()))
        );
        assert_eq!(keys.begin(&run, body(2), 0).unwrap_err().code, "conflict");
    }

    #[test]
    fn the_oldest_responses_are_removed_if_there_are_too_many() {
        let mut keys = IdempotencyKeys::new(2);
        let all = ["a", "b", "c"].map(|value| key("createVideo", value));
        for one in &all {
            assert_eq!(keys.begin(one, body(1), 0), Ok(Decision::Execute));
        }
        // Keys in progress do not count.
        for one in &all {
            assert_eq!(keys.begin(one, body(1), 0).unwrap_err().code, "request_in_progress");
        }
        for one in &all {
            keys.complete(one, done("x"), body(1), 0);
        }
        assert_eq!(keys.begin(&all[0], body(1), 0), Ok(Decision::Execute));
        assert!(matches!(keys.begin(&all[2], body(1), 0), Ok(Decision::Replay(..))));
    }

    #[test]
    fn a_removed_key_leaves_no_memory_behind() {
        for keep in [0, 1] {
            let mut keys = IdempotencyKeys::new(keep);
            for number in 0..10 {
                let one = key("createWorkflow", &number.to_string());
                assert_eq!(keys.begin(&one, body(1), 0), Ok(Decision::Execute));
                match number % 3 {
                    0 => keys.release(&one),
                    _ => keys.complete(&one, done("x"), body(1), 0),
                }
                // Releasing it again changes nothing.
                keys.release(&one);
            }
            assert!(matches!(keys.begin(&key("createWorkflow", "8"), body(1), 0), Ok(Decision::Replay(..))));
            assert_eq!((keys.entries.len(), keys.done.len(), keys.paths.len()), (1, 1, 1));
            keys.complete(&key("createVideo", "unknown"), done("x"), None, 0);
            assert_eq!((keys.entries.len(), keys.done.len()), (1, 1));
        }
    }

    #[test]
    fn a_workflow_key_belongs_to_one_path() {
        let mut keys = IdempotencyKeys::new(10);
        let one = key("publishWorkflowVersion", "k");
        let other = Key { path: "/q".into(), ..one.clone() };
        assert_eq!(keys.begin(&one, body(1), 0), Ok(Decision::Execute));
        assert_eq!(keys.begin(&other, body(1), 0).unwrap_err().code, "conflict");
        keys.complete(&one, done("x"), body(1), 0);
        assert_eq!(keys.begin(&other, body(1), LIFETIME - 1).unwrap_err().code, "conflict");
        assert_eq!(keys.begin(&other, body(1), LIFETIME), Ok(Decision::Execute));
    }
}
