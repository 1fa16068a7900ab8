//! What an event is about: kinds of jobs, and where their ids stand.

use heygen_api::types::WebhookEventType;
use serde_json::{Map, Value};

use super::fields::Fields;

/// A kind of job that events tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobKind {
    /// A video, its GIF or its captions: `get_video`.
    Video,
    /// A video translation: `get_video_translation`.
    VideoTranslation,
    /// A session of the Video Agent: `get_video_agent_session`.
    VideoAgentSession,
    /// A proofread: `get_proofread`.
    Proofread,
    /// A HyperFrames render: `get_hyperframes_render`.
    HyperframesRender,
    /// A job of AI clipping: `get_ai_clipping`.
    AiClipping,
    /// A removal of filler words: `get_filler_word_removal`.
    FillerWordRemoval,
    /// A podcast: `get_podcast`.
    Podcast,
    /// An avatar look in the making or in training: `get_avatar_look`.
    AvatarLook,
    /// A project of personalized videos; v3 has no operation that reads it.
    PersonalizedVideo,
    /// A batch of videos, translations or lipsyncs: `get_video_batch`, `get_video_translation_batch`, `get_lipsync_batch`.
    Batch,
    /// A lipsync: `get_lipsync`. The document has no such type of event, and lipsyncs take a `callback_url` all the same:
    /// types that begin with `lipsync.` count.
    Lipsync,
}

/// Names under which ids stand, for each kind; the one that the service uses today comes first.
const IDS: [(JobKind, &[&str]); 12] = [
    (JobKind::Video, &["video_id", "id"]),
    (JobKind::VideoTranslation, &["video_translate_id", "video_translation_id", "id"]),
    (JobKind::VideoAgentSession, &["session_id", "id"]),
    (JobKind::Proofread, &["proofread_id", "id"]),
    (JobKind::HyperframesRender, &["render_id", "id", "video_id"]),
    (JobKind::AiClipping, &["id", "ai_clipping_id"]),
    (JobKind::FillerWordRemoval, &["id", "filler_word_removal_id"]),
    (JobKind::Podcast, &["podcast_id", "id"]),
    (JobKind::AvatarLook, &["avatar_id", "look_id", "id"]),
    (JobKind::PersonalizedVideo, &["project_id", "video_id"]),
    (JobKind::Batch, &["batch_id", "id"]),
    (JobKind::Lipsync, &["lipsync_id", "id"]),
];

/// The same for types that nobody knows.
const OTHER_IDS: &[&str] =
    &["id", "video_id", "render_id", "video_translate_id", "session_id", "lipsync_id", "batch_id"];

impl JobKind {
    pub(super) fn of(kind: &WebhookEventType) -> Option<Self> {
        use WebhookEventType as Type;
        Some(match kind {
            Type::AvatarVideoSuccess
            | Type::AvatarVideoFail
            | Type::AvatarVideoGifSuccess
            | Type::AvatarVideoGifFail
            | Type::AvatarVideoCaptionSuccess
            | Type::AvatarVideoCaptionFail => Self::Video,
            Type::VideoTranslateSuccess
            | Type::VideoTranslateFail
            | Type::VideoTranslatePreflightValidationFailed
            | Type::VideoTranslatePreflightDownloadFailed => Self::VideoTranslation,
            Type::VideoAgentSuccess | Type::VideoAgentFail => Self::VideoAgentSession,
            Type::ProofreadCreationSuccess | Type::ProofreadCreationFail => Self::Proofread,
            Type::HyperframesVideoSuccess | Type::HyperframesVideoFail => Self::HyperframesRender,
            Type::AiClippingSuccess | Type::AiClippingFail => Self::AiClipping,
            Type::FillerWordRemovalSuccess | Type::FillerWordRemovalFail => Self::FillerWordRemoval,
            Type::PodcastSuccess | Type::PodcastFail => Self::Podcast,
            Type::InstantAvatarSuccess
            | Type::InstantAvatarFail
            | Type::PhotoAvatarGenerationSuccess
            | Type::PhotoAvatarGenerationFail
            | Type::PhotoAvatarTrainSuccess
            | Type::PhotoAvatarTrainFail
            | Type::PhotoAvatarAddMotionSuccess
            | Type::PhotoAvatarAddMotionFail
            | Type::LiveAvatarSuccess
            | Type::LiveAvatarFail => Self::AvatarLook,
            Type::PersonalizedVideo => Self::PersonalizedVideo,
            Type::BatchFinished => Self::Batch,
            other if other.as_str().starts_with("lipsync.") => Self::Lipsync,
            _ => return None,
        })
    }

    /// Whether such a job makes several videos, each with an event of its own.
    pub(super) fn has_videos(self) -> bool {
        matches!(self, Self::VideoAgentSession | Self::PersonalizedVideo)
    }

    /// The name under which its id stands.
    #[cfg(feature = "client")]
    pub(super) fn id_name(self) -> &'static str {
        IDS.iter().find(|(of, _)| *of == self).and_then(|(_, names)| names.first()).unwrap_or(&"id")
    }

    /// Whether such a job ends once in its life, so that its type and its ids say which event it is.
    pub(super) fn ends_once(self) -> bool {
        !matches!(self, Self::AvatarLook)
    }
}

pub(super) fn id(kind: Option<JobKind>, data: &Map<String, Value>) -> Option<&str> {
    let known = kind.and_then(|kind| IDS.iter().find(|(of, _)| *of == kind));
    Fields(data).string(known.map_or(OTHER_IDS, |(_, names)| names))
}
