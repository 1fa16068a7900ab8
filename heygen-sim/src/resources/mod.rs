//! The resources, one file each, and which operation is whose.

pub(crate) mod assets;
pub(crate) mod avatars;
pub(crate) mod batches;
pub(crate) mod brand_kits;
mod clippings;
mod comparisons;
pub(crate) mod consents;
mod glossaries;
mod graph;
pub(crate) mod inputs;
mod legacy;
mod lipsyncs;
mod model_voices;
mod podcasts;
mod proofreads;
pub(crate) mod realtime;
mod removals;
mod renders;
pub(crate) mod runs;
mod search;
mod speech;
mod statuses;
mod studio;
mod templates;
mod translations;
mod users;
pub(crate) mod video_agents;
mod video_rules;
mod videos;
pub(crate) mod voices;
mod words;
pub(crate) mod workflows;

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(crate) use consents::{PAGE as CONSENT_PAGE, page as consent_page};

use crate::document::{Route, sample};
use crate::door::{BODY_LIMIT, Call};
use crate::jobs::{Job, Kind};
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::state::State;
use crate::store::Store;
use crate::webhooks::{endpoints, events};
use crate::world::World;

/// What an operation does.
type Handler = fn(&World, &mut State, &Call) -> Answer;

/// Has a call carried out.
pub(crate) async fn handle(world: &Arc<World>, call: &Call) -> Answer {
    let operation = call.route.id.as_str();
    if let ("createWebhookEndpoint" | "updateWebhookEndpoint", Some(url)) = (operation, call.text("url")) {
        endpoints::check_exists(&mut world.state(), call)?;
        endpoints::probe(world, url).await?;
    }
    if operation == "createHyperframesRenderV3" {
        renders::check_project(world, call)?;
    }
    match behaviour(operation) {
        Some(handler) => handler(world, &mut world.state(), call),
        None => made_up(call),
    }
}

/// An operation without behaviour of its own answers a resource made from the document's schema.
fn made_up(call: &Call) -> Answer {
    let known: Map<String, Value> =
        call.path.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let (status, body) = sample::answer(call.route, &known)
        .ok_or_else(|| crate::door::internal("the document has no answer for this operation"))?;
    Ok(Reply::json(StatusCode::from_u16(status).unwrap_or_default(), body))
}

/// Bytes that the body of an operation may have.
pub(crate) fn body_limit(operation: &str) -> usize {
    match operation {
        "createWorkflowRun" => runs::BODY_LIMIT,
        _ => BODY_LIMIT,
    }
}

