//! The environment of handlers: settings, the clock, ids, random numbers, and the notification of the background task.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::settings::Settings;

/// The environment of a simulator. It does not contain the state: a handler receives the locked state, and must not lock it a
/// second time.
pub(crate) struct Env {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    /// Notified when something may be due earlier than before.
    pub(crate) wake: Notify,
    base_url: String,
    signing_secret: [u8; 32],
    ids: AtomicU64,
    request_ids: AtomicU64,
    own_request_ids: AtomicU64,
    random_numbers: AtomicU64,
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
            own_request_ids: AtomicU64::new(0),
            random_numbers: AtomicU64::new(0),
            links: AtomicU64::new(0),
        }
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A new id: 32 hexadecimal digits, like the service's ids.
    pub(crate) fn id(&self) -> String {
        self.digits("id", &self.ids)
    }

    /// A new id with dashes, like the service's ids of renders.
    pub(crate) fn dashed_id(&self) -> String {
        let digits = self.id();
        let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
        [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
    }

    pub(crate) fn request_id(&self) -> String {
        self.digits("request", &self.request_ids)
    }

    /// The id of a request to the simulator itself.
    pub(crate) fn own_request_id(&self) -> String {
        self.digits("own request", &self.own_request_ids)
    }

    /// A number for a link. Each call returns a different one.
    pub(crate) fn link_number(&self) -> u64 {
        self.links.fetch_add(1, Ordering::Relaxed)
    }

    /// A random number from 0 to below 1. Its sequence depends only on the seed.
    pub(crate) fn random(&self) -> f64 {
        let digits = self.digits("chance", &self.random_numbers);
        let number = u32::from_str_radix(digits.get(..8).unwrap_or("0"), 16).unwrap_or(0);
        f64::from(number) / (f64::from(u32::MAX) + 1.0)
    }

    /// 32 hexadecimal digits for the next number of a counter, derived from the seed.
    fn digits(&self, what: &str, counter: &AtomicU64) -> String {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        let mut digest = Sha256::new_with_prefix(self.settings.seed.to_be_bytes());
        digest.update(number.to_be_bytes());
        digest.update(what);
        const_hex::encode(digest.finalize().get(..16).unwrap_or_default())
    }

    /// The secret that signs links. It depends only on the seed.
    pub(crate) fn signing_secret(&self) -> &[u8] {
        &self.signing_secret
    }
}
