//! Delivers webhooks: signs them, waits ten seconds for the response, and retries for a day.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use sha2::Sha256;

use crate::clock::Clock;
use crate::model::delivery::{Delivery, SignatureGeneration};
use crate::model::delivery_attempt::Attempt;
use crate::state::State;
use crate::timeline::Due;
use crate::world::World;

/// How long a receiver may take to respond.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long after the first attempt the last retry may be due, in milliseconds.
const RETRY_PERIOD: u64 = 24 * 60 * 60 * 1000;

/// Delay before the first retry, in milliseconds. It doubles with each retry. The service documents only that delays grow.
const FIRST_DELAY: u64 = 60 * 1000;

/// Maximum delay before a retry, in milliseconds.
const MAX_DELAY: u64 = 6 * 60 * 60 * 1000;

/// Starts the attempts that are due and whose receivers are not busy.
pub(crate) fn start(world: &Arc<World>, state: &mut State) {
    while let Some(attempt) = state.deliveries.queue.next() {
        let own = Arc::clone(world);
        world.spawn(async move { deliver(own, attempt).await });
    }
}

/// Makes an attempt, logs it, and schedules a retry if it failed.
async fn deliver(world: Arc<World>, attempt: Attempt) {
    let at = world.env.clock.now();
    let (secret, generation, exists) = {
        let state = world.state();
        let endpoint = attempt.endpoint.as_ref().map(|id| state.endpoints.get(id));
        let secret = endpoint.flatten().map(|endpoint| endpoint.secret.clone());
        (secret, state.deliveries.generation, endpoint.is_none_or(|endpoint| endpoint.is_some()))
    };
    // An endpoint that was deleted in the meantime receives nothing.
    let signature_headers = match &secret {
        Some(secret) => sign_headers(&world.env.clock, &attempt, secret, generation),
        None => BTreeMap::new(),
    };
    let sent = match exists {
        true => Some(send(&world, &attempt, &signature_headers).await),
        false => None,
    };
    let mut state = world.state();
    state.deliveries.queue.release(&attempt.url);
    let mut next = None;
    if let Some(outcome) = sent {
        let (status, reason, retry) = match outcome {
            Outcome::Answered(status) => (Some(status), None, !(200..300).contains(&status)),
            Outcome::Failed(reason) => (None, Some(reason), true),
            Outcome::NotSent(reason) => (None, Some(reason), false),
        };
        state.deliveries.records.push(Delivery {
            event_id: attempt.event_id.clone(),
            event_type: attempt.event_type.clone(),
            url: attempt.url.clone(),
            attempt: attempt.number,
            signed: secret.is_some(),
            signature_headers,
            status,
            reason,
            at,
            body: serde_json::from_slice(&attempt.body).unwrap_or_default(),
        });
        if retry {
            next = next_attempt(&world.env.clock, attempt);
        }
    }
    match next {
        Some(next) => state.schedule(next.due, Due::Attempt(Box::new(next))),
        None => state.deliveries.pending -= 1,
    }
    start(&world, &mut state);
    drop(state);
    world.env.wake.notify_one();
    world.delivery_ended.notify_waiters();
}

/// The outcome of an attempt.
enum Outcome {
    /// The receiver responded with this status.
    Answered(u16),
    /// The receiver did not respond, for this reason.
    Failed(String),
    /// Nothing was sent, for this reason. A retry would not change it.
    NotSent(String),
}

/// Sends an attempt.
async fn send(world: &World, attempt: &Attempt, signature_headers: &BTreeMap<String, String>) -> Outcome {
    if let Some(reason) = world.receivers.refusal(&attempt.url) {
        return Outcome::NotSent(reason);
    }
    let mut request =
        world.receivers.request(Method::POST, &attempt.url).header("content-type", "application/json");
    for (name, value) in signature_headers {
        request = request.header(name, value);
    }
    tokio::select! {
        answer = request.body(attempt.body.clone()).send() => match answer {
            Ok(answer) => Outcome::Answered(answer.status().as_u16()),
            Err(error) => Outcome::Failed(innermost(&error)),
        },
        () = world.env.clock.external_timeout(RESPONSE_TIMEOUT) => {
            Outcome::Failed(format!("no answer within {} seconds", RESPONSE_TIMEOUT.as_secs()))
        }
    }
}

/// The message of an error's last cause, which says what happened.
fn innermost(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

/// The retry after a failed attempt; `None` after the last one.
///
/// The delay starts when the attempt has ended. On a manual clock it starts when the attempt was due, so that no retry is
/// skipped if the clock is advanced past several.
fn next_attempt(clock: &Clock, attempt: Attempt) -> Option<Attempt> {
    let delay = FIRST_DELAY.saturating_mul(1 << (attempt.number - 1).min(20)).min(MAX_DELAY);
    let ended = if clock.is_manual() { attempt.due } else { attempt.due.max(clock.now()) };
    let due = ended + delay;
    let number = attempt.number + 1;
    (due <= attempt.first + RETRY_PERIOD).then_some(Attempt { number, due, ..attempt })
}

/// The headers that sign an attempt.
fn sign_headers(
    clock: &Clock,
    attempt: &Attempt,
    secret: &str,
    generation: SignatureGeneration,
) -> BTreeMap<String, String> {
    let signature = sign(secret, &attempt.body);
    let headers = match generation {
        SignatureGeneration::A => vec![
            ("heygen-signature", signature),
            ("heygen-timestamp", (clock.outside_now() / 1000).to_string()),
            ("heygen-event-id", attempt.event_id.clone()),
        ],
        SignatureGeneration::B => vec![("signature", signature)],
    };
    headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// HMAC-SHA256 of the body. The key is the whole secret, including its prefix.
fn sign(secret: &str, body: &[u8]) -> String {
    // HMAC accepts a key of any length, so the default is never used.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(body);
    const_hex::encode(mac.finalize().into_bytes())
}

/// The background task: executes what is due, and starts deliveries.
pub(crate) async fn run(world: Arc<World>) {
    loop {
        let next = {
            let mut state = world.state();
            start(&world, &mut state);
            state.next_due()
        };
        let due = async {
            match next {
                Some(then) => world.env.clock.sleep_until(then).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = world.env.wake.notified() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn the_delay_of_a_retry_starts_when_the_attempt_has_ended() {
        let attempt = |due| Attempt::first("id", "e", Bytes::new(), "url".into(), None, due);
        let hour = 60 * FIRST_DELAY;
        let real = Clock::real();
        let late = real.now();
        let next = next_attempt(&real, attempt(late - hour)).unwrap();
        assert!(next.due >= late + FIRST_DELAY, "{} after {late}", next.due);
        assert_eq!((next.number, next.first), (2, late - hour));
        // On a manual clock, the delay starts when the attempt was due.
        let manual = Clock::manual();
        let now = manual.now();
        assert_eq!(
            next_attempt(&manual, attempt(now - hour)).map(|next| next.due),
            Some(now - hour + FIRST_DELAY)
        );
        // After a day, no retry follows.
        assert!(next_attempt(&real, attempt(late - RETRY_PERIOD)).is_none());
    }

    #[test]
    fn the_signature_matches_the_test_vector() {
        let body =
            br#"{"event_type":"avatar_video.success","event_data":{"video_id":"v1","callback_id":"cb"}}"#;
        assert_eq!(
            sign("whsec_test_only", body),
            "8cad854b0799b9fd8452c68dc6d5109e66daf61314146ab60c12df0adf16a700"
        );
    }
}
