//! The queue of webhook deliveries. Each receiver gets one delivery at a time.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::model::delivery_attempt::Attempt;

/// A queue of attempts for each receiver.
#[derive(Default)]
pub(crate) struct Queue {
    /// Waiting attempts by URL. A URL without waiting attempts has no entry.
    waiting: HashMap<String, VecDeque<Attempt>>,
    /// URLs to which an attempt is being sent.
    busy: HashSet<String>,
    /// URLs that have waiting attempts and are not busy. With this list, `next` does not search past slow receivers.
    ready: VecDeque<String>,
}

impl Queue {
    /// Adds an attempt.
    pub(crate) fn push(&mut self, attempt: Attempt) {
        let attempts = self.waiting.entry(attempt.url.clone()).or_default();
        if attempts.is_empty() && !self.busy.contains(&attempt.url) {
            self.ready.push_back(attempt.url.clone());
        }
        attempts.push_back(attempt);
    }

    /// Takes the next attempt whose receiver is not busy. The receiver is then busy until [`release`](Self::release).
    pub(crate) fn next(&mut self) -> Option<Attempt> {
        let url = self.ready.pop_front()?;
        let attempts = self.waiting.get_mut(&url)?;
        let attempt = attempts.pop_front()?;
        if attempts.is_empty() {
            self.waiting.remove(&url);
        }
        self.busy.insert(url);
        Some(attempt)
    }

    /// Marks a receiver as no longer busy.
    pub(crate) fn release(&mut self, url: &str) {
        if self.busy.remove(url) && self.waiting.contains_key(url) {
            self.ready.push_back(url.to_owned());
        }
    }

    /// Whether no attempt waits or is being sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.busy.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn each_receiver_gets_one_delivery_at_a_time_and_a_slow_one_delays_no_other() {
        let mut queue = Queue::default();
        let attempt =
            |url: &str, id: usize| Attempt::first(&id.to_string(), "e", Bytes::new(), url.into(), None, 0);
        for id in 0..3 {
            queue.push(attempt("slow", id));
        }
        queue.push(attempt("quick", 3));
        queue.push(attempt("quick", 4));
        let next = |queue: &mut Queue| queue.next().map(|one| format!("{}{}", one.url, one.event_id));
        assert_eq!((next(&mut queue), next(&mut queue)), (Some("slow0".into()), Some("quick3".into())));
        assert_eq!(next(&mut queue), None);
        queue.release("quick");
        assert_eq!((next(&mut queue), next(&mut queue)), (Some("quick4".into()), None));
        queue.release("quick");
        queue.push(attempt("quick", 5));
        assert_eq!((next(&mut queue), next(&mut queue)), (Some("quick5".into()), None));
        for wanted in ["slow1", "slow2"] {
            queue.release("slow");
            assert_eq!(next(&mut queue).as_deref(), Some(wanted));
        }
        queue.release("quick");
        assert!(!queue.is_empty());
        queue.release("slow");
        assert!(queue.is_empty() && queue.ready.is_empty());
    }
}
