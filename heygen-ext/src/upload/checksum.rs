//! SHA-256 of bytes as they pass.

use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// The sum of the bytes that went by last, once all of them have.
#[derive(Debug, Clone, Default)]
pub(super) struct Checksum(Arc<Mutex<Option<String>>>);

impl Checksum {
    /// Begins anew.
    pub(super) fn begin(&self) -> RunningChecksum {
        self.set(None);
        RunningChecksum { digest: Sha256::new(), sum: self.clone() }
    }

    /// In hexadecimal digits; none before the last byte.
    pub(super) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, sum: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sum;
    }
}

/// A sum that is not whole yet.
pub(super) struct RunningChecksum {
    digest: Sha256,
    sum: Checksum,
}

impl RunningChecksum {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    pub(super) fn finish(self) {
        self.sum.set(Some(const_hex::encode(self.digest.finalize())));
    }
}
