//! Pauses before something is tried again: each twice as long as the one before, up to a longest.

use std::time::Duration;

/// How far a pause strays, up and down, so that many programs do not come back at once.
const JITTER: f64 = 0.25;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The pause after so many others, for a chance from 0 up to 1. It strays, and is never longer than the longest.
    pub(crate) fn pause(&self, others: u32, chance: f64) -> Duration {
        let plain = self.first.saturating_mul(1 << others.min(16)).min(self.longest);
        plain.mul_f64(1.0 - JITTER + 2.0 * JITTER * chance).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stray_and_have_an_end() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        let seconds = |others, chance| backoff.pause(others, chance).as_secs_f64();
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 99].map(|others| seconds(others, 0.5)),
            [1., 2., 4., 8., 16., 30., 30.]
        );
        assert_eq!([seconds(1, 0.0), seconds(1, 1.0), seconds(9, 1.0)], [1.5, 2.5, 30.0]);
    }
}
