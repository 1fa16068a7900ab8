//! An event and its handler: claimed, run to its end, settled.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tracing::{Instrument, Span};

use super::clock::Clock;
use super::event::Event;
use super::event_store::{Claim, EventStore};
use super::lease::EventLease;
use crate::box_error::BoxError;

/// The pauses before a handler is run again for an event whose delivery was answered already.
pub(super) const PAUSES: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(3 * 60),
    Duration::from_secs(15 * 60),
];

/// Does what a program wants done when something has ended.
///
/// Every function from an [`Event`] to a future of a `Result` is one. It is run once for each event, unless it fails or does
/// not end; should the program end in its middle, the event comes again by `Webhooks::reconcile`.
pub trait Handler: Send + Sync + 'static {
    /// Handles an event. After an error the event comes again.
    fn handle(&self, event: Event) -> BoxFuture<'static, Result<(), BoxError>>;
}

impl<F, R, E> Handler for F
where
    F: Fn(Event) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError>,
{
    fn handle(&self, event: Event) -> BoxFuture<'static, Result<(), BoxError>> {
        Box::pin(self(event).map(|result| result.map_err(Into::into)))
    }
}

/// What the service is told of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dispatched {
    Handled,
    /// The handler goes on.
    GoesOn,
    Failed,
    /// Somebody else is handling the same event.
    UnderWay,
}

#[derive(Clone)]
pub(super) struct Dispatcher {
    pub(super) handler: Arc<dyn Handler>,
    pub(super) seen: Arc<dyn EventStore>,
    pub(super) clock: Clock,
    /// Handlers that run at once.
    pub(super) turns: Arc<Semaphore>,
    /// Time for a run of the handler.
    pub(super) handler_timeout: Duration,
    pub(super) on_give_up: Option<OnGiveUp>,
    /// How many are draining: then nobody pauses.
    pub(super) draining: watch::Sender<usize>,
}

/// Hears of the events that were given up, and why.
pub(super) type OnGiveUp = Arc<dyn Fn(&Event, &BoxError) + Send + Sync>;

impl Dispatcher {
    /// From now on until the result is dropped nobody pauses: what failed is tried again at once.
    pub(super) fn hasten(&self) -> impl Drop {
        self.draining.send_modify(|draining| *draining += 1);
        Hastened(self.draining.clone())
    }

    async fn pause(&self, time: Duration) {
        let mut draining = self.draining.subscribe();
        // The sender lives as long as this.
        drop(tokio::time::timeout(time, draining.wait_for(|draining| *draining > 0)).await);
    }

    /// Has an event handled, and says after `patience` at the latest what is to be told of it. The place is held until the
    /// handler has ended.
    pub(super) async fn take(
        &self,
        event: Event,
        patience: Duration,
        place: OwnedSemaphorePermit,
    ) -> Dispatched {
        let (claim, span) = self.claim_on(&event);
        let (tell, mut told) = oneshot::channel();
        let claimed = Arc::new(AtomicBool::new(false));
        // From the claim on it is a task's: a request that is given up would leave the claim behind.
        let (own, mark) = (self.clone(), Arc::clone(&claimed));
        let task = async move {
            own.run(event, &claim, tell, &mark).await;
            drop(place);
        };
        tokio::spawn(task.instrument(span));
        match tokio::time::timeout(patience, &mut told).await {
            Ok(Ok(told)) => told,
            Ok(Err(_)) => Dispatched::Failed,
            Err(_) => {
                // From here on nobody listens; what was told a moment ago still counts.
                told.close();
                told.try_recv().unwrap_or(match claimed.load(Ordering::SeqCst) {
                    true => Dispatched::GoesOn,
                    // The memory is slow. Nobody has the event for sure, so it has to come again.
                    false => Dispatched::UnderWay,
                })
            }
        }
    }

    fn claim_on(&self, event: &Event) -> (EventLease, Span) {
        let key = event.dedup_key();
        let span = tracing::info_span!("webhook", event.kind = event.kind().as_str(), event.key = %key);
        (EventLease::new(Arc::clone(&self.seen), Arc::clone(&self.clock), key), span)
    }

