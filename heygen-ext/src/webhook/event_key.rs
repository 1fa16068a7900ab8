//! The key that identifies an event.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::payload::Fields;

/// Identifies an event, by what the service has signed.
///
/// The text has five parts between slashes, each at most 64 bytes of ASCII:
///
/// 1. the endpoint whose secret verified the delivery, so that the secret of one account cannot suppress an event of another;
/// 2. the job, as the member that contains its id and the id;
/// 3. the type of the event;
/// 4. and 5. depend on where the event is from:
///
/// | source | part 4 | part 5 |
/// |---|---|---|
/// | a signed body with an `event_id` | `signed` | `id:` and the id |
/// | a signed body without one | a digest of the data | `body:` and a digest of the body as received |
/// | the service's list (`Webhooks::reconcile`) | a digest of the data | `list:` and the id |
/// | a confirmed callback | the ids of the video and of the callback | `confirmed` |
///
/// The digest of the data ignores the order of members, and the signatures of URLs.
///
/// The header `Heygen-Event-Id` is not a part of it, because the signature does not cover it: an old delivery that is
/// repeated under another id is recognized, and different bodies under one id are different events.
///
/// Two events without an `event_id` and with equal bodies are one event, because nothing distinguishes the second from a
/// repeated delivery. This may concern avatars, which can be trained again; their events differ where the service signs
/// anything that differs, such as the URL of a new preview.
///
/// A part that is longer, or has other characters than letters, digits, `.`, `_`, `:` and `-`, is replaced with `~` and a
/// digest; an empty one with `~`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventKey(Arc<str>);

/// What distinguishes an event from others with the same data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The `event_id` of a signed body.
    Signed(String),
    /// A digest of a body without an `event_id`.
    Body(String),
    /// The id in the service's list of events, which was read with the API key.
    Listed(String),
    /// The resource confirms the type and the job, and nothing else is known.
    Confirmed,
}

impl Identity {
    pub(crate) fn of_body(body: &[u8]) -> Self {
        Self::Body(short_hex(Sha256::new_with_prefix(body)))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("id", id)) => Some(Self::Signed(id.to_owned())),
            Some(("body", digest)) => Some(Self::Body(digest.to_owned())),
            Some(("list", id)) => Some(Self::Listed(id.to_owned())),
            None if text == "confirmed" => Some(Self::Confirmed),
            _ => None,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed(id) => write!(f, "id:{id}"),
            Self::Body(digest) => write!(f, "body:{digest}"),
            Self::Listed(id) => write!(f, "list:{id}"),
            Self::Confirmed => f.write_str("confirmed"),
        }
    }
}

impl EventKey {
    /// The key of an event about a job, which is the member that contains its id and the id.
    pub(crate) fn new(
        endpoint: &str,
        job: Option<&str>,
        kind: &str,
        data: &Map<String, Value>,
        identity: &Identity,
    ) -> Self {
        let mut key = String::with_capacity(USUAL_LENGTH);
        for text in [endpoint, job.unwrap_or_default(), kind] {
            push_part(&mut key, text);
            key.push('/');
        }
        match identity {
            Identity::Signed(_) => key.push_str("signed"),
            // A session may create several videos, and the guard of a callback has signed its `callback_id`.
            Identity::Confirmed => {
                let part = |name| Fields(data).string(&[name]).unwrap_or_default();
                push_part(&mut key, &format!("{}:{}", part("video_id"), part("callback_id")));
            }
            Identity::Body(_) | Identity::Listed(_) => key.push_str(&hash_data(data)),
        }
        key.push('/');
        push_part(&mut key, &identity.to_string());
        Self(key.into())
    }

    /// The key as text, for a column of a database: at most 400 bytes of ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, for a map that shares it.
    #[cfg(feature = "webhook")]
    pub(super) fn to_shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The beginning that the keys of all events of the same endpoint about the same job have in common. It ends in `/`.
    ///
    /// Of an event without a job, it includes the type: others of the same type have it.
    pub fn job_prefix(&self) -> &str {
        let of_job = self.prefix(2);
        if of_job.ends_with("/~/") { self.type_prefix() } else { of_job }
    }

