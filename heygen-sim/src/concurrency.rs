//! The jobs and sessions that count against the concurrency limit.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api_error::ApiError;
use crate::store::ById;

/// The running jobs and sessions. Times are milliseconds since 1970; `u64::MAX` means without end.
#[derive(Default)]
pub(crate) struct Concurrency {
    /// End and id of each, in the order of their ends.
    by_end: BTreeSet<(u64, Arc<str>)>,
    /// End of each, by id.
    ends: ById<u64>,
}

impl Concurrency {
    /// Refuses if `wanted` more jobs would exceed the limit.
    pub(crate) fn check(&mut self, limit: usize, wanted: usize, now: u64) -> Result<(), ApiError> {
        self.release_ended(now);
        if self.by_end.len().saturating_add(wanted) <= limit {
            return Ok(());
        }
        let soonest = self.by_end.first().map_or(now, |(ends, _)| *ends);
        let wait = (soonest.saturating_sub(now)).div_ceil(1000).clamp(1, 60);
        Err(ApiError::too_many(format!("this plan runs {limit} jobs at once"), wait))
    }

    /// Counts a job as running until its end.
    pub(crate) fn acquire(&mut self, id: &Arc<str>, ends: Option<u64>) {
        let ends = ends.unwrap_or(u64::MAX);
        if let Some(earlier) = self.ends.insert(Arc::clone(id), ends) {
            self.by_end.remove(&(earlier, Arc::clone(id)));
        }
        self.by_end.insert((ends, Arc::clone(id)));
    }

    /// Frees the slots of the jobs that have ended.
    pub(crate) fn release_ended(&mut self, now: u64) {
        while self.by_end.first().is_some_and(|(ends, _)| *ends <= now) {
            if let Some((_, id)) = self.by_end.pop_first() {
                self.ends.remove(&id);
            }
        }
    }

    /// Frees the slot of a job.
    pub(crate) fn release(&mut self, id: &str) {
        if let Some((id, ends)) = self.ends.remove_entry(id) {
            self.by_end.remove(&(ends, id));
        }
    }
}
