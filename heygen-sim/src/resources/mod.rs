//! The handlers of the operations. Each kind of resource has a file.

mod api_keys;
pub(crate) mod assets;
pub(crate) mod avatars;
pub(crate) mod batches;
pub(crate) mod brand_kits;
mod clippings;
mod comparisons;
pub(crate) mod consents;
mod folders;
mod glossaries;
mod graph;
pub(crate) mod inputs;
mod legacy;
pub(crate) mod lipsyncs;
mod look_templates;
mod model_images;
mod model_videos;
mod model_voices;
pub(crate) mod paging;
mod podcasts;
mod proofreads;
pub(crate) mod realtime;
mod removals;
pub(crate) mod renders;
pub(crate) mod results;
pub(crate) mod runs;
mod search;
mod speech;
mod spoken_part;
mod statuses;
mod studio;
mod template_edits;
mod templates;
pub(crate) mod translations;
mod users;
pub(crate) mod video_agents;
mod video_rules;
pub(crate) mod videos;
pub(crate) mod voices;
pub(crate) mod webhook_endpoints;
mod webhook_events;
pub(crate) mod workflows;

use serde_json::Value;

use crate::answer::Answer;
use crate::call::Call;
use crate::env::Env;
use crate::model::job::{Job, Kind};
use crate::state::State;

/// Answers a call from the state, and changes the state.
pub(crate) type Handler = fn(&Env, &mut State, &Call) -> Answer;

/// Answers a call from the state, and does not change it.
pub(crate) type Reader = fn(&Env, &State, &Call) -> Answer;

/// How an operation is carried out. What takes time happens before the handler, because the handler holds the state.
pub(crate) enum Behaviour {
    /// The reader alone answers.
    Reader(Reader),
    /// The handler alone answers.
    Handler(Handler),
    /// The URL in the body must answer a probe first.
    ProbeUrl(Handler),
    /// The project in the body is read and checked first.
    CheckProject(Handler),
    /// The answer is the stream of a session's words. It follows the state for as long as it is read.
    WordStream,
}

/// What an operation does; `None` for one whose answer is made up from the document.
pub(crate) fn behaviour(operation: &str) -> Option<Behaviour> {
    Some(match operation {
        "createWebhookEndpoint" => Behaviour::ProbeUrl(webhook_endpoints::create),
        "updateWebhookEndpoint" => Behaviour::ProbeUrl(webhook_endpoints::update),
        "createHyperframesRenderV3" => Behaviour::CheckProject(renders::create),
        "streamAvatarRealtimeWords" => Behaviour::WordStream,
        _ => match reader(operation) {
            Some(reader) => Behaviour::Reader(reader),
            None => Behaviour::Handler(handler(operation)?),
        },
    })
}

