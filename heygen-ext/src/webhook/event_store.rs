//! Records which events were handled, so that each is handled once.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::event_key::EventKey;
use crate::box_error::BoxError;

/// How long a handled event is kept: twice as long as the service repeats deliveries.
const RETENTION: Duration = Duration::from_secs(48 * 60 * 60);

/// A claim expires after this time without a renewal.
const CLAIM_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Maximum number of events that are kept.
const CAPACITY: usize = 100_000;

/// The answer to a claim: whether the claimant is to handle the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// The event is new. The claimant now has the claim: it handles the event, and then calls [`EventStore::settle`].
    New,
    /// Another claimant is handling the event.
    UnderWay,
    /// The event was handled.
    Handled,
}

/// Identifies the owner of a claim.
///
/// A [`Receiver`](super::Receiver) creates one whenever it starts to process an event. If a claim has expired and another
/// claimant has it now, the first one cannot release it. `Display` gives 32 characters, for storage as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claimant(Uuid);

impl Claimant {
    /// Creates a claimant that differs from every other one.
    #[expect(clippy::new_without_default, reason = "every call returns a different value")]
    pub fn new() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for Claimant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// Records which events were handled.
///
/// [`InMemoryEventStore`] loses its records when the program ends. To keep them, implement this trait on a database. The
/// example `webhook_sqlite` does so with this table:
///
/// ```sql
/// CREATE TABLE webhook_events (
///     content    TEXT    NOT NULL,           -- EventKey::content
///     event_id   TEXT,                       -- EventKey::id
///     claimant   TEXT    NOT NULL,           -- Claimant
///     claimed_at INTEGER NOT NULL,           -- time of the last claim, in seconds since 1970
///     handled    INTEGER NOT NULL DEFAULT 0  -- 0 until the event is handled
/// );
/// CREATE UNIQUE INDEX webhook_events_content ON webhook_events (content);
/// CREATE UNIQUE INDEX webhook_events_event_id ON webhook_events (event_id) WHERE event_id IS NOT NULL;
/// ```
///
/// An implementation must meet these requirements:
///
/// - A claim is atomic: of two concurrent claims on an event, exactly one returns [`Claim::New`].
/// - A claim expires 10 minutes after its last renewal, because a program that ends while it handles an event leaves its
///   claim behind. The next claim then returns [`Claim::New`]. A receiver renews a claim every minute, for as long as the
///   handler runs.
/// - A handled event is kept for 48 hours; the service repeats deliveries for 24 hours. If the store removes older events,
///   `Webhooks::reconcile` must not go back further than that, or it handles events again.
/// - A call returns within 30 seconds; otherwise it counts as failed.
pub trait EventStore: Send + Sync + 'static {
    /// Claims an event, or renews the claim of the same claimant.
    ///
    /// An event is known if the id or the content of its key is. For a new event, an expired claim, and a claim that
    /// `claimant` has, this returns [`Claim::New`], and the claim is valid from `now`.
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
        claimant: Claimant,
        now: SystemTime,
    ) -> BoxFuture<'a, Result<Claim, BoxError>>;

    /// Ends a claim.
    ///
    /// If `handled` is true, the event is recorded as handled, even if another claimant or no claimant has the claim. If it is
    /// false, the claim is removed, so that the next claim returns [`Claim::New`]; this has no effect if another claimant has
    /// the claim, or if the event was handled.
    fn settle<'a>(
        &'a self,
        key: &'a EventKey,
        claimant: Claimant,
        handled: bool,
        now: SystemTime,
    ) -> BoxFuture<'a, Result<(), BoxError>>;
}

impl<T: EventStore + ?Sized> EventStore for Arc<T> {
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
        claimant: Claimant,
        now: SystemTime,
    ) -> BoxFuture<'a, Result<Claim, BoxError>> {
        (**self).claim(key, claimant, now)
    }

    fn settle<'a>(
        &'a self,
        key: &'a EventKey,
        claimant: Claimant,
        handled: bool,
        now: SystemTime,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        (**self).settle(key, claimant, handled, now)
    }
}

/// An [`EventStore`] in memory. It keeps the last 100,000 events for 48 hours, and is lost when the program ends.
#[derive(Debug)]
pub struct InMemoryEventStore {
    retention: Duration,
    capacity: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<u64, Entry>,
    by_id: HashMap<String, u64>,
    by_content: HashMap<String, u64>,
    /// Handled events, the oldest first.
    handled: VecDeque<u64>,
    next_number: u64,
}

