//! What waits to be sent: a queue for each receiver, which gets one delivery after the other.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::model::delivery_attempt::Attempt;

#[derive(Default)]
pub(crate) struct Queue {
    /// Attempts by their URL; never an empty row of them.
    waiting: HashMap<String, VecDeque<Attempt>>,
    /// URLs with an attempt under way.
    busy: HashSet<String>,
    /// URLs that have attempts waiting and none under way: a slow receiver costs nobody a search.
    ready: VecDeque<String>,
}

impl Queue {
    pub(crate) fn push(&mut self, attempt: Attempt) {
        let row = self.waiting.entry(attempt.url.clone()).or_default();
        if row.is_empty() && !self.busy.contains(&attempt.url) {
            self.ready.push_back(attempt.url.clone());
        }
        row.push_back(attempt);
    }

    /// The next attempt whose receiver has none under way; it has one then, until it is [`free`](Self::free).
    pub(crate) fn next(&mut self) -> Option<Attempt> {
        let url = self.ready.pop_front()?;
        let row = self.waiting.get_mut(&url)?;
        let attempt = row.pop_front()?;
        if row.is_empty() {
            self.waiting.remove(&url);
        }
        self.busy.insert(url);
        Some(attempt)
    }

    /// A receiver has none under way any more.
    pub(crate) fn free(&mut self, url: &str) {
        if self.busy.remove(url) && self.waiting.contains_key(url) {
            self.ready.push_back(url.to_owned());
        }
    }

    /// Whether nothing waits or is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.busy.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn each_receiver_gets_one_after_the_other_and_none_waits_for_another() {
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
        queue.free("quick");
        assert_eq!((next(&mut queue), next(&mut queue)), (Some("quick4".into()), None));
        queue.free("quick");
        queue.push(attempt("quick", 5));
        assert_eq!((next(&mut queue), next(&mut queue)), (Some("quick5".into()), None));
        for wanted in ["slow1", "slow2"] {
            queue.free("slow");
            assert_eq!(next(&mut queue).as_deref(), Some(wanted));
        }
        queue.free("quick");
        assert!(!queue.is_empty());
        queue.free("slow");
        assert!(queue.is_empty() && queue.ready.is_empty());
    }
}
