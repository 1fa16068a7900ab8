//! Requests that a program repeats, such as after its own timeout.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The largest number of requests that are remembered. The oldest is forgotten first.
const MAX_REQUESTS: usize = 10_000;

/// Gives a request that is repeated within some time the idempotency key that it had first.
pub(crate) struct Repeats {
    window: Duration,
    /// By digest: when the request came first, and its key.
    requests: Mutex<HashMap<[u8; 32], (Instant, String)>>,
}

/// A request that may be repeated.
pub(crate) struct Repeat {
    digest: [u8; 32],
    pub(crate) key: String,
}

/// What makes two requests the same.
pub(crate) struct Repeatable<'a> {
    /// The credentials of the caller.
    pub(crate) caller: Option<&'a [u8]>,
    /// The path with its query.
    pub(crate) target: &'a str,
    pub(crate) media_type: Option<&'a str>,
    pub(crate) body: &'a Bytes,
}

impl Repeats {
    pub(crate) fn within(window: Duration) -> Self {
        Self { window, requests: Mutex::default() }
    }

    /// The key of a request. The time begins with the first of the same requests.
    pub(crate) fn key(&self, request: &Repeatable<'_>, now: Instant) -> Repeat {
        let mut digest = Sha256::new();
        let media_type = request.media_type.unwrap_or_default().as_bytes();
        for part in [request.caller.unwrap_or_default(), request.target.as_bytes(), media_type, request.body]
        {
            // The length separates the parts.
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        let digest: [u8; 32] = digest.finalize().into();
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |since: Instant| now.saturating_duration_since(since) < self.window;
        if let Some((since, key)) = requests.get(&digest)
            && is_recent(*since)
        {
            return Repeat { digest, key: key.clone() };
        }
        if requests.len() >= MAX_REQUESTS {
            requests.retain(|_, (since, _)| is_recent(*since));
        }
        if requests.len() >= MAX_REQUESTS
            && let Some(oldest) =
                requests.iter().min_by_key(|(_, (since, _))| *since).map(|(digest, _)| *digest)
        {
            requests.remove(&oldest);
        }
        let key = Uuid::new_v4().to_string();
        requests.insert(digest, (now, key.clone()));
        Repeat { digest, key }
    }

    /// Forgets a request that was refused: the program may send it again when it has a reason to.
    pub(crate) fn forget(&self, repeat: &Repeat) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).remove(&repeat.digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_request_has_its_first_key_until_the_time_has_passed() {
        let repeats = Repeats::within(Duration::from_secs(120));
        let start = Instant::now();
        let key = |caller: &str, target: &str, body: &'static str, seconds: u64| {
            let body = Bytes::from_static(body.as_bytes());
            let request =
                Repeatable { caller: Some(caller.as_bytes()), target, media_type: None, body: &body };
            repeats.key(&request, start + Duration::from_secs(seconds)).key
        };
        let first = key("a", "/v2/video/generate", "{}", 0);
        assert_eq!(key("a", "/v2/video/generate", "{}", 119), first);
        for other in [
            key("b", "/v2/video/generate", "{}", 1),
            key("a", "/v2/video/generate?x", "{}", 1),
            key("a", "/v2/video/generate", "{ }", 1),
            key("a/v2", "/video/generate", "{}", 1),
            key("a", "/v2/video/generate", "{}", 120),
        ] {
            assert_ne!(other, first);
        }
    }

    #[test]
    fn the_number_of_requests_is_limited() {
        let repeats = Repeats::within(Duration::from_secs(60));
        let start = Instant::now();
        let key = |number: usize| {
            let body = Bytes::from(number.to_string());
            let request = Repeatable { caller: None, target: "/", media_type: None, body: &body };
            repeats.key(&request, start + Duration::from_millis(number as u64)).key
        };
        let (first, second) = (key(0), key(1));
        (2..=MAX_REQUESTS).for_each(|number| drop(key(number)));
        assert_eq!(repeats.requests.lock().unwrap().len(), MAX_REQUESTS);
        assert_eq!(key(1), second);
        assert_ne!(key(0), first);
    }
}
