//! Keys that make a repeated request the same request.
//!
//! A key belongs to one operation on one path. Its first success is kept for 24 hours and answered again whatever the
//! new body says; while the first request is under way, a second one is refused. Refusals are not kept: nothing
//! happened, and the same key may try again (the service does not say what it does). Three operations of workflows have
//! rules of their own: another body or path under the same key is a conflict, and a replay is a 200 whatever the first was; keys
//! of runs never expire.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::refusal::Refusal;
use crate::world::World;

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
    /// The body is kept as a digest, and only for those who compare it.
    Done {
        at: u64,
        status: StatusCode,
        answer: Value,
        body: Option<[u8; 32]>,
    },
}

impl Claim {
    fn is_strict(&self) -> bool {
        STRICT.contains(&self.operation.as_str())
    }

    /// What stands for a body; members of objects are in the order of their names.
    fn digest(&self, body: &Value) -> Option<[u8; 32]> {
        self.is_strict().then(|| Sha256::digest(body.to_string()).into())
    }
}

/// A claim whose request is under way. Dropped before it succeeds, as on a refusal, a panic or when the caller goes, it
/// leaves the key free.
pub(crate) struct Held {
    world: Arc<World>,
    claim: Claim,
}

impl Held {
    pub(crate) fn new(world: &Arc<World>, claim: Claim) -> Self {
        Self { world: Arc::clone(world), claim }
    }

    /// Keeps the answer for those who come with the same key.
    pub(crate) fn succeed(self, answer: (StatusCode, Value), body: &Value, now: u64) {
        self.world.ledger(|ledger| ledger.settle(&self.claim, answer, body, now));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.world.ledger(|ledger| ledger.free(&self.claim));
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
    order: VecDeque<Claim>,
    keep: usize,
}

impl Ledger {
    pub(crate) fn new(keep: usize) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), keep }
    }

    /// Asks what to do with a request that has a key.
    pub(crate) fn claim(&mut self, claim: &Claim, body: &Value, now: u64) -> Result<Verdict, Refusal> {
        let strict = claim.is_strict();
        let expires = claim.operation != "createWorkflowRun";
        let elsewhere = |(other, entry): (&Claim, &Entry)| {
            let same_key = other.operation == claim.operation && other.key == claim.key;
            let lapsed = matches!(entry, Entry::Done { at, .. } if now >= at + LIFETIME);
            same_key && other.path != claim.path && !lapsed
        };
        if strict && self.entries.iter().any(elsewhere) {
            return Err(Refusal::conflict("this Idempotency-Key was used for another workflow"));
        }
        match self.entries.get(claim) {
            Some(Entry::UnderWay) => {
                let message = "a request with this Idempotency-Key is still under way";
                return Err(Refusal::new(StatusCode::CONFLICT, "request_in_progress", message));
            }
            Some(Entry::Done { at, status, answer, body: first }) if !expires || now < at + LIFETIME => {
                if strict && *first != claim.digest(body) {
                    return Err(Refusal::conflict("this Idempotency-Key was used with another body"));
                }
                let status = if strict { StatusCode::OK } else { *status };
                return Ok(Verdict::Replay(status, answer.clone()));
            }
            Some(Entry::Done { .. }) => {}
            None => self.order.push_back(claim.clone()),
        }
        self.entries.insert(claim.clone(), Entry::UnderWay);
        while self.entries.len() > self.keep {
            let Some(oldest) = self.order.pop_front() else { break };
            self.entries.remove(&oldest);
        }
        Ok(Verdict::First)
    }

    /// Notes the success of a request that was the first with its key.
    fn settle(&mut self, claim: &Claim, (status, answer): (StatusCode, Value), body: &Value, now: u64) {
        let body = claim.digest(body);
        self.entries.insert(claim.clone(), Entry::Done { at: now, status, answer, body });
    }

    /// Lets a key go whose request came to nothing.
    fn free(&mut self, claim: &Claim) {
        if matches!(self.entries.get(claim), Some(Entry::UnderWay)) {
            self.entries.remove(claim);
            self.order.retain(|one| one != claim);
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

    fn done(answer: &str) -> (StatusCode, Value) {
        (StatusCode::CREATED, json!(answer))
    }

    #[test]
    fn a_key_replays_for_a_day_whatever_the_body() {
        let mut ledger = Ledger::new(10);
        let one = claim("createVideo", "k");
        assert_eq!(ledger.claim(&one, &json!(1), 0), Ok(Verdict::First));
        assert_eq!(ledger.claim(&one, &json!(1), 0).unwrap_err().code, "request_in_progress");
        ledger.settle(&one, done("a"), &json!(1), 0);
        let replay = Ok(Verdict::Replay(StatusCode::CREATED, json!("a")));
        assert_eq!(ledger.claim(&one, &json!(2), LIFETIME - 1), replay);
        assert_eq!(ledger.claim(&claim("createLipsyncV3", "k"), &json!(1), 0), Ok(Verdict::First));
        assert_eq!(ledger.claim(&one, &json!(2), LIFETIME), Ok(Verdict::First));
    }

    #[test]
    fn a_refused_request_leaves_its_key_free() {
        let mut ledger = Ledger::new(10);
        let one = claim("createVideo", "k");
        assert_eq!(ledger.claim(&one, &json!(1), 0), Ok(Verdict::First));
        ledger.free(&one);
        assert_eq!(ledger.claim(&one, &json!(1), 0), Ok(Verdict::First));
    }

    #[test]
    fn workflows_compare_bodies() {
        let mut ledger = Ledger::new(10);
        let run = claim("createWorkflowRun", "k");
        assert_eq!(ledger.claim(&run, &json!(1), 0), Ok(Verdict::First));
        ledger.settle(&run, done("a"), &json!(1), 0);
        // A key that leads to an answer is not let go by who held it.
        ledger.free(&run);
        assert_eq!(
            ledger.claim(&run, &json!(1), 10 * LIFETIME),
            Ok(Verdict::Replay(StatusCode::OK, json!("a")))
        );
        assert_eq!(ledger.claim(&run, &json!(2), 0).unwrap_err().code, "conflict");
    }

    #[test]
    fn the_oldest_keys_go_when_there_are_too_many() {
        let mut ledger = Ledger::new(2);
        for key in ["a", "b", "c"] {
            assert_eq!(ledger.claim(&claim("createVideo", key), &json!(1), 0), Ok(Verdict::First));
        }
        assert_eq!(ledger.claim(&claim("createVideo", "a"), &json!(1), 0), Ok(Verdict::First));
        assert!(ledger.claim(&claim("createVideo", "c"), &json!(1), 0).is_err());
    }
}
