//! Sees whether bytes are still on their way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Time in which something must move while a file goes up.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// When something last moved. Clones see the same.
#[derive(Debug, Clone)]
pub(crate) struct IdleTimer {
    start: Instant,
    /// Milliseconds since the start.
    last: Arc<AtomicU64>,
}

impl IdleTimer {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), last: Arc::default() }
    }

    /// Something moves.
    pub(crate) fn moves(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.fetch_max(now, Ordering::Relaxed);
    }

    /// Comes back when nothing has moved for too long.
    pub(crate) async fn idle(&self) {
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
    async fn what_moves_is_given_time_anew() {
        let movement = IdleTimer::new();
        let (began, own) = (Instant::now(), movement.clone());
        let moving = async move {
            for _ in 0..3 {
                tokio::time::sleep(IDLE_TIMEOUT - Duration::from_secs(1)).await;
                own.moves();
            }
        };
        tokio::join!(moving, movement.idle());
        assert_eq!(began.elapsed(), 3 * (IDLE_TIMEOUT - Duration::from_secs(1)) + IDLE_TIMEOUT);
    }
}
