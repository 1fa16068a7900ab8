//! Catching up: what the log of events has and the handler has not.

use std::fmt;
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use heygen_api::types::WebhookEventResponse;
use serde_json::{Map, Value};

use super::endpoints::Webhooks;
use super::event::Event;
use super::key::EventKey;
use super::receiver::Receiver;
use crate::{BoxError, Error, Paged};

const SECOND: Duration = Duration::from_secs(1);

/// What catching up has come to.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CaughtUp {
    /// Events that the handler was given, and took.
    pub handled: usize,
    /// Events that it had before, or is at.
    pub known: usize,
    /// Events that it failed at. They are new again: to catch up once more is to try them once more.
    pub left: Vec<Left>,
}

/// An event that the handler failed at.
#[non_exhaustive]
pub struct Left {
    /// The event.
    pub key: EventKey,
    /// Why.
    pub problem: BoxError,
}

impl fmt::Debug for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Left").field("key", &self.key).field("problem", &self.problem.to_string()).finish()
    }
}

impl Webhooks {
    /// Reads the log of events and gives the receiver's handler what it has missed since then: in the order in which it
    /// happened, each once, one after the other.
    ///
    /// It is for the start of a program that was down. "Once" is as good as the receiver's memory: with one that ended with the
    /// program, what was handled since that time and before the end is handled again, so keep the time of the last event, or
    /// a memory that lasts. Deliveries may come in meanwhile. How long the log reaches back is not documented, and it has the
    /// events of the whole workspace, whatever single endpoints hear of.
    ///
    /// ```no_run
    /// use std::time::{Duration, SystemTime};
    /// use heygen_ext::HeyGen;
    /// use heygen_ext::webhook::Receiver;
    ///
    /// # async fn example(heygen: HeyGen, receiver: Receiver) -> Result<(), heygen_ext::Error> {
    /// let since = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
    /// let caught_up = heygen.webhooks().reconcile(&receiver, since).await?;
    /// println!("{} were missed, {} could not be handled", caught_up.handled, caught_up.left.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The log could not be read. Nothing was handled then: the handler is called once the whole of it is here.
    pub async fn reconcile(&self, receiver: &Receiver, since: SystemTime) -> Result<CaughtUp, Error> {
        let mut caught_up = CaughtUp::default();
        for event in self.log(since).await? {
            let key = event.dedup_key();
            match receiver.handle(event).await {
                Ok(true) => caught_up.handled += 1,
                Ok(false) => caught_up.known += 1,
                Err(problem) => {
                    tracing::warn!(%problem, event.key = %key, "an event could not be handled");
                    caught_up.left.push(Left { key, problem });
                }
            }
        }
        Ok(caught_up)
    }

    /// The events of the log since a time, the oldest first.
    async fn log(&self, since: SystemTime) -> Result<Vec<Event>, Error> {
        let mut log = Vec::new();
        let mut pages = self.heygen.api().list_webhook_events().pages();
        while let Some(page) = pages.try_next().await? {
            let times: Vec<_> = page.items.iter().map(WebhookEventResponse::created_at_time).collect();
            // The log may tell whole seconds alone. What does not say when it happened may have happened since.
            let is_since = |at: Option<SystemTime>| at.is_none_or(|at| at + SECOND > since);
            let over = !times.iter().any(|at| is_since(*at)) && times.first() > times.last();
            let timed = times.into_iter().zip(page.items);
            log.extend(timed.filter(|(at, _)| is_since(*at)).map(|(at, item)| (at, event(item))));
            // A page of old events that get older and older is followed by older ones; any other order is read to its end.
            if over {
                break;
            }
        }
        // Of two at the same moment the later entry is the earlier event.
        log.reverse();
        log.sort_by_key(|(at, _)| *at);
        Ok(log.into_iter().map(|(_, event)| event).collect())
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
