//! Limits retries with a token bucket, so that an outage of the service does not triple the requests of a program.

use std::sync::Mutex;
use std::sync::PoisonError;

/// The capacity of the budget, the costs of a retry, and what the success of a call without a retry adds.
const CAPACITY: u32 = 500;
const RETRY: u32 = 5;
const RETRY_AFTER_TIMEOUT: u32 = 10;
const SUCCESS: u32 = 1;

/// The retry budget of a client, which all clones share.
#[derive(Debug)]
pub(crate) struct RetryBudget(Mutex<u32>);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(Mutex::new(CAPACITY))
    }
}

impl RetryBudget {
    fn with<T>(&self, change: impl FnOnce(&mut u32) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn cost(timed_out: bool) -> u32 {
        if timed_out { RETRY_AFTER_TIMEOUT } else { RETRY }
    }

    /// Whether the budget is sufficient for a retry.
    pub(crate) fn can_pay(&self, timed_out: bool) -> bool {
        self.with(|points| *points >= Self::cost(timed_out))
    }

    /// Subtracts the cost of a retry.
    pub(crate) fn pay(&self, timed_out: bool) {
        self.with(|points| *points = points.saturating_sub(Self::cost(timed_out)));
    }

    /// Refills the budget after a successful call. A successful retry refunds its cost, another call adds [`SUCCESS`].
    ///
    /// `paid` is whether the last retry was paid for as one after a timeout, if there was a retry.
    pub(crate) fn refill(&self, paid: Option<bool>) {
        let added = paid.map_or(SUCCESS, Self::cost);
        self.with(|points| *points = (*points + added).min(CAPACITY));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_spends_the_budget_and_successes_refill_it() {
        let budget = RetryBudget::default();
        let mut retries = 0;
        while budget.can_pay(false) {
            budget.pay(false);
            retries += 1;
        }
        assert_eq!(retries, 100);
        for _ in 0..5 {
            assert!(!budget.can_pay(false));
            budget.refill(None);
        }
        assert!(budget.can_pay(false) && !budget.can_pay(true));
        budget.pay(false);
        budget.refill(Some(false));
        assert!(budget.can_pay(false));
    }
}
