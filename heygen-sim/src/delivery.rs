//! Deliveries: signed, given ten seconds, tried again for a day.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::clock::Clock;
use crate::model::delivery::{Delivery, SignatureGeneration};
use crate::model::delivery_attempt::Attempt;
use crate::state::State;
use crate::timeline::Due;
use crate::world::World;

/// Time that a receiver has for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Time from the first attempt after which no further attempt is made, in milliseconds.
const GIVES_UP_AFTER: u64 = 24 * 60 * 60 * 1000;

/// Pauses double from a minute up to six hours. The service publishes no schedule, only that pauses grow.
const FIRST_PAUSE: u64 = 60 * 1000;
const LONGEST_PAUSE: u64 = 6 * 60 * 60 * 1000;

/// Starts what can be started.
pub(crate) fn start(world: &Arc<World>, state: &mut State) {
    while let Some(attempt) = state.deliveries.queue.next() {
        let own = Arc::clone(world);
        world.spawn(async move { carry_out(own, attempt).await });
    }
}

async fn carry_out(world: Arc<World>, attempt: Attempt) {
    let at = world.env.clock.now();
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
            next = again(&world.env.clock, attempt);
        }
    }
    match next {
        Some(next) => state.schedule(next.due, Due::Attempt(Box::new(next))),
        None => state.deliveries.pending -= 1,
    }
    start(&world, &mut state);
    drop(state);
    world.env.wake.notify_one();
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
        () = world.env.clock.patience(PATIENCE) => None,
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

/// Makes things happen when they are due, and carries deliveries out.
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
    fn the_signature_is_that_of_the_known_vector() {
        let body =
            br#"{"event_type":"avatar_video.success","event_data":{"video_id":"v1","callback_id":"cb"}}"#;
        assert_eq!(
            sign("whsec_test_only", body),
            "8cad854b0799b9fd8452c68dc6d5109e66daf61314146ab60c12df0adf16a700"
        );
    }
}
