//! Medians and percentiles of measured times.

use std::time::Duration;

pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Measured times in microseconds. Each takes four bytes, so that they hardly affect the measured memory.
#[derive(Default)]
pub(crate) struct Times(Vec<u32>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The given percentiles of the times.
    pub(crate) fn percentiles<const N: usize>(mut self, percents: [usize; N]) -> [Duration; N] {
        self.0.sort_unstable();
        percents.map(|percent| {
            let index = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
            Duration::from_micros(self.0.get(index).copied().unwrap_or_default().into())
        })
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
