//! What counts against the limit of jobs that run at once.

use std::collections::{BTreeSet, HashMap};

use crate::api_error::ApiError;

/// Jobs and sessions that run, by their end.
#[derive(Default)]
pub(crate) struct Concurrency {
    by_end: BTreeSet<(u64, String)>,
    ends: HashMap<String, u64>,
}

impl Concurrency {
    /// Refuses when so many more jobs would be more than may run.
    pub(crate) fn check_room(&mut self, limit: usize, wanted: usize, now: u64) -> Result<(), ApiError> {
        self.vacate_ended(now);
        if self.by_end.len().saturating_add(wanted) <= limit {
            return Ok(());
        }
        let soonest = self.by_end.first().map_or(now, |(ends, _)| *ends);
        let wait = (soonest.saturating_sub(now)).div_ceil(1000).clamp(1, 60);
        Err(ApiError::too_many(format!("this plan runs {limit} jobs at once"), wait))
    }

    /// Counts a job as running until its end.
    pub(crate) fn occupy(&mut self, id: &str, ends: Option<u64>) {
        self.vacate(id);
        let ends = ends.unwrap_or(u64::MAX);
        self.by_end.insert((ends, id.to_owned()));
        self.ends.insert(id.to_owned(), ends);
    }

    /// Counts those no more that have ended by then.
    pub(crate) fn vacate_ended(&mut self, then: u64) {
        while self.by_end.first().is_some_and(|(ends, _)| *ends <= then) {
            if let Some((_, id)) = self.by_end.pop_first() {
                self.ends.remove(&id);
            }
        }
    }

    /// Counts it no more.
    pub(crate) fn vacate(&mut self, id: &str) {
        if let Some((id, ends)) = self.ends.remove_entry(id) {
            self.by_end.remove(&(ends, id));
        }
    }
}
