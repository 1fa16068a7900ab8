//! Every method of the client of legacy calls, against the simulator.

use std::collections::BTreeSet;
use std::time::Duration;

use heygen_ext::http::Method;
use heygen_ext::migrate::types::*;
use heygen_ext::migrate::{
    self, Legacy, LegacyRequest, Level, MigrateError, MigrateOptions, Migrated, PageOf, Policy, from_value,
};
use heygen_ext::{CallOptions, HeyGen};
use heygen_sim::{Clock, Fault, Sim};
use serde_json::json;

use super::gateway::PNG;

const GROUP: &str = "a0000000000000000000000000000001";
const TEMPLATE: &str = "d0000000000000000000000000000001";
const GLOSSARY: &str = "e0000000000000000000000000000001";
const FOOTAGE: &str = "https://example.com/me.mp4";

pub(crate) async fn pair(options: MigrateOptions) -> (Sim, Legacy) {
    let sim = Sim::builder().clock(Clock::manual()).concurrency(100).enterprise(true).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url());
    let heygen = heygen.options(CallOptions::new().max_attempts(1)).build().unwrap();
    let legacy = heygen.legacy().with_options(options);
    (sim, legacy)
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap()
}

fn scene(avatar: &str) -> GenerateVideo {
    let scene = Scene {
        character: Some(Character::avatar(avatar)),
        voice: Some(Voice::text("en-us-clara", "Hello.")),
        background: Some(Background::color("#abc")),
        ..Scene::default()
    };
    GenerateVideo { video_inputs: vec![scene], ..GenerateVideo::default() }
}

#[tokio::test]
async fn videos_are_made_read_listed_and_deleted() {
    let (sim, legacy) = pair(MigrateOptions::new()).await;
    let mut request = scene("Anna_sitting_public");
    request.callback_id = Some("c".to_owned());
    let made = legacy.generate_video(&request).await.unwrap();
    assert!(made.losses.is_empty() && made.costs.len() == 1);
    request.video_inputs.push(Scene {
        voice: Some(Voice::silence(2.0)),
        background: Some(Background::image_url("https://example.com/a.png")),
        ..Scene::default()
    });
    let several = legacy.generate_video(&request).await.unwrap();
    assert_ne!(several.video_id, made.video_id);
    let webm = GenerateWebm {
        avatar_pose_id: Some("Anna_sitting_public".to_owned()),
        input_text: Some("Hello.".to_owned()),
        voice_id: Some("en-us-clara".to_owned()),
        ..GenerateWebm::default()
    };
    legacy.generate_webm(&webm).await.unwrap();
    let clip = Clip {
        avatar_id: Some("Anna_sitting_public".to_owned()),
        input_text: Some("Hello.".to_owned()),
        voice_id: Some("en-us-clara".to_owned()),
        ..Clip::default()
    };
    let first =
        GenerateFirst { ratio: Some("9:16".to_owned()), clips: vec![clip], ..GenerateFirst::default() };
    legacy.generate_first(&first).await.unwrap();
    sim.advance(Duration::from_secs(600));
    let status = legacy.video_status(text(&made.video_id)).await.unwrap();
    assert_eq!(legacy.video_caption(text(&made.video_id)).await.unwrap().caption_status, Some(3));
    assert_eq!((text(&status.status), text(&status.callback_id)), ("completed", "c"));
    let first = legacy.videos(PageOf { limit: Some(3), ..PageOf::default() }, None).await.unwrap();
    let page = PageOf { limit: Some(3), token: first.token.as_deref(), ..PageOf::default() };
    let second = legacy.videos(page, None).await.unwrap();
    assert_eq!((first.videos.len(), second.videos.len(), &second.token), (3, 1, &None));
    let later = CreateVideo {
        avatar_id: Some("Anna_sitting_public".to_owned()),
        script: Some("Hello.".to_owned()),
        ..CreateVideo::default()
    };
    let later = legacy.create_video(&later).await.unwrap();
    let id = text(&later.video_id);
    assert_eq!(legacy.later_video(id).await.unwrap().id, id);
    let page = legacy.later_videos(PageOf { limit: Some(2), ..PageOf::default() }).await.unwrap();
    assert_eq!((page.items.len(), page.items[0].id.as_str(), page.has_more), (2, id, true));
    legacy.delete_later_video(id).await.unwrap();
    legacy.delete_video(text(&made.video_id)).await.unwrap();
    let error = legacy.video_status(text(&made.video_id)).await.unwrap_err();
    assert_eq!((error.status().as_u16(), error.code().as_str()), (404, "video_not_found"));
}

