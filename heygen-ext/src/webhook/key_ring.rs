//! The secrets of endpoints: several at once, and old ones for a while.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};

use super::mac::{EmptySecret, Mac};

/// The secrets that deliveries may be signed with: of several endpoints, and of one before and after a rotation.
///
/// Clones share them, so a program keeps one, gives it to its [`Verifier`](super::Verifier), and adds and rotates while
/// deliveries come in. The secrets themselves are not kept, only what signatures are checked with.
///
/// ```
/// use std::time::Duration;
/// use heygen_ext::webhook::KeyRing;
///
/// let keys = KeyRing::new();
/// keys.add("ep_1", "whsec_old")?;
/// // The service signs with the new secret from now on; what it has queued may
/// // still carry the old one.
/// keys.rotate("ep_1", "whsec_new", Duration::from_secs(24 * 60 * 60))?;
/// assert_eq!(keys.len(), 2);
/// # Ok::<_, heygen_ext::webhook::EmptySecret>(())
/// ```
#[derive(Clone, Default)]
pub struct KeyRing(Arc<RwLock<Vec<Key>>>);

#[derive(Clone)]
struct Key {
    endpoint: Arc<str>,
    mac: Mac,
    /// The end of an old one.
    until: Option<SystemTime>,
}

impl KeyRing {
    /// No secrets: every delivery is refused.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a secret of an endpoint, which stays good until it is removed; one that it has already is there once. The name is
    /// the program's to choose; the id of the endpoint is a good one.
    ///
    /// # Errors
    ///
    /// The secret is empty.
    pub fn add(&self, endpoint: &str, secret: impl Into<SecretString>) -> Result<(), EmptySecret> {
        let key = Key::new(endpoint, &secret.into())?;
        self.change(|keys| {
            keys.retain(|old| !old.is(&key));
            keys.push(key);
        });
        Ok(())
    }

    /// Puts a new secret of an endpoint in the place of all that it has, and of those that no endpoint is named with, as that of
    /// [`Verifier::new`](super::Verifier::new); these stay good for the window, by the system's clock.
    ///
    /// # Errors
    ///
    /// The secret is empty; then nothing is changed.
    pub fn rotate(
        &self,
        endpoint: &str,
        secret: impl Into<SecretString>,
        window: Duration,
    ) -> Result<(), EmptySecret> {
        self.rotate_at(endpoint, secret, window, SystemTime::now())
    }

    /// The same at a time of the caller's.
    ///
    /// # Errors
    ///
    /// As for [`rotate`](Self::rotate).
    pub fn rotate_at(
        &self,
        endpoint: &str,
        secret: impl Into<SecretString>,
        window: Duration,
        now: SystemTime,
    ) -> Result<(), EmptySecret> {
        let new = Key::new(endpoint, &secret.into())?;
        // A window that no clock reaches has no end.
        let end = now.checked_add(window);
        self.change(|keys| {
            keys.retain(|key| key.until.is_none_or(|until| now < until));
            for old in keys.iter_mut().filter(|key| key.endpoint.is_empty() || *key.endpoint == *endpoint) {
                old.until = match (old.until, end) {
                    (Some(earlier), Some(end)) => Some(earlier.min(end)),
                    (until, end) => end.or(until),
                };
            }
            keys.push(new);
        });
        Ok(())
    }

    /// Takes away all secrets of an endpoint.
    pub fn remove(&self, endpoint: &str) {
        self.change(|keys| keys.retain(|key| *key.endpoint != *endpoint));
    }

    /// How many secrets there are, old ones with them.
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Key>)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// The first key that is good at a time and does what is asked of it, by its endpoint. Newer keys come first: most
    /// deliveries are signed with the newest.
    pub(super) fn find(&self, now: SystemTime, does: impl Fn(&Mac) -> bool) -> Found {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Found::NoKey;
        for key in keys.iter().rev().filter(|key| key.until.is_none_or(|until| now < until)) {
            if does(&key.mac) {
                return Found::Key(Arc::clone(&key.endpoint));
            }
            found = Found::NoMatch;
        }
        found
    }
}

