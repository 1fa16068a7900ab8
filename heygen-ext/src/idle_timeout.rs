//! Detects transfers that no longer make progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// An upload without progress for this long times out.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The time of the last progress. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct IdleTimer {
    start: Instant,
    /// Milliseconds from the start to the last progress.
    last: Arc<AtomicU64>,
}

impl IdleTimer {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), last: Arc::default() }
    }

    /// Records progress.
    pub(crate) fn reset(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.fetch_max(now, Ordering::Relaxed);
    }

    /// Returns after [`IDLE_TIMEOUT`] without progress.
    pub(crate) async fn expired(&self) {
        loop {
            let due = self.start + Duration::from_millis(self.last.load(Ordering::Relaxed)) + IDLE_TIMEOUT;
            if Instant::now() >= due {
                return;
            }
            tokio::time::sleep_until(due).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn progress_restarts_the_timeout() {
        let timer = IdleTimer::new();
        let (began, clone) = (Instant::now(), timer.clone());
        let progress = async move {
            for _ in 0..3 {
                tokio::time::sleep(IDLE_TIMEOUT - Duration::from_secs(1)).await;
                clone.reset();
            }
        };
        tokio::join!(progress, timer.expired());
        assert_eq!(began.elapsed(), 3 * (IDLE_TIMEOUT - Duration::from_secs(1)) + IDLE_TIMEOUT);
    }
}
