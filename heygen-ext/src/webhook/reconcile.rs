//! Catching up: what the log of events has and the handler has not.

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

/// What catching up has come to.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ReconcileReport {
    /// Events that the handler was given, and took.
    pub handled: usize,
    /// Events that it had before.
    pub known: usize,
    /// Events that somebody is at: this program, another with the same memory, or one that ended in their middle, whose claim
    /// ends after ten minutes. Catch up once more then.
    pub under_way: Vec<EventKey>,
    /// Events that it failed at. They are new again: to catch up once more is to try them once more.
    pub unhandled: Vec<Unhandled>,
}

/// An event that the handler failed at.
#[non_exhaustive]
pub struct Unhandled {
    /// The event.
    pub key: EventKey,
    /// Why.
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
    /// Reads the log of events and gives the receiver's handler what it has missed since then: in the order in which it
    /// happened, each once, one after the other.
    ///
    /// It is for the start of a program that was down, and for what a handler was given up on. "Once" is as good as the
    /// receiver's memory. With one that lasts, let it be a day before the program went down: events come in no order, and what
    /// failed last may be older than what was handled last; but no longer ago than the memory reaches. With one that ended with
    /// the program, all that was handled since then is handled again. Deliveries may come in meanwhile. How long the log
    /// reaches back is not documented, and it has the events of the whole workspace, whatever single endpoints hear of.
    ///
    /// ```no_run
    /// use std::time::{Duration, SystemTime};
    /// use heygen_ext::HeyGen;
    /// use heygen_ext::webhook::Receiver;
    ///
    /// # async fn example(heygen: HeyGen, receiver: Receiver) -> Result<(), heygen_ext::Error> {
    /// // Down for an hour, and a day.
    /// let since = SystemTime::now() - Duration::from_secs(25 * 60 * 60);
    /// let caught_up = heygen.webhooks().reconcile(&receiver, since).await?;
    /// println!("{} were missed", caught_up.handled);
    /// println!("{} could not be handled", caught_up.unhandled.len());
    /// if !caught_up.under_way.is_empty() {
    ///     // What another program was at, or this one before it ended:
    ///     // look again in ten minutes.
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The log could not be read. Nothing was handled then: the handler is called once the whole of it is here.
    pub async fn reconcile(&self, receiver: &Receiver, since: SystemTime) -> Result<ReconcileReport, Error> {
        let mut caught_up = ReconcileReport::default();
        for event in self.log(since).await? {
            let key = event.dedup_key();
            match receiver.handle(event).await {
                Ok(Claim::New) => caught_up.handled += 1,
                Ok(Claim::Handled) => caught_up.known += 1,
                Ok(Claim::UnderWay) => caught_up.under_way.push(key),
                Err(problem) => {
                    tracing::warn!(%problem, event.key = %key, "an event could not be handled");
                    caught_up.unhandled.push(Unhandled { key, problem });
                }
            }
        }
        Ok(caught_up)
    }

    /// The events of the log since a time, the oldest first.
    async fn log(&self, since: SystemTime) -> Result<Vec<Event>, Error> {
        let mut log = Log { since, events: Vec::new() };
        let mut pages = self.means.api.list_webhook_events().pages();
        while let Some(page) = pages.try_next().await? {
            if log.add(page.items) == Older::Over {
                break;
            }
        }
        Ok(log.in_order())
    }
}

/// What was read of the log.
struct Log {
    since: SystemTime,
    /// As the log has them, each with its time.
    events: Vec<(Option<SystemTime>, Event)>,
}

/// Whether there may be events of interest on the pages that follow.
#[derive(Debug, PartialEq, Eq)]
enum Older {
    Over,
    Possible,
}

impl Log {
    fn add(&mut self, items: Vec<WebhookEventResponse>) -> Older {
        let times: Vec<_> = items.iter().map(WebhookEventResponse::created_at_time).collect();
        // The log may tell whole seconds alone. What does not say when it happened may have happened since.
        let is_since = |at: Option<SystemTime>| at.is_none_or(|at| at + SECOND > self.since);
        // A page of old events that get older and older is followed by older ones; any other order is read to its end.
        let over = !times.iter().any(|at| is_since(*at)) && times.first() > times.last();
        let timed = times.into_iter().zip(items);
        self.events.extend(timed.filter(|(at, _)| is_since(*at)).map(|(at, item)| (at, event(item))));
        if over { Older::Over } else { Older::Possible }
    }

    fn in_order(mut self) -> Vec<Event> {
        // Of two at the same moment the later entry is the earlier event.
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

    /// Items of the log, each with its id and its time.
    fn page(items: &[(&str, &str)]) -> Vec<WebhookEventResponse> {
        let item = |(id, at): &(&str, &str)| json!({"event_id": id, "event_type": "podcast.success", "event_data": {}, "created_at": at});
        items.iter().map(|one| serde_json::from_value(item(one)).unwrap()).collect()
    }

    fn log() -> Log {
        // 12:00:00.5 on that day.
        let since = page(&[("", "2026-11-01T12:00:00Z")])[0].created_at_time().unwrap();
        Log { since: since + SECOND / 2, events: Vec::new() }
    }

    fn ids(log: Log) -> Vec<String> {
        log.in_order().iter().map(|event| event.id().unwrap().to_owned()).collect()
    }

    #[test]
    fn events_come_in_the_order_in_which_they_happened() {
        let mut log = log();
        let first =
            [("e", "2026-11-01T12:00:05Z"), ("d", "2026-11-01T12:00:02Z"), ("c", "2026-11-01T12:00:02Z")];
        assert_eq!(log.add(page(&first)), Older::Possible);
        // The second of `since` itself may have been after it; the one before was not.
        let second = [("b", "2026-11-01T12:00:00Z"), ("a", "2026-11-01T11:59:59Z")];
        assert_eq!(log.add(page(&second)), Older::Possible);
        assert_eq!(ids(log), ["b", "c", "d", "e"]);
    }

    #[test]
    fn what_has_no_time_is_not_passed_over() {
        let mut log = log();
        assert_eq!(log.add(page(&[("a", "yesterday"), ("b", "2026-11-01T12:00:05Z")])), Older::Possible);
        assert_eq!(ids(log), ["a", "b"]);
    }

    #[test]
    fn a_page_of_older_and_older_events_is_the_last() {
        let old = [("b", "2026-11-01T11:00:00Z"), ("a", "2026-11-01T10:00:00Z")];
        assert_eq!(log().add(page(&old)), Older::Over);
        // In any other order newer ones may follow.
        let rising = [old[1], old[0]];
        assert_eq!(log().add(page(&rising)), Older::Possible);
        assert_eq!(log().add(page(&[old[0], old[0]])), Older::Possible);
        assert_eq!(log().add(Vec::new()), Older::Possible);
        assert_eq!(log().add(page(&[("b", "yesterday"), old[1]])), Older::Possible);
    }
}
