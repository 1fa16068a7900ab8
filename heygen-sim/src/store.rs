//! A store of resources by id, in the order of their creation.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Maximum memory of the resources of a store whose sizes are known, in bytes.
const MAX_MEMORY: usize = 64 * 1024 * 1024;

/// A store with a maximum number of resources. To make room, it removes the oldest that has ended, or else the oldest of all.
/// So the memory stays bounded, however long the simulator runs.
pub(crate) struct Store<T> {
    /// The number of each resource, by id.
    numbers: HashMap<String, u64>,
    /// The resources, by number.
    rows: BTreeMap<u64, (String, T)>,
    /// The memory of each resource whose size is known, in bytes, by number.
    sizes: HashMap<u64, usize>,
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

impl<T> Store<T> {
    /// Creates a store of up to `keep` resources, and at least one.
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            numbers: HashMap::new(),
            rows: BTreeMap::new(),
            sizes: HashMap::new(),
            memory: 0,
            next: 0,
            keep: keep.max(1),
            permanent_below: 0,
            permanent: 0,
            ended: BTreeSet::new(),
        }
    }

    /// Adds a resource, in place of one with the same id. Returns the id of the resource that was removed to make room.
    pub(crate) fn insert(&mut self, id: impl Into<String>, value: T) -> Option<String> {
        let id = id.into();
        self.remove(&id);
        self.numbers.insert(id.clone(), self.next);
        self.rows.insert(self.next, (id, value));
        self.next += 1;
        if self.rows.len() - self.permanent <= self.keep {
            return None;
        }
        let id = self.oldest()?;
        self.remove(&id);
        Some(id)
    }

    /// Adds a resource that occupies `size` bytes. Returns the ids of the resources that were removed to make room.
    pub(crate) fn insert_sized(&mut self, id: impl Into<String>, value: T, size: usize) -> Vec<String> {
        let number = self.next;
        let mut removed: Vec<String> = self.insert(id, value).into_iter().collect();
        if self.rows.contains_key(&number) {
            self.sizes.insert(number, size);
            self.memory += size;
        }
        while self.memory > MAX_MEMORY && self.rows.len() - self.permanent > 1 {
            let Some(id) = self.oldest() else { break };
            self.remove(&id);
            removed.push(id);
        }
        removed
    }

    /// Changes the size of a resource, in bytes.
    pub(crate) fn resize(&mut self, id: &str, size: usize) {
        if let Some(number) = self.numbers.get(id) {
            let before = self.sizes.insert(*number, size).unwrap_or(0);
            self.memory = self.memory - before + size;
        }
    }

    /// Id of the resource to remove next: the oldest that has ended, or else the oldest of all.
    fn oldest(&self) -> Option<String> {
        let oldest = || self.rows.range(self.permanent_below..).next().map(|(number, _)| *number);
        let number = self.ended.first().copied().or_else(oldest)?;
        self.rows.get(&number).map(|(id, _)| id.clone())
    }

    /// Marks a resource as ended.
    pub(crate) fn end(&mut self, id: &str) {
        if let Some(number) = self.numbers.get(id).filter(|number| **number >= self.permanent_below) {
            self.ended.insert(*number);
        }
    }

    /// Adds a permanent resource, which does not count against the maximum. Call it before the first `insert`.
    pub(crate) fn insert_permanent(&mut self, id: impl Into<String>, value: T) {
        let id = id.into();
        self.numbers.insert(id.clone(), self.next);
        self.rows.insert(self.next, (id, value));
        self.next += 1;
        self.permanent_below = self.next;
        self.permanent += 1;
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(self.numbers.get(id)?).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(self.numbers.get(id)?).map(|(_, value)| value)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let number = self.numbers.remove(id)?;
        if number < self.permanent_below {
            self.permanent -= 1;
        }
        self.ended.remove(&number);
        self.memory -= self.sizes.remove(&number).unwrap_or(0);
        self.rows.remove(&number).map(|(_, value)| value)
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.numbers.contains_key(id)
    }

    /// The resources below `number`, newest first, with their numbers. Cursors of lists contain these numbers.
    pub(crate) fn before(&self, number: u64) -> impl Iterator<Item = (u64, &T)> {
        self.rows.range(..number).rev().map(|(number, (_, value))| (*number, value))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.rows.values().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.values_mut().map(|(_, value)| value)
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
        assert_eq!(removed, ["id-1", "id-2", "id-4", "id-5"]);
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
        assert_eq!(store.insert_sized("id-3", 3, third), ["id-0"]);
        store.resize("id-3", 1);
        assert!(store.insert_sized("id-4", 4, third - 1).is_empty());
        // A resource that is larger than all the memory is the only one.
        assert_eq!(store.insert_sized("id-5", 5, MAX_MEMORY + 1), ["id-1", "id-2", "id-3", "id-4"]);
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
