//! A histogram of latencies, whose size does not depend on the number of requests.

use std::fmt;
use std::time::Duration;

/// Intervals for each doubling of the latency. The results are accurate to about three percent.
const STEPS: u64 = 32;

/// Doublings above the first. The last interval contains everything above half an hour.
const DOUBLINGS: u64 = 26;

/// The number of latencies in each interval, in microseconds.
pub(crate) struct Latencies(Vec<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(vec![0; usize::try_from((DOUBLINGS + 1) * STEPS).unwrap_or_default()])
    }
}

impl Latencies {
    pub(crate) fn add(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let index = if micros < STEPS {
            micros
        } else {
            let doubling = u64::from(micros.ilog2()) - u64::from(STEPS.ilog2());
            (doubling + 1) * STEPS + ((micros >> doubling) - STEPS)
        };
        let last = self.0.len() - 1;
        self.0[usize::try_from(index).unwrap_or(last).min(last)] += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(&other.0) {
            *count += more;
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The latency that `share` of a thousand requests do not exceed.
    pub(crate) fn per_mille(&self, share: u64) -> Duration {
        let rank = (self.count() * share).div_ceil(1000);
        let mut cumulative = 0;
        for (index, count) in (0u64..).zip(&self.0) {
            cumulative += count;
            if cumulative >= rank {
                let (doubling, step) = (index / STEPS, index % STEPS);
                let micros = if doubling == 0 { step } else { (STEPS + step) << (doubling - 1) };
                return Duration::from_micros(micros);
            }
        }
        Duration::MAX
    }
}

/// The results of a round.
#[derive(Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    p50: Duration,
    p99: Duration,
}

impl Figures {
    pub(crate) fn new(latencies: &Latencies, elapsed: Duration) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a round has fewer than 2^52 requests")]
        let count = latencies.count() as f64;
        Self {
            per_second: count / elapsed.as_secs_f64(),
            p50: latencies.per_mille(500),
            p99: latencies.per_mille(990),
        }
    }

    /// The median of each value separately.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let middle = rounds.len() / 2;
        let mut rounds = rounds.to_vec();
        rounds.sort_by_key(|round| round.p50);
        let p50 = rounds[middle].p50;
        rounds.sort_by_key(|round| round.p99);
        let p99 = rounds[middle].p99;
        rounds.sort_by(|first, second| first.per_second.total_cmp(&second.per_second));
        Self { per_second: rounds[middle].per_second, p50, p99 }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        let (p50, p99) = (milliseconds(self.p50), milliseconds(self.p99));
        write!(f, "{:>8.0} requests/s   p50 {p50:>7.2} ms   p99 {p99:>7.2} ms", self.per_second)
    }
}