#[tokio::test]
async fn templates_are_listed_read_and_generated() {
    let (_sim, legacy) = pair(MigrateOptions::new()).await;
    assert_eq!(legacy.templates().await.unwrap().templates.len(), 2);
    let template = legacy.template(TEMPLATE).await.unwrap();
    assert_eq!(text(&template.variables["presenter"].properties.character_id), "Anna_sitting_public");
    let details = legacy.template_details(TEMPLATE).await.unwrap();
    assert_eq!((text(&details.version), details.scenes.len()), ("4", 3));
    let values = [("product".to_owned(), TemplateVariable::text("product", "a lamp"))];
    let request = GenerateFromTemplate { variables: values.into(), ..GenerateFromTemplate::default() };
    assert!(legacy.generate_from_template(TEMPLATE, &request).await.unwrap().video_id.is_some());
    let error = legacy.generate_from_template(TEMPLATE, &GenerateFromTemplate::default()).await.unwrap_err();
    assert!(error.to_string().contains("the text variable `product` is missing"), "{error}");
}

#[tokio::test]
async fn avatars_and_digital_twins_are_looks() {
    let (sim, legacy) = pair(MigrateOptions::new()).await;
    let all = legacy.avatars().await.unwrap();
    assert!(all.avatars.len() > 4 && !all.talking_photos.is_empty());
    assert_eq!(legacy.first_avatars().await.unwrap().avatars.len(), all.avatars.len());
    let own = legacy.avatar_groups(false).await.unwrap();
    let public = legacy.avatar_groups(true).await.unwrap();
    assert!(public.avatar_group_list.len() > own.avatar_group_list.len());
    assert_eq!(legacy.group_looks(GROUP).await.unwrap().avatar_list.len(), 2);
    assert_eq!(legacy.avatar_details("Anna_sitting_public").await.unwrap().tags.last().unwrap(), "AVATAR_IV");
    let twin = CreateVideoAvatar {
        training_footage_url: Some(FOOTAGE.to_owned()),
        video_consent_url: Some(FOOTAGE.to_owned()),
        avatar_name: Some("Me".to_owned()),
        ..CreateVideoAvatar::default()
    };
    let made = legacy.create_video_avatar(&twin).await.unwrap();
    let id = text(&made.avatar_id);
    assert_eq!(text(&legacy.video_avatar(id).await.unwrap().status), "in_progress");
    sim.advance(Duration::from_secs(24 * 3600));
    assert_eq!(text(&legacy.video_avatar(id).await.unwrap().status), "completed");
    legacy.delete_video_avatar(id).await.unwrap();
    assert_eq!(legacy.video_avatar(id).await.unwrap_err().status().as_u16(), 404);
}

