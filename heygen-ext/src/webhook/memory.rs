//! An inbox without a disk: an event is handled before its delivery is answered.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tracing::Instrument;

use super::event::Event;
use super::event_key::EventKey;
use super::inbox::{Handler, Inbox, Inserted, KnownKey, run_handler};
use crate::box_error::BoxError;

/// Default number of handlers that run at the same time.
pub(crate) const CONCURRENCY: usize = 16;

/// Default time limit of a handler run.
pub(crate) const HANDLER_TIMEOUT: Duration = Duration::from_secs(30);

/// Number of events that may run or wait for other handlers.
const CAPACITY: usize = 256;

/// How long a handled event is known: twice the time in which the service repeats deliveries.
const RETENTION: Duration = Duration::from_secs(48 * 60 * 60);

/// Maximum number of handled events that are known.
const MAX_HANDLED: usize = 100_000;

/// An [`Inbox`] in memory, for programs that can lose the record of handled events when they end.
///
/// A handler begins within the call that receives the delivery, and goes on in a task if it has to wait for something, so it
/// must not block the thread. A delivery is answered 200 when its handler has succeeded. If the handler fails, or is still
/// running after 8 seconds, the answer is 503, and the service delivers the event again. A handler that is still running goes
/// on; the next delivery finds the event handled (200) or still running (503).
///
/// It knows handled events for 48 hours, the last 100,000. After a restart, a repeated delivery is handled again.
///
/// ```
/// use heygen_ext::webhook::{Event, MemoryInbox, Receiver, Verifier};
///
/// let inbox = MemoryInbox::new(async |event: Event| {
///     println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
///     Ok::<_, std::io::Error>(())
/// });
/// let receiver = Receiver::new(Verifier::new("whsec_…")?, inbox);
/// # Ok::<_, heygen_ext::webhook::EmptySecret>(())
/// ```
#[derive(Clone)]
pub struct MemoryInbox {
    handler: Arc<dyn Handler>,
    permits: Arc<Semaphore>,
    handler_timeout: Duration,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    events: Mutex<Events>,
    /// Notified when the last running handler ends.
    idle: Notify,
}

#[derive(Default)]
struct Events {
    /// Number of handlers that run or wait.
    running: usize,
    /// Whether the event with this key was handled; otherwise its handler is running or waiting.
    handled: BTreeMap<Arc<str>, bool>,
    /// Handled events, the oldest first.
    order: VecDeque<(Instant, Arc<str>)>,
}

impl MemoryInbox {
    /// Creates an inbox that passes events to this handler.
    pub fn new(handler: impl Handler) -> Self {
        Self {
            handler: Arc::new(handler),
            permits: Arc::new(Semaphore::new(CONCURRENCY)),
            handler_timeout: HANDLER_TIMEOUT,
            shared: Arc::default(),
        }
    }

    /// Sets how many handlers may run at the same time; other events wait. The default is 16.
    #[must_use]
    pub fn concurrency(mut self, events: usize) -> Self {
        self.permits = Arc::new(Semaphore::new(events.clamp(1, Semaphore::MAX_PERMITS)));
        self
    }

    /// Sets the maximum time of a handler run; a handler that takes longer is stopped and has failed. The default is 30
    /// seconds.
    #[must_use]
    pub fn handler_timeout(mut self, time: Duration) -> Self {
        self.handler_timeout = time;
        self
    }

    /// Waits until no handler is running. Call it after the server has stopped, before the program ends.
    pub async fn finish(&self) {
        loop {
            let idle = self.shared.idle.notified();
            if self.shared.with(|events| events.running) == 0 {
                return;
            }
            idle.await;
        }
    }
}

