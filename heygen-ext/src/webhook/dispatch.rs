//! Runs the handler for an event: claims the event, runs the handler, retries it, and settles the claim.

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

/// Delays before the retries of a handler, for an event whose delivery was answered with 2xx.
pub(super) const RETRY_DELAYS: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(3 * 60),
    Duration::from_secs(15 * 60),
];

/// Handles events.
///
/// Every function that takes an [`Event`] and returns a future of a `Result` implements it. A handler runs once for each
/// event, and again if it fails, panics or times out. If the program ends while a handler runs, `Webhooks::reconcile` finds
/// the event again.
pub trait Handler: Send + Sync + 'static {
    /// Handles an event. If it returns an error, it is called again for this event later.
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

/// The state of an event when its delivery is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DispatchOutcome {
    Handled,
    /// The handler is still running.
    StillRunning,
    Failed,
    /// Another claimant is handling the same event.
    UnderWay,
}

#[derive(Clone)]
pub(super) struct Dispatcher {
    pub(super) handler: Arc<dyn Handler>,
    pub(super) store: Arc<dyn EventStore>,
    pub(super) clock: Clock,
    /// One permit for each handler that may run at the same time.
    pub(super) handler_permits: Arc<Semaphore>,
    /// Maximum time of a handler run.
    pub(super) handler_timeout: Duration,
    pub(super) on_give_up: Option<OnGiveUp>,
    /// Number of running `drain` calls. While there is one, retries are not delayed.
    pub(super) draining: watch::Sender<usize>,
}

/// Called with an event whose retries are exhausted, and with the last error.
pub(super) type OnGiveUp = Arc<dyn Fn(&Event, &BoxError) + Send + Sync>;

impl Dispatcher {
    /// Makes all retries start without a delay until the result is dropped.
    pub(super) fn skip_retry_delays(&self) -> impl Drop {
        self.draining.send_modify(|draining| *draining += 1);
        DrainGuard(self.draining.clone())
    }

    async fn wait_for_retry(&self, delay: Duration) {
        let mut draining = self.draining.subscribe();
        // `self` owns the sender, so the channel is not closed.
        drop(tokio::time::timeout(delay, draining.wait_for(|draining| *draining > 0)).await);
    }

