//! The event of a delivery, and the job that it is about.

use std::fmt;
use std::sync::{Arc, LazyLock};

use heygen_api::from_json_slice;
use heygen_api::types::WebhookEventType;
use serde_json::{Map, Value, json};

use super::event_key::{EventKey, Identity};
use super::payload::{Fields, Payload};

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
    job_kind: Option<JobKind>,
    id: Option<String>,
    raw: Map<String, Value>,
    endpoint: Arc<str>,
    identity: Identity,
    contradicts: Option<Outcome>,
}

/// The error when a body is not a JSON object, or a stored event was not written by [`Event::to_stored`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {what} of {bytes} bytes {problem}")]
pub struct NotAnEvent {
    what: &'static str,
    bytes: usize,
    problem: &'static str,
}

impl NotAnEvent {
    fn body(bytes: usize) -> Self {
        Self { what: "body", bytes, problem: "is not a JSON object; pass the body of the request unchanged" }
    }

    fn stored(bytes: usize) -> Self {
        Self { what: "stored JSON", bytes, problem: "is not an event; pass what `Event::to_stored` returned" }
    }
}

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

impl Outcome {
    /// The outcome that the name of an event type states.
    fn of(kind: &str) -> Self {
        match kind.rsplit('.').next() {
            Some("success") => Self::Succeeded,
            Some(end) if end != kind && (end == "fail" || end.ends_with("_failed")) => Self::Failed,
            _ => Self::Finished,
        }
    }
}

