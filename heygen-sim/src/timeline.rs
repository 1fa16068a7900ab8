//! What will happen, and when.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::model::delivery_attempt::Attempt;
use crate::model::job::Kind;
use crate::store::ById;

/// Something that happens at a certain time.
pub(crate) enum Due {
    /// A job ends.
    Job(Kind, Arc<str>),
    /// The training of a look ends.
    Look(Arc<str>),
    /// A turn of an agent session ends.
    Session(Arc<str>),
    /// The last item of a batch ends.
    Batch(Kind, Arc<str>),
    /// An attempt to deliver a webhook is due.
    Attempt(Box<Attempt>),
}

impl Due {
    /// Id of the resource that it concerns.
    fn id(&self) -> Option<&Arc<str>> {
        match self {
            Self::Job(_, id) | Self::Look(id) | Self::Session(id) | Self::Batch(_, id) => Some(id),
            Self::Attempt(_) => None,
        }
    }
}

/// The time in milliseconds since 1970, and a number that orders the entries of one time as they were scheduled.
type Key = (u64, u64);

/// Everything that is scheduled.
#[derive(Default)]
pub(crate) struct Timeline {
    entries: BTreeMap<Key, Due>,
    /// The keys of each resource's entries, to remove them together with the resource: the first, and the others.
    keys: ById<(Key, Vec<Key>)>,
    /// Number of entries that were ever scheduled.
    scheduled: u64,
}

impl Timeline {
    /// Adds an entry.
    pub(crate) fn schedule(&mut self, at: u64, due: Due) {
        let key = (at, self.scheduled);
        self.scheduled += 1;
        if let Some(id) = due.id() {
            match self.keys.entry(Arc::clone(id)) {
                Entry::Vacant(vacant) => drop(vacant.insert((key, Vec::new()))),
                Entry::Occupied(mut keys) => keys.get_mut().1.push(key),
            }
        }
        self.entries.insert(key, due);
    }

    /// The time of the next entry.
    pub(crate) fn next(&self) -> Option<u64> {
        self.entries.keys().next().map(|(at, _)| *at)
    }

    /// Removes the next entry if it is due, and returns it with its time.
    pub(crate) fn take(&mut self, now: u64) -> Option<(u64, Due)> {
        let entry = self.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        let (key, due) = entry.remove_entry();
        if let Some(id) = due.id()
            && let Some((first, others)) = self.keys.get_mut(id)
        {
            others.retain(|one| *one != key);
            if *first == key {
                match others.pop() {
                    Some(other) => *first = other,
                    None => drop(self.keys.remove(id)),
                }
            }
        }
        Some((key.0, due))
    }

    /// Removes all entries of a resource.
    pub(crate) fn unschedule(&mut self, id: &str) {
        if let Some((first, others)) = self.keys.remove(id) {
            for key in others.into_iter().chain([first]) {
                self.entries.remove(&key);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_taken_in_order_unless_they_are_forgotten() {
        let mut timeline = Timeline::default();
        for (at, id) in [(2, "b"), (1, "a"), (2, "c"), (2, "b"), (3, "d")] {
            timeline.schedule(at, Due::Look(id.into()));
        }
        timeline.unschedule("c");
        timeline.unschedule("x");
        let mut taken = Vec::new();
        while let Some((at, due)) = timeline.take(2) {
            taken.push(format!("{at}{}", due.id().unwrap()));
        }
        assert_eq!((taken, timeline.next()), (vec!["1a".into(), "2b".into(), "2b".to_owned()], Some(3)));
        timeline.unschedule("d");
        assert_eq!((timeline.len(), timeline.keys.len()), (0, 0));
    }
}
