//! The requests that start jobs.

use heygen_api::types::{self, builder};
use heygen_api::{BuildError, Operation, operations};
use serde::Serialize;

#[cfg(feature = "preview")]
pub(super) use self::preview::PREVIEW_STARTS;
use super::batches::BatchOperation;
use super::facts::Facts;
use super::job::{Job, Jobs};
use super::kind::{self, JobKind};
use super::submission::{Submission, each_item_is_a_job};
use crate::ledger::Entry;
use crate::video_agent::VideoAgent;

/// A request that starts a job, or several. [`HeyGen::submit`](crate::HeyGen::submit) takes it.
///
/// The table in [`jobs`](crate::jobs) lists the requests that implement it. Their builders do, too.
pub trait Submit: Send {
    /// What starts: a [`Job`] or [`Jobs`].
    type Started: Started;

    /// The request, ready to be sent.
    ///
    /// # Errors
    ///
    /// The request is incomplete, or a value is invalid.
    #[doc(hidden)]
    fn submission(self) -> Result<Submission, BuildError>;
}

/// What a request starts: a [`Job`], or [`Jobs`] where one request makes several.
pub trait Started: Sized {
    #[doc(hidden)]
    type Kind: JobKind;

    #[doc(hidden)]
    fn started(jobs: Vec<Job<Self::Kind>>) -> Option<Self>;
}

impl<K: JobKind> Started for Job<K> {
    type Kind = K;

    fn started(jobs: Vec<Job<K>>) -> Option<Self> {
        jobs.into_iter().next()
    }
}

impl<K: JobKind> Started for Jobs<K> {
    type Kind = K;

    fn started(jobs: Vec<Job<K>>) -> Option<Self> {
        (!jobs.is_empty()).then(|| Self::new(jobs))
    }
}

/// The submission of an entry, and the kind of its jobs; `None` if no operation of this version is called so.
pub(crate) fn of_entry(entry: &Entry) -> Option<(Submission, &'static Facts)> {
    if each_item_is_a_job(entry.parameter.as_deref()) {
        let batch = BatchOperation::named(&entry.operation)?;
        return Some((batch.recorded(&entry.body), batch.kind));
    }
    let lists = [STARTS, WITH_PARAMETER];
    #[cfg(feature = "preview")]
    let lists = lists.into_iter().chain([PREVIEW_STARTS]);
    let start = lists.into_iter().flatten().find(|start| start.operation.id() == entry.operation)?;
    let parameter = start.parameter.and_then(|name| Some((name, entry.parameter.clone()?)));
    let submission = Submission {
        operation: start.operation,
        parameter,
        body: entry.body.clone(),
        ids: start.ids,
        items: None,
    };
    Some((submission, (start.kind)().0))
}

/// An operation that starts jobs.
#[derive(Debug)]
pub(crate) struct StartOperation {
    pub(crate) operation: &'static Operation,
    kind: fn() -> kind::KindFacts,
    ids: &'static str,
    /// The path parameter.
    parameter: Option<&'static str>,
}

/// The operations with a path parameter that start jobs.
pub(crate) static WITH_PARAMETER: &[StartOperation] = &[
    StartOperation {
        operation: &operations::GENERATE_FROM_TEMPLATE,
        kind: <kind::Video as JobKind>::facts,
        ids: "/id",
        parameter: Some("template_id"),
    },
    StartOperation {
        operation: &operations::GENERATE_FROM_PROOFREAD,
        kind: <kind::VideoTranslation as JobKind>::facts,
        ids: "/video_translation_id",
        parameter: Some("proofread_id"),
    },
    StartOperation {
        operation: &operations::COMPLETE_ASSET_UPLOAD,
        kind: <kind::Asset as JobKind>::facts,
        ids: "/asset_id",
        parameter: Some("asset_id"),
    },
];