fn parse(body: &[u8]) -> Result<Map<String, Value>, NotAnEvent> {
    match from_json_slice(body) {
        Ok(Value::Object(raw)) => Ok(raw),
        _ => Err(NotAnEvent::body(body.len())),
    }
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
    /// Reads the body of a signed delivery.
    pub(crate) fn of_delivery(
        body: &[u8],
        header_id: Option<&str>,
        endpoint: Arc<str>,
    ) -> Result<Self, NotAnEvent> {
        let raw = parse(body)?;
        let identity = match Fields(&raw).text(&["event_id"]) {
            Some(id) => Identity::Signed(id),
            None => Identity::of_body(body),
        };
        Ok(Self::new(raw, header_id, endpoint, identity))
    }

    /// Reads the body of a callback, which is not signed.
    #[cfg(feature = "webhook")]
    pub(crate) fn of_callback(body: &[u8]) -> Result<Self, NotAnEvent> {
        Ok(Self::new(parse(body)?, None, "".into(), Identity::of_body(body)))
    }

    pub(crate) fn new(
        raw: Map<String, Value>,
        header_id: Option<&str>,
        endpoint: Arc<str>,
        identity: Identity,
    ) -> Self {
        let fields = Fields(&raw);
        let kind = WebhookEventType::from(fields.string(&["event_type"]).unwrap_or_default());
        // The body comes first, because the signature does not cover the header.
        let id = fields.text(&["event_id"]).or_else(|| header_id.map(str::to_owned));
        let id = id.filter(|id| id.len() <= MAX_ID_LENGTH);
        Self { job_kind: JobKind::of(&kind), kind, id, raw, endpoint, identity, contradicts: None }
    }

    /// The event as JSON, for an [`Inbox`](super::Inbox) that stores it. [`from_stored`](Self::from_stored) reads it.
    pub fn to_stored(&self) -> Value {
        json!({
            "endpoint": &*self.endpoint,
            "id": self.id,
            "identity": self.identity.to_string(),
            "body": self.raw,
        })
    }

    /// Reads what [`to_stored`](Self::to_stored) wrote. Pass only what your own program has stored: anyone who can write it can
    /// forge an event.
    ///
    /// # Errors
    ///
    /// If it was not written by [`to_stored`](Self::to_stored).
    pub fn from_stored(mut stored: Value) -> Result<Self, NotAnEvent> {
        let body = stored.get_mut("body").map(Value::take);
        let text = |name: &str| stored.get(name).and_then(Value::as_str);
        let parts = (body, text("endpoint"), text("identity").and_then(Identity::parse));
        let (Some(Value::Object(raw)), Some(endpoint), Some(identity)) = parts else {
            return Err(NotAnEvent::stored(stored.to_string().len()));
        };
        Ok(Self::new(raw, text("id"), endpoint.into(), identity))
    }

    /// The key that identifies the event: it is equal for every delivery attempt, and differs for every other event. An
    /// [`Inbox`](super::Inbox) keeps one event for each key.
    ///
    /// See [`EventKey`] for what it is made of.
    pub fn key(&self) -> EventKey {
        let name = self.job_kind().map(|kind| format!("{}:", kind.id_name())).unwrap_or_default();
        let job = self.job_id().map(|id| format!("{name}{id}"));
        EventKey::new(&self.endpoint, job.as_deref(), self.kind.as_str(), self.data(), &self.identity)
    }

    /// Whether an inbox may have the event under another key. Otherwise its own key decides.
    #[cfg(feature = "webhook")]
    pub(crate) fn may_have_other_key(&self) -> bool {
        !matches!(self.identity, Identity::Body(_) | Identity::Confirmed) || self.ends_once()
    }

    #[cfg(feature = "webhook")]
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether the type and the job identify the event.
    #[cfg(feature = "webhook")]
    pub(crate) fn ends_once(&self) -> bool {
        self.job_id().is_some() && self.job_kind().is_some_and(JobKind::ends_once)
    }

    /// The endpoint whose secret signed the delivery, by its name in the [`KeyRing`](super::KeyRing). Empty for the secret of
    /// [`Verifier::new`](super::Verifier::new), and for callbacks.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// How another event, which was handled before, reported the end of the same job. `None` if no such event is known, or if it
    /// reported the same outcome.
    ///
    /// The service delivers in any order and does not promise one end for each job, so an event `avatar_video.fail` may
    /// follow the `avatar_video.success` of the same video. Read the resource to know which is true. It is not set for jobs
    /// that may end several times: avatars, sessions and personalized videos.
    pub fn contradicts(&self) -> Option<Outcome> {
        self.contradicts
    }

    /// Compares the event with the keys of handled events about its job.
    #[cfg(feature = "webhook")]
    pub(crate) fn with_handled<'a>(mut self, keys: impl IntoIterator<Item = &'a str>) -> Self {
        let own = self.outcome();
        if self.job_kind().is_some_and(JobKind::ends_once) && own != Outcome::Finished {
            let stem = |kind: &'_ str| kind.rsplit_once('.').map(|(stem, _)| stem.to_owned());
            let kinds = keys.into_iter().filter_map(EventKey::kind_of);
            let others = kinds.filter(|kind| stem(kind) == stem(self.kind.as_str())).map(Outcome::of);
            self.contradicts = others.into_iter().find(|outcome| *outcome != own);
        }
        self
    }

    /// The type of the event, such as `avatar_video.success`. For a type that this version does not know, `as_str` returns
    /// the name.
    pub fn kind(&self) -> &WebhookEventType {
        &self.kind
    }

    /// The id of the event: `event_id` in the body, or else the header `Heygen-Event-Id`.
    ///
    /// It is the same in every delivery attempt. Deliveries in the newer form (`Signature`) have no id; use
    /// [`key`](Self::key) to recognize these. An id of more than 200 bytes is ignored.
    ///
    /// The header is not signed: to recognize repeated events, use [`key`](Self::key).
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// When the event happened, in ISO 8601. Events from the service's list of events contain it, other events may not.
    pub fn created_at(&self) -> Option<&str> {
        self.raw.get("created_at").and_then(Value::as_str)
    }

    /// How the job ended, according to [`kind`](Self::kind).
    pub fn outcome(&self) -> Outcome {
        Outcome::of(self.kind.as_str())
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

    /// The kind of the job, by how the type begins. `None` for types that begin in no known way.
    pub fn job_kind(&self) -> Option<JobKind> {
        self.job_kind
    }

    /// The id of the job: the one that the response to the request that started it contains, and that the operation that
    /// reads it takes.
    pub fn job_id(&self) -> Option<&str> {
        job_id(self.job_kind(), self.data())
    }

    /// The member `event_data`. Empty if the event has no such object.
    pub fn data(&self) -> &Map<String, Value> {
        static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        self.raw.get("event_data").and_then(Value::as_object).unwrap_or(&EMPTY)
    }

    /// The known members of the data, by one name each.
    pub fn payload(&self) -> Payload {
        let is_video = matches!(self.job_kind(), Some(JobKind::Video | JobKind::VideoTranslation));
        Payload::of(self.fields(), is_video)
    }

    /// The complete event, as received.
    pub fn raw(&self) -> &Map<String, Value> {
        &self.raw
    }

    pub(crate) fn fields(&self) -> Fields<'_> {
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

/// The kind of the job that an event is about. Each is documented with the operation that reads the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobKind {
    /// A video, its GIF, or its captions: `get_video`.
    Video,
    /// A video translation: `get_video_translation`.
    VideoTranslation,
    /// A Video Agent session: `get_video_agent_session`.
    VideoAgentSession,
    /// A proofread: `get_proofread`.
    Proofread,
    /// A HyperFrames render: `get_hyperframes_render`.
    HyperframesRender,
    /// An AI clipping job: `get_ai_clipping`.
    AiClipping,
    /// A filler word removal: `get_filler_word_removal`.
    FillerWordRemoval,
    /// A podcast: `get_podcast`.
    Podcast,
    /// The creation or training of an avatar look: `get_avatar_look`.
    AvatarLook,
    /// A personalized video project. v3 has no operation that reads it.
    PersonalizedVideo,
    /// A batch of videos, translations or lipsyncs: `get_video_batch`, `get_video_translation_batch`, `get_lipsync_batch`.
    Batch,
    /// A lipsync: `get_lipsync`. The OpenAPI document lists no such event type, although lipsyncs accept a `callback_url`.
    /// Types that begin with `lipsync.` have this kind.
    Lipsync,
}

