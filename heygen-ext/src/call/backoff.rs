//! Exponential backoff with jitter.

use std::time::Duration;

/// The largest deviation of a pause, so that many programs do not retry at the same time.
const JITTER: f64 = 0.25;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    first: Duration,
    max: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, max: Duration) -> Self {
        Self { first, max }
    }

    /// Returns the pause after `previous` other pauses. `random` is a number from 0 to 1, which selects the jitter. The
    /// result is never longer than the maximum.
    pub(crate) fn pause(&self, previous: u32, random: f64) -> Duration {
        let plain = self.first.saturating_mul(1 << previous.min(16)).min(self.max);
        plain.mul_f64(1.0 - JITTER + 2.0 * JITTER * random).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_with_jitter_up_to_the_maximum() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        let seconds = |previous, random| backoff.pause(previous, random).as_secs_f64();
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 99].map(|previous| seconds(previous, 0.5)),
            [1., 2., 4., 8., 16., 30., 30.]
        );
        assert_eq!([seconds(1, 0.0), seconds(1, 1.0), seconds(9, 1.0)], [1.5, 2.5, 30.0]);
    }
}
