//! What handlers may use beside the state: settings, the clock, ids, and the wake-up call.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::settings::Settings;

/// The environment of a simulator. It has neither the state nor its locks, so that a handler that gets it cannot lock the
/// state a second time.
pub(crate) struct Env {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    /// Notified when something is due earlier than before.
    pub(crate) wake: Notify,
    base_url: String,
    signing_secret: [u8; 32],
    ids: AtomicU64,
    request_ids: AtomicU64,
    chances: AtomicU64,
    links: AtomicU64,
}

impl Env {
    pub(crate) fn new(base_url: String, settings: Settings, clock: Clock) -> Self {
        let signing_secret = Sha256::digest(format!("links with seed {}", settings.seed)).into();
        Self {
            settings,
            clock,
            wake: Notify::new(),
            base_url,
            signing_secret,
            ids: AtomicU64::new(0),
            request_ids: AtomicU64::new(0),
            chances: AtomicU64::new(0),
            links: AtomicU64::new(0),
        }
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A new id: 32 hexadecimal digits, as the service's are.
    pub(crate) fn id(&self) -> String {
        self.digits("id", &self.ids)
    }

    pub(crate) fn request_id(&self) -> String {
        self.digits("request", &self.request_ids)
    }

    /// A number for a link. Each call returns another one.
    pub(crate) fn link_number(&self) -> u64 {
        self.links.fetch_add(1, Ordering::Relaxed)
    }

    /// A number from 0 up to 1, the same in each run with the same seed.
    pub(crate) fn chance(&self) -> f64 {
        let digits = self.digits("chance", &self.chances);
        let number = u32::from_str_radix(digits.get(..8).unwrap_or("0"), 16).unwrap_or(0);
        f64::from(number) / (f64::from(u32::MAX) + 1.0)
    }

    fn digits(&self, what: &str, counter: &AtomicU64) -> String {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        let mut digest = Sha256::new_with_prefix(self.settings.seed.to_be_bytes());
        digest.update(number.to_be_bytes());
        digest.update(what);
        const_hex::encode(digest.finalize().get(..16).unwrap_or_default())
    }

    /// The secret that signs links: the same for the same seed, whatever the address of the simulator.
    pub(crate) fn signing_secret(&self) -> &[u8] {
        &self.signing_secret
    }
}