/// How the types of each kind begin, and the members that may contain the id. The name that the service uses today comes first.
const KINDS: [(&[&str], JobKind, &[&str]); 12] = [
    (&["avatar_video.", "avatar_video_gif.", "avatar_video_caption."], JobKind::Video, &["video_id", "id"]),
    (&["video_translate."], JobKind::VideoTranslation, &["video_translate_id", "video_translation_id", "id"]),
    (&["video_agent."], JobKind::VideoAgentSession, &["session_id", "id"]),
    (&["proofread_creation."], JobKind::Proofread, &["proofread_id", "id"]),
    (&["hyperframes_video."], JobKind::HyperframesRender, &["render_id", "id", "video_id"]),
    (&["ai_clipping."], JobKind::AiClipping, &["id", "ai_clipping_id"]),
    (&["filler_word_removal."], JobKind::FillerWordRemoval, &["id", "filler_word_removal_id"]),
    (&["podcast."], JobKind::Podcast, &["podcast_id", "id"]),
    (
        &["instant_avatar.", "photo_avatar_", "live_avatar."],
        JobKind::AvatarLook,
        &["avatar_id", "look_id", "id"],
    ),
    (&["personalized_video"], JobKind::PersonalizedVideo, &["project_id", "video_id"]),
    (&["batch."], JobKind::Batch, &["batch_id", "id"]),
    (&["lipsync."], JobKind::Lipsync, &["lipsync_id", "id"]),
];

/// The members that may contain the id in an event of an unknown type.
const UNKNOWN_TYPE_IDS: &[&str] =
    &["id", "video_id", "render_id", "video_translate_id", "session_id", "lipsync_id", "batch_id"];

impl JobKind {
    fn of(kind: &WebhookEventType) -> Option<Self> {
        let begins = |starts: &[&str]| starts.iter().any(|start| kind.as_str().starts_with(start));
        KINDS.iter().find(|(starts, ..)| begins(starts)).map(|(_, kind, _)| *kind)
    }

    /// The members that may contain the id.
    fn id_names(self) -> &'static [&'static str] {
        KINDS.iter().find(|(_, kind, _)| *kind == self).map_or(&[], |(.., names)| names)
    }

    /// The member that contains the id.
    pub(crate) fn id_name(self) -> &'static str {
        self.id_names().first().unwrap_or(&"id")
    }

    /// Whether such a job ends only once. A session may create several videos, a project creates one for each contact, and
    /// an avatar can be trained again.
    #[cfg(feature = "webhook")]
    fn ends_once(self) -> bool {
        !matches!(self, Self::AvatarLook | Self::VideoAgentSession | Self::PersonalizedVideo)
    }
}

/// The id of the job that the data of an event has.
fn job_id(kind: Option<JobKind>, data: &Map<String, Value>) -> Option<&str> {
    Fields(data).string(kind.map_or(UNKNOWN_TYPE_IDS, JobKind::id_names))
}

#[cfg(test)]
mod tests;
