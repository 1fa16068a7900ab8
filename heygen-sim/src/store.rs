//! Things by id, in the order in which they were made.

use std::collections::{BTreeMap, HashMap};

/// A shelf that keeps so many things, and lets the oldest go: memory stays flat however long the simulator runs.
pub(crate) struct Store<T> {
    numbers: HashMap<String, u64>,
    rows: BTreeMap<u64, (String, T)>,
    next: u64,
    keep: usize,
    /// Rows below this number are there for good, and so many are left of them.
    good_below: u64,
    good: usize,
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
        }
    }

    /// Puts a thing there; one with the same id makes room.
    pub(crate) fn insert(&mut self, id: impl Into<String>, thing: T) {
        let id = id.into();
        self.remove(&id);
        self.numbers.insert(id.clone(), self.next);
        self.rows.insert(self.next, (id, thing));
        self.next += 1;
        if self.rows.len() - self.good > self.keep
            && let Some(oldest) = self.rows.range(self.good_below..).next().map(|(number, _)| *number)
            && let Some((id, _)) = self.rows.remove(&oldest)
        {
            self.numbers.remove(&id);
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