impl Shared {
    fn with<T>(&self, access: impl FnOnce(&mut Events) -> T) -> T {
        access(&mut self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Marks a new event as running. Returns it with what is known about its job.
    fn begin(&self, event: Event, key: &EventKey) -> Result<Event, Result<Inserted, BoxError>> {
        let now = Instant::now();
        self.with(|events| {
            events.remove_old(now);
            let of_job = match event.may_have_other_key() {
                true => events.keys(key.job_prefix()),
                false => events.keys(key.as_str()),
            };
            let (handled, running): (Vec<_>, Vec<_>) = of_job.into_iter().partition(|known| known.handled);
            if KnownKey::has(&handled, &event) {
                return Err(Ok(Inserted::Known));
            }
            // Also under another key: if its handler fails, nothing keeps the event.
            if KnownKey::has(&running, &event) {
                return Err(Ok(Inserted::Running));
            }
            if events.running >= CAPACITY {
                return Err(Err(format!("{CAPACITY} events are being handled").into()));
            }
            events.handled.insert(key.to_shared(), false);
            events.running += 1;
            Ok(event.with_handled(handled.iter().map(|known| known.key.as_str())))
        })
    }
}

/// An event whose handler runs or waits. When it is dropped, the event is handled, or was not handled and is forgotten.
struct Running {
    shared: Arc<Shared>,
    key: Arc<str>,
    is_handled: bool,
}

impl Running {
    async fn run(
        mut self,
        event: Event,
        handler: Arc<dyn Handler>,
        permits: Arc<Semaphore>,
        limit: Duration,
    ) -> Result<Inserted, BoxError> {
        // The semaphore is never closed.
        let _permit = permits.acquire().await;
        run_handler(&*handler, event, limit).await?;
        self.is_handled = true;
        Ok(Inserted::New)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let now = Instant::now();
        let running = self.shared.with(|events| {
            match self.is_handled {
                true => events.set_handled(&self.key, now),
                false => drop(events.handled.remove(&self.key)),
            }
            events.running -= 1;
            events.running
        });
        if running == 0 {
            self.shared.idle.notify_waiters();
        }
    }
}

impl Events {
    fn keys(&self, job_prefix: &str) -> Vec<KnownKey> {
        let from_first = self.handled.range::<str, _>((Bound::Included(job_prefix), Bound::Unbounded));
        let of_job = from_first.take_while(|(key, _)| key.starts_with(job_prefix));
        of_job.map(|(key, handled)| KnownKey { key: key.to_string(), handled: *handled }).collect()
    }

    fn set_handled(&mut self, key: &Arc<str>, now: Instant) {
        if let Some(handled) = self.handled.get_mut(key) {
            *handled = true;
        }
        self.order.push_back((now, Arc::clone(key)));
    }

    fn remove_old(&mut self, now: Instant) {
        let is_old = |at: Instant, events: usize| now.duration_since(at) > RETENTION || events > MAX_HANDLED;
        while let Some((_, key)) = self.order.front().filter(|(at, _)| is_old(*at, self.order.len())) {
            self.handled.remove(key);
            self.order.pop_front();
        }
    }
}

impl Inbox for MemoryInbox {
    fn insert(&self, event: Event) -> BoxFuture<'_, Result<Inserted, BoxError>> {
        Box::pin(async move {
            let key = event.key();
            let event = match self.shared.begin(event, &key) {
                Ok(event) => event,
                Err(known) => return known,
            };
            let key = key.to_shared();
            let running = Running { shared: Arc::clone(&self.shared), key, is_handled: false };
            let (handler, permits) = (Arc::clone(&self.handler), Arc::clone(&self.permits));
            let mut run = Box::pin(running.run(event, handler, permits, self.handler_timeout));
            match run.as_mut().now_or_never() {
                Some(result) => result,
                // In a task: the handler goes on if the answer cannot wait for it.
                None => tokio::spawn(run.in_current_span()).await?,
            }
        })
    }

    fn keys<'a>(&'a self, job_prefix: &'a str) -> BoxFuture<'a, Result<Vec<KnownKey>, BoxError>> {
        Box::pin(async move { Ok(self.shared.with(|events| events.keys(job_prefix))) })
    }
}

impl fmt::Debug for MemoryInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryInbox")
            .field("running", &self.shared.with(|events| events.running))
            .finish_non_exhaustive()
    }
}
