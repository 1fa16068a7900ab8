//! The simulator's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time as the simulator sees it: real, faster than real, or moved by hand.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Scaled { origin: Instant, began: u64, speed: f64 },
    Manual { now: Arc<AtomicU64> },
}

/// Where a manual clock starts: the day after the retirement of v1 and v2.
const MANUAL_START: u64 = 1_793_491_200_000;

impl Clock {
    /// Real time.
    pub fn real() -> Self {
        Self::scaled(1.0)
    }

    /// Real time from now on, `speed` times as fast. A speed that is no positive number counts as 1.
    pub fn scaled(speed: f64) -> Self {
        let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        Self(Kind::Scaled { origin: Instant::now(), began, speed })
    }

    /// Time that stands still until it is moved.
    pub fn manual() -> Self {
        Self(Kind::Manual { now: Arc::new(AtomicU64::new(MANUAL_START)) })
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        match &self.0 {
            Kind::Scaled { origin, began, speed } => {
                began + (origin.elapsed().as_secs_f64() * speed * 1000.0) as u64
            }
            Kind::Manual { now } => now.load(Ordering::SeqCst),
        }
    }

    pub(crate) fn advance(&self, by: Duration) {
        if let Kind::Manual { now } = &self.0 {
            now.fetch_add(by.as_millis() as u64, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_when_it_is_moved() {
        let clock = Clock::manual();
        let start = clock.now();
        let other = clock.clone();
        other.advance(Duration::from_millis(1500));
        assert_eq!((clock.now() - start, other.now() - start), (1500, 1500));
    }
}
