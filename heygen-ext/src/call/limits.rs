//! Limits that a program sets itself: calls in flight, and requests per second.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::surroundings::Surroundings;

#[derive(Debug, Default)]
pub(crate) struct Limits {
    in_flight: Option<Semaphore>,
    /// Pause between requests, and when the next may go.
    spacing: Option<(Duration, Mutex<Option<Instant>>)>,
}

impl Limits {
    pub(crate) fn new(in_flight: Option<usize>, per_second: Option<f64>) -> Self {
        let spacing = per_second.filter(|rate| rate.is_finite() && *rate > 0.0);
        let spacing = spacing.and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok());
        Self {
            in_flight: in_flight.map(|calls| Semaphore::new(calls.clamp(1, Semaphore::MAX_PERMITS))),
            spacing: spacing.map(|pause| (pause, Mutex::new(None))),
        }
    }

    /// A place among the calls in flight, held until the answer is whole.
    pub(crate) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.in_flight.as_ref()?.acquire().await.ok()
    }

    /// How long the next request has to wait for its turn, which it then has.
    pub(crate) fn turn(&self, surroundings: &dyn Surroundings) -> Duration {
        let Some((pause, next)) = &self.spacing else { return Duration::ZERO };
        let now = surroundings.now();
        let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.filter(|next| *next > now).unwrap_or(now);
        *next = Some(turn + *pause);
        turn - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::surroundings::tests::Still;

    #[test]
    fn requests_are_spaced() {
        let (limits, time) = (Limits::new(None, Some(4.0)), Still::new());
        let turns: Vec<u128> = (0..3).map(|_| limits.turn(&time).as_millis()).collect();
        assert_eq!(turns, [0, 250, 500]);
        time.advance(Duration::from_secs(10));
        assert_eq!(limits.turn(&time), Duration::ZERO);
        assert_eq!(Limits::new(None, Some(0.0)).turn(&time), Duration::ZERO);
    }
}
