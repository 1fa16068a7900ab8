//! Reconciliation: inserts the events of the service's list that the inbox has missed.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use heygen_api::builder::ListWebhookEventsBuilder;
use heygen_api::{List, operations};
use serde_json::{Map, Value};

use super::Webhooks;
use crate::box_error::BoxError;
use crate::error::Error;
use crate::webhook::event::Event;
use crate::webhook::event_key::{EventKey, Identity};
use crate::webhook::inbox::{Inbox, Inserted, KnownKey};

const SECOND: Duration = Duration::from_secs(1);

/// The result of [`Webhooks::reconcile`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ReconcileReport {
    /// Number of events that the inbox has now and did not have before.
    pub inserted: usize,
    /// Number of events that the inbox had.
    pub known: usize,
    /// Events that a [`MemoryInbox`](crate::webhook::MemoryInbox) is handling. Reconcile again to know how that ended.
    pub running: usize,
    /// Number of entries of the list that are not events: no JSON object, or without a type.
    pub unreadable: usize,
    /// Events that the inbox did not accept; for a [`MemoryInbox`](crate::webhook::MemoryInbox), because the handler failed. Reconcile
    /// again to retry them.
    pub failed: Vec<NotInserted>,
}

/// An event that the inbox did not accept.
#[non_exhaustive]
pub struct NotInserted {
    /// The key of the event.
    pub key: EventKey,
    /// The error of the inbox.
    pub problem: BoxError,
}

impl fmt::Debug for NotInserted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotInserted")
            .field("key", &self.key)
            .field("problem", &self.problem.to_string())
            .finish()
    }
}

impl Webhooks {
    /// Lists the events since a time, and inserts those that the inbox does not have, the oldest first. Deliveries may arrive
    /// at the same time. Call it when a program starts after a downtime of more than 24 hours, or with an endpoint that was
    /// unreachable.
    ///
    /// `endpoint` is the name that you gave to [`KeyRing::add`](crate::webhook::KeyRing::add), or `""` if the verifier is from
    /// [`Verifier::new`](crate::webhook::Verifier::new). With another name, events that were delivered are handled again.
    ///
    /// An event counts as delivered if a delivery had the same id. Without ids, it counts as delivered if the type, the job and
    /// the data are equal, apart from the signatures of URLs.
    ///
    /// Go back a day further than the downtime, because events are delivered in any order. Do not go back further than the
    /// inbox keeps events: what it has forgotten is inserted, and handled again. The service does not document how long it
    /// keeps the list. The list contains the events of the whole workspace, including types to which no endpoint subscribes.
    ///
    /// ```no_run
    /// use std::time::{Duration, SystemTime};
    /// use heygen_ext::HeyGen;
    /// use heygen_ext::webhook::Inbox;
    ///
    /// # async fn example(
    /// #     heygen: HeyGen, inbox: impl Inbox, endpoint_id: &str,
    /// # ) -> Result<(), heygen_ext::Error> {
    /// // The program was down for two days: go back a day further.
    /// let since = SystemTime::now() - Duration::from_secs(3 * 24 * 60 * 60);
    /// let report = heygen.webhooks().reconcile(&inbox, endpoint_id, since).await?;
    /// println!("{} missed events, {} known", report.inserted, report.known);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the list of events cannot be read. Then no event was inserted.
    pub async fn reconcile<I: Inbox + ?Sized>(
        &self,
        inbox: &I,
        endpoint: &str,
        since: SystemTime,
    ) -> Result<ReconcileReport, Error> {
        let list = self.list_events(endpoint, since).await?;
        let mut report = ReconcileReport { unreadable: list.unreadable, ..ReconcileReport::default() };
        let mut delivered = Delivered::default();
        for event in list.in_order() {
            let key = event.key();
            let inserted = match delivered.includes(inbox, &event).await {
                Ok(true) => Ok(Inserted::Known),
                Ok(false) => inbox.insert(event).await,
                Err(problem) => Err(problem),
            };
            match inserted {
                Ok(Inserted::New) => report.inserted += 1,
                Ok(Inserted::Known) => report.known += 1,
                Ok(Inserted::Running) => report.running += 1,
                Err(problem) => {
                    tracing::warn!(%problem, event.key = %key, "cannot insert an event from the list");
                    report.failed.push(NotInserted { key, problem });
                }
            }
        }
        Ok(report)
    }

    /// Lists the events since a time. It reads the items as JSON, so that one odd entry does not end the list.
    async fn list_events(&self, endpoint: &str, since: SystemTime) -> Result<EventList, Error> {
        let operation = &operations::LIST_WEBHOOK_EVENTS;
        let mut list = EventList::new(endpoint, since);
        let mut token: Option<String> = None;
        loop {
            let request = self.context.api.request(operation.method().clone(), operation.path());
            let request = request.query("limit", <ListWebhookEventsBuilder as List>::MAX_LIMIT);
            let request = match &token {
                Some(token) => request.query("token", token),
                None => request,
            };
            let page = request.await?.into_inner();
            let items = page.get("data").and_then(Value::as_array);
            let stop = list.add(items.map(Vec::as_slice).unwrap_or_default()) == Next::Stop;
            let next = page.get("next_token").and_then(Value::as_str).filter(|token| !token.is_empty());
            match next {
                Some(next) if !stop && token.as_deref() != Some(next) => token = Some(next.to_owned()),
                _ => return Ok(list),
            }
        }
    }
}

/// The deliveries with the same data that were compared with entries of the list.
#[derive(Default)]
struct Delivered(HashMap<String, usize>);

