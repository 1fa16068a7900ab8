//! The wallet, from which jobs are paid.

use http::StatusCode;

use crate::api_error::ApiError;

/// A prepaid wallet in US dollars.
#[derive(Debug)]
pub(crate) struct Wallet {
    /// Millionths of a dollar. With integers, sums are exact.
    left: i64,
}

/// Maximum amount in dollars, positive or negative. Up to it, sums do not overflow.
const MAX_DOLLARS: f64 = 1e12;

/// Converts dollars to millionths of a dollar.
pub(crate) fn dollars(amount: f64) -> i64 {
    (amount.clamp(-MAX_DOLLARS, MAX_DOLLARS) * 1e6).round() as i64
}

impl Wallet {
    /// A wallet with a balance in dollars.
    pub(crate) fn new(balance: f64) -> Self {
        Self { left: dollars(balance) }
    }

    /// The balance in dollars.
    pub(crate) fn balance(&self) -> f64 {
        self.left as f64 / 1e6
    }

    /// Sets the balance in dollars.
    pub(crate) fn set(&mut self, balance: f64) {
        self.left = dollars(balance);
    }

    /// Charges millionths of a dollar. Refuses it if the balance is too low.
    pub(crate) fn charge(&mut self, amount: i64) -> Result<(), ApiError> {
        if amount > self.left {
            let message =
                format!("this costs ${:.4}, but the balance is ${:.4}", amount as f64 / 1e6, self.balance());
            return Err(ApiError::new(StatusCode::PAYMENT_REQUIRED, "insufficient_credit", message));
        }
        self.left -= amount;
        Ok(())
    }

    /// Refunds millionths of a dollar, because failed jobs are free of charge.
    pub(crate) fn refund(&mut self, amount: i64) {
        self.left = self.left.saturating_add(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extreme_balances_do_not_overflow() {
        for (set, held) in [
            (f64::INFINITY, MAX_DOLLARS),
            (1e300, MAX_DOLLARS),
            (f64::NEG_INFINITY, -MAX_DOLLARS),
            (f64::NAN, 0.0),
        ] {
            let mut wallet = Wallet::new(set);
            assert_eq!(wallet.balance(), held);
            wallet.refund(i64::MAX);
            assert!(wallet.charge(dollars(1.0)).is_ok());
        }
    }
}
