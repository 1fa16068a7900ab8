//! The most recent values of a kind.

use std::collections::VecDeque;

/// The most recent values, up to a fixed number.
#[derive(Debug)]
pub(crate) struct Recent<T> {
    things: VecDeque<T>,
    keep: usize,
}

impl<T: Clone> Recent<T> {
    pub(crate) fn new(keep: usize) -> Self {
        Self { things: VecDeque::new(), keep }
    }

    pub(crate) fn push(&mut self, thing: T) {
        if self.things.len() == self.keep {
            self.things.pop_front();
        }
        self.things.push_back(thing);
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.things.iter().cloned().collect()
    }
}