#[tokio::test(start_paused = true)]
async fn photo_avatars_are_generated_grouped_and_trained() {
    let (sim, legacy) = pair(MigrateOptions::new().accept_avatar_charges(true)).await;
    let request = GeneratePhoto {
        name: Some("Lina".to_owned()),
        gender: Some("Woman".to_owned()),
        orientation: Some("square".to_owned()),
        appearance: Some("a chef".to_owned()),
        ..GeneratePhoto::default()
    };
    let started = legacy.generate_photo(&request).await.unwrap();
    let id = text(&started.generation_id);
    assert_eq!(text(&legacy.generation(id).await.unwrap().status), "pending");
    sim.advance(Duration::from_secs(600));
    let generation = legacy.generation(id).await.unwrap();
    assert_eq!((text(&generation.status), generation.image_url_list.len()), ("success", 1));
    let group = CreatePhotoGroup {
        image_key: generation.image_key_list.first().cloned(),
        ..CreatePhotoGroup::default()
    };
    let group = legacy.create_photo_group(&group).await.unwrap();
    let group_id = text(&group.group_id);
    legacy
        .train_group(&TrainGroup { group_id: group.group_id.clone(), ..TrainGroup::default() })
        .await
        .unwrap();
    assert_eq!(text(&legacy.train_status(group_id).await.unwrap().status), "ready");
    let look = GenerateLook {
        group_id: group.group_id.clone(),
        prompt: Some("in the rain".to_owned()),
        ..GenerateLook::default()
    };
    assert!(legacy.generate_look(&look).await.unwrap().generation_id.is_some());

    let asset = legacy.upload_asset("image/png", PNG).await.unwrap();
    let upload = CreatePhotoGroup {
        name: Some("Me".to_owned()),
        image_key: asset.image_key.clone(),
        ..CreatePhotoGroup::default()
    };
    let uploaded = legacy.create_photo_group(&upload).await.unwrap();
    let more = AddLooks {
        // As programs of v2 do: there, a photo avatar had the id of its group.
        group_id: uploaded.id.clone(),
        image_keys: vec![asset.image_key.clone().unwrap(); 2],
        ..AddLooks::default()
    };
    assert_eq!(legacy.add_looks(&more).await.unwrap().photo_avatar_list.len(), 2);
    sim.advance(Duration::from_secs(600));
    assert_eq!(text(&legacy.photo_avatar(text(&uploaded.id)).await.unwrap().status), "completed");
    // In v2 both had the same id.
    assert_ne!(uploaded.id, uploaded.group_id);
    assert_eq!(text(&legacy.train_status(text(&uploaded.id)).await.unwrap().status), "ready");
    assert!(uploaded.created_at.is_some());
    let talking =
        sim.drive(Duration::from_secs(1), legacy.upload_talking_photo("image/png", PNG)).await.unwrap();
    let listed = legacy.talking_photos().await.unwrap();
    assert!(listed.iter().any(|photo| photo.id == talking.talking_photo_id));
    legacy.delete_talking_photo(text(&talking.talking_photo_id)).await.unwrap();
    legacy.delete_photo_avatar(text(&uploaded.id)).await.unwrap();
    legacy.delete_photo_group(group_id).await.unwrap();

    let photo = GenerateAvatarIvVideo {
        image_key: asset.image_key.clone(),
        script: Some("Hello.".to_owned()),
        voice_id: Some("en-us-clara".to_owned()),
        ..GenerateAvatarIvVideo::default()
    };
    assert!(legacy.generate_avatar_iv_video(&photo).await.unwrap().video_id.is_some());
    assert!(legacy.assets(PageOf::default(), Some("image")).await.unwrap().assets.len() >= 2);
    legacy.delete_asset(text(&asset.id)).await.unwrap();
}

