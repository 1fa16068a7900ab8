//! The clock of a simulator.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tokio::sync::watch;

/// The clock of a simulator: real time, scaled time, or time that is advanced manually.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

/// The kinds of clocks. Times are milliseconds since 1970.
#[derive(Debug, Clone)]
enum Kind {
    Scaled { origin: Instant, began: u64, speed: f64 },
    Manual { now: Arc<watch::Sender<u64>> },
}

/// The time at which a manual clock starts: the day after v1 and v2 were retired.
const MANUAL_START: u64 = 1_793_491_200_000;

/// The time at which every clock stops, in the year 9892. Up to this time, sums do not overflow and dates can be formatted.
const LATEST: u64 = 250_000_000_000_000;

/// Possible speeds of a scaled clock.
const SPEEDS: RangeInclusive<f64> = 1e-6..=1e6;

/// A duration in milliseconds; at most `u64::MAX`.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Clock {
    /// Real time.
    pub fn real() -> Self {
        Self::scaled(1.0)
    }

    /// Time that starts now and runs `speed` times as fast as real time.
    ///
    /// The speed is limited to between one millionth and one million. A speed that is not a positive number counts as 1.
    pub fn scaled(speed: f64) -> Self {
        let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let speed = if speed > 0.0 { speed.clamp(*SPEEDS.start(), *SPEEDS.end()) } else { 1.0 };
        Self(Kind::Scaled { origin: Instant::now(), began, speed })
    }

    /// Time that stands still until [`Sim::advance`](crate::Sim::advance) advances it.
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

    /// The time as other programs know it, in milliseconds since 1970: real time, or that of a manual clock.
    ///
    /// Everything that another program compares with its own clock is in this time.
    pub(crate) fn outside_now(&self) -> u64 {
        match &self.0 {
            Kind::Scaled { origin, began, .. } => began.saturating_add(millis(origin.elapsed())).min(LATEST),
            Kind::Manual { now } => *now.borrow(),
        }
    }

    /// How long other programs wait for a time of this clock, in whole seconds, and at least one.
    pub(crate) fn outside_seconds(&self, seconds: u64) -> u64 {
        match &self.0 {
            Kind::Scaled { speed, .. } => ((seconds as f64 / speed).ceil() as u64).max(1),
            Kind::Manual { .. } => seconds.max(1),
        }
    }

    /// How much faster than real time the clock is; `None` if it is advanced manually.
    pub(crate) fn speed(&self) -> Option<f64> {
        match &self.0 {
            Kind::Scaled { speed, .. } => Some(*speed),
            Kind::Manual { .. } => None,
        }
    }

    /// Whether the clock is advanced manually.
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0, Kind::Manual { .. })
    }

    /// Advances a manual clock. Other clocks do not change.
    pub(crate) fn advance(&self, by: Duration) {
        if let Kind::Manual { now } = &self.0 {
            now.send_modify(|now| *now = now.saturating_add(millis(by)).min(LATEST));
        }
    }

    /// Waits until the clock has reached a time.
    pub(crate) async fn sleep_until(&self, time: u64) {
        match &self.0 {
            Kind::Scaled { speed, .. } => {
                let left = time.saturating_sub(self.now());
                let left = Duration::try_from_secs_f64(left as f64 / 1000.0 / speed);
                tokio::time::sleep(left.unwrap_or(Duration::MAX)).await;
            }
            Kind::Manual { now } => {
                // This cannot fail: the clock owns the sender.
                let _ = now.subscribe().wait_for(|now| *now >= time).await;
            }
        }
    }

    /// Waits for a duration of this clock.
    pub(crate) async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now().saturating_add(millis(duration))).await;
    }

    /// Waits for the time that another program has to respond.
    ///
    /// On a scaled clock this is real time, because other programs do not run faster. On a manual clock it is time of the
    /// clock.
    pub(crate) async fn external_timeout(&self, limit: Duration) {
        match &self.0 {
            Kind::Scaled { .. } => tokio::time::sleep(limit).await,
            Kind::Manual { .. } => self.sleep(limit).await,
        }
    }
}

/// A time in milliseconds since 1970, as ISO 8601.
pub(crate) fn iso(milliseconds: u64) -> String {
    let time = i64::try_from(milliseconds).ok().and_then(|time| Timestamp::from_millisecond(time).ok());
    time.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_is_advanced_for_all_its_clones() {
        let clock = Clock::manual();
        let start = clock.now();
        let other = clock.clone();
        other.advance(Duration::from_millis(1500));
        assert_eq!((clock.now() - start, other.now() - start), (1500, 1500));
    }

    #[test]
    fn a_scaled_clock_cannot_be_advanced() {
        let clock = Clock::scaled(1.0);
        let start = clock.now();
        clock.advance(Duration::from_secs(1_000_000));
        assert!(clock.now() - start < 1_000_000);
    }

    #[tokio::test]
    async fn extreme_values_neither_overflow_nor_panic() {
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
                () = &mut sleep => panic!("a sleep without end returned at once"),
                () = tokio::task::yield_now() => {}
            }
        }
    }

    #[tokio::test]
    async fn a_sleep_ends_when_a_manual_clock_reaches_its_time() {
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
