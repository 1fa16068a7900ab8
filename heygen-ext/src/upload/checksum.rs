//! Computes the SHA-256 of a body while it is sent.

use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// The checksum of the last complete pass over a body. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Checksum(Arc<Mutex<Option<String>>>);

impl Checksum {
    /// Starts a new pass, and clears the checksum.
    pub(super) fn begin(&self) -> RunningChecksum {
        self.set(None);
        RunningChecksum { digest: Sha256::new(), result: self.clone() }
    }

    /// Returns the checksum in hexadecimal digits, or `None` before the pass is complete.
    pub(super) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, checksum: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = checksum;
    }
}

/// The checksum of an incomplete pass.
pub(super) struct RunningChecksum {
    digest: Sha256,
    result: Checksum,
}

impl RunningChecksum {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    pub(super) fn finish(self) {
        self.result.set(Some(const_hex::encode(self.digest.finalize())));
    }
}
