//! Time and randomness for the policies. Tests replace them, so that they are deterministic and do not sleep.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant, SystemTime};

use heygen_api::BoxFuture;

pub(crate) trait Runtime: Send + Sync + 'static {
    /// The current time of a monotonic clock.
    fn now(&self) -> Instant;

    /// The current date and time, to compare with dates in headers and files.
    fn system_time(&self) -> SystemTime;

    /// Waits for `pause`.
    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()>;

    /// A random number from 0 (inclusive) to 1 (exclusive).
    fn random(&self) -> f64;
}

/// The clocks of the system, and the timer of tokio.
pub(crate) struct SystemRuntime;

impl Runtime for SystemRuntime {
    fn now(&self) -> Instant {
        // The clock that the timer follows, also where a test has paused it.
        tokio::time::Instant::now().into_std()
    }

    fn system_time(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(pause))
    }

    fn random(&self) -> f64 {
        // The standard library seeds every hash map randomly, which is sufficient for jitter.
        let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
        (random >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl fmt::Debug for dyn Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// A clock that only sleeping and `advance` move, without waiting. Its random number is always 0.5.
    pub(crate) struct ManualRuntime {
        start: Instant,
        pub(crate) slept: Mutex<Vec<Duration>>,
        /// Milliseconds since the start.
        elapsed: AtomicU64,
    }

    impl ManualRuntime {
        pub(crate) fn new() -> Self {
            Self { start: Instant::now(), slept: Mutex::default(), elapsed: AtomicU64::new(0) }
        }

        pub(crate) fn advance(&self, by: Duration) {
            self.elapsed.fetch_add(by.as_millis() as u64, Ordering::SeqCst);
        }
    }

    impl Runtime for ManualRuntime {
        fn now(&self) -> Instant {
            self.start + Duration::from_millis(self.elapsed.load(Ordering::SeqCst))
        }

        fn system_time(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
                + Duration::from_secs(1_795_000_000)
                + Duration::from_millis(self.elapsed.load(Ordering::SeqCst))
        }

        fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
            self.slept.lock().unwrap().push(pause);
            self.advance(pause);
            Box::pin(std::future::ready(()))
        }

        fn random(&self) -> f64 {
            0.5
        }
    }

    #[test]
    fn random_numbers_are_between_zero_and_one_and_vary() {
        let numbers: Vec<f64> = (0..100).map(|_| SystemRuntime.random()).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        assert!(numbers.iter().any(|number| *number < 0.5) && numbers.iter().any(|number| *number > 0.5));
    }
}
