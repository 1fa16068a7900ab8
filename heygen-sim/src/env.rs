//! The environment of handlers: settings, the clock, ids, random numbers, and the notification of the background task.

use std::hash::Hasher;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use siphasher::sip128::{Hasher128, SipHasher24};
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
    /// When the simulator started by the clocks of other programs, in milliseconds since 1970.
    pub(crate) started: u64,
    base_url: String,
    /// A keyed hash function, whose key depends on the seed.
    keyed: SipHasher24,
    ids: AtomicU64,
    request_ids: AtomicU64,
    own_request_ids: AtomicU64,
    random_numbers: AtomicU64,
    links: AtomicU64,
}

impl Env {
    pub(crate) fn new(base_url: String, settings: Settings, clock: Clock) -> Self {
        let secret: [u8; 32] = Sha256::digest(format!("links with seed {}", settings.seed)).into();
        let key = std::array::from_fn(|index| secret.get(index).copied().unwrap_or_default());
        Self {
            started: clock.outside_now(),
            settings,
            clock,
            wake: Notify::new(),
            base_url,
            keyed: SipHasher24::new_with_key(&key),
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

    /// The number of a link, in hexadecimal digits. Each call returns a different one.
    pub(crate) fn link_number(&self) -> const_hex::Buffer<8> {
        hexadecimal(&self.links.fetch_add(1, Ordering::Relaxed).to_be_bytes())
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
        self.keyed_hash(&[what.as_bytes(), &number.to_be_bytes()].concat()).as_str().to_owned()
    }

    /// 32 hexadecimal digits that depend on the seed and on these bytes. With them, links are signed.
    ///
    /// Lists contain hundreds of links, so this is SipHash-2-4, a MAC for short texts: it is fast even without optimization, as
    /// in the tests of most programs.
    pub(crate) fn keyed_hash(&self, bytes: &[u8]) -> const_hex::Buffer<16> {
        let mut hasher = self.keyed;
        hasher.write(bytes);
        hexadecimal(&hasher.finish128().as_bytes())
    }
}

/// Bytes as hexadecimal digits, without an allocation.
fn hexadecimal<const N: usize>(bytes: &[u8; N]) -> const_hex::Buffer<N> {
    let mut digits = const_hex::Buffer::new();
    digits.format(bytes);
    digits
}
