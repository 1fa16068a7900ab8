//! Reconciliation: handles the events of the service's list that the handler has missed.

use std::fmt;
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use heygen_api::types::WebhookEventResponse;
use serde_json::{Map, Value};

use super::endpoints::Webhooks;
use super::event::Event;
use super::event_key::EventKey;
use super::event_store::Claim;
use super::receiver::Receiver;
use crate::box_error::BoxError;
use crate::error::Error;
use crate::pages::Paged;

const SECOND: Duration = Duration::from_secs(1);

/// The result of [`Webhooks::reconcile`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ReconcileReport {
    /// Number of events that the handler has handled now.
    pub handled: usize,
    /// Number of events that were handled before.
    pub known: usize,
    /// Events that are being handled: by this program, by another one with the same event store, or by one that ended in the
    /// meantime, whose claim expires after 10 minutes. Reconcile again after that time.
    pub under_way: Vec<EventKey>,
    /// Events whose handler failed. Reconcile again to retry them.
    pub unhandled: Vec<Unhandled>,
}

/// An event whose handler failed.
#[non_exhaustive]
pub struct Unhandled {
    /// The key of the event.
    pub key: EventKey,
    /// The error of the handler, or of the event store.
    pub problem: BoxError,
}

impl fmt::Debug for Unhandled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unhandled")
            .field("key", &self.key)
            .field("problem", &self.problem.to_string())
            .finish()
    }
}

impl Webhooks {
    /// Lists the events since a time, and runs the handler of the receiver for those that were not handled.
    ///
    /// Events are handled one after another, in the order in which they happened. Deliveries may arrive at the same time. Call
    /// it when a program starts after a downtime, and to retry events whose retries are exhausted.
    ///
    /// The receiver's [`EventStore`](super::EventStore) decides whether an event was handled:
    ///
    /// - With a persistent store, set `since` to a day before the downtime, because events are delivered in any order, and a
    ///   failed one may be older than the last handled one. Do not go back further than the store keeps events.
    /// - With an [`InMemoryEventStore`](super::InMemoryEventStore), every event since then that the previous run of the program
    ///   handled is handled again.
    ///
    /// The service does not document how long it keeps the list. The list contains the events of the whole workspace,
    /// including types to which no endpoint subscribes.
    ///
    /// ```no_run
    /// use std::time::{Duration, SystemTime};
    /// use heygen_ext::HeyGen;
    /// use heygen_ext::webhook::Receiver;
    ///
    /// # async fn example(heygen: HeyGen, receiver: Receiver) -> Result<(), heygen_ext::Error> {
    /// // The program was down for an hour: go back a day further.
    /// let since = SystemTime::now() - Duration::from_secs(25 * 60 * 60);
    /// let report = heygen.webhooks().reconcile(&receiver, since).await?;
    /// println!("handled {} missed events", report.handled);
    /// println!("{} events failed", report.unhandled.len());
    /// if !report.under_way.is_empty() {
    ///     // Another program is handling them, or the previous run of this
    ///     // one was: reconcile again in ten minutes.
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the list of events cannot be read. No event was handled then: the first handler runs after the whole list was read.
    pub async fn reconcile(&self, receiver: &Receiver, since: SystemTime) -> Result<ReconcileReport, Error> {
        let mut report = ReconcileReport::default();
        for event in self.list_events(since).await? {
            let key = event.dedup_key();
            match receiver.handle(event).await {
                Ok(Claim::New) => report.handled += 1,
                Ok(Claim::Handled) => report.known += 1,
                Ok(Claim::UnderWay) => report.under_way.push(key),
                Err(problem) => {
                    tracing::warn!(
                        %problem,
                        event.key = %key,
                        "cannot handle an event from the list; reconcile again to retry it"
                    );
                    report.unhandled.push(Unhandled { key, problem });
                }
            }
        }
        Ok(report)
    }

    /// Lists the events since a time, the oldest first.
    async fn list_events(&self, since: SystemTime) -> Result<Vec<Event>, Error> {
        let mut list = EventList { since, events: Vec::new() };
        let mut pages = self.context.api.list_webhook_events().pages();
        while let Some(page) = pages.try_next().await? {
            if list.add(page.items) == Next::Stop {
                break;
            }
        }
        Ok(list.in_order())
    }
}

