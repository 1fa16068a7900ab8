//! Keys that make a repeated request the same request.
//!
//! A key belongs to one operation on one path. Its first success is kept for 24 hours and answered again whatever the
//! new body says; while the first request is under way, a second one is refused. Refusals are not kept: nothing
//! happened, and the same key may try again (the service does not say what it does). Three operations of workflows have
//! rules of their own: another body or path under the same key is a conflict, and a replay is a 200 whatever the first was; keys
//! of runs never expire.

use std::collections::{BTreeMap, HashMap};

use http::StatusCode;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::api_error::ApiError;

/// How long a key holds, in milliseconds.
const LIFETIME: u64 = 24 * 60 * 60 * 1000;

/// Operations that compare bodies and replay with 200.
const STRICT: [&str; 3] = ["createWorkflow", "publishWorkflowVersion", "createWorkflowRun"];

/// An operation on a path with a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Claim {
    pub(crate) operation: String,
    pub(crate) path: String,
    pub(crate) key: String,
}

enum Entry {
    UnderWay,
    Done {
        at: u64,
        status: StatusCode,
        answer: Value,
        body: Option<Fingerprint>,
        /// Its place in the order in which the entries were made.
        number: u64,
    },
}

/// What stands for a body, for those who compare it.
pub(crate) type Fingerprint = [u8; 32];

impl Claim {
    fn is_strict(&self) -> bool {
        STRICT.contains(&self.operation.as_str())
    }

    /// What is kept of a body; members of objects are in the order of their names. A body may be large: nobody should
    /// wait for this.
    pub(crate) fn digest(&self, body: &Value) -> Option<Fingerprint> {
        self.is_strict().then(|| Sha256::digest(body.to_string()).into())
    }

    /// The key as such, wherever it was used.
    fn name(&self) -> (String, String) {
        (self.operation.clone(), self.key.clone())
    }
}

/// What a key leads to.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Go on, and tell the outcome.
    First,
    /// Answer this again.
    Replay(StatusCode, Value),
}

pub(crate) struct Ledger {
    entries: HashMap<Claim, Entry>,
    /// The entries that are done, the oldest first. One that is under way is there until it ends.
    done: BTreeMap<u64, Claim>,
    /// The paths of each key of those who compare.
    paths: HashMap<(String, String), Vec<String>>,
    next: u64,
    keep: usize,
}

impl Ledger {
    pub(crate) fn new(keep: usize) -> Self {
        let (entries, done, paths) = (HashMap::new(), BTreeMap::new(), HashMap::new());
        Self { entries, done, paths, next: 0, keep: keep.max(1) }
    }

    /// Asks what to do with a request that has a key.
    pub(crate) fn claim(
        &mut self,
        claim: &Claim,
        body: Option<Fingerprint>,
        now: u64,
    ) -> Result<Verdict, ApiError> {
        let strict = claim.is_strict();
        let expires = claim.operation != "createWorkflowRun";
        if strict && self.is_elsewhere(claim, now) {
            return Err(ApiError::conflict("this Idempotency-Key was used for another workflow"));
        }
        match self.entries.get(claim) {
            Some(Entry::UnderWay) => {
                let message = "a request with this Idempotency-Key is still under way";
                return Err(ApiError::new(StatusCode::CONFLICT, "request_in_progress", message));
            }
            Some(Entry::Done { at, status, answer, body: first, .. }) if !expires || now < at + LIFETIME => {
                if strict && *first != body {
                    return Err(ApiError::conflict("this Idempotency-Key was used with another body"));
                }
                let status = if strict { StatusCode::OK } else { *status };
                return Ok(Verdict::Replay(status, answer.clone()));
            }
            _ => {}
        }
        self.remove(claim);
        self.entries.insert(claim.clone(), Entry::UnderWay);
        if strict {
            self.paths.entry(claim.name()).or_default().push(claim.path.clone());
        }
        Ok(Verdict::First)
    }

    /// Whether the key was used for something else, and holds there.
    fn is_elsewhere(&self, claim: &Claim, now: u64) -> bool {
        let mut paths = self.paths.get(&claim.name()).into_iter().flatten();
        paths.any(|path| {
            let other = Claim { path: path.clone(), ..claim.clone() };
            let entry = self.entries.get(&other);
            let lapsed = matches!(entry, Some(Entry::Done { at, .. }) if now >= at + LIFETIME);
            *path != claim.path && entry.is_some() && !lapsed
        })
    }

    /// Notes the success of a request that was the first with its key.
    pub(crate) fn settle(
        &mut self,
        claim: &Claim,
        (status, answer): (StatusCode, Value),
        body: Option<Fingerprint>,
        now: u64,
    ) {
        let Some(entry) = self.entries.get_mut(claim) else { return };
        let number = self.next;
        self.next += 1;
        *entry = Entry::Done { at: now, status, answer, body, number };
        self.done.insert(number, claim.clone());
        while self.done.len() > self.keep {
            let Some((_, oldest)) = self.done.pop_first() else { break };
            self.remove(&oldest);
        }
    }

    /// Lets a key go whose request came to nothing.
    pub(crate) fn free(&mut self, claim: &Claim) {
        if matches!(self.entries.get(claim), Some(Entry::UnderWay)) {
            self.remove(claim);
        }
    }

