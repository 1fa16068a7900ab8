//! A claim on an event: made, kept while a handler works, and ended.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::clock::Clock;
use super::event_key::EventKey;
use super::event_store::{Claim, Claimant, EventStore};
use crate::box_error::BoxError;

/// Time after which an event is claimed again: [`EventStore`] promises it to memories whose claims end.
const RENEW: Duration = Duration::from_secs(60);

/// Time for an answer of the memory.
const ANSWER: Duration = Duration::from_secs(30);

/// Pauses before what could not be noted down is tried again.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// The claim of one taker on one event.
pub(super) struct EventLease {
    seen: Arc<dyn EventStore>,
    clock: Clock,
    key: EventKey,
    claimant: Claimant,
}

impl EventLease {
    pub(super) fn new(seen: Arc<dyn EventStore>, clock: Clock, key: EventKey) -> Self {
        Self { seen, clock, key, claimant: Claimant::new() }
    }

    /// Makes the claim, or renews it.
    pub(super) async fn claim(&self) -> Result<Claim, BoxError> {
        in_time(self.seen.claim(&self.key, self.claimant, (self.clock)())).await
    }

    /// Keeps the claim while somebody works.
    pub(super) async fn keep<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            if let Ok(done) = tokio::time::timeout(RENEW, work.as_mut()).await {
                return done;
            }
            if let Either::Left((done, renewal)) = select(work.as_mut(), pin!(self.renew())).await {
                // To its end, so that it does not come after the claim was ended.
                renewal.await;
                return done;
            }
        }
    }

    async fn renew(&self) {
        match self.claim().await {
            Ok(Claim::New) => {}
            Ok(_) => tracing::warn!("the claim on an event was lost, which may be handled twice"),
            Err(problem) => tracing::warn!(%problem, "the claim on an event could not be renewed"),
        }
    }

    /// Ends the claim. When that fails time and again, the event is answered as it went all the same: one that was handled is
    /// not to come again, and one that was not is new when the claim ends by itself.
    pub(super) async fn settle(&self, handled: bool) {
        let mut pauses = PAUSES.into_iter();
        let settle = || in_time(self.seen.settle(&self.key, self.claimant, handled, (self.clock)()));
        while let Err(problem) = settle().await {
            let Some(pause) = pauses.next() else {
                tracing::error!(%problem, handled, "the memory of events failed to note an event down");
                return;
            };
            tracing::warn!(%problem, "the memory of events failed, and is tried again");
            tokio::time::sleep(pause).await;
        }
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    match tokio::time::timeout(ANSWER, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {} s", ANSWER.as_secs()).into()),
    }
}
