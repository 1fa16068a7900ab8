//! Events that were seen before: each is handled once, however often it comes.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::event_key::EventKey;
use crate::box_error::BoxError;

/// How long what was handled is remembered: twice as long as the service goes on delivering.
const REMEMBER: Duration = Duration::from_secs(48 * 60 * 60);

/// A claim that was not renewed for so long is over, here as in a lasting memory.
const ABANDONED: Duration = Duration::from_secs(10 * 60);

/// Events that are remembered at most.
const MOST: usize = 100_000;

/// Whether an event is to be handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// It is the caller's to handle, and to settle.
    New,
    /// Somebody is handling it.
    UnderWay,
    /// It has been handled.
    Handled,
}

/// Who claims an event: made anew whenever a [`Receiver`](super::Receiver) takes one on, so that a claim that was taken over
/// is not ended by who had it before. To be kept as text of 32 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claimant(Uuid);

impl Claimant {
    /// Another than all there were.
    #[expect(clippy::new_without_default, reason = "no two are the same, so none is the default")]
    pub fn new() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for Claimant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// A memory of the events that were handled.
///
/// [`InMemoryEventStore`] forgets when the program ends. What has to outlive it goes into a database; the example
/// `webhook_sqlite` has this trait on a table of this form:
///
/// ```sql
/// CREATE TABLE webhook_events (
///     content    TEXT    NOT NULL,           -- EventKey::content
///     event_id   TEXT,                       -- EventKey::id
///     claimant   TEXT    NOT NULL,           -- Claimant
///     claimed_at INTEGER NOT NULL,           -- seconds since 1970, of the last claim
///     handled    INTEGER NOT NULL DEFAULT 0  -- 0 while it is being handled
/// );
/// CREATE UNIQUE INDEX webhook_events_content ON webhook_events (content);
/// CREATE UNIQUE INDEX webhook_events_event_id ON webhook_events (event_id) WHERE event_id IS NOT NULL;
/// ```
///
/// A claim has to be atomic: of two that come at once, one is [`Claim::New`]. A program that ends while it handles an event
/// leaves a claim behind, so a lasting memory gives claims an end, and the event to the next who asks. A receiver claims again
/// every minute until it settles, however long a handler takes: ten minutes without are a claim's end. What was handled may
/// be forgotten after 48 hours, for the service delivers for 24; then `Webhooks::reconcile` must not reach further back
/// either. A call that takes longer than 30 seconds counts as failed.
pub trait EventStore: Send + Sync + 'static {
    /// Claims an event, or claims it again: who has the claim already is answered [`Claim::New`], and has it from now on.
    /// An event is one that was seen if either part of its key was.
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
        claimant: Claimant,
        now: SystemTime,
    ) -> BoxFuture<'a, Result<Claim, BoxError>>;

    /// Ends a claim. An event that was handled is so from now on, whoever has the claim by now, and if nobody has. One that was
    /// not is new to the next who asks, unless the claim is another's by now, or it has been handled meanwhile.
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

/// A memory that ends with the program: of the last 100,000 events, for 48 hours.
#[derive(Debug)]
pub struct InMemoryEventStore {
    remember: Duration,
    most: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<u64, Entry>,
    by_id: HashMap<String, u64>,
    by_content: HashMap<String, u64>,
    /// What was handled, the oldest first.
    handled: VecDeque<u64>,
    next: u64,
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
        Self { remember: REMEMBER, most: MOST, inner: Mutex::default() }
    }
}

impl InMemoryEventStore {
    /// The default memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers for so long. Less than the 24 hours that the service goes on delivering lets it deliver twice.
    pub fn remember(mut self, time: Duration) -> Self {
        self.remember = time;
        self
    }

