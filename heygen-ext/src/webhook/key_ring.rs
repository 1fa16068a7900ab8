//! The secrets of endpoints: several at the same time, and replaced ones until they expire.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use secrecy::SecretString;

use super::mac::{EmptySecret, Mac};

/// The secrets by which deliveries are verified: of several endpoints, and of one endpoint before and after a rotation.
///
/// Clones share the secrets. Pass a clone to the [`Verifier`](super::Verifier), and add and rotate secrets while deliveries
/// arrive. The key ring stores only keys that are derived from the secrets.
///
/// ```
/// use std::time::Duration;
/// use heygen_ext::webhook::KeyRing;
///
/// let keys = KeyRing::new();
/// keys.add("ep_1", "whsec_old")?;
/// // The service signs with the new secret from now on. Deliveries in its queue
/// // may still be signed with the old one.
/// keys.rotate("ep_1", "whsec_new", Duration::from_secs(24 * 60 * 60))?;
/// assert_eq!(keys.len(), 2);
/// # Ok::<_, heygen_ext::webhook::EmptySecret>(())
/// ```
#[derive(Clone, Default)]
pub struct KeyRing(Arc<RwLock<Keys>>);

/// The keys of each endpoint, the newest last.
type Keys = BTreeMap<Arc<str>, Vec<Key>>;

#[derive(Clone)]
struct Key {
    mac: Mac,
    /// When a replaced key expires.
    expires: Option<SystemTime>,
}

impl KeyRing {
    /// Creates an empty key ring, with which every delivery is refused.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a secret of an endpoint. It stays valid until it is removed or rotated.
    ///
    /// `endpoint` is a name that the program chooses, such as the id of the endpoint. To add the same secret again has no
    /// effect, except that it no longer expires.
    ///
    /// # Errors
    ///
    /// If the secret is empty or blank.
    pub fn add(&self, endpoint: &str, secret: impl Into<SecretString>) -> Result<(), EmptySecret> {
        let key = Key::new(&secret.into())?;
        self.change(|all| {
            let keys = all.entry(endpoint.into()).or_default();
            keys.retain(|old| !old.is_same(&key));
            keys.push(key);
        });
        Ok(())
    }

    /// Adds a new secret of an endpoint, and lets its other secrets expire after `window`, according to the system clock.
    ///
    /// Secrets of other endpoints are not changed, nor is the one of [`Verifier::new`](super::Verifier::new), whose endpoint has
    /// the name `""`. An earlier expiry time is not extended.
    ///
    /// # Errors
    ///
    /// If the secret is empty or blank. The key ring is then unchanged.
    pub fn rotate(
        &self,
        endpoint: &str,
        secret: impl Into<SecretString>,
        window: Duration,
    ) -> Result<(), EmptySecret> {
        self.rotate_at(endpoint, secret, window, SystemTime::now())
    }

    /// Like [`rotate`](Self::rotate), with `now` as the current time.
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
        let new = Key::new(&secret.into())?;
        // If the expiry time overflows, the old secrets do not expire.
        let end = now.checked_add(window);
        self.change(|all| {
            let keys = all.entry(endpoint.into()).or_default();
            keys.retain(|key| key.is_valid(Some(now)));
            for old in keys.iter_mut() {
                old.expires = match (old.expires, end) {
                    (Some(earlier), Some(end)) => Some(earlier.min(end)),
                    (expires, end) => end.or(expires),
                };
            }
            keys.push(new);
        });
        Ok(())
    }

    /// Removes all secrets of an endpoint.
    pub fn remove(&self, endpoint: &str) {
        self.change(|all| drop(all.remove(endpoint)));
    }

    /// The number of secrets, including replaced ones.
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().map(Vec::len).sum()
    }

    /// Whether the key ring contains no secrets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change(&self, change: impl FnOnce(&mut Keys)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Finds the first key that is valid at `now` and matches: of one endpoint, or of all. Newer keys of an endpoint come
    /// first, because most deliveries are signed with the newest. If the time is unknown, every key counts as valid.
    pub(super) fn find(
        &self,
        endpoint: Option<&str>,
        now: Option<SystemTime>,
        is_match: impl Fn(&Mac) -> bool,
    ) -> KeyMatch {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut result = KeyMatch::NoKey;
        let mut matches = |keys: &[Key]| {
            keys.iter().rev().filter(|key| key.is_valid(now)).any(|key| {
                result = KeyMatch::NoMatch;
                is_match(&key.mac)
            })
        };
        let found = match endpoint {
            Some(name) => all.get_key_value(name).filter(|(_, keys)| matches(keys)),
            None => all.iter().find(|(_, keys)| matches(keys)),
        };
        found.map_or(result, |(name, _)| KeyMatch::Found(Arc::clone(name)))
    }
}

/// The result of a search for a key.
pub(super) enum KeyMatch {
    /// A key matches; the value is the name of its endpoint.
    Found(Arc<str>),
    /// None of the valid keys matches.
    NoMatch,
    /// The key ring contains no valid key.
    NoKey,
}