/// The operations that list resources, or that programs poll. Several requests carry them out at the same time.
fn reader(operation: &str) -> Option<Reader> {
    Some(match operation {
        "listAssets" => assets::list,
        "searchAssets" => search::pictures,
        "searchAudioSounds" => search::sounds,
        "listVideoAgentStyles" => search::styles,
        "listAvatarGroups" => avatars::list_groups,
        "listAvatarLooks" => avatars::list_looks,
        "listBackgroundRemovals" => removals::list_background,
        "getBackgroundRemoval" => removals::get_background,
        "getFillerWordRemovalV3" => removals::get_filler,
        "listBrandGlossaries" => glossaries::list,
        "getBrandGlossary" => glossaries::get,
        "listBrandKits" => brand_kits::list,
        "listAiClippingV3" => clippings::list,
        "getAiClippingV3" => clippings::get,
        "listHyperframesRendersV3" => renders::list,
        "getHyperframesRenderV3" => renders::get,
        "listLipsyncsV3" => lipsyncs::list,
        "getLipsyncV3" => lipsyncs::get,
        "listModelAudioVoices" => model_voices::list,
        "getModelVideo" => model_videos::get,
        "getModelImage" => model_images::get,
        "getFolder" => folders::get,
        "getCurrentApiKey" => api_keys::get,
        "listAvatarLookTemplates" => look_templates::list,
        "listProofreadsV3" => proofreads::list,
        "listPodcastsV3" => podcasts::list,
        "getPodcastV3" => podcasts::get,
        "listTemplatesV3" => templates::list,
        "getCurrentUserV3" => users::get,
        "getUserMe" => users::get_legacy,
        "listVideoAgentSessions" => video_agents::list,
        "getVideoQualityComparisonV3" => comparisons::get,
        "getVideoQualityComparisonBatchV3" => comparisons::get_batch,
        "listVideoTranslationsV3" => translations::list,
        "getVideoTranslationV3" => translations::get,
        "listVideoTranslationLanguagesV3" => translations::languages,
        "listVideoTranslateLanguages" => legacy::languages,
        "getProofreadV3" => proofreads::get,
        "listVideosV3" | "listVideos" => videos::list,
        "getVideoV3" => videos::get,
        "getVideo" => legacy::get,
        "getVideoScenesV3" => videos::scenes,
        "getVideoBatchV3" => batches::get_videos,
        "getVideoTranslationBatchV3" => batches::get_translations,
        "getLipsyncBatchV3" => batches::get_lipsyncs,
        "getAssetBatchV3" => batches::get_assets,
        "bulkVideoStatusesV3" => statuses::videos,
        "bulkVideoTranslationStatusesV3" => statuses::translations,
        "bulkLipsyncStatusesV3" => statuses::lipsyncs,
        "bulkAssetStatusesV3" => statuses::assets,
        "listVoicesV3" | "listAudioVoices" => voices::list,
        "getVoice" => voices::get,
        "listWorkflowDefinitions" => workflows::list,
        "getWorkflowNodeTypes" => graph::node_types,
        "listWorkflowRuns" => runs::list,
        "getVideoTranslateCaption" => legacy::caption,
        "getWorkflowExecution" => legacy::execution,
        _ => return None,
    })
}

