//! Money: what jobs cost, and what is left.

use http::StatusCode;

use crate::api_error::ApiError;

/// A prepaid wallet in US dollars.
#[derive(Debug)]
pub(crate) struct Wallet {
    /// Millionths of a dollar: sums of cents must come out even.
    left: i64,
}

/// Most dollars that a wallet holds or owes: sums with prices do not overflow.
const MOST: f64 = 1e12;

/// An amount in millionths of a dollar.
pub(crate) fn dollars(amount: f64) -> i64 {
    (amount.clamp(-MOST, MOST) * 1e6).round() as i64
}

impl Wallet {
    pub(crate) fn new(balance: f64) -> Self {
        Self { left: dollars(balance) }
    }

    /// Dollars left.
    pub(crate) fn balance(&self) -> f64 {
        self.left as f64 / 1e6
    }

    pub(crate) fn set(&mut self, balance: f64) {
        self.left = dollars(balance);
    }

    /// Takes the price of a job.
    pub(crate) fn charge(&mut self, amount: i64) -> Result<(), ApiError> {
        if amount > self.left {
            let message =
                format!("this takes ${:.4}, and ${:.4} are left", amount as f64 / 1e6, self.balance());
            return Err(ApiError::new(StatusCode::PAYMENT_REQUIRED, "insufficient_credit", message));
        }
        self.left -= amount;
        Ok(())
    }

    /// Gives it back: a failed job costs nothing.
    pub(crate) fn refund(&mut self, amount: i64) {
        self.left = self.left.saturating_add(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_balance_overflows() {
        for (set, held) in [(f64::INFINITY, MOST), (1e300, MOST), (f64::NEG_INFINITY, -MOST), (f64::NAN, 0.0)]
        {
            let mut wallet = Wallet::new(set);
            assert_eq!(wallet.balance(), held);
            wallet.refund(i64::MAX);
            assert!(wallet.charge(dollars(1.0)).is_ok());
        }
    }
}