    /// Processes an event, and returns its state when it is known, or after `timeout`. `permit` is held until the processing
    /// has ended.
    pub(super) async fn dispatch(
        &self,
        event: Event,
        timeout: Duration,
        permit: OwnedSemaphorePermit,
    ) -> DispatchOutcome {
        let (lease, span) = self.lease(&event);
        let (sender, mut receiver) = oneshot::channel();
        let claimed = Arc::new(AtomicBool::new(false));
        // In a task: if the connection closes, this future is dropped, and the claim would never be settled.
        let (dispatcher, is_claimed) = (self.clone(), Arc::clone(&claimed));
        let task = async move {
            dispatcher.run(event, &lease, sender, &is_claimed).await;
            drop(permit);
        };
        tokio::spawn(task.instrument(span));
        match tokio::time::timeout(timeout, &mut receiver).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => DispatchOutcome::Failed,
            Err(_) => {
                // After this, sending fails. An outcome that was sent just before still counts.
                receiver.close();
                receiver.try_recv().unwrap_or(match claimed.load(Ordering::SeqCst) {
                    true => DispatchOutcome::StillRunning,
                    // The store is slow. Nothing has claimed the event for certain, so the service must repeat the delivery.
                    false => DispatchOutcome::UnderWay,
                })
            }
        }
    }

    fn lease(&self, event: &Event) -> (EventLease, Span) {
        let key = event.dedup_key();
        let span = tracing::info_span!("webhook", event.kind = event.kind().as_str(), event.key = %key);
        (EventLease::new(Arc::clone(&self.store), Arc::clone(&self.clock), key), span)
    }

    async fn run(
        &self,
        event: Event,
        lease: &EventLease,
        sender: oneshot::Sender<DispatchOutcome>,
        is_claimed: &AtomicBool,
    ) {
        let send = |sender: oneshot::Sender<DispatchOutcome>, outcome| sender.send(outcome).is_ok();
        match lease.claim().await {
            Ok(Claim::New) => is_claimed.store(true, Ordering::SeqCst),
            Ok(Claim::Handled) => {
                tracing::debug!("the event was handled before");
                send(sender, DispatchOutcome::Handled);
                return;
            }
            Ok(Claim::UnderWay) => {
                send(sender, DispatchOutcome::UnderWay);
                return;
            }
            Err(problem) => {
                tracing::error!(%problem, "cannot claim the event: the event store failed");
                send(sender, DispatchOutcome::Failed);
                return;
            }
        }
        let Err(problem) = lease.hold_while(self.run_handler(event.clone())).await else {
            lease.settle(true).await;
            send(sender, DispatchOutcome::Handled);
            return;
        };
        tracing::warn!(%problem, "the handler failed");
        if !sender.is_closed() {
            // The service repeats the delivery after this failure. The event must be new then.
            lease.settle(false).await;
            if send(sender, DispatchOutcome::Failed) {
                return;
            }
            // The delivery was answered with 202 in the meantime, so the service does not repeat it.
        }
        self.retry(event, lease, problem).await;
    }

    /// Retries the handler of an event whose delivery was answered with 2xx, because the service does not repeat it.
    async fn retry(&self, event: Event, lease: &EventLease, mut problem: BoxError) {
        for delay in RETRY_DELAYS {
            lease.hold_while(self.wait_for_retry(delay)).await;
            match lease.claim().await {
                Ok(Claim::New) => {}
                Ok(Claim::Handled) => return,
                // The other claimant may fail, so check again later.
                Ok(Claim::UnderWay) => continue,
                Err(problem) => {
                    tracing::error!(%problem, "cannot claim the event: the event store failed");
                    continue;
                }
            }
            match lease.hold_while(self.run_handler(event.clone())).await {
                Ok(()) => return lease.settle(true).await,
                Err(error) => {
                    tracing::warn!(problem = %error, "the handler failed again");
                    problem = error;
                }
            }
        }
        tracing::error!(
            %problem,
            event.id = event.id(),
            "gave up on the event: its handler failed in every attempt; call `Webhooks::reconcile` to handle it later"
        );
        lease.settle(false).await;
        if let Some(on_give_up) = &self.on_give_up {
            on_give_up(&event, &problem);
        }
    }

    /// Runs the handler when a permit is free. A panic and a timeout are errors.
    async fn run_handler(&self, event: Event) -> Result<(), BoxError> {
        // The semaphore is never closed.
        let _permit = self.handler_permits.acquire().await;
        let run = AssertUnwindSafe(async { self.handler.handle(event).await }).catch_unwind();
        match tokio::time::timeout(self.handler_timeout, run).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err("the handler panicked".into()),
            Err(_) => {
                let seconds = self.handler_timeout.as_secs();
                Err(format!(
                    "the handler timed out after {seconds} s; raise `handler_timeout` if it needs more"
                )
                .into())
            }
        }
    }

    /// Processes an event that does not come from a delivery, and waits for its handler. `Claim::New` means that the event was
    /// new, and is handled now.
    pub(super) async fn handle(&self, event: Event, permit: OwnedSemaphorePermit) -> Result<Claim, BoxError> {
        let (lease, span) = self.lease(&event);
        // In a task, as in `dispatch`: if the caller drops this future, the claim is settled all the same.
        let dispatcher = self.clone();
        let task = async move {
            let result = dispatcher.claim_and_handle(event, &lease).await;
            drop(permit);
            result
        };
        tokio::spawn(task.instrument(span)).await?
    }

    async fn claim_and_handle(&self, event: Event, lease: &EventLease) -> Result<Claim, BoxError> {
        match lease.claim().await? {
            Claim::New => {}
            known => return Ok(known),
        }
        let result = lease.hold_while(self.run_handler(event)).await;
        lease.settle(result.is_ok()).await;
        result.map(|()| Claim::New)
    }
}

struct DrainGuard(watch::Sender<usize>);

impl Drop for DrainGuard {
    fn drop(&mut self) {
        self.0.send_modify(|draining| *draining -= 1);
    }
}