#[tokio::test]
async fn voices_speak_and_brand_voices_are_glossaries() {
    let (_sim, legacy) = pair(MigrateOptions::new()).await;
    let voices = legacy.voices().await.unwrap();
    assert_eq!(voices.voices.len(), 10);
    assert_eq!(
        text(&legacy.first_voices().await.unwrap().list[0].display_name),
        text(&voices.voices[0].name)
    );
    let speakers = legacy.speech_voices(PageOf::default(), false).await.unwrap();
    assert!(speakers.items.len() > 3 && speakers.items.len() < 10);
    let speech = TextToSpeech {
        text: Some("Hello.".to_owned()),
        voice_id: Some("en-us-clara".to_owned()),
        ..TextToSpeech::default()
    };
    assert!(!legacy.text_to_speech(&speech).await.unwrap().word_timestamps.is_empty());
    let preview = Preview { text: Some("Hello.".to_owned()), ..Preview::default() };
    assert!(legacy.preview_voice("en-us-clara", &preview).await.unwrap().audio_url.is_some());
    let brands = legacy.brand_voices(PageOf::default(), false).await.unwrap();
    assert_eq!(brands.list[0].vocabulary, [["HeyGen", "hey-jen"]]);
    assert!(legacy.brand_voices(PageOf::default(), true).await.unwrap().list[0].vocabulary.is_empty());
    let change = UpdateBrandVoice {
        vocabulary: Some(vec![vec!["Acme".to_owned(), "ack-me".to_owned()]]),
        ..UpdateBrandVoice::default()
    };
    assert_eq!(legacy.update_brand_voice(GLOSSARY, &change).await.unwrap().vocabulary, [["Acme", "ack-me"]]);
}

#[tokio::test]
async fn translations_and_proofreads_are_started_and_read() {
    let (sim, legacy) = pair(MigrateOptions::new()).await;
    assert!(legacy.target_languages().await.unwrap().languages.len() > 100);
    let request = TranslateVideo {
        video_url: Some("https://example.com/talk.mp4".to_owned()),
        output_languages: Some(vec!["French".to_owned(), "German".to_owned()]),
        ..TranslateVideo::default()
    };
    let several = legacy.translate_video(&request).await.unwrap().video_translate_ids.clone().unwrap();
    sim.advance(Duration::from_secs(3600));
    assert_eq!(text(&legacy.translation(&several[1]).await.unwrap().status), "success");
    assert!(legacy.translation_caption(&several[0], "vtt").await.unwrap().caption_url.is_some());
    let request = CreateProofread {
        video_url: request.video_url,
        output_language: Some("French".to_owned()),
        ..CreateProofread::default()
    };
    let started = legacy.create_proofread(&request).await.unwrap();
    let id = text(&started.proofread_id);
    sim.advance(Duration::from_secs(3600));
    assert_eq!(text(&legacy.proofread(id).await.unwrap().status), "completed");
    assert!(legacy.proofread_subtitles(id).await.unwrap().srt_url.is_some());
    let subtitles = ReplaceSubtitles {
        srt_url: Some("https://example.com/a.srt".to_owned()),
        ..ReplaceSubtitles::default()
    };
    legacy.replace_subtitles(id, &subtitles).await.unwrap();
    let made = legacy.generate_from_proofread(id, &GenerateProofread::default()).await.unwrap();
    assert!(made.video_translate_id.is_some());
}

#[tokio::test(start_paused = true)]
async fn the_workspace_is_read_and_changed() {
    let (sim, legacy) = pair(MigrateOptions::new()).await;
    let folder = CreateFolder { name: Some("Spring".to_owned()), ..CreateFolder::default() };
    assert_eq!(text(&legacy.create_folder(&folder).await.unwrap().name), "Spring");
    assert!(legacy.webhook_events().await.unwrap().len() > 20);
    let endpoint = AddWebhookEndpoint {
        url: Some("https://me.example/hook".to_owned()),
        ..AddWebhookEndpoint::default()
    };
    let endpoint = legacy.add_webhook_endpoint(&endpoint).await.unwrap();
    assert!(endpoint.secret.is_some() && !format!("{endpoint:?}").contains(text(&endpoint.secret)));
    assert_eq!(legacy.webhook_endpoints().await.unwrap()[0].endpoint_id, endpoint.endpoint_id);
    let change = UpdateWebhookEndpoint {
        endpoint_id: endpoint.endpoint_id.clone(),
        url: Some("https://me.example/other".to_owned()),
        ..UpdateWebhookEndpoint::default()
    };
    assert_eq!(text(&legacy.update_webhook_endpoint(&change).await.unwrap().url), "https://me.example/other");
    legacy.delete_webhook_endpoint(text(&endpoint.endpoint_id)).await.unwrap();
    assert!(legacy.current_user().await.unwrap().username.is_some());
    let error = legacy.remaining_quota().await.unwrap_err();
    assert_eq!(error.code(), "quota_not_convertible");
    let request =
        GenerateAgentVideo { prompt: Some("Our launch".to_owned()), ..GenerateAgentVideo::default() };
    let started = sim.drive(Duration::from_secs(1), legacy.generate_agent_video(&request)).await.unwrap();
    assert!(started.video_id.is_some() && started.session_id.is_some());
}

