//! The key that identifies an event.

use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::event::Event;

/// Identifies an event, by what the service has signed.
///
/// The text has five parts between slashes, each at most 64 bytes of ASCII:
///
/// 1. the endpoint whose secret verified the delivery, so that the secret of one account cannot suppress an event of another;
/// 2. the job, as the member that contains its id and the id;
/// 3. the type of the event;
/// 4. if the body has no `event_id`, a digest of the data, without the signatures of URLs and in any order of members, by
///    which an event of the service's list is compared with deliveries (`Webhooks::reconcile`);
/// 5. what decides: `id:` and the `event_id` of the body if it has one, else `body:` and a digest of the body as received.
///
/// The header `Heygen-Event-Id` is not a part of it, because the signature does not cover it: an old delivery that is
/// repeated under another id is recognized, and different bodies under one id are different events.
///
/// Two events without an `event_id` and with equal bodies are one event: they cannot be told from a repeated delivery. This
/// may concern avatars, which can be trained again; their events differ where the service signs anything that differs, such
/// as the URL of a new preview.
///
/// A part that is longer, or has other characters than letters, digits, `.`, `_`, `:` and `-`, is replaced with `~` and a
/// digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventKey(String);

/// What tells an event from others with the same data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
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
    pub(super) fn of_body(body: &[u8]) -> Self {
        Self::Body(short_hex(Sha256::new_with_prefix(body)))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
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
    pub(super) fn new(event: &Event, identity: &Identity) -> Self {
        let job = match (event.job_kind(), event.job_id()) {
            (Some(kind), Some(id)) => part(&format!("{}:{id}", kind.id_name())),
            (None, Some(id)) => part(id),
            (_, None) => part(""),
        };
        let content = match identity {
            Identity::Signed(_) => "signed".to_owned(),
            // A session may create several videos.
            Identity::Confirmed => part(event.fields().string(&["video_id"]).unwrap_or("~")),
            Identity::Body(_) | Identity::Listed(_) => hash_data(event),
        };
        let (endpoint, kind) = (part(event.endpoint()), part(event.kind().as_str()));
        Self(format!("{endpoint}/{job}/{kind}/{content}/{}", part(&identity.to_string())))
    }

    /// The key as text, for a column of a database: at most 400 bytes of ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The beginning that the keys of all events of the same endpoint about the same job have in common. It ends in `/`.
    pub fn job_prefix(&self) -> &str {
        self.prefix(2)
    }

    /// The beginning that the keys of all events with the same endpoint, job and type have in common. It ends in `/`.
    pub fn type_prefix(&self) -> &str {
        self.prefix(3)
    }

    fn prefix(&self, parts: usize) -> &str {
        let end = self.0.match_indices('/').nth(parts - 1).map_or(self.0.len(), |(place, _)| place + 1);
        self.0.get(..end).unwrap_or(&self.0)
    }

    /// The event type in the text of a key.
    #[cfg(feature = "webhook")]
    pub(super) fn kind_of(text: &str) -> Option<&str> {
        text.split('/').nth(2)
    }

    /// The digest of the data, and what decides, in the text of a key.
    #[cfg(feature = "webhook")]
    pub(super) fn content_of(text: &str) -> Option<(&str, &str)> {
        let mut parts = text.split('/').skip(3);
        parts.next().zip(parts.next())
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text as a part of a key, without slashes and control characters. A digest begins with `~`, which no other part does.
fn part(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    match text.len() {
        1..=64 if text.bytes().all(plain) => text.to_owned(),
        _ => format!("~{}", short_hex(Sha256::new_with_prefix(text))),
    }
}

/// Half of a digest, in hexadecimal: 128 bits, which are sufficient against collisions that nobody can choose.
fn short_hex(digest: Sha256) -> String {
    let mut text = const_hex::encode(digest.finalize());
    text.truncate(32);
    text
}

/// Half of the SHA-256 of the data of an event. It depends neither on the order of members nor on the signatures of URLs.
fn hash_data(event: &Event) -> String {
    let mut digest = Sha256::new();
    for (name, value) in sorted(event.data()) {
        hash_text(&mut digest, name);
        hash_value(&mut digest, value);
    }
    short_hex(digest)
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
    use serde_json::{Map, json};

    use super::*;

    fn deliver(endpoint: &str, header_id: Option<&str>, body: &str) -> Event {
        Event::of_delivery(body.as_bytes(), header_id, endpoint.into()).unwrap()
    }

    fn digest(kind: &str, data: &Value) -> String {
        let body = json!({"event_type": kind, "event_data": data}).to_string();
        let key = deliver("", None, &body).key();
        key.as_str().split('/').nth(3).unwrap().to_owned()
    }

    #[test]
    fn what_is_signed_decides_which_events_are_the_same() {
        const BODY: &str = r#"{"event_type":"podcast.success","event_data":{"podcast_id":"p"}}"#;
        const OTHER: &str = r#"{"event_type":"podcast.success","event_data":{"podcast_id":"q"}}"#;
        const ID_1: &str =
            r#"{"event_type":"podcast.success","event_id":"1","event_data":{"podcast_id":"p"}}"#;
        const ID_2: &str =
            r#"{"event_type":"podcast.success","event_id":"2","event_data":{"podcast_id":"p"}}"#;
        type Delivery<'a> = (&'a str, Option<&'a str>, &'a str);
        let rows: [(&str, Delivery<'_>, Delivery<'_>, bool); 9] = [
            ("a repeated delivery", ("a", Some("1"), BODY), ("a", Some("1"), BODY), true),
            ("an old body under the next id", ("a", Some("1"), BODY), ("a", Some("2"), BODY), true),
            ("the id of a header removed", ("a", Some("1"), BODY), ("a", None, BODY), true),
            ("other bodies under one id", ("a", Some("1"), BODY), ("a", Some("1"), OTHER), false),
            ("only the signed id differs", ("a", None, ID_1), ("a", None, ID_2), false),
            ("the header names another signed id", ("a", Some("2"), ID_1), ("a", None, ID_2), false),
            ("the header contradicts the body", ("a", Some("2"), ID_1), ("a", Some("1"), ID_1), true),
            ("a signed id in the header of another", ("a", None, ID_1), ("a", Some("1"), BODY), false),
            ("another tenant sends the same body", ("a", None, ID_1), ("b", None, ID_1), false),
        ];
        for (attack, one, two, same) in rows {
            let key = |(endpoint, id, body): Delivery<'_>| deliver(endpoint, id, body).key();
            assert_eq!(key(one) == key(two), same, "{attack}: {} {}", key(one), key(two));
        }
    }

    #[test]
    fn a_key_is_printable_and_has_five_parts() {
        let body = r#"{"event_type":"podcast.success","event_id":"e","event_data":{"podcast_id":"p"}}"#;
        let key = deliver("ep_1", None, body).key();
        assert_eq!(key.job_prefix(), "ep_1/podcast_id:p/");
        assert_eq!(key.type_prefix(), "ep_1/podcast_id:p/podcast.success/");
        assert!(key.as_str().ends_with("/id:e"), "{key}");
        for odd in ["a/b", "", "line\nbreak", "\u{202e}", &"x".repeat(65), "~", "ü"] {
            let body = json!({"event_type": odd, "event_id": odd, "event_data": {"id": odd}}).to_string();
            let key = deliver(odd, None, &body).key();
            assert_eq!(key.as_str().split('/').count(), 5, "{key}");
            assert!(
                key.as_str().len() <= 400 && key.as_str().bytes().all(|byte| byte.is_ascii_graphic()),
                "{key}"
            );
        }
        assert_ne!(part("a/b"), part("a:b"));
    }

    #[test]
    fn the_digest_ignores_signatures_of_urls_and_the_order_of_members() {
        let failed = |message: &str| digest("video_agent.fail", &json!({"session_id": "s", "msg": message}));
        assert_ne!(
            failed("cannot fetch https://a/x?file=1: 404"),
            failed("cannot fetch https://a/x?file=2: 500")
        );
        assert_ne!(failed("https://a/x?v=1&Expires=5"), failed("https://a/x?v=2&Expires=5"));
        assert_eq!(failed("https://a/x?v=1&X-Amz-Date=5"), failed("https://a/x?v=1&X-Amz-Date=6"));
        let trained = |data: Value| digest("photo_avatar_train.success", &data);
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
    }

    #[test]
    fn an_identity_is_read_as_it_was_written() {
        let of = |text: &str| Identity::parse(text).map(|identity| identity.to_string());
        for text in ["id:a:b", "body:0f", "list:7", "confirmed"] {
            assert_eq!(of(text).as_deref(), Some(text));
        }
        assert_eq!([of(""), of("other:1"), of("id")], [None, None, None]);
        let listed = Event::new(Map::new(), None, "".into(), Identity::Listed("7".to_owned()));
        assert!(listed.key().as_str().ends_with("/list:7"));
    }
}
