//! The lease of an event: claims it, renews the claim while a handler runs, and settles it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::clock::Clock;
use super::event_key::EventKey;
use super::event_store::{Claim, Claimant, EventStore};
use crate::box_error::BoxError;

/// Time between renewals. The documentation of [`EventStore`] promises it to implementations.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(60);

/// Maximum time of a call of the store.
const STORE_TIMEOUT: Duration = Duration::from_secs(30);

/// Delays before the retries of `settle`.
const SETTLE_RETRY_DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// The claim of one claimant on one event.
pub(super) struct EventLease {
    store: Arc<dyn EventStore>,
    clock: Clock,
    key: EventKey,
    claimant: Claimant,
}

impl EventLease {
    pub(super) fn new(store: Arc<dyn EventStore>, clock: Clock, key: EventKey) -> Self {
        Self { store, clock, key, claimant: Claimant::new() }
    }

    /// Claims the event, or renews the claim.
    pub(super) async fn claim(&self) -> Result<Claim, BoxError> {
        with_timeout(self.store.claim(&self.key, self.claimant, (self.clock)())).await
    }

    /// Runs `work`, and renews the claim until it has ended.
    pub(super) async fn hold_while<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            if let Ok(output) = tokio::time::timeout(RENEWAL_INTERVAL, work.as_mut()).await {
                return output;
            }
            if let Either::Left((output, renewal)) = select(work.as_mut(), pin!(self.renew())).await {
                // Wait for the renewal, so that it cannot happen after the claim was settled.
                renewal.await;
                return output;
            }
        }
    }

    async fn renew(&self) {
        match self.claim().await {
            Ok(Claim::New) => {}
            Ok(_) => tracing::warn!("lost the claim on the event: it may be handled twice"),
            Err(problem) => tracing::warn!(%problem, "cannot renew the claim on the event"),
        }
    }

    /// Settles the claim. If the store fails in every attempt, this only logs the error: a handled event must not be delivered
    /// again, and an event that was not handled is new when the claim expires.
    pub(super) async fn settle(&self, handled: bool) {
        let mut delays = SETTLE_RETRY_DELAYS.into_iter();
        let settle = || with_timeout(self.store.settle(&self.key, self.claimant, handled, (self.clock)()));
        while let Err(problem) = settle().await {
            let Some(delay) = delays.next() else {
                tracing::error!(%problem, handled, "cannot record the event: the event store failed");
                return;
            };
            tracing::warn!(%problem, handled, "cannot record the event: the event store failed; retrying");
            tokio::time::sleep(delay).await;
        }
    }
}

async fn with_timeout<T>(call: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    match tokio::time::timeout(STORE_TIMEOUT, call).await {
        Ok(result) => result,
        Err(_) => Err(format!("the event store did not answer within {} s", STORE_TIMEOUT.as_secs()).into()),
    }
}