/// The other operations, one request at a time.
fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "getAsset" => assets::get,
        "uploadAsset" => assets::upload,
        "deleteAsset" => assets::delete,
        "createAssetUpload" => assets::open_slot,
        "completeAssetUpload" => assets::complete,
        "createAssetUploadBatchV3" => assets::open_batch,
        "completeAssetBatchV3" => assets::complete_batch,
        "getAvatarLook" => avatars::get_look,
        "getAvatarGroup" => avatars::get_group,
        "updateAvatarGroup" => avatars::update_group,
        "deleteAvatarGroup" => avatars::delete_group,
        "updateAvatarLook" => avatars::update_look,
        "deleteAvatarLook" => avatars::delete_look,
        "createAvatar" => avatars::create,
        "createAvatarConsent" => consents::create,
        "getAvatarRealtimeSession" => realtime::get,
        "createAvatarRealtimeSession" => realtime::create,
        "cancelAvatarRealtimeSession" => realtime::cancel,
        "appendAvatarRealtimeText" => realtime::append,
        "createBackgroundRemoval" => removals::create_background,
        "deleteBackgroundRemoval" => removals::delete_background,
        "createFillerWordRemovalV3" => removals::create_filler,
        "createBrandGlossary" => glossaries::create,
        "updateBrandGlossary" => glossaries::update,
        "deleteBrandGlossary" => glossaries::delete,
        "getBrandKit" => brand_kits::get,
        "createBrandKit" => brand_kits::create,
        "updateBrandKit" => brand_kits::update,
        "deleteBrandKit" => brand_kits::delete,
        "createAiClippingV3" => clippings::create,
        "deleteAiClippingV3" => clippings::delete,
        "deleteHyperframesRenderV3" => renders::delete,
        "createLipsyncV3" => lipsyncs::create,
        "updateLipsyncV3" => lipsyncs::update,
        "deleteLipsyncV3" => lipsyncs::delete,
        "generateModelSpeech" => speech::model_speech,
        "streamModelSpeech" => speech::model_stream,
        "createSpeechV3" | "textToSpeech" => speech::speak,
        "getModelAudioVoice" => model_voices::get,
        "createModelAudioVoice" => model_voices::create,
        "deleteModelAudioVoice" => model_voices::delete,
        "createModelVideo" => model_videos::create,
        "createModelImage" => model_images::create,
        "createFolder" => folders::create,
        "createAvatarLooks" => look_templates::create_looks,
        "downloadProofreadSrtV3" => proofreads::subtitles,
        "deleteProofreadV3" => proofreads::delete,
        "createPodcastV3" => podcasts::create,
        "deletePodcastV3" => podcasts::delete,
        "getTemplateV3" => templates::get,
        "generateFromTemplateV3" => templates::generate,
        "createTemplateV3" => template_edits::create,
        "updateTemplateV3" => template_edits::rename,
        "deleteTemplateV3" => template_edits::delete,
        "setTemplateVariablesV3" => template_edits::set_variables,
        "listVideoAgentSessionVideos" => video_agents::videos,
        "getVideoAgentResource" => video_agents::resource,
        "getVideoAgentSession" => video_agents::get,
        "createVideoAgentV3" => video_agents::create,
        "sendVideoAgentMessage" => video_agents::send,
        "stopVideoAgentSession" => video_agents::stop,
        "createVideoQualityComparisonV3" => comparisons::create,
        "createVideoQualityComparisonBatchV3" => comparisons::create_batch,
        "createVideoTranslationV3" => translations::create,
        "updateVideoTranslationV3" => translations::update,
        "deleteVideoTranslationV3" => translations::delete,
        "createProofreadV3" => proofreads::create,
        "uploadProofreadSrtV3" => proofreads::replace_subtitles,
        "generateFromProofreadV3" => proofreads::generate,
        "createVideo" => videos::create,
        "deleteVideoV3" => videos::delete,
        "deleteVideo" => legacy::delete,
        "createVideoBatchV3" => batches::create_videos,
        "createVideoTranslationBatchV3" => batches::create_translations,
        "createLipsyncBatchV3" => batches::create_lipsyncs,
        "deleteVoice" => voices::delete,
        "designVoice" => voices::design,
        "cloneVoice" => voices::clone,
        "listWebhookEndpoints" => webhook_endpoints::list,
        "deleteWebhookEndpoint" => webhook_endpoints::delete,
        "rotateWebhookEndpointSecret" => webhook_endpoints::rotate,
        "getWorkflowVersion" => workflows::version,
        "listWorkflowVersions" => workflows::versions,
        "getWorkflow" => workflows::get,
        "createWorkflow" => workflows::create,
        "updateWorkflowDraft" => workflows::update,
        "publishWorkflowVersion" => workflows::publish,
        "listWorkflowRunNodes" => runs::nodes,
        "getWorkflowRun" => runs::get,
        "createWorkflowRun" => runs::create,
        "cancelWorkflowRun" => runs::cancel,
        "createVideoAgent" => legacy::video_agent,
        "createAvatarVideo" => legacy::video,
        "createVideoTranslate" => legacy::translate,
        "createWorkflowExecution" | "createGraphExecution" => legacy::execute,
        "listWebhookEvents" => webhook_events::list,
        "listWebhookEventTypes" => webhook_events::types,
        _ => return None,
    })
}

/// A job as its GET shows it.
pub(crate) fn view_job(env: &Env, job: &Job, now: u64) -> Value {
    match job.kind {
        Kind::Video => videos::view(env, job, now),
        Kind::Translation => translations::view(env, job, now),
        Kind::Proofread => proofreads::view(job, now),
        Kind::Lipsync => lipsyncs::view(env, job, now),
        Kind::Render => renders::view(env, job, now),
        Kind::Clipping => clippings::view(env, job, now, true),
        Kind::BackgroundRemoval => removals::view_background(env, job, now),
        Kind::FillerWords => removals::view_filler(env, job, now),
        Kind::Podcast => podcasts::view(env, job, now),
        Kind::Comparison => comparisons::view(job, now),
        Kind::ModelVideo => model_videos::view(env, job, now),
        Kind::ModelImage => model_images::view(env, job, now),
        Kind::Asset => Value::Null,
    }
}
