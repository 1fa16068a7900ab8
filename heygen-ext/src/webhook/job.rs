//! The kinds of jobs that events are about, and the members that contain their ids.

use heygen_api::types::WebhookEventType;
use serde_json::{Map, Value};

use super::fields::Fields;

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

/// The members that may contain the id, for each kind. The name that the service uses today comes first.
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

/// The members that may contain the id in an event of an unknown type.
const UNKNOWN_TYPE_IDS: &[&str] =
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

    /// The member that contains the id.
    pub(super) fn id_name(self) -> &'static str {
        IDS.iter().find(|(of, _)| *of == self).and_then(|(_, names)| names.first()).unwrap_or(&"id")
    }

    /// Whether such a job ends only once. A session may create several videos, a project creates one for each contact, and
    /// an avatar can be trained again.
    #[cfg(feature = "webhook")]
    pub(super) fn ends_once(self) -> bool {
        !matches!(self, Self::AvatarLook | Self::VideoAgentSession | Self::PersonalizedVideo)
    }
}

pub(super) fn id(kind: Option<JobKind>, data: &Map<String, Value>) -> Option<&str> {
    let known = kind.and_then(|kind| IDS.iter().find(|(of, _)| *of == kind));
    Fields(data).string(known.map_or(UNKNOWN_TYPE_IDS, |(_, names)| names))
}
