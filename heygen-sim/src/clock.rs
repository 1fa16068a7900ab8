//! The simulator's time.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
        Self(Kind::Manual { now: Arc::new(watch::Sender::new(MANUAL_START)) })
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        match &self.0 {
            Kind::Scaled { origin, began, speed } => {
                began + (origin.elapsed().as_secs_f64() * speed * 1000.0) as u64
            }
            Kind::Manual { now } => *now.borrow(),
        }
    }

    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0, Kind::Manual { .. })
    }

    pub(crate) fn advance(&self, by: Duration) {
        if let Kind::Manual { now } = &self.0 {
            now.send_modify(|now| *now += by.as_millis() as u64);
        }
    }

    /// Waits until it is that late.
    pub(crate) async fn sleep_until(&self, then: u64) {
        match &self.0 {
            Kind::Scaled { speed, .. } => {
                let left = then.saturating_sub(self.now());
                tokio::time::sleep(Duration::from_secs_f64(left as f64 / 1000.0 / speed)).await;
            }
            Kind::Manual { now } => {
                // The sender lives as long as this clock does.
                let _ = now.subscribe().wait_for(|now| *now >= then).await;
            }
        }
    }

    /// Waits that long.
    pub(crate) async fn sleep(&self, for_: Duration) {
        self.sleep_until(self.now() + for_.as_millis() as u64).await;
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