fn submission(
    operation: &'static Operation,
    parameter: Option<(&'static str, String)>,
    request: &impl Serialize,
    ids: &'static str,
) -> Result<Submission, BuildError> {
    // The generated types serialize without error.
    let body = serde_json::to_value(request).unwrap_or_default();
    Ok(Submission { operation, parameter, body, ids, items: None })
}

/// Implements [`Submit`] for requests and their builders, and lists the operations that they call.
macro_rules! submits {
    ($starts:ident; $($request:ident $(or $builder:ident)?: $operation:ident -> $started:ident<$kind:ident>, $ids:literal;)*) => {
        $(impl Submit for types::$request {
            type Started = $started<kind::$kind>;

            fn submission(self) -> Result<Submission, BuildError> {
                submission(&operations::$operation, None, &self, $ids)
            }
        }

        $(impl Submit for builder::$builder {
            type Started = $started<kind::$kind>;

            fn submission(self) -> Result<Submission, BuildError> {
                self.build()?.submission()
            }
        })?)*

        /// The operations that these requests call.
        pub(crate) static $starts: &[StartOperation] = &[$(StartOperation {
            operation: &operations::$operation,
            kind: <kind::$kind as JobKind>::facts,
            ids: $ids,
            parameter: None,
        },)*];
    };
}

submits! {
    STARTS;
    CreateVideoBody: CREATE_VIDEO -> Job<Video>, "/video_id";
    CreateVideoAgentRequest or CreateVideoAgentRequestBuilder: CREATE_VIDEO_AGENT -> Job<VideoAgentSession>, "/session_id";
    CreateVideoTranslationRequest or CreateVideoTranslationRequestBuilder:
        CREATE_VIDEO_TRANSLATION -> Jobs<VideoTranslation>, "/video_translation_ids";
    CreateProofreadRequest or CreateProofreadRequestBuilder: CREATE_PROOFREAD -> Jobs<Proofread>, "/proofread_ids";
    CreateLipsyncRequest or CreateLipsyncRequestBuilder: CREATE_LIPSYNC -> Job<Lipsync>, "/lipsync_id";
    CreateHyperframesRenderRequest or CreateHyperframesRenderRequestBuilder:
        CREATE_HYPERFRAMES_RENDER -> Job<HyperframesRender>, "/render_id";
    CreateAiClippingRequest or CreateAiClippingRequestBuilder: CREATE_AI_CLIPPING -> Job<AiClipping>, "/ai_clipping_id";
    CreateFillerWordRemovalRequest or CreateFillerWordRemovalRequestBuilder:
        CREATE_FILLER_WORD_REMOVAL -> Job<FillerWordRemoval>, "/filler_word_removal_id";
    CreateModelVideoBody: CREATE_MODEL_VIDEO -> Job<ModelVideo>, "/video_id";
    CreateModelImageRequest or CreateModelImageRequestBuilder: CREATE_MODEL_IMAGE -> Job<ModelImage>, "/generation_id";
    CreateAvatarBody: CREATE_AVATAR -> Job<AvatarLook>, "/avatar_item/id";
    CreateAvatarLooksBody: CREATE_AVATAR_LOOKS -> Jobs<AvatarLook>, "/looks";
    CloneVoiceRequest or CloneVoiceRequestBuilder: CLONE_VOICE -> Job<VoiceClone>, "/voice_clone_id";
    CreateModelAudioVoiceBody: CREATE_MODEL_AUDIO_VOICE -> Job<ModelAudioVoice>, "/voice_id";
    CreateBrandKitRequest or CreateBrandKitRequestBuilder: CREATE_BRAND_KIT -> Job<BrandKit>, "/brand_kit_id";
    CreateVideoBatchRequest or CreateVideoBatchRequestBuilder: CREATE_VIDEO_BATCH -> Job<VideoBatch>, "/batch_id";
    CreateVideoTranslationBatchRequest or CreateVideoTranslationBatchRequestBuilder:
        CREATE_VIDEO_TRANSLATION_BATCH -> Job<VideoTranslationBatch>, "/batch_id";
    CreateLipsyncBatchRequest or CreateLipsyncBatchRequestBuilder: CREATE_LIPSYNC_BATCH -> Job<LipsyncBatch>, "/batch_id";
    CompleteAssetBatchRequest or CompleteAssetBatchRequestBuilder:
        COMPLETE_ASSET_BATCH -> Job<AssetBatch>, "/batch_id";
}

#[cfg(feature = "preview")]
mod preview {
    use super::*;

    submits! {
        PREVIEW_STARTS;
        CreateBackgroundRemovalRequest or CreateBackgroundRemovalRequestBuilder:
            CREATE_BACKGROUND_REMOVAL -> Job<BackgroundRemoval>, "/id";
        CreatePodcastRequest or CreatePodcastRequestBuilder: CREATE_PODCAST -> Job<Podcast>, "/podcast_id";
        CreateWorkflowRunRequest or CreateWorkflowRunRequestBuilder: CREATE_WORKFLOW_RUN -> Job<WorkflowRun>, "/id";
        CreateVideoQualityComparisonRequest or CreateVideoQualityComparisonRequestBuilder:
            CREATE_VIDEO_QUALITY_COMPARISON -> Job<VideoQualityComparison>, "/comparison_id";
        CreateVideoQualityComparisonBatchRequest or CreateVideoQualityComparisonBatchRequestBuilder:
            CREATE_VIDEO_QUALITY_COMPARISON_BATCH -> Job<VideoQualityComparisonBatch>, "/batch_id";
    }
}

/// The structs of the variants of a body, and their builders.
macro_rules! variants {
    ($($body:ident: $($variant:ident or $builder:ident),*;)*) => {$($(
        impl Submit for types::$variant {
            type Started = <types::$body as Submit>::Started;

            fn submission(self) -> Result<Submission, BuildError> {
                types::$body::from(self).submission()
            }
        }

        impl Submit for builder::$builder {
            type Started = <types::$body as Submit>::Started;

            fn submission(self) -> Result<Submission, BuildError> {
                self.build()?.submission()
            }
        }
    )*)*};
}

variants! {
    CreateVideoBody:
        CreateVideoFromAvatar or CreateVideoFromAvatarBuilder,
        CreateVideoFromImage or CreateVideoFromImageBuilder,
        CreateVideoFromCinematicAvatar or CreateVideoFromCinematicAvatarBuilder,
        CreateVideoFromStudio or CreateVideoFromStudioBuilder;
    CreateModelAudioVoiceBody:
        CreateProfessionalAudioVoice or CreateProfessionalAudioVoiceBuilder,
        CreateInstantAudioVoice or CreateInstantAudioVoiceBuilder;
    CreateModelVideoBody:
        CreateModelVideoFromText or CreateModelVideoFromTextBuilder,
        CreateModelVideoFromImage or CreateModelVideoFromImageBuilder,
        CreateModelVideoFromReferences or CreateModelVideoFromReferencesBuilder;
    CreateAvatarBody:
        CreatePromptAvatarRequest or CreatePromptAvatarRequestBuilder,
        CreateDigitalTwinRequest or CreateDigitalTwinRequestBuilder,
        CreatePhotoAvatarRequest or CreatePhotoAvatarRequestBuilder;
    CreateAvatarLooksBody:
        CreateLookPackLooksRequest or CreateLookPackLooksRequestBuilder,
        CreateTemplateLooksRequest or CreateTemplateLooksRequestBuilder;
}

impl Submit for VideoAgent {
    type Started = Job<kind::VideoAgentSession>;

    fn submission(self) -> Result<Submission, BuildError> {
        types::CreateVideoAgentRequest::try_from(self)?.submission()
    }
}

/// A video from a template, with values for its variables.
#[derive(Debug, Clone)]
pub struct TemplateVideo<R> {
    template_id: String,
    request: R,
}

impl<R> TemplateVideo<R> {
    /// A video from the template with this id. The request is a `GenerateFromTemplateRequest` or its builder.
    pub fn new(template_id: impl Into<String>, request: R) -> Self {
        Self { template_id: template_id.into(), request }
    }
}

impl<R> Submit for TemplateVideo<R>
where
    R: heygen_api::IntoValue<types::GenerateFromTemplateRequest> + Send,
{
    type Started = Job<kind::Video>;

    fn submission(self) -> Result<Submission, BuildError> {
        let parameter = Some(("template_id", self.template_id));
        submission(&operations::GENERATE_FROM_TEMPLATE, parameter, &self.request.into_value()?, "/id")
    }
}

/// An asset whose file a program has uploaded to the address from
/// [`create_asset_upload`](heygen_api::Client::create_asset_upload). [`HeyGen::upload`](crate::HeyGen::upload) does all of this
/// by itself.
#[derive(Debug, Clone)]
pub struct CompleteUpload<R> {
    asset_id: String,
    request: R,
}

impl<R> CompleteUpload<R> {
    /// The asset with this id. The request is a `CompleteAssetUploadRequest` or its builder.
    pub fn new(asset_id: impl Into<String>, request: R) -> Self {
        Self { asset_id: asset_id.into(), request }
    }
}

impl<R> Submit for CompleteUpload<R>
where
    R: heygen_api::IntoValue<types::CompleteAssetUploadRequest> + Send,
{
    type Started = Job<kind::Asset>;

    fn submission(self) -> Result<Submission, BuildError> {
        let parameter = Some(("asset_id", self.asset_id));
        submission(&operations::COMPLETE_ASSET_UPLOAD, parameter, &self.request.into_value()?, "/asset_id")
    }
}

/// A translated video from a proofread whose subtitles are correct.
#[derive(Debug, Clone)]
pub struct ProofreadVideo<R> {
    proofread_id: String,
    request: R,
}

impl<R> ProofreadVideo<R> {
    /// The video of the proofread with this id. The request is a `GenerateFromProofreadRequest` or its builder.
    pub fn new(proofread_id: impl Into<String>, request: R) -> Self {
        Self { proofread_id: proofread_id.into(), request }
    }
}

impl<R> Submit for ProofreadVideo<R>
where
    R: heygen_api::IntoValue<types::GenerateFromProofreadRequest> + Send,
{
    type Started = Job<kind::VideoTranslation>;

    fn submission(self) -> Result<Submission, BuildError> {
        let parameter = Some(("proofread_id", self.proofread_id));
        let request = self.request.into_value()?;
        submission(&operations::GENERATE_FROM_PROOFREAD, parameter, &request, "/video_translation_id")
    }
}
