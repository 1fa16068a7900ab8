//! Hands the events of a stored inbox to a handler, with retries.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use apalis_core::error::{AbortError, WorkerError};
use apalis_core::worker::context::WorkerContext;
use apalis_core::worker::event::Event as WorkerEvent;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use super::event::Event;
use super::inbox::{Handler, Inbox, run_handler};
use super::memory::{CONCURRENCY, HANDLER_TIMEOUT};
use crate::box_error::BoxError;

/// Default number of attempts: the first, and seven retries within about an hour and a half.
const ATTEMPTS: usize = 8;

/// Delay before the first retry. Each further delay is three times as long.
const FIRST_DELAY: Duration = Duration::from_secs(5);

/// Maximum delay before a retry.
const MAX_DELAY: Duration = Duration::from_secs(60 * 60);

/// Time between two looks for events that other processes have inserted.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Time between two signs of life of a worker, by which others know that its events are not orphaned.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How many signs of life a worker may miss until its events are handed to another.
pub(super) const MISSED_HEARTBEATS: usize = 4;

/// Time between two deletions of old events.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// How long a handled event is kept: it bounds for how long a repeated delivery is recognized.
pub(super) const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Delay before a worker starts again after its database has failed.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// A stored inbox, as its worker uses it.
pub(super) trait Queue: Inbox {
    /// Hands events to `runner` until `settings.stop`, and then waits for the handlers that are running.
    fn run(&self, runner: Arc<Runner>, settings: QueueSettings) -> BoxFuture<'static, Result<(), BoxError>>;

    /// Delays the next attempt of an event.
    fn delay<'a>(&'a self, task: &'a str, delay: Duration) -> BoxFuture<'a, Result<(), BoxError>>;

    /// Deletes events that were handled long ago.
    fn remove_old(&self) -> BoxFuture<'_, Result<(), BoxError>>;
}

/// What a queue needs to know of its worker.
pub(super) struct QueueSettings {
    /// A name that no other worker has, so that the events of a dead one are recognized.
    pub(super) name: String,
    pub(super) concurrency: usize,
    pub(super) heartbeat: Duration,
    pub(super) stop: watch::Receiver<bool>,
}

/// Drives a worker of the engine until it has ended. `stop` lets it take no more events.
pub(super) fn run_until(
    mut worker: BoxStream<'static, Result<WorkerEvent, WorkerError>>,
    context: WorkerContext,
    mut stop: watch::Receiver<bool>,
) -> BoxFuture<'static, Result<(), BoxError>> {
    Box::pin(async move {
        let mut stopping = false;
        loop {
            tokio::select! {
                event = worker.next() => match event {
                    Some(event) => drop(event?),
                    None => return Ok(()),
                },
                // The worker has ended too if the sender is gone.
                _ = stop.wait_for(|stop| *stop), if !stopping => {
                    stopping = true;
                    context.stop()?;
                }
            }
        }
    })
}

/// A stream of reasons to look for events: an insert in this process, or a second has passed.
pub(super) fn wakes(inserted: Arc<Notify>) -> BoxStream<'static, ()> {
    Box::pin(futures_util::stream::unfold(inserted, |inserted| async move {
        drop(tokio::time::timeout(POLL_INTERVAL, inserted.notified()).await);
        Some(((), inserted))
    }))
}

type OnDead = Arc<dyn Fn(&Event, &BoxError) + Send + Sync>;

/// Runs the handler of one event, and decides what a failure means.
pub(super) struct Runner {
    queue: Arc<dyn Queue>,
    handler: Arc<dyn Handler>,
    handler_timeout: Duration,
    attempts: usize,
    on_dead: Option<OnDead>,
}

impl Runner {
    /// Handles a stored event. An [`AbortError`] means that the event is dead; any other error, that it is tried again.
    pub(super) async fn run(&self, stored: Value, attempt: usize, task: String) -> Result<(), BoxError> {
        // An event that this version cannot read does not get better.
        let event = Event::from_stored(stored).map_err(AbortError::new)?;
        let key = event.key();
        let handled = self.queue.keys(key.job_prefix()).await?;
        let handled = handled.iter().filter(|known| known.handled).map(|known| known.key.as_str());
        let event = event.with_handled(handled);
        let Err(problem) = run_handler(&self.handler, event.clone(), self.handler_timeout).await else {
            return Ok(());
        };
        if attempt >= self.attempts {
            tracing::error!(%problem, event.key = %key, attempt, "a webhook event is dead: every attempt failed");
            if let Some(on_dead) = &self.on_dead {
                on_dead(&event, &problem);
            }
            return Err(AbortError::new(problem).into());
        }
        let delay = retry_delay(attempt);
        tracing::warn!(%problem, event.key = %key, attempt, ?delay, "the handler of a webhook event failed");
        if let Err(problem) = self.queue.delay(&task, delay).await {
            tracing::warn!(%problem, event.key = %key, "cannot delay the retry of a webhook event");
        }
        Err(problem)
    }
}

/// The delay after this attempt, counted from 1.
fn retry_delay(attempt: usize) -> Duration {
    let retries = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_DELAY.saturating_mul(3_u32.saturating_pow(retries)).min(MAX_DELAY)
}

