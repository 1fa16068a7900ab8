//! What a delivery tells of.

use std::fmt;
use std::sync::{Arc, LazyLock};

use heygen_api::from_json_slice;
use heygen_api::types::WebhookEventType;
use serde_json::{Map, Value};

use super::fields::Fields;
use super::job::{self, JobKind};

/// Longest id. Those of the service have 32 characters.
const LONGEST_ID: usize = 200;

/// An event of the service's: something has ended, well or badly.
///
/// There is one only where it can be trusted: from a signed delivery ([`Verified::event`](super::Verified::event)), from a
/// callback that was confirmed ([`Unconfirmed`](super::Unconfirmed)), or from the log of events
/// (`Webhooks::reconcile`). It is a signal: fields vary and links in it expire, so read the resource before
/// relying on more than its id.
///
/// Types that this version does not know are values as the others are, and every field is in [`raw`](Self::raw).
#[derive(Clone, PartialEq)]
pub struct Event {
    kind: WebhookEventType,
    id: Option<String>,
    raw: Map<String, Value>,
    endpoint: Option<Arc<str>>,
    /// What it is recognised by, if its own data do not say it.
    content: Option<String>,
}

/// A body that is no JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnEvent {
    bytes: usize,
}

impl fmt::Display for NotAnEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body, of {} bytes, is no JSON object", self.bytes)
    }
}

impl std::error::Error for NotAnEvent {}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Well: types that end in `.success`.
    Succeeded,
    /// Badly: types that end in `.fail`, `.validation_failed` or `.download_failed`.
    Failed,
    /// It is over, and the type does not say how: `batch.finished`, `personalized_video`, types of the future.
    Finished,
}

/// Why a job failed, as far as the service says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The service's code, such as `avatar_unavailable`. Most events have none.
    pub code: Option<String>,
    /// Its words.
    pub message: Option<String>,
}

impl Event {
    /// Reads a body that is trusted already.
    pub(super) fn of(body: &[u8], id: Option<String>) -> Result<Self, NotAnEvent> {
        match from_json_slice(body) {
            Ok(Value::Object(raw)) => Ok(Self::of_members(raw, id)),
            _ => Err(NotAnEvent { bytes: body.len() }),
        }
    }

    pub(super) fn of_members(raw: Map<String, Value>, id: Option<String>) -> Self {
        let fields = Fields(&raw);
        let kind = WebhookEventType::from(fields.word(&["event_type"]).unwrap_or_default());
        // The signature covers the body, and not the headers.
        let id = fields.text(&["event_id"]).or(id).filter(|id| id.len() <= LONGEST_ID);
        Self { kind, id, raw, endpoint: None, content: None }
    }

    pub(super) fn signed_for(self, endpoint: Arc<str>) -> Self {
        Self { endpoint: Some(endpoint), ..self }
    }

    /// Recognised as this one is.
    #[cfg(feature = "client")]
    pub(super) fn known_as(self, other: &Self) -> Self {
        Self { content: Some(other.dedup_key().content), ..self }
    }

    pub(super) fn content(&self) -> Option<&str> {
        self.content.as_deref()
    }

    /// The endpoint whose secret signed its delivery, by the name that it has in the [`KeyRing`](super::KeyRing); none of what
    /// came by another way.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Its type, such as `avatar_video.success`; of one that is not named here, `as_str` has the name.
    pub fn kind(&self) -> &WebhookEventType {
        &self.kind
    }

    /// Its id, the same in every attempt to deliver it: from the body, or else from the header. Deliveries of the younger form
    /// have none; see [`dedup_key`](Self::dedup_key). What has more than 200 characters is none.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// When it happened (ISO 8601), where it says so: events from the log do.
    pub fn created_at(&self) -> Option<&str> {
        self.raw.get("created_at").and_then(Value::as_str)
    }

    /// How what it tells of ended.
    pub fn outcome(&self) -> Outcome {
        let kind = self.kind.as_str();
        match kind.rsplit('.').next() {
            Some("success") => Outcome::Succeeded,
            Some(end) if end != kind && (end == "fail" || end.ends_with("failed")) => Outcome::Failed,
            _ => Outcome::Finished,
        }
    }

    /// Why it failed; none for an event of no failure.
    pub fn failure(&self) -> Option<Failure> {
        (self.outcome() == Outcome::Failed).then(|| {
            let fields = self.fields();
            let error = fields.0.get("error").and_then(Value::as_object);
            let inner = |name: &str| error.and_then(|error| Fields(error).text(&[name]));
            Failure {
                code: fields.text(&["failure_code", "code"]).or_else(|| inner("code")),
                message: fields
                    .text(&["failure_message", "msg", "message", "error"])
                    .or_else(|| inner("message")),
            }
        })
    }

