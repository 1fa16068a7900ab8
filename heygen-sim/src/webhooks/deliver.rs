//! Deliveries: signed, given ten seconds, tried again for a day.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use super::queue::Queue;
use crate::clock::Clock;
use crate::state::State;
use crate::timeline::Due;
use crate::world::{Recent, World};

/// Time that a receiver has for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Time from the first attempt after which there is none any more, in milliseconds.
const GIVES_UP_AFTER: u64 = 24 * 60 * 60 * 1000;

/// Pauses double from a minute up to six hours. The service publishes no schedule, only that pauses grow.
const FIRST_PAUSE: u64 = 60 * 1000;
const LONGEST_PAUSE: u64 = 6 * 60 * 60 * 1000;

/// Deliveries that are remembered.
const KEEP: usize = 5_000;

/// Attempts that are on their way or will be tried again: a receiver that is gone must not fill the memory.
const PENDING: usize = 10_000;

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

/// An event on its way to one receiver.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    pub(crate) body: Bytes,
    pub(crate) url: String,
    /// The endpoint; none for the `callback_url` of a request.
    pub(crate) endpoint: Option<String>,
    pub(crate) number: u32,
    /// When it was first due, and when this attempt was.
    pub(crate) first: u64,
    pub(crate) due: u64,
}

impl Attempt {
    pub(crate) fn first(
        event_id: &str,
        event_type: &str,
        body: Bytes,
        url: String,
        endpoint: Option<String>,
        due: u64,
    ) -> Self {
        let (event_id, event_type) = (event_id.to_owned(), event_type.to_owned());
        Self { event_id, event_type, body, url, endpoint, number: 1, first: due, due }
    }
}

/// What is on its way, and how.
pub(crate) struct Deliveries {
    pub(crate) generation: SignatureGeneration,
    queue: Queue,
    /// Attempts from their first scheduling to their last try.
    pending: usize,
    duplicates: usize,
    reversed: usize,
    held: Vec<Attempt>,
    records: Recent<Delivery>,
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
    fn release(&mut self) {
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

/// Starts what can be started.
pub(crate) fn start(world: &Arc<World>, state: &mut State) {
    while let Some(attempt) = state.deliveries.queue.next() {
        let own = Arc::clone(world);
        world.spawn(async move { carry_out(own, attempt).await });
    }
}

async fn carry_out(world: Arc<World>, attempt: Attempt) {
    let at = world.clock.now();
    let (secret, generation, exists) = {
        let state = world.state();
        let endpoint = attempt.endpoint.as_ref().map(|id| state.endpoints.get(id));
        let secret = endpoint.flatten().map(|endpoint| endpoint.secret.clone());
        (secret, state.deliveries.generation, endpoint.is_none_or(|endpoint| endpoint.is_some()))
    };
    // An endpoint that was deleted meanwhile gets nothing.
    let status = match exists {
        true => Some(send(&world, &attempt, secret.as_deref(), generation, at).await),
        false => None,
    };
    let mut state = world.state();
    state.deliveries.queue.free(&attempt.url);
    let mut next = None;
    if let Some(status) = status {
        state.deliveries.records.push(Delivery {
            event_id: attempt.event_id.clone(),
            event_type: attempt.event_type.clone(),
            url: attempt.url.clone(),
            attempt: attempt.number,
            signed: secret.is_some(),
            status,
            at,
            body: serde_json::from_slice(&attempt.body).unwrap_or_default(),
        });
        if !status.is_some_and(|status| (200..300).contains(&status)) {
            next = again(&world.clock, attempt);
        }
    }
    match next {
        Some(next) => state.schedule(next.due, Due::Attempt(Box::new(next))),
        None => state.deliveries.pending -= 1,
    }
    start(&world, &mut state);
    drop(state);
    world.wake.notify_one();
    world.settled.notify_waiters();
}

async fn send(
    world: &World,
    attempt: &Attempt,
    secret: Option<&str>,
    generation: SignatureGeneration,
    at: u64,
) -> Option<u16> {
    let mut request = world.http.post(&attempt.url).header("content-type", "application/json");
    if let Some(secret) = secret {
        let signature = sign(secret, &attempt.body);
        request = match generation {
            SignatureGeneration::A => request
                .header("heygen-signature", signature)
                .header("heygen-timestamp", at / 1000)
                .header("heygen-event-id", &attempt.event_id),
            SignatureGeneration::B => request.header("signature", signature),
        };
    }
    tokio::select! {
        answer = request.body(attempt.body.clone()).send() => answer.ok().map(|answer| answer.status().as_u16()),
        () = world.clock.patience(PATIENCE) => None,
    }
}

/// The next try of an attempt that has just failed, unless a day is over.
///
/// The pause begins when the attempt ended. On a manual clock that is when it was due: a clock that jumps past several
/// attempts meets each.
fn again(clock: &Clock, attempt: Attempt) -> Option<Attempt> {
    let pause = FIRST_PAUSE.saturating_mul(1 << (attempt.number - 1).min(20)).min(LONGEST_PAUSE);
    let ended = if clock.is_manual() { attempt.due } else { attempt.due.max(clock.now()) };
    let due = ended + pause;
    let number = attempt.number + 1;
    (due <= attempt.first + GIVES_UP_AFTER).then_some(Attempt { number, due, ..attempt })
}

/// HMAC-SHA256 of the body, under the secret as it is, prefix and all.
fn sign(secret: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length, so this default is never taken.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(body);
    const_hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_begins_when_the_attempt_has_ended() {
        let attempt = |due| Attempt::first("id", "e", Bytes::new(), "url".into(), None, due);
        let hour = 60 * FIRST_PAUSE;
        let real = Clock::real();
        let late = real.now();
        let next = again(&real, attempt(late - hour)).unwrap();
        assert!(next.due >= late + FIRST_PAUSE, "{} after {late}", next.due);
        assert_eq!((next.number, next.first), (2, late - hour));
        // A manual clock may have jumped.
        let manual = Clock::manual();
        let now = manual.now();
        assert_eq!(again(&manual, attempt(now - hour)).map(|next| next.due), Some(now - hour + FIRST_PAUSE));
        // A day has passed meanwhile.
        assert!(again(&real, attempt(late - GIVES_UP_AFTER)).is_none());
    }

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

    #[test]
    fn the_signature_is_that_of_the_known_vector() {
        let body =
            br#"{"event_type":"avatar_video.success","event_data":{"video_id":"v1","callback_id":"cb"}}"#;
        assert_eq!(
            sign("whsec_test_only", body),
            "8cad854b0799b9fd8452c68dc6d5109e66daf61314146ab60c12df0adf16a700"
        );
    }
}