#[tokio::test]
async fn what_a_lenient_client_loses_is_listed_and_what_a_strict_one_refuses_is_not_sent() {
    let mut request = scene("Anna_sitting_public");
    request.fps = Some(60.0);
    let (_sim, lenient) = pair(MigrateOptions::new().policy(Policy::Lenient)).await;
    let made = lenient.generate_video(&request).await.unwrap();
    assert_eq!(made.losses[0].path.to_string(), "fps");
    let (sim, strict) = pair(MigrateOptions::new()).await;
    let error = strict.generate_video(&request).await.unwrap_err();
    assert!(matches!(&error, MigrateError::Refused(refusal) if refusal.losses.len() == 1), "{error}");
    assert!(sim.requests().iter().all(|one| one.method == "GET"));
    request.fps = None;
    request.extra.insert("tset".to_owned(), json!(true));
    assert_eq!(strict.generate_video(&request).await.unwrap().losses[0].path.to_string(), "tset");
}

#[tokio::test]
async fn look_ups_are_kept_for_some_time_and_asked_once_at_a_time() {
    let (sim, legacy) = pair(MigrateOptions::new()).await;
    let request = scene("Anna_sitting_public");
    let calls = futures_util::future::join_all((0..10).map(|_| legacy.generate_video(&request))).await;
    assert!(calls.iter().all(Result::is_ok));
    let count = |path: &str| sim.requests().iter().filter(|one| one.path == path).count();
    assert_eq!((count("/v3/avatars/looks/Anna_sitting_public"), count("/v3/videos")), (1, 10));
    let (sim, forgetful) = pair(MigrateOptions::new().cache_age(Duration::ZERO)).await;
    for _ in 0..3 {
        forgetful.generate_video(&request).await.unwrap();
    }
    let looks = sim.requests().iter().filter(|one| one.path.starts_with("/v3/avatars/looks/")).count();
    assert_eq!(looks, 3);
}

#[tokio::test]
async fn a_look_that_is_not_finished_is_read_again_by_the_next_call() {
    let (sim, legacy) = pair(MigrateOptions::new()).await;
    let look = GenerateLook {
        group_id: Some("a0000000000000000000000000000002".to_owned()),
        prompt: Some("in the rain".to_owned()),
        ..GenerateLook::default()
    };
    let id = legacy.generate_look(&look).await.unwrap().generation_id.clone().unwrap();
    let mut request = scene("");
    request.video_inputs[0].character = Some(Character::talking_photo(&id));
    let error = legacy.generate_video(&request).await.unwrap_err();
    assert_eq!(error.code(), "resource_not_ready", "{error}");
    sim.advance(Duration::from_secs(600));
    legacy.generate_video(&request).await.unwrap();
}

