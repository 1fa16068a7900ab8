//! Things by id, in the order in which they were made.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A shelf that keeps so many things, and lets the oldest go, those first that are over: memory stays flat however long
/// the simulator runs.
pub(crate) struct Store<T> {
    numbers: HashMap<String, u64>,
    rows: BTreeMap<u64, (String, T)>,
    next: u64,
    keep: usize,
    /// Rows below this number are there for good, and so many are left of them.
    good_below: u64,
    good: usize,
    /// Rows of things that are over: they go before the others.
    over: BTreeSet<u64>,
}

impl<T> Store<T> {
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            numbers: HashMap::new(),
            rows: BTreeMap::new(),
            next: 0,
            keep: keep.max(1),
            good_below: 0,
            good: 0,
            over: BTreeSet::new(),
        }
    }

    /// Puts a thing there; one with the same id makes room. Gives the id of the one that had to go for it, if one had.
    pub(crate) fn insert(&mut self, id: impl Into<String>, thing: T) -> Option<String> {
        let id = id.into();
        self.remove(&id);
        self.numbers.insert(id.clone(), self.next);
        self.rows.insert(self.next, (id, thing));
        self.next += 1;
        if self.rows.len() - self.good <= self.keep {
            return None;
        }
        let oldest = || self.rows.range(self.good_below..).next().map(|(number, _)| *number);
        let number = self.over.first().copied().or_else(oldest)?;
        let (id, _) = self.rows.get(&number)?;
        let id = id.clone();
        self.remove(&id);
        Some(id)
    }

    /// Notes that a thing is over.
    pub(crate) fn end(&mut self, id: &str) {
        if let Some(number) = self.numbers.get(id).filter(|number| **number >= self.good_below) {
            self.over.insert(*number);
        }
    }

    /// Puts a thing there that does not count among those that are kept, before all others come.
    pub(crate) fn insert_for_good(&mut self, id: impl Into<String>, thing: T) {
        let id = id.into();
        self.numbers.insert(id.clone(), self.next);
        self.rows.insert(self.next, (id, thing));
        self.next += 1;
        self.good_below = self.next;
        self.good += 1;
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(self.numbers.get(id)?).map(|(_, thing)| thing)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(self.numbers.get(id)?).map(|(_, thing)| thing)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let number = self.numbers.remove(id)?;
        if number < self.good_below {
            self.good -= 1;
        }
        self.over.remove(&number);
        self.rows.remove(&number).map(|(_, thing)| thing)
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.numbers.contains_key(id)
    }

    /// Newest first, from just below that number on; the numbers are what cursors are made of.
    pub(crate) fn before(&self, number: u64) -> impl Iterator<Item = (u64, &T)> {
        self.rows.range(..number).rev().map(|(number, (_, thing))| (*number, thing))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.rows.values().map(|(_, thing)| thing)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.values_mut().map(|(_, thing)| thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_come_first_and_the_oldest_go() {
        let mut store = Store::new(3);
        for number in 0..5 {
            store.insert(format!("id-{number}"), number);
        }
        assert_eq!(store.before(u64::MAX).map(|(_, thing)| *thing).collect::<Vec<_>>(), [4, 3, 2]);
        assert_eq!((store.get("id-1"), store.get("id-2")), (None, Some(&2)));
        let (cursor, _) = store.before(u64::MAX).next().unwrap();
        store.insert("id-5", 5);
        assert_eq!(store.before(cursor).map(|(_, thing)| *thing).collect::<Vec<_>>(), [3]);
        assert_eq!(store.remove("id-3"), Some(3));
        assert!(!store.contains("id-3"));
    }

    #[test]
    fn what_is_over_goes_first() {
        let mut store = Store::new(3);
        let mut gone = Vec::new();
        for number in 0..7 {
            gone.extend(store.insert(format!("id-{number}"), number));
            // The first never ends.
            if number > 0 && number != 3 {
                store.end(&format!("id-{number}"));
            }
        }
        assert_eq!(gone, ["id-1", "id-2", "id-4", "id-5"]);
        assert_eq!(store.insert("id-7", 7), Some("id-6".into()));
        assert_eq!(store.insert("id-8", 8), Some("id-0".into()));
        assert!(store.over.is_empty());
    }

    #[test]
    fn what_is_there_for_good_stays_until_it_is_removed() {
        let mut store = Store::new(1);
        for number in 0..3 {
            store.insert_for_good(format!("good-{number}"), number);
        }
        store.insert("new-3", 3);
        store.insert("new-4", 4);
        assert_eq!(store.before(u64::MAX).map(|(_, thing)| *thing).collect::<Vec<_>>(), [4, 2, 1, 0]);
        assert_eq!(store.remove("good-1"), Some(1));
        store.insert("new-5", 5);
        assert_eq!(store.before(u64::MAX).map(|(_, thing)| *thing).collect::<Vec<_>>(), [5, 2, 0]);
    }
}
