//! A bucket that pays for retries: when the service is down, the calls of a program must not become three times as many.

use std::sync::Mutex;
use std::sync::PoisonError;

/// What the bucket holds, what a retry costs, and what a success gives back.
const CAPACITY: u32 = 500;
const RETRY: u32 = 5;
const RETRY_AFTER_TIMEOUT: u32 = 10;
const SUCCESS: u32 = 1;

/// One bucket is shared by all clones of a client.
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

    /// Whether it pays for a retry.
    pub(crate) fn affords(&self, timed_out: bool) -> bool {
        self.with(|held| *held >= Self::cost(timed_out))
    }

    /// Pays for a retry.
    pub(crate) fn pay(&self, timed_out: bool) {
        self.with(|held| *held = held.saturating_sub(Self::cost(timed_out)));
    }

    /// A call succeeded: a retry that did so pays back what it cost, any other call a little.
    pub(crate) fn refill(&self, paid: Option<bool>) {
        let given = paid.map_or(SUCCESS, Self::cost);
        self.with(|held| *held = (*held + given).min(CAPACITY));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_spends_the_budget_and_successes_refill_it() {
        let budget = RetryBudget::default();
        let mut retries = 0;
        while budget.affords(false) {
            budget.pay(false);
            retries += 1;
        }
        assert_eq!(retries, 100);
        for _ in 0..5 {
            assert!(!budget.affords(false));
            budget.refill(None);
        }
        assert!(budget.affords(false) && !budget.affords(true));
        budget.pay(false);
        budget.refill(Some(false));
        assert!(budget.affords(false));
    }
}