impl Key {
    fn new(secret: &SecretString) -> Result<Self, EmptySecret> {
        Ok(Self { mac: Mac::new(secret)?, expires: None })
    }

    fn is_valid(&self, now: Option<SystemTime>) -> bool {
        now.zip(self.expires).is_none_or(|(now, expires)| now < expires)
    }

    /// Whether it is derived from the same secret.
    fn is_same(&self, other: &Self) -> bool {
        self.mac.code(b"") == other.mac.code(b"")
    }
}

impl fmt::Debug for KeyRing {
    /// Prints the names of the endpoints only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_list().entries(keys.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn is_valid(keys: &KeyRing, now: SystemTime, secret: &str) -> bool {
        let code = Mac::new(&secret.into()).unwrap().code(b"m");
        matches!(keys.find(None, Some(now), |mac| mac.code(b"m") == code), KeyMatch::Found(_))
    }

    #[test]
    fn a_replaced_secret_is_valid_until_its_window_ends() {
        let (keys, now) = (KeyRing::new(), SystemTime::UNIX_EPOCH + 1000 * HOUR);
        assert!(matches!(keys.find(None, Some(now), |_| true), KeyMatch::NoKey));
        keys.add("a", "one").unwrap();
        keys.add("b", "other").unwrap();
        keys.rotate_at("a", "two", HOUR, now).unwrap();
        let soon = now + HOUR - Duration::from_secs(1);
        assert!(["one", "two", "other"].iter().all(|secret| is_valid(&keys, soon, secret)));
        assert!(!is_valid(&keys, now + HOUR, "one"));
        assert!(is_valid(&keys, now + HOUR, "two") && is_valid(&keys, now + 1000 * HOUR, "other"));
        // A second rotation does not extend the time of a replaced secret, and removes expired ones.
        keys.rotate_at("a", "three", 10 * HOUR, now + HOUR / 2).unwrap();
        assert!(!is_valid(&keys, now + HOUR, "one") && is_valid(&keys, now + 2 * HOUR, "two"));
        keys.rotate_at("a", "four", HOUR, now + 2 * HOUR).unwrap();
        assert_eq!(keys.len(), 4);
        keys.remove("a");
        assert!(!is_valid(&keys, now, "four") && is_valid(&keys, now, "other"));
    }

    #[test]
    fn a_rotation_replaces_only_secrets_of_its_own_endpoint() {
        let (keys, now) = (KeyRing::new(), SystemTime::UNIX_EPOCH + 1000 * HOUR);
        keys.add("", "unnamed").unwrap();
        keys.add("ep_2", "other").unwrap();
        keys.rotate_at("ep_1", "new", HOUR, now).unwrap();
        assert!(["unnamed", "other", "new"].iter().all(|secret| is_valid(&keys, now + 2 * HOUR, secret)));
    }

    #[test]
    fn a_search_in_one_endpoint_computes_no_code_of_another() {
        let (keys, now) = (KeyRing::new(), SystemTime::UNIX_EPOCH);
        for number in 0..1000 {
            keys.add(&format!("tenant {number}"), format!("secret {number}")).unwrap();
        }
        let calls = std::cell::Cell::new(0);
        let count = |_: &Mac| {
            calls.set(calls.get() + 1);
            false
        };
        assert!(matches!(keys.find(Some("tenant 7"), Some(now), count), KeyMatch::NoMatch));
        assert!(matches!(keys.find(Some("unknown"), Some(now), count), KeyMatch::NoKey));
        assert_eq!(calls.get(), 1);
        assert!(
            matches!(keys.find(Some("tenant 7"), None, |_| true), KeyMatch::Found(name) if &*name == "tenant 7")
        );
    }

    #[test]
    fn a_secret_is_stored_once() {
        let (keys, now) = (KeyRing::new(), SystemTime::UNIX_EPOCH + 1000 * HOUR);
        for (endpoint, secret) in [("a", "one"), ("a", "one"), ("b", "one"), ("a", "two")] {
            keys.add(endpoint, secret).unwrap();
        }
        assert_eq!(keys.len(), 3);
        // A secret that is added again no longer expires.
        keys.rotate_at("a", "three", HOUR, now).unwrap();
        keys.add("a", "one").unwrap();
        assert!(is_valid(&keys, now + HOUR, "one") && !is_valid(&keys, now + HOUR, "two"));
    }

    #[test]
    fn an_empty_secret_is_refused_and_debug_prints_no_secrets() {
        let keys = KeyRing::new();
        keys.add("ep_1", "marked").unwrap();
        assert!(keys.add("ep_1", "").is_err() && keys.rotate("ep_1", "", HOUR).is_err());
        assert_eq!((keys.len(), format!("{keys:?}").as_str()), (1, "[\"ep_1\"]"));
    }
}
