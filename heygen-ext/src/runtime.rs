//! Time and chance, as policies need them: given from outside, so that tests neither sleep nor guess.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant, SystemTime};

use heygen_api::BoxFuture;

pub(crate) trait Runtime: Send + Sync + 'static {
    /// Time that only goes forward.
    fn now(&self) -> Instant;

    /// Time of the day, for dates in headers and files.
    fn system_time(&self) -> SystemTime;

    /// Waits.
    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()>;

    /// A number from 0 up to 1.
    fn random(&self) -> f64;
}

/// As things are.
pub(crate) struct SystemRuntime;

impl Runtime for SystemRuntime {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn system_time(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(pause))
    }

    fn random(&self) -> f64 {
        // The standard library seeds each of its hash maps anew from the system's randomness; jitter needs no better.
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

    /// Time that passes by sleeping alone, and at once; chance that is always in the middle.
    pub(crate) struct ManualRuntime {
        start: Instant,
        pub(crate) slept: Mutex<Vec<Duration>>,
        ahead: AtomicU64,
    }

    impl ManualRuntime {
        pub(crate) fn new() -> Self {
            Self { start: Instant::now(), slept: Mutex::default(), ahead: AtomicU64::new(0) }
        }

        pub(crate) fn advance(&self, by: Duration) {
            self.ahead.fetch_add(by.as_millis() as u64, Ordering::SeqCst);
        }
    }

    impl Runtime for ManualRuntime {
        fn now(&self) -> Instant {
            self.start + Duration::from_millis(self.ahead.load(Ordering::SeqCst))
        }

        fn system_time(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
                + Duration::from_secs(1_795_000_000)
                + Duration::from_millis(self.ahead.load(Ordering::SeqCst))
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
    fn chance_is_between_zero_and_one_and_varies() {
        let chances: Vec<f64> = (0..100).map(|_| SystemRuntime.random()).collect();
        assert!(chances.iter().all(|chance| (0.0..1.0).contains(chance)));
        assert!(chances.iter().any(|chance| *chance < 0.5) && chances.iter().any(|chance| *chance > 0.5));
    }
}
