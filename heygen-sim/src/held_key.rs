//! An idempotency key that a request holds until its outcome is known.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;

use crate::model::ledger::{Claim, Fingerprint};
use crate::world::World;

/// A claim whose request is under way. Dropped before it succeeds, as on a refusal, a panic or when the caller goes, it
/// leaves the key free.
pub(crate) struct Held {
    world: Arc<World>,
    claim: Claim,
    body: Option<Fingerprint>,
}

impl Held {
    pub(crate) fn new(world: &Arc<World>, claim: Claim, body: Option<Fingerprint>) -> Self {
        Self { world: Arc::clone(world), claim, body }
    }

    /// Keeps the answer for those who come with the same key.
    pub(crate) fn succeed(self, answer: (StatusCode, Value), now: u64) {
        self.world.ledger(|ledger| ledger.settle(&self.claim, answer, self.body, now));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.world.ledger(|ledger| ledger.free(&self.claim));
    }
}