fn behaviour(operation: &str) -> Option<Handler> {
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
        "streamAvatarRealtimeWords" => realtime::words,
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
        "createHyperframesRenderV3" => renders::create,
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
        "createModelVideo" => videos::create_model,
        "getModelVideo" => videos::get_model,
        "createPodcastV3" => podcasts::create,
        "listPodcastsV3" => podcasts::list,
        "getPodcastV3" => podcasts::get,
        "deletePodcastV3" => podcasts::delete,
        "listTemplatesV3" => templates::list,
        "getTemplateV3" => templates::get,
        "generateFromTemplateV3" => templates::generate,
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
        "createWebhookEndpoint" => endpoints::create,
        "listWebhookEndpoints" => endpoints::list,
        "updateWebhookEndpoint" => endpoints::update,
        "deleteWebhookEndpoint" => endpoints::delete,
        "rotateWebhookEndpointSecret" => endpoints::rotate,
        "listWebhookEventTypes" => events::types,
        "listWebhookEvents" => events::list,
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
pub(crate) fn view_job(world: &World, job: &Job, now: u64) -> Value {
    match job.kind {
        Kind::Video => videos::view(world, job, now),
        Kind::Translation => translations::view(world, job, now),
        Kind::Proofread => proofreads::view(job, now),
        Kind::Lipsync => lipsyncs::view(world, job, now),
        Kind::Render => renders::view(world, job, now),
        Kind::Clipping => clippings::view(world, job, now, true),
        Kind::BackgroundRemoval => removals::view_background(world, job, now),
        Kind::FillerWords => removals::view_filler(world, job, now),
        Kind::Podcast => podcasts::view(world, job, now),
        Kind::Comparison => comparisons::view(job, now),
        Kind::ModelVideo => videos::view_model(world, job, now),
        Kind::Asset => Value::Null,
    }
}

/// A time as ISO 8601.
pub(crate) fn iso(milliseconds: u64) -> String {
    let time = i64::try_from(milliseconds).ok().and_then(|time| Timestamp::from_millisecond(time).ok());
    time.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// How many items the caller wants on a page.
fn limit(call: &Call) -> usize {
    let stated = call.route.query_default("limit").and_then(Value::as_u64).unwrap_or(10);
    let limit = call.query.get("limit").and_then(|text| text.parse().ok()).unwrap_or(stated);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// A cursor belongs to one list; what is in it is nobody's business.
fn cursor(route: &Route, number: u64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{}:{number}", route.id))
}

fn place(call: &Call) -> Result<Option<u64>, Refusal> {
    let Some(token) = call.query.get("token").filter(|token| !token.is_empty()) else { return Ok(None) };
    let read = || {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        text.strip_prefix(&call.route.id)?.strip_prefix(':')?.parse().ok()
    };
    read().map(Some).ok_or_else(|| Refusal::invalid("token", "the token is not one of this list"))
}

/// A page of a list, newest first; what `show` leaves out is not in the list.
pub(crate) fn page<T>(call: &Call, store: &Store<T>, mut show: impl FnMut(&T) -> Option<Value>) -> Answer {
    let before = place(call)?.unwrap_or(u64::MAX);
    let mut shown = store.before(before).filter_map(|(number, thing)| Some((number, show(thing)?)));
    let mut last = None;
    let mut items = Vec::new();
    for (number, item) in shown.by_ref().take(limit(call)) {
        last = Some(number);
        items.push(item);
    }
    let more = shown.next().is_some();
    let next = last.filter(|_| more).map(|number| cursor(call.route, number));
    Ok(Reply::json(StatusCode::OK, json!({"data": items, "has_more": more, "next_token": next})))
}

/// A page of things that are all there, in their order, at most so many.
pub(crate) fn page_of(call: &Call, items: Vec<Value>, limit: usize) -> Answer {
    let (items, next) = slice(call, items, limit)?;
    let body = json!({"data": items, "has_more": next.is_some(), "next_token": next});
    Ok(Reply::json(StatusCode::OK, body))
}

/// The same for lists that are nested in a resource.
fn slice(call: &Call, items: Vec<Value>, limit: usize) -> Result<(Vec<Value>, Option<String>), Refusal> {
    let start = usize::try_from(place(call)?.unwrap_or(0)).unwrap_or(usize::MAX);
    let end = start.saturating_add(limit);
    let next = (end < items.len()).then(|| cursor(call.route, end as u64));
    Ok((items.into_iter().skip(start).take(limit).collect(), next))
}

/// Texts that must be there once blanks are taken off.
fn trimmed(param: &str, text: &str) -> Result<String, Refusal> {
    match text.trim() {
        "" => Err(Refusal::invalid(param, "it must not be blank")),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::document;

    #[test]
    fn the_guide_lists_the_operations_without_behaviour_of_their_own() {
        let guide = include_str!("../../GUIDE.md");
        let routes = document().routes().iter().map(|route| route.id.as_str());
        let made_up: Vec<&str> = routes.filter(|id| behaviour(id).is_none()).collect();
        let section =
            guide.split("# Made up").nth(1).and_then(|rest| rest.split("\n# ").next()).unwrap_or_default();
        let listed: Vec<&str> = section.split('`').skip(1).step_by(2).collect();
        assert_eq!(listed, made_up);
    }
}
