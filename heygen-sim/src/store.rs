//! A store of resources by id, in the order of their creation.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Values by the ids of resources, which several indexes share. Ids are looked up while the state is locked, several times
/// in each request, so the hash function is a fast one.
pub(crate) type ById<V> = HashMap<Arc<str>, V, foldhash::fast::RandomState>;

/// Maximum memory of the resources of a store whose sizes are known, in bytes.
const MAX_MEMORY: usize = 64 * 1024 * 1024;

/// A store with a maximum number of resources. To make room, it removes the oldest that has ended, or else the oldest of all.
/// So the memory stays bounded, however long the simulator runs.
pub(crate) struct Store<T> {
    /// The number of each resource, by id.
    numbers: ById<u64>,
    /// The resources, by number.
    rows: BTreeMap<u64, Row<T>>,
    /// The sum of the sizes.
    memory: usize,
    /// Number of the next resource.
    next: u64,
    /// Maximum number of resources, without the permanent ones.
    keep: usize,
    /// Resources below this number are permanent.
    permanent_below: u64,
    /// How many permanent resources exist.
    permanent: usize,
    /// Numbers of the resources that have ended.
    ended: BTreeSet<u64>,
}

/// A resource with its id.
struct Row<T> {
    id: Arc<str>,
    value: T,
    /// The memory of the resource in bytes, or 0 if it is not known.
    size: usize,
}