#[tokio::test]
async fn a_run_with_a_key_makes_each_thing_once() {
    let (sim, legacy) = pair(MigrateOptions::new().accept_avatar_charges(true)).await;
    let asset = legacy.upload_asset("image/png", PNG).await.unwrap();
    let key = asset.image_key.clone().unwrap();
    let body = json!({"group_id": "a0000000000000000000000000000002", "image_keys": [key, key]});
    let request = LegacyRequest::new(&Method::POST, "/v2/photo_avatar/avatar_group/add").unwrap().json(body);
    let ids = |made: &Migrated<serde_json::Value>| {
        let list: LooksAdded = from_value(&made.value["data"]).unwrap();
        list.photo_avatar_list.iter().map(|look| text(&look.id).to_owned()).collect::<BTreeSet<_>>()
    };
    let first = ids(&legacy.run_with_key(&request, Some("order-7")).await.unwrap());
    let again = ids(&legacy.run_with_key(&request, Some("order-7")).await.unwrap());
    assert_eq!((first.len(), &first), (2, &again));
    let keys: BTreeSet<String> = sim
        .requests()
        .iter()
        .filter(|one| one.path == "/v3/avatars")
        .filter_map(|one| one.headers.get("idempotency-key").cloned())
        .collect();
    assert_eq!(keys, ["order-7:1".to_owned(), "order-7:2".to_owned()].into());
}

#[tokio::test]
async fn the_error_of_a_later_request_names_what_the_earlier_ones_made() {
    let (sim, legacy) = pair(MigrateOptions::new().accept_avatar_charges(true)).await;
    let asset = legacy.upload_asset("image/png", PNG).await.unwrap();
    sim.inject(Fault::refuse(402, "insufficient_credit", "no").on("createAvatar").after(1)).unwrap();
    let more = AddLooks {
        group_id: Some("a0000000000000000000000000000002".to_owned()),
        image_keys: vec![asset.image_key.clone().unwrap(); 2],
        ..AddLooks::default()
    };
    let error = legacy.add_looks(&more).await.unwrap_err();
    assert_eq!((error.status().as_u16(), error.code().as_str()), (402, "insufficient_credit"));
    let MigrateError::Interrupted { made, .. } = &error else { panic!("{error}") };
    let id = made[0].strip_prefix("create_avatar: ").unwrap();
    assert!(made.len() == 1 && legacy.photo_avatar(id).await.is_ok(), "{error}");
    assert!(error.to_string().ends_with(&format!("; made before: {}", made[0])), "{error}");
}

#[test]
fn every_endpoint_with_a_counterpart_has_a_method() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/migrate/facade");
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let source: String = files.collect();
    for endpoint in migrate::endpoints().filter(|endpoint| endpoint.level() != Level::NoCounterpart) {
        assert!(source.contains(&format!("/// `{endpoint}`")), "{endpoint} has no method");
    }
    // And this file calls each method.
    let methods = source.split("pub async fn ").skip(1).map(|rest| rest.split(['(', '<']).next().unwrap());
    let calls = include_str!("facade.rs");
    for method in methods {
        assert!(calls.contains(&format!(".{method}(")), "{method} is not tested");
    }
}

#[tokio::test]
async fn a_plan_is_carried_out_as_it_was_looked_at() {
    let (sim, legacy) = pair(MigrateOptions::new()).await;
    let body = serde_json::to_value(scene("Anna_sitting_public")).unwrap();
    let request = LegacyRequest::new(&Method::POST, "/v2/video/generate").unwrap().json(body);
    let offline = request.plan(&migrate::LookUps::new(), legacy.options()).unwrap();
    let refused = legacy.run_plan(&offline, None).await.unwrap_err().to_string();
    assert!(refused.contains("make it with `Legacy::plan`"), "{refused}");
    let plan = legacy.plan(&request).await.unwrap();
    let made = legacy.run_plan(&plan, Some("launch-1")).await.unwrap().value;
    assert!(made["data"]["video_id"].is_string(), "{made}");
    let sent: Vec<_> =
        sim.requests().into_iter().filter(|one| one.method == "POST" && one.status == Some(200)).collect();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].body.as_ref(), plan.requests()[0].body());
}

#[test]
fn the_path_of_a_planned_request_is_percent_encoded() {
    let request = LegacyRequest::new(&Method::GET, "/v2/videos/a%20b%2Fc").unwrap();
    let plan = request.plan(&migrate::LookUps::new(), &MigrateOptions::new()).unwrap();
    assert_eq!(plan.requests()[0].path(), "/v3/videos/a%20b%2Fc");
}
