//! The kinds of jobs as types.

use heygen_api::types;
use serde::de::DeserializeOwned;

use super::facts::{self, Facts};

mod sealed {
    pub trait Sealed {}
}

/// A kind of job. The types in [`jobs`](super) that implement it are the kinds.
pub trait JobKind: sealed::Sealed + Send + Sync + 'static {
    /// The result of a completed job.
    type Output: DeserializeOwned + Send + 'static;

    #[doc(hidden)]
    fn facts() -> KindFacts;
}

/// The facts about a kind, which only this crate reads.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct KindFacts(pub(crate) &'static Facts);

macro_rules! kinds {
    ($($(#[$meta:meta])* $name:ident -> $output:ident = $facts:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        #[non_exhaustive]
        pub struct $name;

        $(#[$meta])*
        impl sealed::Sealed for $name {}

        $(#[$meta])*
        impl JobKind for $name {
            type Output = types::$output;

            fn facts() -> KindFacts {
                KindFacts(&facts::$facts)
            }
        }
    )*};
}

kinds! {
    /// A video from an avatar, an image, a studio project or a template: `get_video`.
    Video -> VideoDetail = VIDEO;
    /// A Video Agent session, and then its video: `get_video_agent_session`, `get_video`.
    VideoAgentSession -> VideoDetail = VIDEO_AGENT_SESSION;
    /// A translation of a video into one language: `get_video_translation`.
    VideoTranslation -> VideoTranslationDetail = VIDEO_TRANSLATION;
    /// The subtitles of a translation, to be corrected before its video is made: `get_proofread`.
    Proofread -> ProofreadDetail = PROOFREAD;
    /// A lipsync: `get_lipsync`.
    Lipsync -> LipsyncDetail = LIPSYNC;
    /// A HyperFrames render: `get_hyperframes_render`.
    HyperframesRender -> HyperframesRenderDetail = HYPERFRAMES_RENDER;
    /// Clips from a long video: `get_ai_clipping`.
    AiClipping -> AiClippingDetail = AI_CLIPPING;
    /// A video without filler words: `get_filler_word_removal`.
    FillerWordRemoval -> FillerWordRemovalDetail = FILLER_WORD_REMOVAL;
    /// A video of a video model: `get_model_video`.
    ModelVideo -> ModelVideoDetail = MODEL_VIDEO;
    /// An image of an image model: `get_model_image`.
    ModelImage -> ModelImageDetail = MODEL_IMAGE;
    /// The creation or training of an avatar look, which may need consent: `get_avatar_look`.
    AvatarLook -> AvatarLookItem = AVATAR_LOOK;
    /// A cloned voice: `get_voice`.
    VoiceClone -> VoiceDetail = VOICE_CLONE;
    /// A professional or instant voice of the audio model: `get_model_audio_voice`.
    ModelAudioVoice -> ModelAudioVoiceResponse = MODEL_AUDIO_VOICE;
    /// A brand kit that is read from a web site: `get_brand_kit`.
    BrandKit -> BrandKitDetail = BRAND_KIT;
    /// A file that was uploaded directly to the storage: `bulk_asset_statuses`, `get_asset`.
    Asset -> Asset = ASSET;
    /// A batch of videos: `get_video_batch`.
    VideoBatch -> VideoBatchDetail = VIDEO_BATCH;
    /// A batch of translations, with an item for each language: `get_video_translation_batch`.
    VideoTranslationBatch -> VideoBatchDetail = VIDEO_TRANSLATION_BATCH;
    /// A batch of lipsyncs: `get_lipsync_batch`.
    LipsyncBatch -> VideoBatchDetail = LIPSYNC_BATCH;
    /// A batch of direct uploads: `get_asset_batch`.
    AssetBatch -> VideoBatchDetail = ASSET_BATCH;
    /// The removal of a video's background: `get_background_removal`.
    #[cfg(feature = "preview")]
    BackgroundRemoval -> BackgroundRemovalJob = BACKGROUND_REMOVAL;
    /// A podcast: `get_podcast`.
    #[cfg(feature = "preview")]
    Podcast -> PodcastDetail = PODCAST;
    /// A run of a workflow: `get_workflow_run`.
    #[cfg(feature = "preview")]
    WorkflowRun -> WorkflowRunResponse = WORKFLOW_RUN;
    /// A comparison of the quality of two videos: `get_video_quality_comparison`.
    #[cfg(feature = "preview")]
    VideoQualityComparison -> VideoQualityComparisonResponse = VIDEO_QUALITY_COMPARISON;
    /// A batch of quality comparisons: `get_video_quality_comparison_batch`.
    #[cfg(feature = "preview")]
    VideoQualityComparisonBatch -> VideoQualityComparisonBatchResponse = VIDEO_QUALITY_COMPARISON_BATCH;
}

/// A job of a kind that is known only at run time. Its result is the service's JSON.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum AnyKind {}
