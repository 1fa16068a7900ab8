//! Webhook deliveries: the attempts that are due, and the log of the attempts that were made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::delivery_attempt::Attempt;
use crate::model::delivery_queue::Queue;
use crate::recent::Recent;

/// Maximum number of attempts that wait for a delivery or for a retry. It bounds the memory if a receiver is down.
const MAX_PENDING: usize = 10_000;

/// Maximum number of attempts in the log.
const MAX_RECORDS: usize = 5_000;

/// The headers that sign deliveries to registered endpoints. Both generations sign the raw body with HMAC-SHA256, in
/// hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SignatureGeneration {
    /// Headers `Heygen-Signature`, `Heygen-Timestamp` and `Heygen-Event-Id`, as documented in spring 2026.
    A,
    /// Header `Signature` only, as documented in autumn 2026 and as observed in real deliveries.
    #[default]
    B,
}

/// One attempt to deliver a webhook, and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Id of the event.
    pub event_id: String,
    /// Type of the event.
    pub event_type: String,
    /// URL of the receiver.
    pub url: String,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// Whether it was signed. Only registered endpoints have a secret.
    pub signed: bool,
    /// The headers that sign it, in lower case; empty if it was not signed.
    pub signature_headers: BTreeMap<String, String>,
    /// HTTP status of the receiver's response; `None` if it did not respond, or not in time.
    pub status: Option<u16>,
    /// Why the status is missing: why nothing was sent, or why the receiver did not respond.
    pub reason: Option<String>,
    /// When it was sent: milliseconds since 1970 by the simulator's clock.
    pub at: u64,
    /// The body that was sent.
    pub body: Value,
}

/// The webhooks that are due or being sent, the settings of their delivery, and the log.
pub(crate) struct Deliveries {
    /// How deliveries to registered endpoints are signed.
    pub(crate) generation: SignatureGeneration,
    /// Attempts that are due.
    pub(crate) queue: Queue,
    /// Number of webhooks that are not finished: each counts from when it is scheduled until its last attempt ends.
    pub(crate) pending: usize,
    /// How many of the next webhooks are delivered twice.
    pub(crate) duplicates: usize,
    /// How many webhooks to hold before they are delivered in reverse order; 0 to hold none.
    pub(crate) reversed: usize,
    /// The webhooks that are held.
    pub(crate) held: Vec<Attempt>,
    /// The log of attempts.
    pub(crate) records: Recent<Delivery>,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            generation: SignatureGeneration::default(),
            queue: Queue::default(),
            pending: 0,
            duplicates: 0,
            reversed: 0,
            held: Vec::new(),
            records: Recent::new(MAX_RECORDS),
        }
    }
}

impl Deliveries {
    /// Counts one more pending webhook. Returns `false`, and does not count it, if the limit is reached.
    pub(crate) fn reserve(&mut self) -> bool {
        let room = self.pending < MAX_PENDING;
        self.pending += usize::from(room);
        room
    }

    /// Queues an attempt that is due. If [`duplicate`](Self::duplicate) or [`reverse`](Self::reverse) applies, it is
    /// queued twice, or held.
    pub(crate) fn enqueue(&mut self, attempt: Attempt) {
        if self.reversed > 0 {
            self.held.push(attempt);
            self.release();
            return;
        }
        if self.duplicates > 0 {
            self.duplicates -= 1;
            if self.reserve() {
                self.queue.push(attempt.clone());
            }
        }
        self.queue.push(attempt);
    }

    /// Sends each of the next `count` deliveries twice.
    pub(crate) fn duplicate(&mut self, count: usize) {
        self.duplicates = count;
    }

    /// Holds deliveries until there are `count`, including those that are held already, and then sends them in reverse
    /// order.
    pub(crate) fn reverse(&mut self, count: usize) {
        self.reversed = count;
        self.release();
    }

    /// Queues the held deliveries if there are enough of them.
    fn release(&mut self) {
        if self.held.len() >= self.reversed {
            self.reversed = 0;
            for attempt in self.held.drain(..).rev() {
                self.queue.push(attempt);
            }
        }
    }

    /// Whether no attempt is due or being sent. Held deliveries do not count, because they wait for others.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// The log of attempts, oldest first.
    pub(crate) fn records(&self) -> Vec<Delivery> {
        self.records.all()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn pending_deliveries_are_limited() {
        let mut deliveries = Deliveries::default();
        assert!((0..MAX_PENDING).all(|_| deliveries.reserve()));
        assert!(!deliveries.reserve());
        // A duplicate does not exceed the limit either.
        deliveries.duplicate(1);
        deliveries.enqueue(Attempt::first("id", "e", Bytes::new(), "url".into(), None, 0));
        assert_eq!((deliveries.pending, deliveries.queue.next().is_some()), (MAX_PENDING, true));
    }
}
