//! What is due, and when.

use std::collections::{BTreeMap, HashMap};

use crate::model::delivery_attempt::Attempt;
use crate::model::job::Kind;

/// What happens at a time of the clock.
pub(crate) enum Due {
    /// A job ends.
    Job(Kind, String),
    /// A look is ready or has failed.
    Look(String),
    /// A turn of an agent session ends.
    Session(String),
    /// The last item of a batch is over.
    Batch(Kind, String),
    /// A delivery is to be tried.
    Attempt(Box<Attempt>),
}

impl Due {
    /// The thing that it happens to.
    fn id(&self) -> Option<&str> {
        match self {
            Self::Job(_, id) | Self::Look(id) | Self::Session(id) | Self::Batch(_, id) => Some(id),
            Self::Attempt(_) => None,
        }
    }
}

/// A time, and a number that keeps what is due at one time in the order in which it came.
type Place = (u64, u64);

#[derive(Default)]
pub(crate) struct Timeline {
    entries: BTreeMap<Place, Due>,
    /// Where what happens to a thing is, so that it can be taken away with the thing.
    places: HashMap<String, Vec<Place>>,
    scheduled: u64,
}

impl Timeline {
    pub(crate) fn schedule(&mut self, then: u64, due: Due) {
        let place = (then, self.scheduled);
        self.scheduled += 1;
        if let Some(id) = due.id() {
            self.places.entry(id.to_owned()).or_default().push(place);
        }
        self.entries.insert(place, due);
    }

    /// When the next thing happens.
    pub(crate) fn next(&self) -> Option<u64> {
        self.entries.keys().next().map(|(then, _)| *then)
    }

    /// Takes the next thing that is due by now, with its time.
    pub(crate) fn take(&mut self, now: u64) -> Option<(u64, Due)> {
        let entry = self.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        let (place, due) = entry.remove_entry();
        if let Some(id) = due.id()
            && let Some(places) = self.places.get_mut(id)
        {
            places.retain(|one| *one != place);
            if places.is_empty() {
                self.places.remove(id);
            }
        }
        Some((place.0, due))
    }

    /// Lets nothing more happen to a thing.
    pub(crate) fn forget(&mut self, id: &str) {
        for place in self.places.remove(id).into_iter().flatten() {
            self.entries.remove(&place);
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
    fn things_happen_in_their_order_unless_they_are_forgotten() {
        let mut timeline = Timeline::default();
        for (then, id) in [(2, "b"), (1, "a"), (2, "c"), (2, "b"), (3, "d")] {
            timeline.schedule(then, Due::Look(id.into()));
        }
        timeline.forget("c");
        timeline.forget("x");
        let mut taken = Vec::new();
        while let Some((then, due)) = timeline.take(2) {
            taken.push(format!("{then}{}", due.id().unwrap()));
        }
        assert_eq!((taken, timeline.next()), (vec!["1a".into(), "2b".into(), "2b".to_owned()], Some(3)));
        timeline.forget("d");
        assert_eq!((timeline.len(), timeline.places.len()), (0, 0));
    }
}