#[derive(Debug)]
struct Entry {
    key: EventKey,
    claimant: Claimant,
    handled: bool,
    at: SystemTime,
}

impl Default for InMemoryEventStore {
    fn default() -> Self {
        Self { retention: RETENTION, capacity: CAPACITY, inner: Mutex::default() }
    }
}

impl InMemoryEventStore {
    /// Creates an empty store with the default limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long a handled event is kept. The default is 48 hours.
    ///
    /// The service repeats deliveries for 24 hours. With a shorter time, an event may be handled twice.
    pub fn remember(mut self, time: Duration) -> Self {
        self.retention = time;
        self
    }

    /// Sets how many events are kept. The default is 100,000. The oldest handled events are removed first.
    pub fn capacity(mut self, events: usize) -> Self {
        self.capacity = events.max(1);
        self
    }

    fn with<T>(&self, access: impl FnOnce(&mut Inner) -> T) -> T {
        access(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn claim_now(&self, key: &EventKey, claimant: Claimant, now: SystemTime) -> Claim {
        self.with(|inner| {
            inner.remove_old(now, self.retention, self.capacity);
            let number = inner.number(key);
            match number.and_then(|number| inner.entries.get_mut(&number)) {
                Some(entry) if entry.handled => Claim::Handled,
                Some(entry) if entry.claimant == claimant || has_elapsed(entry.at, CLAIM_TIMEOUT, now) => {
                    (entry.claimant, entry.at) = (claimant, now);
                    Claim::New
                }
                Some(_) => Claim::UnderWay,
                None => {
                    inner.insert(key, claimant, now);
                    Claim::New
                }
            }
        })
    }

    fn settle_now(&self, key: &EventKey, claimant: Claimant, handled: bool, now: SystemTime) {
        self.with(|inner| {
            let number = match inner.number(key) {
                Some(number) => number,
                // Another claimant took the claim over and released it.
                None if handled => inner.insert(key, claimant, now),
                None => return,
            };
            match inner.entries.get_mut(&number) {
                Some(entry) if handled && !entry.handled => {
                    (entry.handled, entry.at) = (true, now);
                    inner.handled.push_back(number);
                }
                Some(entry) if !handled && !entry.handled && entry.claimant == claimant => {
                    inner.remove(number)
                }
                _ => {}
            }
        });
    }
}

impl Inner {
    fn number(&self, key: &EventKey) -> Option<u64> {
        let by_id = key.id.as_ref().and_then(|id| self.by_id.get(id));
        by_id.or_else(|| self.by_content.get(&key.content)).copied()
    }

    fn insert(&mut self, key: &EventKey, claimant: Claimant, at: SystemTime) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        if let Some(id) = &key.id {
            self.by_id.insert(id.clone(), number);
        }
        self.by_content.insert(key.content.clone(), number);
        self.entries.insert(number, Entry { key: key.clone(), claimant, handled: false, at });
        number
    }

    fn remove(&mut self, number: u64) {
        let Some(entry) = self.entries.remove(&number) else { return };
        self.by_content.remove(&entry.key.content);
        if let Some(id) = &entry.key.id {
            self.by_id.remove(id);
        }
    }

    /// Removes expired events, and the oldest ones above the capacity. Events that are being handled stay.
    fn remove_old(&mut self, now: SystemTime, retention: Duration, capacity: usize) {
        while let Some(number) = self.handled.front().copied() {
            let Some(entry) = self.entries.get(&number) else { return };
            if !has_elapsed(entry.at, retention, now) && self.entries.len() < capacity {
                return;
            }
            self.handled.pop_front();
            self.remove(number);
        }
    }
}

fn has_elapsed(since: SystemTime, duration: Duration, now: SystemTime) -> bool {
    now.duration_since(since).is_ok_and(|age| age >= duration)
}

impl EventStore for InMemoryEventStore {
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
        claimant: Claimant,
        now: SystemTime,
    ) -> BoxFuture<'a, Result<Claim, BoxError>> {
        Box::pin(ready(Ok(self.claim_now(key, claimant, now))))
    }

    fn settle<'a>(
        &'a self,
        key: &'a EventKey,
        claimant: Claimant,
        handled: bool,
        now: SystemTime,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        self.settle_now(key, claimant, handled, now);
        Box::pin(ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: Option<&str>, content: &str) -> EventKey {
        EventKey { id: id.map(str::to_owned), content: content.to_owned() }
    }

    fn claim(store: &InMemoryEventStore, key: &EventKey, now: SystemTime) -> Claim {
        store.claim_now(key, Claimant::new(), now)
    }

    #[test]
    fn an_event_is_recognized_by_its_id_or_its_content() {
        let (store, now, claimant) = (InMemoryEventStore::new(), SystemTime::UNIX_EPOCH, Claimant::new());
        let first = key(Some("e1"), "a");
        assert_eq!(store.claim_now(&first, claimant, now), Claim::New);
        for same in [&first, &key(None, "a"), &key(Some("e2"), "a"), &key(Some("e1"), "b")] {
            assert_eq!(claim(&store, same, now), Claim::UnderWay, "{same}");
        }
        store.settle_now(&first, claimant, true, now);
        assert_eq!(claim(&store, &key(None, "a"), now), Claim::Handled);
        assert_eq!(store.claim_now(&first, claimant, now), Claim::Handled);
        assert_eq!(store.claim_now(&key(Some("e3"), "c"), claimant, now), Claim::New);
        // A failed event is new again.
        store.settle_now(&key(Some("e3"), "c"), claimant, false, now);
        assert_eq!(claim(&store, &key(None, "c"), now), Claim::New);
    }

    #[test]
    fn only_its_claimant_releases_a_claim_and_any_claimant_records_an_event_as_handled() {
        let (store, now, claimant, other) =
            (InMemoryEventStore::new(), SystemTime::UNIX_EPOCH, Claimant::new(), Claimant::new());
        let key = key(None, "a");
        assert_eq!(store.claim_now(&key, claimant, now), Claim::New);
        assert_eq!(store.claim_now(&key, claimant, now), Claim::New);
        store.settle_now(&key, other, false, now);
        assert_eq!(store.claim_now(&key, other, now), Claim::UnderWay);
        store.settle_now(&key, other, true, now);
        assert_eq!(store.claim_now(&key, claimant, now), Claim::Handled);
        // A failure of another claimant does not change a handled event.
        store.settle_now(&key, claimant, false, now);
        assert_eq!(claim(&store, &key, now), Claim::Handled);
    }

    #[test]
    fn a_claim_expires_without_a_renewal() {
        let (store, start, claimant, other) =
            (InMemoryEventStore::new(), SystemTime::UNIX_EPOCH, Claimant::new(), Claimant::new());
        let key = key(None, "a");
        let minute = Duration::from_secs(60);
        for minutes in [0, 9, 18] {
            assert_eq!(store.claim_now(&key, claimant, start + minutes * minute), Claim::New);
        }
        assert_eq!(store.claim_now(&key, other, start + 27 * minute), Claim::UnderWay);
        assert_eq!(store.claim_now(&key, other, start + 28 * minute), Claim::New);
        // The first claimant is slow. After the other one fails, the result of the first counts.
        store.settle_now(&key, other, false, start + 29 * minute);
        store.settle_now(&key, claimant, true, start + 30 * minute);
        assert_eq!(claim(&store, &key, start + 31 * minute), Claim::Handled);
    }

    #[test]
    fn old_events_and_those_above_the_capacity_are_removed_but_not_unhandled_ones() {
        let hour = Duration::from_secs(3600);
        let (store, start) = (InMemoryEventStore::new().capacity(3), SystemTime::UNIX_EPOCH);
        let under_way = key(None, "under way");
        claim(&store, &under_way, start);
        for number in 0..10 {
            let (key, claimant) = (key(Some(&format!("e{number}")), &format!("{number}")), Claimant::new());
            assert_eq!(store.claim_now(&key, claimant, start), Claim::New);
            store.settle_now(&key, claimant, true, start);
        }
        assert!(
            store
                .with(|inner| inner.entries.len() <= 3 && inner.by_id.len() <= 3 && inner.handled.len() <= 3)
        );
        assert_eq!(claim(&store, &under_way, start), Claim::UnderWay);
        assert_eq!(claim(&store, &key(None, "9"), start + 47 * hour), Claim::Handled);
        assert_eq!(claim(&store, &key(None, "9"), start + 49 * hour), Claim::New);
    }
}
