//! What the simulator knows: its clock, its key, and the resources that were made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::resources::video_agents::Session;

pub(crate) struct World {
    base_url: String,
    api_key: String,
    clock: Clock,
    seed: u64,
    drawn: AtomicU64,
    sessions: Mutex<Vec<Session>>,
}

impl World {
    pub(crate) fn new(base_url: String, api_key: String, clock: Clock, seed: u64) -> Self {
        Self { base_url, api_key, clock, seed, drawn: AtomicU64::new(0), sessions: Mutex::default() }
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    pub(crate) fn api_key(&self) -> &str {
        &self.api_key
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A new id: 32 hexadecimal digits, as the service's are.
    pub(crate) fn id(&self) -> String {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::digest([self.seed.to_be_bytes(), number.to_be_bytes()].concat());
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What links are signed with.
    pub(crate) fn signing_secret(&self) -> Vec<u8> {
        Sha256::digest(format!("files of {} with seed {}", self.base_url, self.seed)).to_vec()
    }

    /// All sessions, oldest first.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Vec<Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
