//! Benchmarks. Most print a ratio to other code that is measured in the same run. Benchmarks are never tests.

mod callgrind;
mod cargo_bench;
mod compile;
mod spec;

pub use cargo_bench::{call, migrate, sim, transfer, wait, webhook};
pub use compile::compile;
pub use spec::spec;

use std::time::Duration;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
