//! The key by which duplicate events are recognized.

use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::event::Event;

/// The deduplication key of an event. Two events are the same if their `id` or their `content` is equal.
///
/// The id is not sufficient: deliveries in the newer form have none, the signature does not cover it, and another endpoint
/// or a callback receives the same event with a different id. The content is therefore a part of the key.
///
/// If a job ends only once, the content is the type and the ids of the job. Otherwise it is the type and a hash of the data,
/// without the signatures of URLs. This applies to avatars, which can be trained again, to sessions without a video, and to
/// types that this version does not know. Two such events with the same data count as one while the store remembers the
/// first: they cannot be distinguished from a replayed delivery, whose id anyone can change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EventKey {
    /// The id of the event, if it has one.
    pub id: Option<String>,
    /// The content of the event in short form: text of at most 200 bytes, for a database column.
    pub content: String,
}

/// Maximum length of the content, in bytes. A longer one is replaced with its hash.
const MAX_CONTENT_LENGTH: usize = 200;

impl Event {
    /// The key that is equal for every copy of the event: another delivery attempt, another endpoint, a callback, or the
    /// service's list of events.
    pub fn dedup_key(&self) -> EventKey {
        EventKey::of(self)
    }
}

impl EventKey {
    pub(super) fn of(event: &Event) -> Self {
        if let Some(content) = event.key_content() {
            return Self::new(event.id().map(str::to_owned), content);
        }
        let (kind, job) = (event.kind().as_str(), event.job_kind());
        let video = || event.fields().string(&["video_id"]);
        let content = match (event.job_id(), job) {
            // A session may create several videos, and a project creates one for each contact.
            (Some(id), Some(job)) if job.has_videos() => match video().filter(|video| *video != id) {
                Some(video) => format!("{kind} {id} {video}"),
                // A session may fail several times.
                None => format!("{kind} {}", hash_data(event)),
            },
            (Some(id), Some(job)) if job.ends_once() => format!("{kind} {id}"),
            _ => format!("{kind} {}", hash_data(event)),
        };
        let content = match content.len() {
            0..=MAX_CONTENT_LENGTH => content,
            _ => format!("event {}", const_hex::encode(Sha256::digest(content))),
        };
        Self::new(event.id().map(str::to_owned), content)
    }

    /// Creates a key from its parts, for tests of an [`EventStore`](super::EventStore).
    pub fn new(id: Option<String>, content: impl Into<String>) -> Self {
        Self { id, content: content.into() }
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{} ({id})", self.content),
            None => f.write_str(&self.content),
        }
    }
}

/// SHA-256 of the data of an event. It depends neither on the order of members nor on the signatures of URLs.
fn hash_data(event: &Event) -> String {
    let mut digest = Sha256::new();
    for (name, value) in sorted(event.data()) {
        hash_text(&mut digest, name);
        hash_value(&mut digest, value);
    }
    const_hex::encode(digest.finalize())
}

fn sorted(members: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
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
    has_scheme && !text.contains(char::is_whitespace)
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
mod tests {
    use serde_json::json;

    use super::*;

    fn key(body: &Value) -> EventKey {
        Event::of(body.to_string().as_bytes(), None).unwrap().dedup_key()
    }

    fn content(kind: &str, data: &Value) -> String {
        key(&json!({"event_type": kind, "event_data": data})).content
    }

    #[test]
    fn an_event_that_happens_once_is_recognized_by_its_ids() {
        assert_eq!(
            content("avatar_video.success", &json!({"video_id": "v", "url": "a"})),
            "avatar_video.success v"
        );
        let one = content("video_agent.success", &json!({"session_id": "s", "video_id": "v1"}));
        assert_eq!(one, "video_agent.success s v1");
        assert_ne!(one, content("video_agent.success", &json!({"session_id": "s", "video_id": "v2"})));
        assert_ne!(
            content("avatar_video.fail", &json!({"video_id": "v"})),
            content("avatar_video.success", &json!({"video_id": "v"}))
        );
        let both = key(
            &json!({"event_type": "podcast.success", "event_id": "e", "event_data": {"podcast_id": "p"}}),
        );
        assert_eq!((both.id.as_deref(), both.to_string().as_str()), (Some("e"), "podcast.success p (e)"));
    }

    #[test]
    fn an_event_that_may_happen_again_is_recognized_by_its_data() {
        let failed = |message: &str| content("video_agent.fail", &json!({"session_id": "s", "msg": message}));
        assert_ne!(
            failed("cannot fetch https://a/x?file=1: 404"),
            failed("cannot fetch https://a/x?file=2: 500")
        );
        assert_ne!(failed("https://a/x?v=1&Expires=5"), failed("https://a/x?v=2&Expires=5"));
        assert_eq!(failed("https://a/x?v=1&X-Amz-Date=5"), failed("https://a/x?v=1&X-Amz-Date=6"));
        let trained = |data: Value| content("photo_avatar_train.success", &data);
        let first =
            trained(json!({"id": "a", "preview": "https://x/1.png?Signature=1", "n": {"b": 1, "a": [2, 3]}}));
        let again =
            trained(json!({"n": {"a": [2, 3], "b": 1}, "preview": "https://x/1.png?Signature=2", "id": "a"}));
        assert_eq!(first, again);
        for other in [
            json!({"id": "a", "preview": "https://x/2.png", "n": {"b": 1, "a": [2, 3]}}),
            json!({"id": "a", "preview": "https://x/1.png", "n": {"b": 1, "a": [23]}}),
            json!({"id": "a", "preview": "https://x/1.png", "n": {"b": 1, "a": [2], "c": [3]}}),
        ] {
            assert_ne!(trained(other.clone()), first, "{other}");
        }
        assert_eq!(content("", &json!({})).len(), 65);
        assert!(content("avatar_video.success", &json!({"video_id": "v".repeat(1000)})).len() < 100);
    }
}
