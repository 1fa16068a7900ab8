//! Limits that the program sets: concurrent calls, and requests per second.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::Error;
use crate::runtime::Runtime;

/// The maximum pause between requests. A rate of less than one request per year is a mistake.
const MAX_PAUSE: Duration = Duration::from_secs(365 * 86_400);

#[derive(Debug, Default)]
pub(crate) struct Limits {
    in_flight: Option<Semaphore>,
    /// The pause between requests, and when the next request may be sent.
    spacing: Option<(Duration, Mutex<Option<Instant>>)>,
}

impl Limits {
    pub(crate) fn new(in_flight: Option<usize>, per_second: Option<f64>) -> Result<Self, Error> {
        let spacing = per_second.map(|rate| match Duration::try_from_secs_f64(1.0 / rate) {
            Ok(pause) if rate.is_finite() && pause < MAX_PAUSE => Ok((pause, Mutex::new(None))),
            _ => Err(Error::configuration(format!(
                "{rate} requests per second is not a valid rate: set a number greater than zero, or no rate"
            ))),
        });
        Ok(Self {
            in_flight: in_flight.map(|calls| Semaphore::new(calls.clamp(1, Semaphore::MAX_PERMITS))),
            spacing: spacing.transpose()?,
        })
    }

    /// Whether calls need a permit.
    pub(crate) fn limits_calls(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Whether requests need a time.
    pub(crate) fn limits_rate(&self) -> bool {
        self.spacing.is_some()
    }

    /// Waits for a permit to run a call. The caller keeps it until the answer is complete.
    pub(crate) async fn acquire(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.in_flight.as_ref()?.acquire().await.ok()
    }

    /// Reserves the time of the next request, and returns how long the request must wait for it. Returns `None` and
    /// reserves nothing if the request would have to wait for longer than `remaining`.
    pub(crate) fn reserve(&self, runtime: &dyn Runtime, remaining: Option<Duration>) -> Option<Duration> {
        let Some((pause, next)) = &self.spacing else { return Some(Duration::ZERO) };
        let now = runtime.now();
        let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
        let time = next.filter(|next| *next > now).unwrap_or(now);
        if remaining.is_some_and(|remaining| time - now >= remaining) {
            return None;
        }
        *next = Some(time + *pause);
        Some(time - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tests::ManualRuntime;

    #[test]
    fn requests_are_spaced() {
        let (limits, time) = (Limits::new(None, Some(4.0)).unwrap(), ManualRuntime::new());
        let waits: Vec<u128> = (0..3).map(|_| limits.reserve(&time, None).unwrap().as_millis()).collect();
        assert_eq!(waits, [0, 250, 500]);
        time.advance(Duration::from_secs(10));
        assert_eq!(limits.reserve(&time, None), Some(Duration::ZERO));
    }

    #[test]
    fn a_request_that_cannot_wait_reserves_nothing() {
        let (limits, time) = (Limits::new(None, Some(1.0)).unwrap(), ManualRuntime::new());
        assert!(limits.reserve(&time, None).is_some());
        for _ in 0..100 {
            assert_eq!(limits.reserve(&time, Some(Duration::from_millis(500))), None);
        }
        assert_eq!(limits.reserve(&time, Some(Duration::from_secs(2))), Some(Duration::from_secs(1)));
    }

    #[test]
    fn an_invalid_rate_is_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-30] {
            let error = Limits::new(None, Some(rate)).unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Configuration, "{rate}");
        }
    }
}
