//! A log with a limited number of entries.

use std::collections::VecDeque;

/// The most recent values, up to a maximum number.
#[derive(Debug)]
pub(crate) struct Recent<T> {
    values: VecDeque<T>,
    /// Number of values that were ever added.
    added: u64,
    keep: usize,
}

impl<T: Clone> Recent<T> {
    pub(crate) fn new(keep: usize) -> Self {
        Self { values: VecDeque::new(), added: 0, keep }
    }

    /// Adds a value, and removes the oldest if there are too many.
    pub(crate) fn push(&mut self, value: T) {
        if self.values.len() == self.keep {
            self.values.pop_front();
        }
        self.values.push_back(value);
        self.added += 1;
    }

    /// At most `count` values, newest first, each with its number. The first that was ever added has the number 0.
    pub(crate) fn newest(&self, count: usize) -> Vec<(u64, T)> {
        let numbers = (0..self.added).rev();
        numbers.zip(self.values.iter().rev().cloned()).take(count).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// All values, oldest first.
    pub(crate) fn all(&self) -> Vec<T> {
        self.values.iter().cloned().collect()
    }
}
