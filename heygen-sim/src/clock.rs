//! The simulator's time.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tokio::sync::watch;

/// Time as the simulator sees it: real, faster than real, or moved by hand.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Scaled { origin: Instant, began: u64, speed: f64 },
    Manual { now: Arc<watch::Sender<u64>> },
}

/// Where a manual clock starts: the day after the retirement of v1 and v2.
const MANUAL_START: u64 = 1_793_491_200_000;

/// Where every clock stops, in the year 9892: sums with times up to it do not overflow, and dates can be written.
const LATEST: u64 = 250_000_000_000_000;

/// Speeds of a scaled clock.
const SPEEDS: RangeInclusive<f64> = 1e-6..=1e6;

/// Milliseconds of a duration, as many as there can be.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Clock {
    /// Real time.
    pub fn real() -> Self {
        Self::scaled(1.0)
    }

    /// Real time from now on, `speed` times as fast, from a millionth to a million times. A speed that is not a
    /// positive number counts as 1.
    pub fn scaled(speed: f64) -> Self {
        let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let speed = if speed > 0.0 { speed.clamp(*SPEEDS.start(), *SPEEDS.end()) } else { 1.0 };
        Self(Kind::Scaled { origin: Instant::now(), began, speed })
    }

    /// Time that stands still until it is moved.
    pub fn manual() -> Self {
        Self(Kind::Manual { now: Arc::new(watch::Sender::new(MANUAL_START)) })
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        match &self.0 {
            Kind::Scaled { origin, began, speed } => {
                let passed = (origin.elapsed().as_secs_f64() * speed * 1000.0) as u64;
                began.saturating_add(passed).min(LATEST)
            }
            Kind::Manual { now } => *now.borrow(),
        }
    }

    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0, Kind::Manual { .. })
    }

    pub(crate) fn advance(&self, by: Duration) {
        if let Kind::Manual { now } = &self.0 {
            now.send_modify(|now| *now = now.saturating_add(millis(by)).min(LATEST));
        }
    }

    /// Waits until it is that late.
    pub(crate) async fn sleep_until(&self, then: u64) {
        match &self.0 {
            Kind::Scaled { speed, .. } => {
                let left = then.saturating_sub(self.now());
                let left = Duration::try_from_secs_f64(left as f64 / 1000.0 / speed);
                tokio::time::sleep(left.unwrap_or(Duration::MAX)).await;
            }
            Kind::Manual { now } => {
                // The sender lives as long as this clock does.
                let _ = now.subscribe().wait_for(|now| *now >= then).await;
            }
        }
    }

    /// Waits that long.
    pub(crate) async fn sleep(&self, for_: Duration) {
        self.sleep_until(self.now().saturating_add(millis(for_))).await;
    }

    /// Waits as long as the service would wait for another program.
    ///
    /// A program does not run faster because this clock does: a scaled clock gives it real time.
    pub(crate) async fn patience(&self, limit: Duration) {
        match &self.0 {
            Kind::Scaled { .. } => tokio::time::sleep(limit).await,
            Kind::Manual { .. } => self.sleep(limit).await,
        }
    }
}

/// A time as ISO 8601.
pub(crate) fn iso(milliseconds: u64) -> String {
    let time = i64::try_from(milliseconds).ok().and_then(|time| Timestamp::from_millisecond(time).ok());
    time.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
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

    #[test]
    fn a_scaled_clock_is_not_moved_by_hand() {
        let clock = Clock::scaled(1.0);
        let start = clock.now();
        clock.advance(Duration::from_secs(1_000_000));
        assert!(clock.now() - start < 1_000_000);
    }

    #[tokio::test]
    async fn extremes_neither_overflow_nor_panic() {
        let clock = Clock::manual();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), LATEST);
        for speed in [1e-300, 1e300, f64::INFINITY, f64::NAN, -1.0] {
            let clock = Clock::scaled(speed);
            assert!(clock.now() <= LATEST);
            let mut sleep = std::pin::pin!(clock.sleep(Duration::MAX));
            tokio::select! {
                biased;
                () = &mut sleep => panic!("nobody sleeps for ever in no time"),
                () = tokio::task::yield_now() => {}
            }
        }
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_come() {
        let clock = Clock::manual();
        let sleeper = clock.clone();
        let task = tokio::spawn(async move { sleeper.sleep(Duration::from_secs(60)).await });
        clock.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!task.is_finished());
        clock.advance(Duration::from_secs(60));
        task.await.unwrap();
    }
}