    /// Remembers so many events at most; the oldest are forgotten first.
    pub fn capacity(mut self, events: usize) -> Self {
        self.most = events.max(1);
        self
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn claim_now(&self, key: &EventKey, claimant: Claimant, now: SystemTime) -> Claim {
        self.with(|inner| {
            inner.forget(now, self.remember, self.most);
            let number = inner.number(key);
            match number.and_then(|number| inner.entries.get_mut(&number)) {
                Some(entry) if entry.handled => Claim::Handled,
                Some(entry) if entry.claimant == claimant || is_past(entry.at, ABANDONED, now) => {
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
                // Whoever took the claim over has given it up.
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
        let number = self.next;
        self.next += 1;
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

    /// Forgets what is old, and the oldest of too many; but nothing that is being handled.
    fn forget(&mut self, now: SystemTime, remember: Duration, most: usize) {
        while let Some(number) = self.handled.front().copied() {
            let Some(entry) = self.entries.get(&number) else { return };
            if !is_past(entry.at, remember, now) && self.entries.len() < most {
                return;
            }
            self.handled.pop_front();
            self.remove(number);
        }
    }
}

fn is_past(time: SystemTime, span: Duration, now: SystemTime) -> bool {
    now.duration_since(time).is_ok_and(|age| age >= span)
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

    fn claim(seen: &InMemoryEventStore, key: &EventKey, now: SystemTime) -> Claim {
        seen.claim_now(key, Claimant::new(), now)
    }

    #[test]
    fn an_event_is_known_by_either_part_of_its_key() {
        let (seen, now, own) = (InMemoryEventStore::new(), SystemTime::UNIX_EPOCH, Claimant::new());
        let first = key(Some("e1"), "a");
        assert_eq!(seen.claim_now(&first, own, now), Claim::New);
        for same in [&first, &key(None, "a"), &key(Some("e2"), "a"), &key(Some("e1"), "b")] {
            assert_eq!(claim(&seen, same, now), Claim::UnderWay, "{same}");
        }
        seen.settle_now(&first, own, true, now);
        assert_eq!(claim(&seen, &key(None, "a"), now), Claim::Handled);
        assert_eq!(seen.claim_now(&first, own, now), Claim::Handled);
        assert_eq!(seen.claim_now(&key(Some("e3"), "c"), own, now), Claim::New);
        // What failed is new again.
        seen.settle_now(&key(Some("e3"), "c"), own, false, now);
        assert_eq!(claim(&seen, &key(None, "c"), now), Claim::New);
    }

    #[test]
    fn a_claim_is_ended_by_who_has_it_and_an_event_by_who_handled_it() {
        let (seen, now, own, other) =
            (InMemoryEventStore::new(), SystemTime::UNIX_EPOCH, Claimant::new(), Claimant::new());
        let key = key(None, "a");
        assert_eq!(seen.claim_now(&key, own, now), Claim::New);
        assert_eq!(seen.claim_now(&key, own, now), Claim::New);
        seen.settle_now(&key, other, false, now);
        assert_eq!(seen.claim_now(&key, other, now), Claim::UnderWay);
        seen.settle_now(&key, other, true, now);
        assert_eq!(seen.claim_now(&key, own, now), Claim::Handled);
        // That it failed elsewhere makes it no less handled.
        seen.settle_now(&key, own, false, now);
        assert_eq!(claim(&seen, &key, now), Claim::Handled);
    }

    #[test]
    fn a_claim_that_nobody_renews_ends() {
        let (seen, start, own, other) =
            (InMemoryEventStore::new(), SystemTime::UNIX_EPOCH, Claimant::new(), Claimant::new());
        let key = key(None, "a");
        let minute = Duration::from_secs(60);
        for minutes in [0, 9, 18] {
            assert_eq!(seen.claim_now(&key, own, start + minutes * minute), Claim::New);
        }
        assert_eq!(seen.claim_now(&key, other, start + 27 * minute), Claim::UnderWay);
        assert_eq!(seen.claim_now(&key, other, start + 28 * minute), Claim::New);
        // The first is slow, not gone. The other gives up, and what the first has done is done.
        seen.settle_now(&key, other, false, start + 29 * minute);
        seen.settle_now(&key, own, true, start + 30 * minute);
        assert_eq!(claim(&seen, &key, start + 31 * minute), Claim::Handled);
    }

    #[test]
    fn memory_ends_with_time_and_room_and_keeps_what_is_under_way() {
        let hour = Duration::from_secs(3600);
        let (seen, start) = (InMemoryEventStore::new().capacity(3), SystemTime::UNIX_EPOCH);
        let under_way = key(None, "under way");
        claim(&seen, &under_way, start);
        for number in 0..10 {
            let (one, own) = (key(Some(&format!("e{number}")), &format!("{number}")), Claimant::new());
            assert_eq!(seen.claim_now(&one, own, start), Claim::New);
            seen.settle_now(&one, own, true, start);
        }
        assert!(
            seen.with(|inner| inner.entries.len() <= 3 && inner.by_id.len() <= 3 && inner.handled.len() <= 3)
        );
        assert_eq!(claim(&seen, &under_way, start), Claim::UnderWay);
        assert_eq!(claim(&seen, &key(None, "9"), start + 47 * hour), Claim::Handled);
        assert_eq!(claim(&seen, &key(None, "9"), start + 49 * hour), Claim::New);
    }
}