impl Delivered {
    /// Whether the inbox has an event that was delivered or listed before. Of jobs that end several times with equal data, as
    /// many entries are known as were delivered.
    async fn includes<I: Inbox + ?Sized>(&mut self, inbox: &I, event: &Event) -> Result<bool, BoxError> {
        let key = event.key();
        let known = inbox.keys(key.job_prefix()).await?;
        // `insert` recognizes it, and knows whether it is kept or only running.
        if KnownKey::has(&known, event) {
            return Ok(false);
        }
        let Some((content, _)) = EventKey::content_of(key.as_str()) else { return Ok(false) };
        let is_delivery = |known: &&KnownKey| {
            known.key.starts_with(key.type_prefix())
                && EventKey::content_of(&known.key)
                    .is_some_and(|(of, by)| of == content && by.starts_with("body:"))
        };
        let deliveries = known.iter().filter(is_delivery).count();
        let compared = self.0.entry(format!("{}{content}", key.type_prefix())).or_default();
        *compared += 1;
        Ok(*compared <= deliveries)
    }
}

/// The events that were listed since a time.
struct EventList {
    endpoint: String,
    since: SystemTime,
    /// In the order of the list, each with its time.
    events: Vec<(Option<SystemTime>, Event)>,
    unreadable: usize,
}

/// Whether to read the next page.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Stop,
    Continue,
}

impl EventList {
    fn new(endpoint: &str, since: SystemTime) -> Self {
        Self { endpoint: endpoint.to_owned(), since, events: Vec::new(), unreadable: 0 }
    }

    fn add(&mut self, items: &[Value]) -> Next {
        let times: Vec<_> = items.iter().map(time).collect();
        // Times may be in whole seconds. An event without a time may have happened since.
        let is_since = |at: Option<SystemTime>| at.is_none_or(|at| at + SECOND > self.since);
        // Stop after a page of old events in descending order. In any other order, newer events may follow.
        let stop = !times.iter().any(|at| is_since(*at)) && times.first() > times.last();
        for (at, item) in times.into_iter().zip(items) {
            match self.event(item) {
                Some(event) if is_since(at) => self.events.push((at, event)),
                Some(_) => {}
                None => self.unreadable += 1,
            }
        }
        if stop { Next::Stop } else { Next::Continue }
    }

    fn event(&self, item: &Value) -> Option<Event> {
        let members = ["event_type", "event_data", "created_at", "event_id"];
        let copy = |name: &str| Some((name.to_owned(), item.get(name)?.clone()));
        let raw: Map<String, Value> = members.into_iter().filter_map(copy).collect();
        raw.get("event_type").and_then(Value::as_str)?;
        let identity = match item.get("event_id") {
            Some(Value::String(id)) if !id.is_empty() => Identity::Listed(id.clone()),
            Some(Value::Number(id)) => Identity::Listed(id.to_string()),
            _ => Identity::of_body(item.to_string().as_bytes()),
        };
        Some(Event::new(raw, None, self.endpoint.as_str().into(), identity))
    }

    fn in_order(mut self) -> Vec<Event> {
        // The list is in descending order, so of two events at the same time the later entry is the earlier event.
        self.events.reverse();
        self.events.sort_by_key(|(at, _)| *at);
        self.events.into_iter().map(|(_, event)| event).collect()
    }
}

/// When an event of the list happened.
fn time(item: &Value) -> Option<SystemTime> {
    heygen_api::parse_timestamp(item.get("created_at")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Events of the list, from their ids and times.
    fn page(items: &[(&str, &str)]) -> Vec<Value> {
        let item = |(id, at): &(&str, &str)| json!({"event_id": id, "event_type": "podcast.success", "event_data": {}, "created_at": at});
        items.iter().map(item).collect()
    }

    /// An empty list of the events since 12:00:00.5.
    fn list() -> EventList {
        EventList::new("", time(&json!({"created_at": "2026-11-01T12:00:00Z"})).unwrap() + SECOND / 2)
    }

    fn ids(list: EventList) -> Vec<String> {
        list.in_order().iter().map(|event| event.id().unwrap().to_owned()).collect()
    }

    #[test]
    fn events_are_sorted_by_time() {
        let mut list = list();
        let first =
            [("e", "2026-11-01T12:00:05Z"), ("d", "2026-11-01T12:00:02Z"), ("c", "2026-11-01T12:00:02Z")];
        assert_eq!(list.add(&page(&first)), Next::Continue);
        // An event in the same second as `since` may have happened after it; one in the second before did not.
        let second = [("b", "2026-11-01T12:00:00Z"), ("a", "2026-11-01T11:59:59Z")];
        assert_eq!(list.add(&page(&second)), Next::Continue);
        assert_eq!(ids(list), ["b", "c", "d", "e"]);
    }

    #[test]
    fn an_event_without_a_time_is_kept_and_an_odd_entry_is_counted() {
        let mut list = list();
        let mut items = page(&[("a", "yesterday"), ("b", "2026-11-01T12:00:05Z")]);
        items.extend([json!(null), json!({"event_id": 7}), json!({"event_type": {}})]);
        assert_eq!(list.add(&items), Next::Continue);
        assert_eq!(list.unreadable, 3);
        assert_eq!(ids(list), ["a", "b"]);
    }

    #[test]
    fn a_page_of_old_events_in_descending_order_is_the_last() {
        let old = [("b", "2026-11-01T11:00:00Z"), ("a", "2026-11-01T10:00:00Z")];
        assert_eq!(list().add(&page(&old)), Next::Stop);
        // In any other order, newer events may follow.
        let ascending = [old[1], old[0]];
        assert_eq!(list().add(&page(&ascending)), Next::Continue);
        assert_eq!(list().add(&page(&[old[0], old[0]])), Next::Continue);
        assert_eq!(list().add(&[]), Next::Continue);
        assert_eq!(list().add(&page(&[("b", "yesterday"), old[1]])), Next::Continue);
    }
}