    /// The beginning that the keys of all events with the same endpoint, job and type have in common. It ends in `/`.
    pub(crate) fn type_prefix(&self) -> &str {
        self.prefix(3)
    }

    fn prefix(&self, parts: usize) -> &str {
        let end = self.0.match_indices('/').nth(parts - 1).map_or(self.0.len(), |(place, _)| place + 1);
        self.0.get(..end).unwrap_or(&self.0)
    }

    /// The event type in the text of a key.
    #[cfg(feature = "webhook")]
    pub(crate) fn kind_of(text: &str) -> Option<&str> {
        text.split('/').nth(2)
    }

    /// The digest of the data, and what decides, in the text of a key.
    #[cfg(feature = "webhook")]
    pub(crate) fn content_of(text: &str) -> Option<(&str, &str)> {
        let mut parts = text.split('/').skip(3);
        parts.next().zip(parts.next())
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Most keys are not longer, in bytes.
const USUAL_LENGTH: usize = 192;

/// Appends a text to a key, without slashes and control characters. Only an empty text and a digest begin with `~`.
fn push_part(key: &mut String, text: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    match text.len() {
        0 => key.push('~'),
        1..=64 if text.bytes().all(plain) => key.push_str(text),
        _ => {
            key.push('~');
            key.push_str(&short_hex(Sha256::new_with_prefix(text)));
        }
    }
}

/// Half of a digest, in hexadecimal: 128 bits, which are sufficient against collisions that nobody can choose.
fn short_hex(digest: Sha256) -> String {
    let digest = digest.finalize();
    const_hex::encode(digest.get(..16).unwrap_or(&digest))
}

/// Half of the SHA-256 of the data of an event. It depends neither on the order of members nor on the signatures of URLs.
fn hash_data(data: &Map<String, Value>) -> String {
    let mut digest = Sha256::new();
    for (name, value) in sorted(data) {
        hash_text(&mut digest, name);
        hash_value(&mut digest, value);
    }
    short_hex(digest)
}

fn sorted(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    members
}

fn hash_value(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            digest.update([b'{']);
            for (name, value) in sorted(members) {
                hash_text(digest, name);
                hash_value(digest, value);
            }
        }
        Value::Array(items) => {
            digest.update([b'[']);
            items.iter().for_each(|item| hash_value(digest, item));
        }
        Value::String(text) if is_url(text) => hash_url(digest, text),
        Value::String(text) => hash_text(digest, text),
        other => hash_text(digest, &other.to_string()),
    }
    digest.update([b',']);
}

fn is_url(text: &str) -> bool {
    let has_scheme = text.starts_with("https://") || text.starts_with("http://");
    // Every byte is checked, without a stop at the first space: the compiler then checks many at a time, and a signed URL
    // may have a thousand. What is not ASCII is not a URL either: a message that begins with one may go on after any space.
    has_scheme && text.bytes().fold(true, |all, byte| all & byte.is_ascii_graphic())
}

/// Hashes a URL without its signature, which differs in every delivery.
fn hash_url(digest: &mut Sha256, url: &str) {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    hash_text(digest, base);
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
        let is_signature = SIGNATURE_PARAMETERS.contains(&&*name)
            || name.starts_with("x-amz-")
            || name.starts_with("x-goog-");
        if !is_signature {
            hash_text(digest, parameter);
        }
    }
}

/// Query parameters of CloudFront signatures. Those of S3 and Google Cloud Storage have a prefix.
const SIGNATURE_PARAMETERS: [&str; 5] = ["expires", "hash-algorithm", "key-pair-id", "policy", "signature"];

/// Hashes a text with its length, so that `ab` and `c` differ from `a` and `bc`.
fn hash_text(digest: &mut Sha256, text: &str) {
    digest.update((text.len() as u64).to_le_bytes());
    digest.update(text);
}

#[cfg(test)]
mod tests;
