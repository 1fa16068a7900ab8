//! Counts refused deliveries, and logs them without flooding the log.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Response, StatusCode};
use tokio::time::Instant;

use super::verify_error::VerifyError;

/// Minimum time between two warnings of the same route.
const INTERVAL: Duration = Duration::from_secs(10);

/// Called with the reason of each refusal.
type Hook = Arc<dyn Fn(&VerifyError) + Send + Sync>;

/// The refusals of a route.
#[derive(Default)]
pub(super) struct Refusals {
    count: AtomicU64,
    warned: Mutex<Warned>,
    hook: Option<Hook>,
}

#[derive(Default)]
struct Warned {
    at: Option<Instant>,
    suppressed: u64,
}

impl Refusals {
    pub(super) fn with_hook(hook: impl Fn(&VerifyError) + Send + Sync + 'static) -> Self {
        Self { hook: Some(Arc::new(hook)), ..Self::default() }
    }

    /// Records a refused delivery, and returns the status of the answer.
    pub(super) fn record(&self, problem: VerifyError) -> StatusCode {
        if let Some(hook) = &self.hook {
            hook(&problem);
        }
        self.count_one(&problem, "refused a webhook delivery");
        match problem {
            // The delivery may be valid. The service repeats it, and the secret may be there by then.
            VerifyError::NoSecret => StatusCode::SERVICE_UNAVAILABLE,
            VerifyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            VerifyError::NotAnEvent(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// Counts a refused request, and logs it.
    pub(super) fn count_one(&self, problem: &dyn fmt::Display, message: &'static str) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.warn(problem, message);
    }

    /// Logs a warning, at most one in ten seconds, with the number of those in between.
    pub(super) fn warn(&self, problem: &dyn fmt::Display, message: &'static str) {
        if let Some(suppressed) = self.next_warning() {
            tracing::warn!(%problem, suppressed, "{message}");
        }
    }

    /// The number of warnings that were suppressed since the last one, if it is time for another.
    fn next_warning(&self) -> Option<u64> {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.at.is_some_and(|at| at.elapsed() < INTERVAL) {
            warned.suppressed += 1;
            return None;
        }
        warned.at = Some(Instant::now());
        Some(std::mem::take(&mut warned.suppressed))
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// A response with an empty body.
pub(super) fn respond<B: Default>(status: StatusCode) -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_refusal_is_counted_and_one_in_ten_seconds_is_logged() {
        let refusals = Refusals::default();
        assert_eq!(refusals.next_warning(), Some(0));
        for _ in 0..500 {
            assert_eq!(refusals.next_warning(), None);
        }
        tokio::time::advance(INTERVAL).await;
        assert_eq!(refusals.next_warning(), Some(500));
        assert_eq!(refusals.record(VerifyError::Mismatch), StatusCode::UNAUTHORIZED);
        assert_eq!(refusals.count(), 1);
    }
}
