//! Hands the events of a stored inbox to a handler, with retries.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use apalis_core::error::WorkerError;
use apalis_core::worker::context::WorkerContext;
use apalis_core::worker::event::Event as WorkerEvent;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use ulid::Ulid;

use super::runner::{MAX_RESTART_PAUSE, Queue, RESTART_PAUSE, Runner, Settings};
use crate::box_error::BoxError;
use crate::webhook::event::Event;
use crate::webhook::inbox::Handler;
use crate::webhook::memory::{CONCURRENCY, HANDLER_TIMEOUT};

/// Default number of attempts: the first, and seven retries within about an hour and a half.
const ATTEMPTS: usize = 8;

/// Time between two heartbeats of a worker, by which others know that its events are not orphaned.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How many heartbeats a worker may miss at least until its events are handed to another.
const MISSED_HEARTBEATS: usize = 4;

/// Time between two deletions of old events.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Drives a worker of the engine until it has ended. `stop` lets it take no more events.
///
/// After an error of the database, the worker takes no more events either. The handlers that are running end, and the engine
/// writes their results if the database answers again. Then the error is returned.
pub(super) async fn drive(
    mut events: BoxStream<'static, Result<WorkerEvent, WorkerError>>,
    context: WorkerContext,
    mut stop: watch::Receiver<bool>,
) -> Result<(), WorkerError> {
    // The first event is the start, before which the engine cannot be stopped.
    events.next().await.transpose()?;
    let (mut stopping, mut failure) = (false, None);
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(_)) => {}
                // A worker that stops fails only at its end, when no handler is running. It must not be polled again.
                Some(Err(problem)) if stopping => return Err(failure.unwrap_or(problem)),
                Some(Err(problem)) => {
                    tracing::error!(%problem, "the database of the webhook inbox failed; running handlers end");
                    (stopping, failure) = (true, Some(problem));
                    context.stop()?;
                }
                None => return failure.map_or(Ok(()), Err),
            },
            // The worker has ended too if the sender is gone.
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                context.stop()?;
            }
        }
    }
}

/// Hands the events of an inbox to a handler. Made by `SqliteInbox::worker` and `PostgresInbox::worker`; `.await` runs it.
///
/// A failed event is tried again after 5 seconds, 15 seconds, and so on, three times as long each time and at most an hour.
/// After eight attempts it is dead: it stays in the inbox, is counted, and [`on_dead`](Self::on_dead) is called.
///
/// If the process ends while handlers run, another worker of the inbox handles their events again, after four missed
/// heartbeats (by default a minute), or more if a handler may run for longer.
/// Several workers may run at the same time, in one process or in several. Give all workers of an inbox the same
/// [`handler_timeout`](Self::handler_timeout) and [`heartbeat`](Self::heartbeat), and equal clocks: by them, a worker decides
/// that another has ended.
#[must_use = "a worker does nothing unless it is awaited"]
pub struct Worker {
    pub(super) runner: Runner,
    concurrency: usize,
    heartbeat: Duration,
}

