//! Deliveries of webhooks: attempts that are due, and the outcome of those that were made.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::delivery_attempt::Attempt;
use crate::model::delivery_queue::Queue;
use crate::recent::Recent;

/// Attempts that are on their way or will be tried again: a receiver that is gone must not fill the memory.
const PENDING: usize = 10_000;

/// Deliveries that are remembered.
const KEEP: usize = 5_000;

/// How deliveries to registered endpoints are signed. Both sign the raw body with HMAC-SHA256, in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SignatureGeneration {
    /// Headers `Heygen-Signature`, `Heygen-Timestamp` and `Heygen-Event-Id`: the documentation of spring 2026.
    A,
    /// Header `Signature` alone: what the documentation of autumn 2026 says, and deliveries that were seen carried.
    #[default]
    B,
}

/// One attempt at a delivery, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Id of the event.
    pub event_id: String,
    /// Type of the event.
    pub event_type: String,
    /// Where it went.
    pub url: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// Whether it was signed: only registered endpoints have a secret.
    pub signed: bool,
    /// The receiver's status; none when it did not answer in time or at all.
    pub status: Option<u16>,
    /// When it was sent: milliseconds since 1970 by the simulator's clock.
    pub at: u64,
    /// What was sent.
    pub body: Value,
}

/// What is on its way, and how.
pub(crate) struct Deliveries {
    pub(crate) generation: SignatureGeneration,
    pub(crate) queue: Queue,
    /// Attempts from their first scheduling to their last try.
    pub(crate) pending: usize,
    pub(crate) duplicates: usize,
    pub(crate) reversed: usize,
    pub(crate) held: Vec<Attempt>,
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
            records: Recent::new(KEEP),
        }
    }
}

impl Deliveries {
    /// Whether there is room for one more; then it has its place.
    pub(crate) fn admit(&mut self) -> bool {
        let room = self.pending < PENDING;
        self.pending += usize::from(room);
        room
    }

    /// Puts an attempt into the queue, twice or back to front if that was asked for.
    pub(crate) fn hand_out(&mut self, attempt: Attempt) {
        if self.reversed > 0 {
            self.held.push(attempt);
            self.release();
            return;
        }
        if self.duplicates > 0 {
            self.duplicates -= 1;
            if self.admit() {
                self.queue.push(attempt.clone());
            }
        }
        self.queue.push(attempt);
    }

    /// Sends the next so many deliveries twice.
    pub(crate) fn duplicate(&mut self, count: usize) {
        self.duplicates = count;
    }

    /// Holds so many deliveries, those counted that it holds already, and sends them in reverse order when all are there.
    pub(crate) fn reverse(&mut self, count: usize) {
        self.reversed = count;
        self.release();
    }

    /// Lets those that are held go, when they are as many as were asked for.
    pub(crate) fn release(&mut self) {
        if self.held.len() >= self.reversed {
            self.reversed = 0;
            for attempt in self.held.drain(..).rev() {
                self.queue.push(attempt);
            }
        }
    }

    /// Whether nothing is on its way. What is held is not: it waits for others.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn records(&self) -> Vec<Delivery> {
        self.records.all()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn so_many_are_on_their_way_and_no_more() {
        let mut deliveries = Deliveries::default();
        assert!((0..PENDING).all(|_| deliveries.admit()));
        assert!(!deliveries.admit());
        // Nor are there more because one is to be sent twice.
        deliveries.duplicate(1);
        deliveries.hand_out(Attempt::first("id", "e", Bytes::new(), "url".into(), None, 0));
        assert_eq!((deliveries.pending, deliveries.queue.next().is_some()), (PENDING, true));
    }
}
