//! The event of a delivery.

use std::fmt;
use std::sync::{Arc, LazyLock};

use heygen_api::from_json_slice;
use heygen_api::types::WebhookEventType;
use serde_json::{Map, Value};

use super::fields::Fields;
use super::job::{self, JobKind};

/// Maximum length of an id, in bytes. The ids of the service have 32 characters.
const MAX_ID_LENGTH: usize = 200;

/// An event of the service: a job has ended, with or without success.
///
/// An event always comes from a trusted source: a signed delivery ([`Verified::event`](super::Verified::event)), a callback
/// that was confirmed or explicitly trusted ([`Unconfirmed`](super::Unconfirmed)), or the service's list of events
/// (`Webhooks::reconcile`).
///
/// Treat it as a notification. Its fields vary and its URLs expire, so read the resource if you need more than the id.
///
/// Events of a type that this version does not know are read too, and every field is in [`raw`](Self::raw).
#[derive(Clone, PartialEq)]
pub struct Event {
    kind: WebhookEventType,
    id: Option<String>,
    raw: Map<String, Value>,
    endpoint: Option<Arc<str>>,
    /// The `content` of its [`EventKey`](super::EventKey), if it does not follow from the data.
    key_content: Option<String>,
}

/// The error when a body is not a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnEvent {
    bytes: usize,
}

impl fmt::Display for NotAnEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the body of {} bytes is not a JSON object; pass the body of the request unchanged",
            self.bytes
        )
    }
}

impl std::error::Error for NotAnEvent {}

/// How a job ended, according to the type of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The job succeeded: types that end in `.success`.
    Succeeded,
    /// The job failed: types that end in `.fail`, `.validation_failed` or `.download_failed`.
    Failed,
    /// The job ended, and the type does not say how: `batch.finished`, `personalized_video`, and types that this version
    /// does not know.
    Finished,
}

/// Why a job failed, if the service says so.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The code of the service, such as `avatar_unavailable`. Most events do not contain one.
    pub code: Option<String>,
    /// The message of the service.
    pub message: Option<String>,
}

impl Event {
    /// Reads a body that the caller trusts.
    pub(super) fn of(body: &[u8], id: Option<String>) -> Result<Self, NotAnEvent> {
        match from_json_slice(body) {
            Ok(Value::Object(raw)) => Ok(Self::of_members(raw, id)),
            _ => Err(NotAnEvent { bytes: body.len() }),
        }
    }

    pub(super) fn of_members(raw: Map<String, Value>, id: Option<String>) -> Self {
        let fields = Fields(&raw);
        let kind = WebhookEventType::from(fields.string(&["event_type"]).unwrap_or_default());
        // The body comes first, because the signature does not cover the header.
        let id = fields.text(&["event_id"]).or(id).filter(|id| id.len() <= MAX_ID_LENGTH);
        Self { kind, id, raw, endpoint: None, key_content: None }
    }

    pub(super) fn with_endpoint(self, endpoint: Arc<str>) -> Self {
        Self { endpoint: Some(endpoint), ..self }
    }

    /// Gives it the key content of `other`, so that both are the same event.
    #[cfg(feature = "client")]
    pub(super) fn with_dedup_key_of(self, other: &Self) -> Self {
        Self { key_content: Some(other.dedup_key().content), ..self }
    }

    pub(super) fn key_content(&self) -> Option<&str> {
        self.key_content.as_deref()
    }

    /// The endpoint whose secret signed the delivery, by its name in the [`KeyRing`](super::KeyRing).
    ///
    /// `None` if the event does not come from a signed delivery.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The type of the event, such as `avatar_video.success`. For a type that this version does not know, `as_str` returns
    /// the name.
    pub fn kind(&self) -> &WebhookEventType {
        &self.kind
    }

    /// The id of the event: `event_id` in the body, or else the header `Heygen-Event-Id`.
    ///
    /// It is the same in every delivery attempt. Deliveries in the newer form (`Signature`) have no id; use
    /// [`dedup_key`](Self::dedup_key) to recognize these. An id of more than 200 bytes is ignored.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// When the event happened, in ISO 8601. Events from the service's list of events contain it, other events may not.
    pub fn created_at(&self) -> Option<&str> {
        self.raw.get("created_at").and_then(Value::as_str)
    }

