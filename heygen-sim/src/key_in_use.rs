//! The idempotency key of a request in progress.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;

use crate::model::idempotency::{BodyDigest, Key};
use crate::world::World;

/// An idempotency key while its request is in progress. If it is dropped before [`complete`](Self::complete), because the
/// request is refused, the handler panics or the client disconnects, the key can be used again.
pub(crate) struct KeyInUse {
    world: Arc<World>,
    key: Key,
    body: Option<BodyDigest>,
}

impl KeyInUse {
    /// Guards a key that [`IdempotencyKeys::begin`](crate::model::idempotency::IdempotencyKeys::begin) has accepted.
    pub(crate) fn new(world: &Arc<World>, key: Key, body: Option<BodyDigest>) -> Self {
        Self { world: Arc::clone(world), key, body }
    }

    /// Stores the response for later requests with the same key.
    pub(crate) fn complete(self, response: (StatusCode, Bytes), now: u64) {
        self.world.change_idempotency_keys(|keys| keys.complete(&self.key, response, self.body, now));
    }
}

impl Drop for KeyInUse {
    fn drop(&mut self) {
        self.world.change_idempotency_keys(|keys| keys.release(&self.key));
    }
}