/// Hands the events of an inbox to a handler. Made by `SqliteInbox::worker` and `PostgresInbox::worker`; `.await` runs it.
///
/// A failed event is tried again after 5 seconds, 15 seconds, and so on, three times as long each time and at most an hour.
/// After eight attempts it is dead: it stays in the inbox, is counted, and [`on_dead`](Self::on_dead) is called.
///
/// If the process ends while handlers run, another worker of the inbox handles their events again, about a minute later.
/// Several workers may run at the same time, in one process or in several.
#[must_use = "a worker does nothing unless it is awaited"]
pub struct Worker {
    queue: Arc<dyn Queue>,
    handler: Arc<dyn Handler>,
    concurrency: usize,
    handler_timeout: Duration,
    attempts: usize,
    heartbeat: Duration,
    on_dead: Option<OnDead>,
    stop: watch::Sender<bool>,
}

impl Worker {
    pub(super) fn new(queue: Arc<dyn Queue>, handler: Arc<dyn Handler>) -> Self {
        Self {
            queue,
            handler,
            concurrency: CONCURRENCY,
            handler_timeout: HANDLER_TIMEOUT,
            attempts: ATTEMPTS,
            heartbeat: HEARTBEAT,
            on_dead: None,
            stop: watch::Sender::new(false),
        }
    }

    /// Sets how many handlers may run at the same time. The default is 16.
    pub fn concurrency(mut self, events: usize) -> Self {
        self.concurrency = events.clamp(1, 10_000);
        self
    }

    /// Sets the maximum time of a handler run; a handler that takes longer is stopped and has failed. The default is 30
    /// seconds.
    pub fn handler_timeout(mut self, time: Duration) -> Self {
        self.handler_timeout = time;
        self
    }

    /// Sets after how many attempts an event is dead. The default is 8.
    pub fn attempts(mut self, attempts: usize) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sets a function that is called with an event whose last attempt has failed, and with the error.
    pub fn on_dead(mut self, hook: impl Fn(&Event, &BoxError) + Send + Sync + 'static) -> Self {
        self.on_dead = Some(Arc::new(hook));
        self
    }

    /// Sets the time between two signs of life. The default is 15 seconds; after four that are missing, other workers take
    /// over the events of a process that has ended. Whole seconds, at least one.
    pub fn heartbeat(mut self, time: Duration) -> Self {
        self.heartbeat = Duration::from_secs(time.as_secs().max(1));
        self
    }

    /// A handle that stops the worker.
    pub fn stopper(&self) -> WorkerStopper {
        WorkerStopper(self.stop.clone())
    }

    async fn run(self) {
        let runner = Arc::new(Runner {
            queue: Arc::clone(&self.queue),
            handler: self.handler,
            handler_timeout: self.handler_timeout,
            attempts: self.attempts,
            on_dead: self.on_dead,
        });
        let mut stop = self.stop.subscribe();
        let cleaning = async {
            loop {
                if let Err(problem) = self.queue.remove_old().await {
                    tracing::warn!(%problem, "cannot delete old webhook events");
                }
                tokio::time::sleep(CLEANUP_INTERVAL).await;
            }
        };
        let working = async {
            while !*self.stop.borrow() {
                let settings = QueueSettings {
                    name: format!("heygen-ext {}", uuid::Uuid::new_v4()),
                    concurrency: self.concurrency,
                    heartbeat: self.heartbeat,
                    stop: self.stop.subscribe(),
                };
                match self.queue.run(Arc::clone(&runner), settings).await {
                    Ok(()) => return,
                    // Its handlers have stopped. Their events are handed out again when the heartbeats are missed.
                    Err(problem) => tracing::error!(%problem, "the worker of the webhook inbox starts again"),
                }
                drop(tokio::time::timeout(RESTART_DELAY, stop.wait_for(|stop| *stop)).await);
            }
        };
        tokio::select! {
            () = working => {}
            () = cleaning => {}
        }
    }
}

impl IntoFuture for Worker {
    type Output = ();
    type IntoFuture = BoxFuture<'static, ()>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Stops a [`Worker`].
#[derive(Clone)]
pub struct WorkerStopper(watch::Sender<bool>);

impl WorkerStopper {
    /// Lets the worker take no more events. It ends when the handlers that are running have ended.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl fmt::Debug for WorkerStopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkerStopper")
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("concurrency", &self.concurrency)
            .field("handler_timeout", &self.handler_timeout)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// How many events an inbox has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboxCounts {
    /// Events that wait for a worker, or for their next attempt.
    pub waiting: u64,
    /// Events whose handler is running.
    pub running: u64,
    /// Events that were handled, of the last seven days.
    pub handled: u64,
    /// Events whose attempts have all failed.
    pub dead: u64,
}

impl InboxCounts {
    /// Adds the number of events in a state of the queue engine.
    pub(super) fn add(&mut self, status: &str, count: i64) {
        let count = u64::try_from(count).unwrap_or_default();
        match status {
            "Pending" | "Failed" => self.waiting += count,
            "Queued" | "Running" => self.running += count,
            "Done" => self.handled += count,
            _ => self.dead += count,
        }
    }
}

/// The text after every text that begins with a prefix, which ends in a slash.
pub(super) fn end_of(prefix: &str) -> String {
    match prefix.strip_suffix('/') {
        // The character after the slash.
        Some(start) => format!("{start}0"),
        None => format!("{prefix}\u{10ffff}"),
    }
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

    #[test]
    fn a_range_has_the_keys_with_its_prefix() {
        let (prefix, end) = ("a/b/", end_of("a/b/"));
        for (key, inside) in
            [("a/b/", true), ("a/b/~z", true), ("a/b", false), ("a/b0", false), ("a/c/", false)]
        {
            assert_eq!((prefix..end.as_str()).contains(&key), inside, "{key}");
        }
    }
}
