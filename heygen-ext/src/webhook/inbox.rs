//! Where verified events are kept until they are handled.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tracing::Instrument;

use super::event::Event;
use super::event_key::{EventKey, Identity};
use crate::box_error::BoxError;

/// Keeps events from the answer to their delivery until they are handled.
///
/// A [`Receiver`](super::Receiver) answers 200 when [`insert`](Self::insert) has returned [`New`](Inserted::New) or
/// [`Known`](Inserted::Known): the event is on disk, or handled. The service does not deliver it again. Otherwise the receiver
/// answers 503, and the service does.
///
/// | Inbox | An event is kept | Handlers run |
/// |---|---|---|
/// | [`MemoryInbox`](super::MemoryInbox) | nowhere: it is handled before the answer | in this process |
/// | `SqliteInbox`, feature `inbox-sqlite` | in a file | in a `Worker` of any process on this machine |
/// | `PostgresInbox`, feature `inbox-postgres` | in a database | in a `Worker` of any process |
///
/// Implement it to use another store. The store keeps one event for each [key](Event::key), for longer than the 24 hours in
/// which the service repeats deliveries, and hands [stored](Event::to_stored) events to a handler until it succeeds.
pub trait Inbox: Send + Sync + 'static {
    /// Inserts an event, unless the inbox has one with its key, or [`has`](KnownKey::has) it under another.
    ///
    /// # Errors
    ///
    /// If the event is not kept. The receiver answers 503, and the service delivers it again.
    fn insert(&self, event: Event) -> BoxFuture<'_, Result<Inserted, BoxError>>;

    /// Lists the keys that begin with a [job prefix](EventKey::job_prefix).
    ///
    /// # Errors
    ///
    /// If the inbox cannot be read.
    fn keys<'a>(&'a self, job_prefix: &'a str) -> BoxFuture<'a, Result<Vec<KnownKey>, BoxError>>;
}

impl<I: Inbox + ?Sized> Inbox for Arc<I> {
    fn insert(&self, event: Event) -> BoxFuture<'_, Result<Inserted, BoxError>> {
        (**self).insert(event)
    }

    fn keys<'a>(&'a self, job_prefix: &'a str) -> BoxFuture<'a, Result<Vec<KnownKey>, BoxError>> {
        (**self).keys(job_prefix)
    }
}

/// The result of [`Inbox::insert`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// The event was new, and is kept.
    New,
    /// The inbox has kept or handled the event before.
    Known,
    /// The event is being handled, and is not kept: the service must deliver it again.
    Running,
}

/// A key in an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// The text of the [`EventKey`].
    pub key: String,
    /// Whether the event was handled.
    pub handled: bool,
}

impl KnownKey {
    /// Whether an inbox that has `keys` has this event. `keys` are those with its [job prefix](EventKey::job_prefix).
    ///
    /// Besides the same key, this finds an event that [`Webhooks::reconcile`](super::ReconcileReport) took from the list of
    /// the service, and whose delivery arrives later: it has the same id, or its job ends only once and its data is equal.
    pub fn has(keys: &[Self], event: &Event) -> bool {
        // Most events are the first of their job, and a key has two digests.
        if keys.is_empty() {
            return false;
        }
        let own = event.key();
        let content = EventKey::content_of(own.as_str()).map(|(content, _)| content);
        let of_type = keys.iter().filter(|known| known.key.starts_with(own.type_prefix()));
        of_type.into_iter().any(|known| {
            let parts = EventKey::content_of(&known.key);
            let is_same_content = |source| {
                event.ends_once()
                    && parts.is_some_and(|(of, by)| Some(of) == content && by.starts_with(source))
            };
            let has_id =
                |source: &str, id: &str| parts.is_some_and(|(_, by)| by.strip_prefix(source) == Some(id));
            known.key == own.as_str()
                || match event.identity() {
                    Identity::Signed(id) => has_id("list:", id),
                    Identity::Listed(id) => {
                        has_id("id:", id) || has_id("list:", id) || is_same_content("body:")
                    }
                    Identity::Body(_) => is_same_content("list:"),
                    Identity::Confirmed => false,
                }
        })
    }
}

/// Handles events.
///
/// Every function that takes an [`Event`] and returns a future of a `Result` implements it. A handler runs at least once for
/// each event, never twice at the same time. If it fails, panics, times out, or the process ends meanwhile, it runs again: for a
/// stored inbox up to eight times, for [`MemoryInbox`](super::MemoryInbox) when the service delivers the event again.
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

/// Runs a handler for at most `limit`. A panic is an error. Dropping the future stops the handler.
pub(crate) async fn run_handler(
    handler: &dyn Handler,
    event: Event,
    limit: Duration,
) -> Result<(), BoxError> {
    let span = tracing::info_span!("webhook", event.key = %event.key());
    let run = AssertUnwindSafe(async move { handler.handle(event).await });
    match within(limit, pin!(run.catch_unwind().instrument(span))).await {
        Some(Ok(result)) => result,
        Some(Err(_)) => Err("the handler panicked".into()),
        None => Err(format!("the handler did not end within {} s", limit.as_secs_f64()).into()),
    }
}

/// Waits at most this long for a future. One that is done at once needs no timer. It takes a reference, because an `async fn`
/// would store the future twice.
pub(crate) async fn within<F: Future>(limit: Duration, mut future: Pin<&mut F>) -> Option<F::Output> {
    match poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await {
        Poll::Ready(output) => Some(output),
        // In a box, because few futures need the space of a timer.
        Poll::Pending => Box::pin(tokio::time::timeout(limit, future)).await.ok(),
    }
}