impl Worker {
    pub(super) fn new(queue: Arc<dyn Queue>, handler: Arc<dyn Handler>) -> Self {
        let (handler_timeout, attempts) = (HANDLER_TIMEOUT, ATTEMPTS);
        Self {
            runner: Runner {
                queue,
                handler,
                handler_timeout,
                attempts,
                on_dead: None,
                stop: watch::Sender::new(false),
                records: Mutex::default(),
            },
            concurrency: CONCURRENCY,
            heartbeat: HEARTBEAT,
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
        self.runner.handler_timeout = time;
        self
    }

    /// Sets after how many attempts an event is dead. The default is 8.
    pub fn attempts(mut self, attempts: usize) -> Self {
        self.runner.attempts = attempts.max(1);
        self
    }

    /// Sets a function that is called with an event whose last attempt has failed, and with the error.
    pub fn on_dead(mut self, hook: impl Fn(&Event, &BoxError) + Send + Sync + 'static) -> Self {
        self.runner.on_dead = Some(Arc::new(hook));
        self
    }

    /// Sets the time between two heartbeats, in whole seconds, at least one. The default is 15 seconds. Other workers take over
    /// the events of a process that has ended after four missed heartbeats, and at least two heartbeats after
    /// [`handler_timeout`](Self::handler_timeout).
    pub fn heartbeat(mut self, time: Duration) -> Self {
        self.heartbeat = Duration::from_secs(time.as_secs().max(1));
        self
    }

    /// A handle that stops the worker.
    pub fn stopper(&self) -> WorkerStopper {
        WorkerStopper(self.runner.stop.clone())
    }

    /// What the engine needs to know. The heartbeats that may be missing last longer than a handler, so that its event is not
    /// handed to another worker while it runs, although a failing database stores no heartbeat.
    pub(super) fn settings(&self) -> Settings {
        let during_handler = self.runner.handler_timeout.as_secs() / self.heartbeat.as_secs().max(1);
        let missed = usize::try_from(during_handler).unwrap_or(usize::MAX).saturating_add(2);
        Settings {
            concurrency: self.concurrency,
            heartbeat: self.heartbeat,
            missed_heartbeats: missed.clamp(MISSED_HEARTBEATS, 100_000),
        }
    }

    async fn run(self) {
        let settings = self.settings();
        let runner = Arc::new(self.runner);
        let stop = &runner.stop;
        let cleaning = async {
            loop {
                if let Err(problem) = runner.queue.remove_old().await {
                    tracing::warn!(%problem, "cannot delete old webhook events");
                }
                tokio::time::sleep(CLEANUP_INTERVAL).await;
            }
        };
        let working = async {
            let mut pause = RESTART_PAUSE;
            while !*stop.borrow() {
                // A name that no other worker has, so that the events of a dead one are recognized.
                let context = WorkerContext::new(&format!("heygen-ext {}", Ulid::generate()));
                let (events, start) = (runner.queue.events(&runner, &context, settings), Instant::now());
                let Err(problem) = drive(events, context, stop.subscribe()).await else { break };
                if start.elapsed() > MAX_RESTART_PAUSE {
                    pause = RESTART_PAUSE;
                }
                tracing::error!(%problem, ?pause, "the worker of the webhook inbox starts again");
                drop(tokio::time::timeout(pause, stop.subscribe().wait_for(|stop| *stop)).await);
                pause = (2 * pause).min(MAX_RESTART_PAUSE);
            }
            runner.finish_records().await;
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
            .field("handler_timeout", &self.runner.handler_timeout)
            .field("attempts", &self.runner.attempts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use tokio::sync::mpsc;

    use super::*;
    use crate::stored_inbox::runner::{Attempt, End};
    use crate::webhook::inbox::{Inbox, Inserted, KnownKey};

    /// A queue whose engine fails, each time with the error that the function returns.
    struct Failing<F>(F);

    impl<F: Fn() -> WorkerError + Send + Sync + 'static> Inbox for Failing<F> {
        fn insert(&self, _: Event) -> BoxFuture<'_, Result<Inserted, BoxError>> {
            Box::pin(async { Err("failure of the test".into()) })
        }

        fn keys<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<KnownKey>, BoxError>> {
            Box::pin(async { Ok(Vec::new()) })
        }
    }

    impl<F: Fn() -> WorkerError + Send + Sync + 'static> Queue for Failing<F> {
        fn events(
            &self,
            _: &Arc<Runner>,
            _: &WorkerContext,
            _: Settings,
        ) -> BoxStream<'static, Result<WorkerEvent, WorkerError>> {
            stream::iter([Err(self.0())]).boxed()
        }

        fn finish<'a>(&'a self, _: &'a Attempt, _: &'a End) -> BoxFuture<'a, Result<(), BoxError>> {
            Box::pin(async { Ok(()) })
        }

        fn remove_old(&self) -> BoxFuture<'_, Result<(), BoxError>> {
            Box::pin(async { Ok(()) })
        }
    }

    fn worker(failure: impl Fn() -> WorkerError + Send + Sync + 'static) -> Worker {
        Worker::new(Arc::new(Failing(failure)), Arc::new(async |_: Event| Ok::<_, BoxError>(())))
    }

    fn failure() -> WorkerError {
        WorkerError::BackendError("failure of the test".into())
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_whose_database_fails_starts_again_after_growing_pauses() {
        let (sender, mut started) = mpsc::unbounded_channel();
        let worker = worker(move || {
            sender.send(Instant::now()).unwrap();
            failure()
        });
        let (stopper, start) = (worker.stopper(), Instant::now());
        let working = tokio::spawn(worker.into_future());
        for seconds in [0, 1, 3, 7, 15, 31, 63, 123, 183] {
            assert_eq!((started.recv().await.unwrap() - start).as_secs(), seconds);
        }
        stopper.stop();
        working.await.unwrap();
    }

    #[cfg(feature = "webhook-server")]
    #[tokio::test(start_paused = true)]
    async fn a_server_ends_when_its_worker_has_panicked() {
        use crate::webhook::{MemoryInbox, Receiver, Verifier, serve};

        let inbox = MemoryInbox::new(async |_: Event| Ok::<_, BoxError>(()));
        let receiver = Receiver::new(Verifier::new("s").unwrap(), inbox);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let panicking = worker(|| std::panic::resume_unwind(Box::new("panic of the test")));
        let serving = serve(listener, receiver).worker(panicking).into_future();
        tokio::time::timeout(Duration::from_secs(120), serving).await.unwrap();
    }

    #[test]
    fn a_handler_may_run_for_as_long_as_heartbeats_may_be_missing() {
        for (timeout, missed) in [(1, 4), (30, 4), (31, 4), (60, 6), (600, 42)] {
            let settings = worker(failure).handler_timeout(Duration::from_secs(timeout)).settings();
            assert_eq!(settings.missed_heartbeats, missed, "{timeout}");
            let until_orphaned = settings.heartbeat.as_secs() * settings.missed_heartbeats as u64;
            assert!(until_orphaned > timeout + settings.heartbeat.as_secs(), "{timeout}");
        }
    }
}
