//! Deliveries: signed, given ten seconds, tried again for a day.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use crate::state::State;
use crate::timeline::Due;
use crate::world::{Recent, World, hex};

/// Time that a receiver has for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Time from the first attempt after which there is none any more, in milliseconds.
const GIVES_UP_AFTER: u64 = 24 * 60 * 60 * 1000;

/// Pauses double from a minute up to six hours. The service publishes no schedule, only that pauses grow.
const FIRST_PAUSE: u64 = 60 * 1000;
const LONGEST_PAUSE: u64 = 6 * 60 * 60 * 1000;

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
    queue: VecDeque<Attempt>,
    busy: HashSet<String>,
    duplicates: usize,
    reversed: usize,
    held: Vec<Attempt>,
    records: Recent<Delivery>,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            generation: SignatureGeneration::default(),
            queue: VecDeque::new(),
            busy: HashSet::new(),
            duplicates: 0,
            reversed: 0,
            held: Vec::new(),
            records: Recent::new(KEEP),
        }
    }
}

impl Deliveries {
    /// Puts an attempt into the queue, twice or back to front if that was asked for.
    pub(crate) fn hand_out(&mut self, attempt: Attempt) {
        if self.reversed > 0 {
            self.held.push(attempt);
            self.release();
            return;
        }
        if self.duplicates > 0 {
            self.duplicates -= 1;
            self.queue.push_back(attempt.clone());
        }
        self.queue.push_back(attempt);
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
            self.queue.extend(self.held.drain(..).rev());
        }
    }

    /// Whether nothing is on its way. What is held is not: it waits for others.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.busy.is_empty()
    }

    pub(crate) fn records(&self) -> Vec<Delivery> {
        self.records.all()
    }

    /// The first attempt whose receiver has none under way: one receiver gets them one after the other.
    fn next(&mut self) -> Option<Attempt> {
        let place = self.queue.iter().position(|attempt| !self.busy.contains(&attempt.url))?;
        let attempt = self.queue.remove(place)?;
        self.busy.insert(attempt.url.clone());
        Some(attempt)
    }
}

/// Starts what can be started.
pub(crate) fn start(world: &Arc<World>, state: &mut State) {
    while let Some(attempt) = state.deliveries.next() {
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
    state.deliveries.busy.remove(&attempt.url);
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
            try_again(&mut state, attempt);
        }
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

/// Pauses grow from the time at which the attempt was due: a clock that jumps past several of them meets each.
fn try_again(state: &mut State, attempt: Attempt) {
    let pause = FIRST_PAUSE.saturating_mul(1 << (attempt.number - 1).min(20)).min(LONGEST_PAUSE);
    let due = attempt.due + pause;
    if due <= attempt.first + GIVES_UP_AFTER {
        let next = Attempt { number: attempt.number + 1, due, ..attempt };
        state.schedule(due, Due::Attempt(Box::new(next)));
    }
}

/// HMAC-SHA256 of the body, under the secret as it is, prefix and all.
fn sign(secret: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length, so this default is never taken.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(body);
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

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