/// What came of looking for a key.
pub(super) enum Found {
    Key(Arc<str>),
    NoMatch,
    NoKey,
}

impl Key {
    fn new(endpoint: &str, secret: &SecretString) -> Result<Self, EmptySecret> {
        let mac = Mac::new(secret.expose_secret().as_bytes())?;
        Ok(Self { endpoint: endpoint.into(), mac, until: None })
    }

    /// Whether it is the same secret of the same endpoint.
    fn is(&self, other: &Self) -> bool {
        self.endpoint == other.endpoint && self.mac.code(b"") == other.mac.code(b"")
    }
}

impl fmt::Debug for KeyRing {
    /// The endpoints alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_list().entries(keys.iter().map(|key| &*key.endpoint)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn signs(keys: &KeyRing, now: SystemTime, secret: &str) -> bool {
        let code = Mac::new(secret.as_bytes()).unwrap().code(b"m");
        matches!(keys.find(now, |mac| mac.code(b"m") == code), Found::Key(_))
    }

    #[test]
    fn an_old_secret_is_good_until_its_window_ends() {
        let (keys, now) = (KeyRing::new(), SystemTime::UNIX_EPOCH + 1000 * HOUR);
        assert!(matches!(keys.find(now, |_| true), Found::NoKey));
        keys.add("a", "one").unwrap();
        keys.add("b", "other").unwrap();
        keys.rotate_at("a", "two", HOUR, now).unwrap();
        let soon = now + HOUR - Duration::from_secs(1);
        assert!(["one", "two", "other"].iter().all(|secret| signs(&keys, soon, secret)));
        assert!(!signs(&keys, now + HOUR, "one"));
        assert!(signs(&keys, now + HOUR, "two") && signs(&keys, now + 1000 * HOUR, "other"));
        // A second rotation does not give an old secret more time, and clears away what is over.
        keys.rotate_at("a", "three", 10 * HOUR, now + HOUR / 2).unwrap();
        assert!(!signs(&keys, now + HOUR, "one") && signs(&keys, now + 2 * HOUR, "two"));
        keys.rotate_at("a", "four", HOUR, now + 2 * HOUR).unwrap();
        assert_eq!(keys.len(), 4);
        keys.remove("a");
        assert!(!signs(&keys, now, "four") && signs(&keys, now, "other"));
    }

    #[test]
    fn a_secret_without_an_endpoint_gives_way_to_any() {
        let (keys, now) = (KeyRing::new(), SystemTime::UNIX_EPOCH + 1000 * HOUR);
        keys.add("", "leaked").unwrap();
        keys.rotate_at("ep_1", "new", HOUR, now).unwrap();
        assert!(signs(&keys, now, "leaked") && signs(&keys, now, "new"));
        assert!(!signs(&keys, now + HOUR, "leaked") && signs(&keys, now + HOUR, "new"));
    }

    #[test]
    fn a_secret_is_there_once() {
        let (keys, now) = (KeyRing::new(), SystemTime::UNIX_EPOCH + 1000 * HOUR);
        for (endpoint, secret) in [("a", "one"), ("a", "one"), ("b", "one"), ("a", "two")] {
            keys.add(endpoint, secret).unwrap();
        }
        assert_eq!(keys.len(), 3);
        // What is added again is good again.
        keys.rotate_at("a", "three", HOUR, now).unwrap();
        keys.add("a", "one").unwrap();
        assert!(signs(&keys, now + HOUR, "one") && !signs(&keys, now + HOUR, "two"));
    }

    #[test]
    fn an_empty_secret_changes_nothing_and_none_shows() {
        let keys = KeyRing::new();
        keys.add("ep_1", "marked").unwrap();
        assert!(keys.add("ep_1", "").is_err() && keys.rotate("ep_1", "", HOUR).is_err());
        assert_eq!((keys.len(), format!("{keys:?}").as_str()), (1, "[\"ep_1\"]"));
    }
}