    async fn run(
        &self,
        event: Event,
        claim: &EventLease,
        tell: oneshot::Sender<Dispatched>,
        claimed: &AtomicBool,
    ) {
        let say = |tell: oneshot::Sender<Dispatched>, told| tell.send(told).is_ok();
        match claim.claim().await {
            Ok(Claim::New) => claimed.store(true, Ordering::SeqCst),
            Ok(Claim::Handled) => {
                tracing::debug!("the event was handled before");
                say(tell, Dispatched::Handled);
                return;
            }
            Ok(Claim::UnderWay) => {
                say(tell, Dispatched::UnderWay);
                return;
            }
            Err(problem) => {
                tracing::error!(%problem, "the memory of events failed");
                say(tell, Dispatched::Failed);
                return;
            }
        }
        let Err(problem) = claim.keep(self.attempt(event.clone())).await else {
            claim.settle(true).await;
            say(tell, Dispatched::Handled);
            return;
        };
        tracing::warn!(%problem, "the handler failed");
        if !tell.is_closed() {
            // The service delivers it again, and it must be new then.
            claim.settle(false).await;
            if say(tell, Dispatched::Failed) {
                return;
            }
            // The answer went out a moment before, so that nobody delivers it again.
        }
        self.try_again(event, claim, problem).await;
    }

    /// The service was told that all is well, so it does not deliver again: what failed is tried again here.
    async fn try_again(&self, event: Event, claim: &EventLease, mut problem: BoxError) {
        for pause in PAUSES {
            claim.keep(self.pause(pause)).await;
            match claim.claim().await {
                Ok(Claim::New) => {}
                Ok(Claim::Handled) => return,
                // It may fail there, so it is looked at again.
                Ok(Claim::UnderWay) => continue,
                Err(problem) => {
                    tracing::error!(%problem, "the memory of events failed");
                    continue;
                }
            }
            match claim.keep(self.attempt(event.clone())).await {
                Ok(()) => return claim.settle(true).await,
                Err(again) => {
                    tracing::warn!(problem = %again, "the handler failed again");
                    problem = again;
                }
            }
        }
        tracing::error!(%problem, event.id = event.id(), "gave an event up: reconcile to handle it later");
        claim.settle(false).await;
        if let Some(on_give_up) = &self.on_give_up {
            on_give_up(&event, &problem);
        }
    }

    /// Runs the handler in its turn. A panic of its is an error, and so is a run without an end.
    async fn attempt(&self, event: Event) -> Result<(), BoxError> {
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await;
        let run = AssertUnwindSafe(async { self.handler.handle(event).await }).catch_unwind();
        match tokio::time::timeout(self.handler_timeout, run).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err("the handler panicked".into()),
            Err(_) => {
                Err(format!("the handler did not end within {} s", self.handler_timeout.as_secs()).into())
            }
        }
    }

    /// Handles an event that came by another way, in the place that it holds until then. What it was: if it was new,
    /// it is handled.
    pub(super) async fn now(&self, event: Event, place: OwnedSemaphorePermit) -> Result<Claim, BoxError> {
        let (claim, span) = self.claim_on(&event);
        // In a task of its own, as above: whoever gives up waiting leaves no claim behind.
        let own = self.clone();
        let task = async move {
            let result = own.claim_and_handle(event, &claim).await;
            drop(place);
            result
        };
        tokio::spawn(task.instrument(span)).await?
    }

    async fn claim_and_handle(&self, event: Event, claim: &EventLease) -> Result<Claim, BoxError> {
        match claim.claim().await? {
            Claim::New => {}
            known => return Ok(known),
        }
        let result = claim.keep(self.attempt(event)).await;
        claim.settle(result.is_ok()).await;
        result.map(|()| Claim::New)
    }
}

struct Hastened(watch::Sender<usize>);

impl Drop for Hastened {
    fn drop(&mut self) {
        self.0.send_modify(|draining| *draining -= 1);
    }
}