    /// The `callback_id` of the request, if it had one.
    pub fn callback_id(&self) -> Option<String> {
        let of = |fields: Fields<'_>| fields.text(&["callback_id"]);
        of(self.fields()).or_else(|| of(Fields(&self.raw)))
    }

    /// What kind of job it is about; none for types that this version does not know.
    pub fn job_kind(&self) -> Option<JobKind> {
        JobKind::of(&self.kind)
    }

    /// The id of the job: what the operation that reads it takes, and what the answer to the request that started it had.
    pub fn job_id(&self) -> Option<&str> {
        job::id(self.job_kind(), self.data())
    }

    /// Its `event_data`; empty if it has none.
    pub fn data(&self) -> &Map<String, Value> {
        static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        self.raw.get("event_data").and_then(Value::as_object).unwrap_or(&NONE)
    }

    /// All of it, as it came.
    pub fn raw(&self) -> &Map<String, Value> {
        &self.raw
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields(self.data())
    }
}

impl fmt::Debug for Event {
    /// What it is about; links in its data are signed, and people stand in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.kind.as_str())
            .field("id", &self.id)
            .field("job_id", &self.job_id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(body: &Value) -> Event {
        Event::of(body.to_string().as_bytes(), None).unwrap()
    }

    #[test]
    fn what_the_service_has_been_seen_to_send_is_read() {
        let seen = event(&json!({"event_type": "avatar_video.success", "event_data": {
            "callback_id": null, "callback_url": null, "folder_id": "", "gif_download_url": null,
            "url": "https://files.example/v.mp4?Signature=x", "video_id": "v1", "video_share_page_url": null}}));
        assert_eq!((seen.job_kind(), seen.job_id()), (Some(JobKind::Video), Some("v1")));
        assert_eq!((seen.outcome(), seen.failure(), seen.callback_id()), (Outcome::Succeeded, None, None));
        let failed = event(&json!({"event_type": "avatar_video.fail", "event_data": {
            "video_id": "v1", "msg": "No face", "callback_id": "mine"}}));
        let failure = failed.failure().unwrap();
        assert_eq!((failure.code, failure.message.as_deref()), (None, Some("No face")));
        assert_eq!(failed.callback_id().as_deref(), Some("mine"));
    }

    #[test]
    fn failures_are_read_in_every_spelling() {
        for data in [
            json!({"failure_code": "c", "failure_message": "m"}),
            json!({"code": "c", "msg": "m"}),
            json!({"code": "c", "message": "m"}),
            json!({"code": "c", "error": "m"}),
            json!({"error": {"code": "c", "message": "m"}}),
            json!({"failure_code": "c", "message": "", "error": {"message": "m"}}),
        ] {
            let failure =
                event(&json!({"event_type": "podcast.fail", "event_data": data})).failure().unwrap();
            assert_eq!(failure, Failure { code: Some("c".into()), message: Some("m".into()) }, "{data}");
        }
        for (kind, outcome) in [
            ("video_translate.preflight.validation_failed", Outcome::Failed),
            ("video_translate.preflight.download_failed", Outcome::Failed),
            ("batch.finished", Outcome::Finished),
            ("personalized_video", Outcome::Finished),
            ("lipsync.success", Outcome::Succeeded),
            ("fail", Outcome::Finished),
        ] {
            assert_eq!(event(&json!({"event_type": kind})).outcome(), outcome, "{kind}");
        }
    }

    #[test]
    fn what_nobody_knows_is_an_event_all_the_same() {
        let odd = event(
            &json!({"event_type": "hologram.success", "event_id": "e", "event_data": {"id": "h", "x": [1]}}),
        );
        assert_eq!((odd.kind().as_str(), odd.id(), odd.job_kind()), ("hologram.success", Some("e"), None));
        assert_eq!((odd.job_id(), &odd.data()["x"]), (Some("h"), &json!([1])));
        for body in [json!({}), json!({"event_type": 7, "event_data": []}), json!({"event_data": null})] {
            let empty = event(&body);
            assert_eq!((empty.kind().as_str(), empty.job_id(), empty.data().len()), ("", None, 0), "{body}");
        }
        for body in ["", "[]", "7", "{", "\u{0}"] {
            assert_eq!(Event::of(body.as_bytes(), None).unwrap_err().bytes, body.len());
        }
    }

    #[test]
    fn an_event_prints_without_its_data() {
        let event = event(&json!({"event_type": "avatar_video.success", "event_data": {
            "video_id": "v1", "url": "https://x/?marked"}}));
        let shown = format!("{event:?}");
        assert!(shown.contains("v1") && !shown.contains("marked"), "{shown}");
    }
}
