//! A log with a limited number of entries.

use std::collections::VecDeque;

/// The most recent values, up to a maximum number.
#[derive(Debug)]
pub(crate) struct Recent<T> {
    values: VecDeque<T>,
    keep: usize,
}

impl<T: Clone> Recent<T> {
    pub(crate) fn new(keep: usize) -> Self {
        Self { values: VecDeque::new(), keep }
    }

    /// Adds a value, and removes the oldest if there are too many.
    pub(crate) fn push(&mut self, value: T) {
        if self.values.len() == self.keep {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    /// All values, oldest first.
    pub(crate) fn all(&self) -> Vec<T> {
        self.values.iter().cloned().collect()
    }
}
