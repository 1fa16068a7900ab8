//! The account that a request is sent with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::legacy::Legacy;
use crate::credentials::Source;

/// The largest number of callers that are kept. Each has what it looked up, and the lists of its account. The one that has
/// been silent for the longest time is forgotten first.
const MAX_CALLERS: usize = 1_000;

type KeyDigest = [u8; 32];

/// The clients of callers. Each has the number of the request that used it last.
#[derive(Default)]
struct Clients {
    by_key: HashMap<KeyDigest, (u64, Legacy)>,
    requests: u64,
}

/// The clients of a service, by caller.
#[derive(Clone)]
pub(crate) struct Accounts {
    legacy: Legacy,
    mode: Mode,
}

#[derive(Clone)]
enum Mode {
    /// Each caller has a client with its own key.
    Callers(Arc<Mutex<Clients>>),
    /// All callers use the client of the operator, and present a key with this digest.
    Operator(KeyDigest),
}

impl Accounts {
    pub(crate) fn of_callers(legacy: Legacy) -> Self {
        Self { legacy, mode: Mode::Callers(Arc::default()) }
    }

    pub(crate) fn of_operator(&self, caller_key: &SecretString) -> Self {
        let digest = Sha256::digest(caller_key.expose_secret()).into();
        Self { legacy: self.legacy.clone(), mode: Mode::Operator(digest) }
    }

    /// The client for a request. `None` if it has no key, or not that of a caller.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Option<Legacy> {
        let source = credentials_of(headers)?;
        let (Source::Key(secret) | Source::Token(secret)) = &source else { return None };
        let clients = match &self.mode {
            // Digests are compared, so the time of the comparison does not depend on the secret.
            Mode::Operator(digest) => {
                let is_caller = KeyDigest::from(Sha256::digest(secret.expose_secret())) == *digest;
                return is_caller.then(|| self.legacy.clone());
            }
            Mode::Callers(clients) => clients,
        };
        let kind: &[u8] = if matches!(source, Source::Key(_)) { b"key " } else { b"token " };
        let digest = Sha256::new().chain_update(kind).chain_update(secret.expose_secret()).finalize().into();
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.requests += 1;
        let number = clients.requests;
        if let Some((last, legacy)) = clients.by_key.get_mut(&digest) {
            *last = number;
            return Some(legacy.clone());
        }
        // A key that cannot be sent is not valid either.
        let heygen = self.legacy.heygen().with_credentials(source).ok()?;
        let legacy = self.legacy.for_account(heygen);
        if clients.by_key.len() >= MAX_CALLERS
            && let Some(oldest) =
                clients.by_key.iter().min_by_key(|(_, (last, _))| *last).map(|(digest, _)| *digest)
        {
            // The statuses of its videos lose `callback_id` too.
            clients.by_key.remove(&oldest);
        }
        clients.by_key.insert(digest, (number, legacy.clone()));
        Some(legacy)
    }
}

/// The key or the token of a request, as both generations of the API take it.
fn credentials_of(headers: &HeaderMap) -> Option<Source> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty());
    if let Some(key) = text("x-api-key") {
        return Some(Source::Key(SecretString::from(key)));
    }
    let (scheme, token) = text(AUTHORIZATION.as_str())?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Source::Token(SecretString::from(token.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::HeyGen;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())])
    }

    fn accounts() -> Accounts {
        Accounts::of_callers(HeyGen::builder().api_key("unused").build().unwrap().legacy())
    }

    fn callers(accounts: &Accounts) -> usize {
        match &accounts.mode {
            Mode::Callers(clients) => clients.lock().unwrap().by_key.len(),
            Mode::Operator(_) => 0,
        }
    }

    #[test]
    fn each_caller_has_a_client_of_its_own() {
        let accounts = accounts();
        for (name, value, known) in [
            ("x-api-key", "a", true),
            ("x-api-key", "a", true),
            ("x-api-key", "b", true),
            ("authorization", "Bearer a", true),
            ("authorization", "Basic a", false),
            ("authorization", "a", false),
            ("x-api-key", " ", false),
            ("x-api-key", "two words", false),
            ("accept", "a", false),
        ] {
            let caller = accounts.find(&headers(name, value));
            assert_eq!(caller.is_some(), known, "{name}: {value}");
        }
        assert_eq!(callers(&accounts), 3);
        for number in 0..MAX_CALLERS {
            let _ = accounts.find(&headers("x-api-key", &format!("k{number}")));
        }
        assert!(callers(&accounts) <= MAX_CALLERS);
    }

    #[test]
    fn a_caller_that_goes_on_keeps_its_client_when_others_come() {
        let accounts = accounts();
        let kept = || match &accounts.mode {
            Mode::Callers(clients) => clients.lock().unwrap().by_key.keys().copied().collect::<Vec<_>>(),
            Mode::Operator(_) => Vec::new(),
        };
        let find = |key: &str| drop(accounts.find(&headers("x-api-key", key)));
        find("busy");
        let busy = kept();
        find("silent");
        let silent: Vec<KeyDigest> = kept().into_iter().filter(|key| !busy.contains(key)).collect();
        for number in 0..MAX_CALLERS {
            find(&format!("k{number}"));
            find("busy");
        }
        assert_eq!(kept().len(), MAX_CALLERS);
        assert!(kept().contains(&busy[0]) && !kept().contains(&silent[0]));
    }

    #[test]
    fn the_key_of_the_operator_is_used_for_callers_that_present_theirs() {
        let accounts = accounts().of_operator(&SecretString::from("gateway"));
        let known = |value: &str| accounts.find(&headers("x-api-key", value)).is_some();
        assert!(known("gateway") && !known("other") && !known("gateway2"));
    }
}
