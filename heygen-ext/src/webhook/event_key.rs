//! What an event is recognised by.

use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::event::Event;

/// What an event is recognised by when it comes again: events are the same that share either of these.
///
/// The id alone would not do: the younger deliveries have none, the signature does not cover it, and the same event reaches
/// another endpoint or a callback under another. So there is what it says as well: the type and the ids of the job, where
/// such a job ends once; for avatars, which can be trained anew, for sessions without a video, and for types that nobody
/// knows, all of its data without the signatures of links. Two of these that say the very same within the time that events
/// are remembered count as one: a replayed delivery, whose id anybody can change, looks no different.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EventKey {
    /// The service's id of the event.
    pub id: Option<String>,
    /// What the event says, in few words: for a column of up to 200 characters, or any other place that takes text.
    pub content: String,
}

/// Ids of the service have 32 characters; what is longer is summed up.
const LONGEST: usize = 200;

impl Event {
    /// What it is recognised by, should it come again: by another attempt, from another endpoint, from the log.
    pub fn dedup_key(&self) -> EventKey {
        EventKey::of(self)
    }
}

impl EventKey {
    pub(super) fn of(event: &Event) -> Self {
        if let Some(content) = event.content() {
            return Self::new(event.id().map(str::to_owned), content);
        }
        let (kind, job) = (event.kind().as_str(), event.job_kind());
        let video = || event.fields().word(&["video_id"]);
        let content = match (event.job_id(), job) {
            // A session may make several videos, and a project has one for each contact.
            (Some(id), Some(job)) if job.has_videos() => match video().filter(|video| *video != id) {
                Some(video) => format!("{kind} {id} {video}"),
                // A session may fail several times.
                None => format!("{kind} {}", sum(event)),
            },
            (Some(id), Some(job)) if job.ends_once() => format!("{kind} {id}"),
            _ => format!("{kind} {}", sum(event)),
        };
        let content = match content.len() {
            0..=LONGEST => content,
            _ => format!("event {}", const_hex::encode(Sha256::digest(content))),
        };
        Self::new(event.id().map(str::to_owned), content)
    }

    /// A key of these parts, for tests of a [`EventStore`](super::EventStore).
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

/// SHA-256 of what an event says, whatever the order of its members, and whenever its links were signed.
fn sum(event: &Event) -> String {
    let mut digest = Sha256::new();
    for (name, value) in sorted(event.data()) {
        add(&mut digest, name);
        feed(&mut digest, value);
    }
    const_hex::encode(digest.finalize())
}

fn sorted(members: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    members
}

fn feed(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            digest.update([b'{']);
            for (name, value) in sorted(members) {
                add(digest, name);
                feed(digest, value);
            }
        }
        Value::Array(items) => {
            digest.update([b'[']);
            items.iter().for_each(|item| feed(digest, item));
        }
        Value::String(text) if is_link(text) => feed_link(digest, text),
        Value::String(text) => add(digest, text),
        other => add(digest, &other.to_string()),
    }
    digest.update([b',']);
}

fn is_link(text: &str) -> bool {
    let has_scheme = text.starts_with("https://") || text.starts_with("http://");
    has_scheme && !text.contains(char::is_whitespace)
}

/// A link without what signs it, which is another each time.
fn feed_link(digest: &mut Sha256, link: &str) {
    let (address, query) = link.split_once('?').unwrap_or((link, ""));
    add(digest, address);
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
        let signs = SIGNING.contains(&&*name) || name.starts_with("x-amz-") || name.starts_with("x-goog-");
        if !signs {
            add(digest, parameter);
        }
    }
}

/// Parameters that sign a link, as those of CloudFront do, beside those of S3 and Google's storage.
const SIGNING: [&str; 5] = ["expires", "hash-algorithm", "key-pair-id", "policy", "signature"];

/// With its length, so that two texts are not the same as two others.
fn add(digest: &mut Sha256, text: &str) {
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
    fn an_end_that_comes_once_is_known_by_its_ids() {
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
    fn what_may_happen_again_is_known_by_all_that_it_says() {
        let said = |text: &str| content("video_agent.fail", &json!({"session_id": "s", "msg": text}));
        assert_ne!(
            said("cannot fetch https://a/x?file=1: 404"),
            said("cannot fetch https://a/x?file=2: 500")
        );
        assert_ne!(said("https://a/x?v=1&Expires=5"), said("https://a/x?v=2&Expires=5"));
        assert_eq!(said("https://a/x?v=1&X-Amz-Date=5"), said("https://a/x?v=1&X-Amz-Date=6"));
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
