//! Runs the handler of one stored event, and records how that ended.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use apalis_core::error::WorkerError;
use apalis_core::worker::context::WorkerContext;
use apalis_core::worker::event::Event as WorkerEvent;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use serde_json::Value;
use tokio::sync::{Mutex, oneshot, watch};
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::box_error::BoxError;
use crate::webhook::event::Event;
use crate::webhook::inbox::{Handler, Inbox, KnownKey, run_handler};

/// Delay before the first retry. Each further delay is three times as long.
const FIRST_DELAY: Duration = Duration::from_secs(5);

/// Maximum delay before a retry.
const MAX_DELAY: Duration = Duration::from_secs(60 * 60);

/// Pause before a worker starts again after its database has failed. Each further pause is twice as long.
pub(super) const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// Maximum pause before a worker starts again. A worker that has run for longer begins with the first pause.
pub(super) const MAX_RESTART_PAUSE: Duration = Duration::from_secs(60);

/// A stored inbox, as its worker uses it.
pub(super) trait Queue: Inbox {
    /// A worker of the engine, which hands events to `runner` while the stream is polled.
    fn events(
        &self,
        runner: &Arc<Runner>,
        context: &WorkerContext,
        settings: Settings,
    ) -> BoxStream<'static, Result<WorkerEvent, WorkerError>>;

    /// Records how an attempt ended, if its worker still has the event.
    fn finish<'a>(&'a self, attempt: &'a Attempt, end: &'a End) -> BoxFuture<'a, Result<(), BoxError>>;

    /// Deletes events that were handled long ago.
    fn remove_old(&self) -> BoxFuture<'_, Result<(), BoxError>>;
}

/// What the engine needs to know of a worker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) concurrency: usize,
    pub(super) heartbeat: Duration,
    pub(super) missed_heartbeats: usize,
}

type OnDead = Arc<dyn Fn(&Event, &BoxError) + Send + Sync>;

/// An attempt to handle a stored event.
pub(super) struct Attempt {
    pub(super) task: String,
    /// The name of the worker that has the event.
    pub(super) worker: String,
    /// 1 for the first.
    pub(super) number: usize,
}

/// How an attempt ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    Handled,
    /// Another attempt follows after a delay.
    Failed(Duration),
    Dead,
}

/// Runs the handler of one event, and decides what a failure means.
pub(super) struct Runner {
    pub(super) queue: Arc<dyn Queue>,
    pub(super) handler: Arc<dyn Handler>,
    pub(super) handler_timeout: Duration,
    pub(super) attempts: usize,
    pub(super) on_dead: Option<OnDead>,
    pub(super) stop: watch::Sender<bool>,
    /// The ends of attempts that are being recorded.
    pub(super) records: Mutex<JoinSet<()>>,
}

impl Runner {
    /// Runs the handler in a task of its own, so that several run in parallel. Dropping the future stops it.
    async fn run_in_task(&self, event: Event) -> Result<(), BoxError> {
        let (handler, limit) = (Arc::clone(&self.handler), self.handler_timeout);
        let mut task = JoinSet::new();
        task.spawn(async move { run_handler(&*handler, event, limit).await }.in_current_span());
        let ended = task.join_next().await.ok_or("the task of the handler is missing")?;
        ended?
    }

    /// Handles a stored event, and records how that ended.
    ///
    /// When the worker stops, it does not wait for the record: until all handlers have returned, the engine does not go on with
    /// a fetch that it has begun, which may hold the lock of the database. [`finish_records`](Self::finish_records) waits.
    pub(super) async fn run(&self, stored: Value, attempt: Attempt) {
        let end = match Event::from_stored(stored) {
            Ok(event) => self.handle(event, attempt.number).await,
            // A newer version may have stored it, and reads it in a later attempt.
            Err(problem) => self.failed(None, &problem.into(), attempt.number),
        };
        let mut stop = self.stop.subscribe();
        let (recorded, is_recorded) = oneshot::channel::<()>();
        {
            let mut records = self.records.lock().await;
            while records.try_join_next().is_some() {}
            // It has no reference to this runner, which aborts it when the worker is dropped.
            let recording = record(Arc::clone(&self.queue), attempt, end, stop.clone());
            let recording = async move {
                recording.await;
                drop(recorded);
            };
            records.spawn(recording.in_current_span());
        }
        tokio::select! {
            _ = is_recorded => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Waits until the end of every attempt is recorded, or cannot be while the worker stops.
    pub(super) async fn finish_records(&self) {
        let mut records = self.records.lock().await;
        while records.join_next().await.is_some() {}
    }

    pub(super) async fn handle(&self, mut event: Event, attempt: usize) -> End {
        let key = event.key();
        if event.ends_once() {
            match self.queue.keys(key.job_prefix()).await {
                Ok(mut known) => {
                    known.retain(|known| known.handled && known.key != key.as_str());
                    // A delivery and the service's list may insert it under two keys at the same time.
                    if KnownKey::has(&known, &event) {
                        return End::Handled;
                    }
                    event = event.with_handled(known.iter().map(|known| known.key.as_str()));
                }
                Err(problem) => {
                    tracing::warn!(%problem, event.key = %key, "cannot read the other events of a job");
                }
            }
        }
        // A handler that ends the process returns no error.
        let result = match attempt > self.attempts {
            true => Err("the process ended while the handler was running".into()),
            false => self.run_in_task(event.clone()).await,
        };
        match result {
            Ok(()) => End::Handled,
            Err(problem) => self.failed(Some(&event), &problem, attempt),
        }
    }

    /// Decides what follows a failed attempt.
    fn failed(&self, event: Option<&Event>, problem: &BoxError, attempt: usize) -> End {
        let key = event.map(|event| event.key().to_string());
        if attempt < self.attempts {
            let delay = retry_delay(attempt);
            tracing::warn!(%problem, event.key = key, attempt, ?delay, "an attempt to handle a webhook event failed");
            return End::Failed(delay);
        }
        tracing::error!(%problem, event.key = key, attempt, "a webhook event is dead: every attempt failed");
        if let (Some(on_dead), Some(event)) = (&self.on_dead, event) {
            let call = AssertUnwindSafe(|| on_dead(event, problem));
            if std::panic::catch_unwind(call).is_err() {
                tracing::error!(event.key = key, "the function that `on_dead` has set panicked");
            }
        }
        End::Dead
    }
}

/// Records how an attempt ended. If the database fails, it tries again until the worker stops: an event whose end is not
/// recorded is handled again.
async fn record(queue: Arc<dyn Queue>, attempt: Attempt, end: End, mut stop: watch::Receiver<bool>) {
    let mut pause = RESTART_PAUSE;
    while let Err(problem) = queue.finish(&attempt, &end).await {
        let task = &attempt.task;
        tracing::error!(%problem, task, ?pause, "cannot record how the handler of a webhook event ended");
        if *stop.borrow() {
            return;
        }
        drop(tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await);
        pause = (2 * pause).min(MAX_RESTART_PAUSE);
    }
}

/// The delay after this attempt, counted from 1.
fn retry_delay(attempt: usize) -> Duration {
    let retries = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_DELAY.saturating_mul(3_u32.saturating_pow(retries)).min(MAX_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_an_hour() {
        let seconds: Vec<_> = (1..=8).map(|attempt| retry_delay(attempt).as_secs()).collect();
        assert_eq!(seconds, [5, 15, 45, 135, 405, 1215, 3600, 3600]);
        assert_eq!(retry_delay(usize::MAX), MAX_DELAY);
    }
}