    /// How the job ended, according to [`kind`](Self::kind).
    pub fn outcome(&self) -> Outcome {
        let kind = self.kind.as_str();
        match kind.rsplit('.').next() {
            Some("success") => Outcome::Succeeded,
            Some(end) if end != kind && (end == "fail" || end.ends_with("failed")) => Outcome::Failed,
            _ => Outcome::Finished,
        }
    }

    /// Why the job failed. `None` unless [`outcome`](Self::outcome) is [`Outcome::Failed`].
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

    /// The `callback_id` of the request that started the job, if it had one.
    pub fn callback_id(&self) -> Option<String> {
        let read = |fields: Fields<'_>| fields.text(&["callback_id"]);
        read(self.fields()).or_else(|| read(Fields(&self.raw)))
    }

    /// The kind of the job. `None` for types that this version does not know.
    pub fn job_kind(&self) -> Option<JobKind> {
        JobKind::of(&self.kind)
    }

    /// The id of the job: the one that the response to the request that started it contains, and that the operation that
    /// reads it takes.
    pub fn job_id(&self) -> Option<&str> {
        job::id(self.job_kind(), self.data())
    }

    /// The member `event_data`. Empty if the event has no such object.
    pub fn data(&self) -> &Map<String, Value> {
        static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        self.raw.get("event_data").and_then(Value::as_object).unwrap_or(&EMPTY)
    }

    /// The complete event, as received.
    pub fn raw(&self) -> &Map<String, Value> {
        &self.raw
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields(self.data())
    }
}

impl fmt::Debug for Event {
    /// Prints the type and the ids only: the data contains signed URLs and personal data.
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
    fn payloads_observed_from_the_service_are_read() {
        let succeeded = event(&json!({"event_type": "avatar_video.success", "event_data": {
            "callback_id": null, "callback_url": null, "folder_id": "", "gif_download_url": null,
            "url": "https://files.example/v.mp4?Signature=x", "video_id": "v1", "video_share_page_url": null}}));
        assert_eq!((succeeded.job_kind(), succeeded.job_id()), (Some(JobKind::Video), Some("v1")));
        let (outcome, failure) = (succeeded.outcome(), succeeded.failure());
        assert_eq!((outcome, failure, succeeded.callback_id()), (Outcome::Succeeded, None, None));
        let failed = event(&json!({"event_type": "avatar_video.fail", "event_data": {
            "video_id": "v1", "msg": "No face", "callback_id": "mine"}}));
        let failure = failed.failure().unwrap();
        assert_eq!((failure.code, failure.message.as_deref()), (None, Some("No face")));
        assert_eq!(failed.callback_id().as_deref(), Some("mine"));
    }

    #[test]
    fn a_failure_is_read_by_every_member_name() {
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
    fn an_event_of_an_unknown_type_is_read() {
        let unknown = event(
            &json!({"event_type": "hologram.success", "event_id": "e", "event_data": {"id": "h", "x": [1]}}),
        );
        assert_eq!((unknown.kind().as_str(), unknown.id()), ("hologram.success", Some("e")));
        assert_eq!(unknown.job_kind(), None);
        assert_eq!((unknown.job_id(), &unknown.data()["x"]), (Some("h"), &json!([1])));
        for body in [json!({}), json!({"event_type": 7, "event_data": []}), json!({"event_data": null})] {
            let empty = event(&body);
            assert_eq!((empty.kind().as_str(), empty.job_id(), empty.data().len()), ("", None, 0), "{body}");
        }
        for body in ["", "[]", "7", "{", "\u{0}"] {
            assert_eq!(Event::of(body.as_bytes(), None).unwrap_err().bytes, body.len());
        }
    }

    #[test]
    fn debug_does_not_print_the_data() {
        let event = event(&json!({"event_type": "avatar_video.success", "event_data": {
            "video_id": "v1", "url": "https://x/?marked"}}));
        let shown = format!("{event:?}");
        assert!(shown.contains("v1") && !shown.contains("marked"), "{shown}");
    }
}
