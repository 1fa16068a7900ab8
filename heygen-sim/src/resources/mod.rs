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

/// How an operation is carried out. What takes time happens before the handler, because the handler holds the state.
pub(crate) enum Behaviour {
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
        _ => Behaviour::Handler(handler(operation)?),
    })
}

fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "uploadAsset" => assets::upload,
        "listAssets" => assets::list,
        "getAsset" => assets::get,
        "deleteAsset" => assets::delete,
        "createAssetUpload" => assets::open_slot,
        "completeAssetUpload" => assets::complete,
        "createAssetUploadBatchV3" => assets::open_batch,
        "completeAssetBatchV3" => assets::complete_batch,
        "searchAssets" => search::pictures,
        "searchAudioSounds" => search::sounds,
        "listVideoAgentStyles" => search::styles,
        "listAvatarGroups" => avatars::list_groups,
        "getAvatarGroup" => avatars::get_group,
        "updateAvatarGroup" => avatars::update_group,
        "deleteAvatarGroup" => avatars::delete_group,
        "listAvatarLooks" => avatars::list_looks,
        "getAvatarLook" => avatars::get_look,
        "updateAvatarLook" => avatars::update_look,
        "deleteAvatarLook" => avatars::delete_look,
        "createAvatar" => avatars::create,
        "createAvatarConsent" => consents::create,
        "createAvatarRealtimeSession" => realtime::create,
        "getAvatarRealtimeSession" => realtime::get,
        "cancelAvatarRealtimeSession" => realtime::cancel,
        "appendAvatarRealtimeText" => realtime::append,
        "createBackgroundRemoval" => removals::create_background,
        "listBackgroundRemovals" => removals::list_background,
        "getBackgroundRemoval" => removals::get_background,
        "deleteBackgroundRemoval" => removals::delete_background,
        "createFillerWordRemovalV3" => removals::create_filler,
        "getFillerWordRemovalV3" => removals::get_filler,
        "createBrandGlossary" => glossaries::create,
        "listBrandGlossaries" => glossaries::list,
        "getBrandGlossary" => glossaries::get,
        "updateBrandGlossary" => glossaries::update,
        "deleteBrandGlossary" => glossaries::delete,
        "createBrandKit" => brand_kits::create,
        "listBrandKits" => brand_kits::list,
        "getBrandKit" => brand_kits::get,
        "updateBrandKit" => brand_kits::update,
        "deleteBrandKit" => brand_kits::delete,
        "createAiClippingV3" => clippings::create,
        "listAiClippingV3" => clippings::list,
        "getAiClippingV3" => clippings::get,
        "deleteAiClippingV3" => clippings::delete,
        "listHyperframesRendersV3" => renders::list,
        "getHyperframesRenderV3" => renders::get,
        "deleteHyperframesRenderV3" => renders::delete,
        "createLipsyncV3" => lipsyncs::create,
        "listLipsyncsV3" => lipsyncs::list,
        "getLipsyncV3" => lipsyncs::get,
        "updateLipsyncV3" => lipsyncs::update,
        "deleteLipsyncV3" => lipsyncs::delete,
        "generateModelSpeech" => speech::model_speech,
        "streamModelSpeech" => speech::model_stream,
        "createSpeechV3" | "textToSpeech" => speech::speak,
        "listModelAudioVoices" => model_voices::list,
        "createModelAudioVoice" => model_voices::create,
        "getModelAudioVoice" => model_voices::get,
        "deleteModelAudioVoice" => model_voices::delete,
        "createModelVideo" => model_videos::create,
        "getModelVideo" => model_videos::get,
        "createModelImage" => model_images::create,
        "getModelImage" => model_images::get,
        "createFolder" => folders::create,
        "getFolder" => folders::get,
        "getCurrentApiKey" => api_keys::get,
        "createAvatarLooks" => look_templates::create_looks,
        "listAvatarLookTemplates" => look_templates::list,
        "listProofreadsV3" => proofreads::list,
        "deleteProofreadV3" => proofreads::delete,
        "createPodcastV3" => podcasts::create,
        "listPodcastsV3" => podcasts::list,
        "getPodcastV3" => podcasts::get,
        "deletePodcastV3" => podcasts::delete,
        "listTemplatesV3" => templates::list,
        "getTemplateV3" => templates::get,
        "generateFromTemplateV3" => templates::generate,
        "createTemplateV3" => template_edits::create,
        "updateTemplateV3" => template_edits::rename,
        "deleteTemplateV3" => template_edits::delete,
        "setTemplateVariablesV3" => template_edits::set_variables,
        "getCurrentUserV3" => users::get,
        "getUserMe" => users::get_legacy,
        "createVideoAgentV3" => video_agents::create,
        "listVideoAgentSessions" => video_agents::list,
        "getVideoAgentSession" => video_agents::get,
        "sendVideoAgentMessage" => video_agents::send,
        "stopVideoAgentSession" => video_agents::stop,
        "getVideoAgentResource" => video_agents::resource,
        "listVideoAgentSessionVideos" => video_agents::videos,
        "createVideoQualityComparisonV3" => comparisons::create,
        "getVideoQualityComparisonV3" => comparisons::get,
        "createVideoQualityComparisonBatchV3" => comparisons::create_batch,
        "getVideoQualityComparisonBatchV3" => comparisons::get_batch,
        "createVideoTranslationV3" => translations::create,
        "listVideoTranslationsV3" => translations::list,
        "getVideoTranslationV3" => translations::get,
        "updateVideoTranslationV3" => translations::update,
        "deleteVideoTranslationV3" => translations::delete,
        "listVideoTranslationLanguagesV3" => translations::languages,
        "listVideoTranslateLanguages" => legacy::languages,
        "createProofreadV3" => proofreads::create,
        "getProofreadV3" => proofreads::get,
        "downloadProofreadSrtV3" => proofreads::subtitles,
        "uploadProofreadSrtV3" => proofreads::replace_subtitles,
        "generateFromProofreadV3" => proofreads::generate,
        "createVideo" => videos::create,
        "listVideosV3" | "listVideos" => videos::list,
        "getVideoV3" => videos::get,
        "getVideo" => legacy::get,
        "deleteVideoV3" => videos::delete,
        "deleteVideo" => legacy::delete,
        "getVideoScenesV3" => videos::scenes,
        "createVideoBatchV3" => batches::create_videos,
        "createVideoTranslationBatchV3" => batches::create_translations,
        "createLipsyncBatchV3" => batches::create_lipsyncs,
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
        "deleteVoice" => voices::delete,
        "designVoice" => voices::design,
        "cloneVoice" => voices::clone,
        "listWebhookEndpoints" => webhook_endpoints::list,
        "deleteWebhookEndpoint" => webhook_endpoints::delete,
        "rotateWebhookEndpointSecret" => webhook_endpoints::rotate,
        "listWebhookEventTypes" => webhook_events::types,
        "listWebhookEvents" => webhook_events::list,
        "createWorkflow" => workflows::create,
        "listWorkflowDefinitions" => workflows::list,
        "getWorkflow" => workflows::get,
        "updateWorkflowDraft" => workflows::update,
        "publishWorkflowVersion" => workflows::publish,
        "listWorkflowVersions" => workflows::versions,
        "getWorkflowVersion" => workflows::version,
        "getWorkflowNodeTypes" => graph::node_types,
        "createWorkflowRun" => runs::create,
        "listWorkflowRuns" => runs::list,
        "getWorkflowRun" => runs::get,
        "cancelWorkflowRun" => runs::cancel,
        "listWorkflowRunNodes" => runs::nodes,
        "createVideoAgent" => legacy::video_agent,
        "createAvatarVideo" => legacy::video,
        "createVideoTranslate" => legacy::translate,
        "getVideoTranslateCaption" => legacy::caption,
        "createWorkflowExecution" | "createGraphExecution" => legacy::execute,
        "getWorkflowExecution" => legacy::execution,
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
