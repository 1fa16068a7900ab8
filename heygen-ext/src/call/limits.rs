//! Limits that a program sets itself: calls in flight, and requests per second.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::Error;
use crate::runtime::Runtime;

/// Longest pause between requests: a rate below one in a year is a mistake.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

#[derive(Debug, Default)]
pub(crate) struct Limits {
    in_flight: Option<Semaphore>,
    /// Pause between requests, and when the next may go.
    spacing: Option<(Duration, Mutex<Option<Instant>>)>,
}

impl Limits {
    pub(crate) fn new(in_flight: Option<usize>, per_second: Option<f64>) -> Result<Self, Error> {
        let spacing = per_second.map(|rate| match Duration::try_from_secs_f64(1.0 / rate) {
            Ok(pause) if rate.is_finite() && pause < LONGEST => Ok((pause, Mutex::new(None))),
            _ => Err(Error::configuration(format!(
                "{rate} requests per second is not a valid rate: give a number above zero, or leave it out"
            ))),
        });
        Ok(Self {
            in_flight: in_flight.map(|calls| Semaphore::new(calls.clamp(1, Semaphore::MAX_PERMITS))),
            spacing: spacing.transpose()?,
        })
    }

    /// A place among the calls in flight, held until the answer is whole.
    pub(crate) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.in_flight.as_ref()?.acquire().await.ok()
    }

    /// How long the next request has to wait for its turn, which it then has; none when that is longer than it may, and
    /// then the turn stays free for others.
    pub(crate) fn turn(&self, runtime: &dyn Runtime, left: Option<Duration>) -> Option<Duration> {
        let Some((pause, next)) = &self.spacing else { return Some(Duration::ZERO) };
        let now = runtime.now();
        let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.filter(|next| *next > now).unwrap_or(now);
        if left.is_some_and(|left| turn - now >= left) {
            return None;
        }
        *next = Some(turn + *pause);
        Some(turn - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tests::ManualRuntime;

    #[test]
    fn requests_are_spaced() {
        let (limits, time) = (Limits::new(None, Some(4.0)).unwrap(), ManualRuntime::new());
        let turns: Vec<u128> = (0..3).map(|_| limits.turn(&time, None).unwrap().as_millis()).collect();
        assert_eq!(turns, [0, 250, 500]);
        time.advance(Duration::from_secs(10));
        assert_eq!(limits.turn(&time, None), Some(Duration::ZERO));
    }

    #[test]
    fn who_gives_up_takes_no_turn_from_others() {
        let (limits, time) = (Limits::new(None, Some(1.0)).unwrap(), ManualRuntime::new());
        assert!(limits.turn(&time, None).is_some());
        for _ in 0..100 {
            assert_eq!(limits.turn(&time, Some(Duration::from_millis(500))), None);
        }
        assert_eq!(limits.turn(&time, Some(Duration::from_secs(2))), Some(Duration::from_secs(1)));
    }

    #[test]
    fn an_invalid_rate_is_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-30] {
            let error = Limits::new(None, Some(rate)).unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Configuration, "{rate}");
        }
    }
}