impl<T> Store<T> {
    /// Creates a store of up to `keep` resources, and at least one.
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            numbers: ById::default(),
            rows: BTreeMap::new(),
            memory: 0,
            next: 0,
            keep: keep.max(1),
            permanent_below: 0,
            permanent: 0,
            ended: BTreeSet::new(),
        }
    }

    /// Adds a resource, in place of one with the same id. Returns the id of the resource that was removed to make room.
    pub(crate) fn insert(&mut self, id: impl Into<Arc<str>>, value: T) -> Option<Arc<str>> {
        self.add(id.into(), value, 0);
        if self.rows.len() - self.permanent <= self.keep {
            return None;
        }
        let id = self.oldest()?;
        self.remove(&id);
        Some(id)
    }

    /// Adds a resource that occupies `size` bytes. Returns the resources that were removed to make room, with their ids.
    pub(crate) fn insert_sized(
        &mut self,
        id: impl Into<Arc<str>>,
        value: T,
        size: usize,
    ) -> Vec<(Arc<str>, T)> {
        self.add(id.into(), value, size);
        let mut removed = Vec::new();
        let excess = |store: &Self| {
            let count = store.rows.len() - store.permanent;
            count > store.keep || (store.memory > MAX_MEMORY && count > 1)
        };
        while excess(self) {
            let Some(id) = self.oldest() else { break };
            removed.extend(self.remove(&id).map(|value| (id, value)));
        }
        removed
    }

    fn add(&mut self, id: Arc<str>, value: T, size: usize) {
        if let Some(earlier) = self.numbers.insert(Arc::clone(&id), self.next) {
            self.remove_row(earlier);
        }
        self.rows.insert(self.next, Row { id, value, size });
        self.next += 1;
        self.memory += size;
    }

    /// Changes the size of a resource, in bytes.
    pub(crate) fn resize(&mut self, id: &str, size: usize) {
        if let Some(row) = self.numbers.get(id).and_then(|number| self.rows.get_mut(number)) {
            self.memory = self.memory - row.size + size;
            row.size = size;
        }
    }

    /// Id of the resource to remove next: the oldest that has ended, or else the oldest of all.
    fn oldest(&self) -> Option<Arc<str>> {
        let oldest = || self.rows.range(self.permanent_below..).next().map(|(number, _)| *number);
        let number = self.ended.first().copied().or_else(oldest)?;
        self.rows.get(&number).map(|row| Arc::clone(&row.id))
    }

    /// Marks a resource as ended.
    pub(crate) fn end(&mut self, id: &str) {
        if let Some(number) = self.numbers.get(id).filter(|number| **number >= self.permanent_below) {
            self.ended.insert(*number);
        }
    }

    /// Adds a permanent resource, which does not count against the maximum. Call it before the first `insert`.
    pub(crate) fn insert_permanent(&mut self, id: impl Into<Arc<str>>, value: T) {
        let id = id.into();
        self.numbers.insert(Arc::clone(&id), self.next);
        self.rows.insert(self.next, Row { id, value, size: 0 });
        self.next += 1;
        self.permanent_below = self.next;
        self.permanent += 1;
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(self.numbers.get(id)?).map(|row| &row.value)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(self.numbers.get(id)?).map(|row| &mut row.value)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let number = self.numbers.remove(id)?;
        self.remove_row(number)
    }

    fn remove_row(&mut self, number: u64) -> Option<T> {
        if number < self.permanent_below {
            self.permanent -= 1;
        }
        self.ended.remove(&number);
        let row = self.rows.remove(&number)?;
        self.memory -= row.size;
        Some(row.value)
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.numbers.contains_key(id)
    }

    /// The resources below `number`, newest first, with their numbers. Cursors of lists contain these numbers.
    pub(crate) fn before(&self, number: u64) -> impl Iterator<Item = (u64, &T)> {
        self.rows.range(..number).rev().map(|(number, row)| (*number, &row.value))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.rows.values().map(|row| &row.value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.values_mut().map(|row| &mut row.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_listed_first_and_the_oldest_are_removed() {
        let mut store = Store::new(3);
        for number in 0..5 {
            store.insert(format!("id-{number}"), number);
        }
        assert_eq!(store.before(u64::MAX).map(|(_, value)| *value).collect::<Vec<_>>(), [4, 3, 2]);
        assert_eq!((store.get("id-1"), store.get("id-2")), (None, Some(&2)));
        let (cursor, _) = store.before(u64::MAX).next().unwrap();
        store.insert("id-5", 5);
        assert_eq!(store.before(cursor).map(|(_, value)| *value).collect::<Vec<_>>(), [3]);
        assert_eq!(store.remove("id-3"), Some(3));
        assert!(!store.contains("id-3"));
    }

    #[test]
    fn ended_resources_are_removed_first() {
        let mut store = Store::new(3);
        let mut removed = Vec::new();
        for number in 0..7 {
            removed.extend(store.insert(format!("id-{number}"), number));
            // Two of them do not end.
            if number > 0 && number != 3 {
                store.end(&format!("id-{number}"));
            }
        }
        assert_eq!(removed, ["id-1", "id-2", "id-4", "id-5"].map(Arc::from));
        assert_eq!(store.insert("id-7", 7), Some("id-6".into()));
        assert_eq!(store.insert("id-8", 8), Some("id-0".into()));
        assert!(store.ended.is_empty());
    }

    #[test]
    fn large_resources_are_removed_earlier() {
        let mut store = Store::new(1_000);
        let third = MAX_MEMORY / 3;
        for number in 0..3 {
            assert!(store.insert_sized(format!("id-{number}"), number, third).is_empty());
        }
        assert_eq!(store.insert_sized("id-3", 3, third), [("id-0".into(), 0)]);
        store.resize("id-3", 1);
        assert!(store.insert_sized("id-4", 4, third - 1).is_empty());
        // A resource that is larger than all the memory is the only one.
        let removed = store.insert_sized("id-5", 5, MAX_MEMORY + 1);
        assert_eq!(removed.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), [1, 2, 3, 4]);
        store.remove("id-5");
        assert_eq!(store.memory, 0);
    }

    #[test]
    fn permanent_resources_stay_until_they_are_removed() {
        let mut store = Store::new(1);
        for number in 0..3 {
            store.insert_permanent(format!("permanent-{number}"), number);
        }
        store.insert("new-3", 3);
        store.insert("new-4", 4);
        assert_eq!(store.before(u64::MAX).map(|(_, value)| *value).collect::<Vec<_>>(), [4, 2, 1, 0]);
        assert_eq!(store.remove("permanent-1"), Some(1));
        store.insert("new-5", 5);
        assert_eq!(store.before(u64::MAX).map(|(_, value)| *value).collect::<Vec<_>>(), [5, 2, 0]);
    }
}