    fn remove(&mut self, claim: &Claim) {
        if let Some(Entry::Done { number, .. }) = self.entries.remove(claim) {
            self.done.remove(&number);
        }
        let name = claim.name();
        if let Some(paths) = self.paths.get_mut(&name) {
            paths.retain(|path| *path != claim.path);
            if paths.is_empty() {
                self.paths.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claim(operation: &str, key: &str) -> Claim {
        Claim { operation: operation.into(), path: "/p".into(), key: key.into() }
    }

    fn body(number: u8) -> Option<Fingerprint> {
        Some([number; 32])
    }

    fn done(answer: &str) -> (StatusCode, Value) {
        (StatusCode::CREATED, json!(answer))
    }

    #[test]
    fn a_key_replays_for_a_day_whatever_the_body() {
        let mut ledger = Ledger::new(10);
        let one = claim("createVideo", "k");
        assert_eq!(ledger.claim(&one, body(1), 0), Ok(Verdict::First));
        assert_eq!(ledger.claim(&one, body(1), 0).unwrap_err().code, "request_in_progress");
        ledger.settle(&one, done("a"), body(1), 0);
        let replay = Ok(Verdict::Replay(StatusCode::CREATED, json!("a")));
        assert_eq!(ledger.claim(&one, body(2), LIFETIME - 1), replay);
        assert_eq!(ledger.claim(&claim("createLipsyncV3", "k"), body(1), 0), Ok(Verdict::First));
        assert_eq!(ledger.claim(&one, body(2), LIFETIME), Ok(Verdict::First));
    }

    #[test]
    fn a_refused_request_leaves_its_key_free() {
        let mut ledger = Ledger::new(10);
        let one = claim("createVideo", "k");
        assert_eq!(ledger.claim(&one, body(1), 0), Ok(Verdict::First));
        ledger.free(&one);
        assert_eq!(ledger.claim(&one, body(1), 0), Ok(Verdict::First));
    }

    #[test]
    fn workflows_compare_bodies() {
        let mut ledger = Ledger::new(10);
        let run = claim("createWorkflowRun", "k");
        assert_eq!(ledger.claim(&run, body(1), 0), Ok(Verdict::First));
        ledger.settle(&run, done("a"), body(1), 0);
        // A key that leads to an answer is not let go by who held it.
        ledger.free(&run);
        assert_eq!(
            ledger.claim(&run, body(1), 10 * LIFETIME),
            Ok(Verdict::Replay(StatusCode::OK, json!("a")))
        );
        assert_eq!(ledger.claim(&run, body(2), 0).unwrap_err().code, "conflict");
    }

    #[test]
    fn the_oldest_keys_go_when_there_are_too_many() {
        let mut ledger = Ledger::new(2);
        let keys = ["a", "b", "c"].map(|key| claim("createVideo", key));
        for key in &keys {
            assert_eq!(ledger.claim(key, body(1), 0), Ok(Verdict::First));
        }
        // Those that are under way stay, however many they are.
        for key in &keys {
            assert_eq!(ledger.claim(key, body(1), 0).unwrap_err().code, "request_in_progress");
        }
        for key in &keys {
            ledger.settle(key, done("x"), body(1), 0);
        }
        assert_eq!(ledger.claim(&keys[0], body(1), 0), Ok(Verdict::First));
        assert!(matches!(ledger.claim(&keys[2], body(1), 0), Ok(Verdict::Replay(..))));
    }

    #[test]
    fn nothing_is_left_of_a_key_that_is_gone() {
        for keep in [0, 1] {
            let mut ledger = Ledger::new(keep);
            for number in 0..10 {
                let key = claim("createWorkflow", &number.to_string());
                assert_eq!(ledger.claim(&key, body(1), 0), Ok(Verdict::First));
                match number % 3 {
                    0 => ledger.free(&key),
                    _ => ledger.settle(&key, done("x"), body(1), 0),
                }
                // Settled or freed once more, it comes back neither way.
                ledger.free(&key);
            }
            assert!(matches!(
                ledger.claim(&claim("createWorkflow", "8"), body(1), 0),
                Ok(Verdict::Replay(..))
            ));
            assert_eq!((ledger.entries.len(), ledger.done.len(), ledger.paths.len()), (1, 1, 1));
            ledger.settle(&claim("createVideo", "unknown"), done("x"), None, 0);
            assert_eq!((ledger.entries.len(), ledger.done.len()), (1, 1));
        }
    }

    #[test]
    fn a_key_of_workflows_belongs_to_one_path() {
        let mut ledger = Ledger::new(10);
        let one = claim("publishWorkflowVersion", "k");
        let other = Claim { path: "/q".into(), ..one.clone() };
        assert_eq!(ledger.claim(&one, body(1), 0), Ok(Verdict::First));
        assert_eq!(ledger.claim(&other, body(1), 0).unwrap_err().code, "conflict");
        ledger.settle(&one, done("x"), body(1), 0);
        assert_eq!(ledger.claim(&other, body(1), LIFETIME - 1).unwrap_err().code, "conflict");
        assert_eq!(ledger.claim(&other, body(1), LIFETIME), Ok(Verdict::First));
    }
}
