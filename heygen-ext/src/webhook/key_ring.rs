//! The secrets of endpoints as keys of HMAC-SHA256: several at the same time, and replaced ones until they expire.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use hmac::digest::CtOutput;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::verify_error::VerifyError;
use crate::secret;

/// The secrets by which deliveries are verified: of several endpoints, and of one endpoint before and after a rotation.
///
/// Clones share the secrets. Pass a clone to the [`Verifier`](super::Verifier), and add and rotate secrets while deliveries
/// arrive. The key ring stores only keys that are derived from the secrets.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use heygen_ext::webhook::KeyRing;
///
/// let keys = KeyRing::new();
/// keys.add("ep_1", "whsec_old")?;
/// // The service signs with the new secret from now on. Deliveries in its queue
/// // may still be signed with the old one.
/// let expires = SystemTime::now() + Duration::from_secs(24 * 60 * 60);
/// keys.rotate("ep_1", "whsec_new", expires)?;
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

    /// Adds a new secret of an endpoint, and lets its other secrets expire at a time, according to the clock of the verifier.
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
        expires: SystemTime,
    ) -> Result<(), EmptySecret> {
        let new = Key::new(&secret.into())?;
        self.change(|all| {
            let keys = all.entry(endpoint.into()).or_default();
            for old in keys.iter_mut() {
                old.expires = Some(old.expires.map_or(expires, |earlier| earlier.min(expires)));
            }
            keys.push(new);
        });
        Ok(())
    }

    /// Removes all secrets of an endpoint.
    pub fn remove(&self, endpoint: &str) {
        self.change(|all| drop(all.remove(endpoint)));
    }

    /// The number of secrets, including replaced ones, also when they have expired.
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
    pub(crate) fn find(
        &self,
        endpoint: Option<&str>,
        now: Option<SystemTime>,
        is_match: impl Fn(&Mac) -> bool,
    ) -> Result<Arc<str>, VerifyError> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // Whether a name is known is not shown: an unknown one is refused as a wrong signature is.
        let is_named = endpoint.is_some() && !all.is_empty();
        let mut problem = if is_named { VerifyError::Mismatch } else { VerifyError::NoSecret };
        let mut matches = |keys: &[Key]| {
            keys.iter().rev().filter(|key| key.is_valid(now)).any(|key| {
                problem = VerifyError::Mismatch;
                is_match(&key.mac)
            })
        };
        let found = match endpoint {
            Some(name) => all.get_key_value(name).filter(|(_, keys)| matches(keys)),
            None => all.iter().find(|(_, keys)| matches(keys)),
        };
        found.map(|(name, _)| Arc::clone(name)).ok_or(problem)
    }

    /// Whether there are secrets, but none of this endpoint.
    #[cfg(all(feature = "client", feature = "webhook"))]
    pub(crate) fn has_only_others(&self, endpoint: &str) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        !all.is_empty() && !all.contains_key(endpoint)
    }
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

/// Length of a code, in bytes.
const LENGTH: usize = 32;

/// A key that is derived from a secret. The secret itself is not stored, and dropping the key overwrites its memory.
#[derive(Clone)]
pub(crate) struct Mac(Hmac<Sha256>);

/// The error when a secret is empty, or only white space. Anyone could sign with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret is empty or blank, so anyone could sign with it; pass the secret of the endpoint")]
pub struct EmptySecret;

impl Mac {
    /// Creates the key from a secret, without the white space around it.
    pub(crate) fn new(secret: &SecretString) -> Result<Self, EmptySecret> {
        let secret = secret::clean("the webhook secret", secret).ok_or(EmptySecret)?;
        Hmac::new_from_slice(secret.expose_secret().as_bytes()).map(Self).map_err(|_| EmptySecret)
    }

    pub(crate) fn code(&self, message: &[u8]) -> Code {
        let mut mac = self.0.clone();
        mac.update(message);
        Code(mac.finalize())
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac")
    }
}

/// The code of a message. Comparison takes constant time.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Code(CtOutput<Hmac<Sha256>>);

impl Code {
    /// Returns the code in hexadecimal.
    pub(crate) fn to_hex(&self) -> String {
        const_hex::encode(self.0.as_bytes())
    }

    /// Parses exactly 64 hexadecimal digits, in upper or lower case.
    pub(crate) fn from_hex(text: &[u8]) -> Option<Self> {
        // The decoder accepts the prefix `0x`, so check the length first.
        if text.len() != 2 * LENGTH {
            return None;
        }
        let bytes: [u8; LENGTH] = const_hex::decode_to_array(text).ok()?;
        Some(Self(CtOutput::new(bytes.into())))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

#[cfg(test)]
mod tests;