/// The events that were listed since a time.
struct EventList {
    since: SystemTime,
    /// In the order of the list, each with its time.
    events: Vec<(Option<SystemTime>, Event)>,
}

/// Whether to read the next page.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Stop,
    Continue,
}

impl EventList {
    fn add(&mut self, items: Vec<WebhookEventResponse>) -> Next {
        let times: Vec<_> = items.iter().map(WebhookEventResponse::created_at_time).collect();
        // Times may be in whole seconds. An event without a time may have happened since.
        let is_since = |at: Option<SystemTime>| at.is_none_or(|at| at + SECOND > self.since);
        // Stop after a page of old events in descending order. In any other order, newer events may follow.
        let stop = !times.iter().any(|at| is_since(*at)) && times.first() > times.last();
        let timed = times.into_iter().zip(items);
        self.events.extend(timed.filter(|(at, _)| is_since(*at)).map(|(at, item)| (at, event(item))));
        if stop { Next::Stop } else { Next::Continue }
    }

    fn in_order(mut self) -> Vec<Event> {
        // The list is in descending order, so of two events at the same time the later entry is the earlier event.
        self.events.reverse();
        self.events.sort_by_key(|(at, _)| *at);
        self.events.into_iter().map(|(_, event)| event).collect()
    }
}

fn event(item: WebhookEventResponse) -> Event {
    let members = [
        ("event_type", Value::from(item.event_type)),
        ("event_data", Value::Object(item.event_data)),
        ("created_at", Value::from(item.created_at)),
    ];
    let members: Map<String, Value> =
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Event::of_members(members, Some(item.event_id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Events of the list, from their ids and times.
    fn page(items: &[(&str, &str)]) -> Vec<WebhookEventResponse> {
        let item = |(id, at): &(&str, &str)| json!({"event_id": id, "event_type": "podcast.success", "event_data": {}, "created_at": at});
        items.iter().map(|pair| serde_json::from_value(item(pair)).unwrap()).collect()
    }

    /// An empty list of the events since 12:00:00.5.
    fn list() -> EventList {
        let since = page(&[("", "2026-11-01T12:00:00Z")])[0].created_at_time().unwrap();
        EventList { since: since + SECOND / 2, events: Vec::new() }
    }

    fn ids(list: EventList) -> Vec<String> {
        list.in_order().iter().map(|event| event.id().unwrap().to_owned()).collect()
    }

    #[test]
    fn events_are_sorted_by_time() {
        let mut list = list();
        let first =
            [("e", "2026-11-01T12:00:05Z"), ("d", "2026-11-01T12:00:02Z"), ("c", "2026-11-01T12:00:02Z")];
        assert_eq!(list.add(page(&first)), Next::Continue);
        // An event in the same second as `since` may have happened after it; one in the second before did not.
        let second = [("b", "2026-11-01T12:00:00Z"), ("a", "2026-11-01T11:59:59Z")];
        assert_eq!(list.add(page(&second)), Next::Continue);
        assert_eq!(ids(list), ["b", "c", "d", "e"]);
    }

    #[test]
    fn an_event_without_a_time_is_kept() {
        let mut list = list();
        assert_eq!(list.add(page(&[("a", "yesterday"), ("b", "2026-11-01T12:00:05Z")])), Next::Continue);
        assert_eq!(ids(list), ["a", "b"]);
    }

    #[test]
    fn a_page_of_old_events_in_descending_order_is_the_last() {
        let old = [("b", "2026-11-01T11:00:00Z"), ("a", "2026-11-01T10:00:00Z")];
        assert_eq!(list().add(page(&old)), Next::Stop);
        // In any other order, newer events may follow.
        let ascending = [old[1], old[0]];
        assert_eq!(list().add(page(&ascending)), Next::Continue);
        assert_eq!(list().add(page(&[old[0], old[0]])), Next::Continue);
        assert_eq!(list().add(Vec::new()), Next::Continue);
        assert_eq!(list().add(page(&[("b", "yesterday"), old[1]])), Next::Continue);
    }
}
