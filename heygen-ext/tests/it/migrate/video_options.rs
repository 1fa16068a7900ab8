//! The options for videos that one request of v3 cannot express, against the simulator.

use std::time::Duration;

use heygen_ext::http::Method;
use heygen_ext::migrate::types::{Background, Character, GenerateVideo, Scene, Voice};
use heygen_ext::migrate::{LegacyRequest, MigrateError, MigrateOptions};
use heygen_sim::Sim;
use serde_json::{Value, json};

use super::facade::pair;

const AVATAR: &str = "Anna_sitting_public";
const STEP: Duration = Duration::from_secs(1);

fn scene(voice: Voice, background: Option<Background>) -> Scene {
    Scene { character: Some(Character::avatar(AVATAR)), voice: Some(voice), background, ..Scene::default() }
}

fn speech() -> Voice {
    Voice::text("en-us-clara", "Hello.")
}

/// The bodies of the requests that create a video.
fn videos(sim: &Sim) -> Vec<Value> {
    let created = |one: &heygen_sim::LoggedRequest| one.path == "/v3/videos" && one.method == "POST";
    sim.requests().into_iter().filter(created).map(|one| one.body.unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_silent_avatar_gets_a_silent_audio_file() {
    let (sim, legacy) = pair(MigrateOptions::new().silence_as_audio(true)).await;
    let scenes = vec![scene(Voice::silence(2.0), None), scene(Voice::silence(2.0), None)];
    let made = legacy
        .generate_video(&GenerateVideo { video_inputs: scenes, ..GenerateVideo::default() })
        .await
        .unwrap();
    assert_eq!(made.losses, []);
    let body = videos(&sim).remove(0);
    let assets: Vec<&Value> = (0..2).map(|scene| &body["scenes"][scene]["input"]["audio_asset_id"]).collect();
    assert!(assets[0].is_string() && assets[0] == assets[1], "{body}");
    let uploads = sim.requests().iter().filter(|one| one.path == "/v3/assets").count();
    assert_eq!(uploads, 1, "one file for both scenes");
    sim.advance(Duration::from_secs(600));
    let status = legacy.video_status(made.video_id.as_deref().unwrap()).await.unwrap();
    assert_eq!(status.status.as_deref(), Some("completed"));
}

fn in_two_passes(title: &str) -> GenerateVideo {
    let picture = Background::image_url("https://example.com/a.png");
    GenerateVideo {
        title: Some(title.to_owned()),
        callback_id: Some("c".to_owned()),
        video_inputs: vec![scene(speech(), Some(picture)), scene(speech(), None)],
        ..GenerateVideo::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_scene_with_a_picture_behind_the_avatar_is_rendered_first() {
    let (sim, strict) = pair(MigrateOptions::new()).await;
    let error = strict.generate_video(&in_two_passes("Tour")).await.unwrap_err();
    assert!(error.to_string().contains("render it in two passes"), "{error}");
    let legacy = strict.with_options(MigrateOptions::new().two_pass(Duration::from_secs(1_800)));
    let request = in_two_passes("Tour");
    let made = sim.drive(STEP, legacy.generate_video(&request)).await.unwrap();
    assert_eq!(made.losses, []);
    let [part, whole] = &videos(&sim)[..] else { panic!("{:?}", videos(&sim)) };
    assert_eq!((&part["type"], &part["title"]), (&json!("avatar"), &json!("Tour (scene 1)")));
    assert_eq!(part["background"]["url"], "https://example.com/a.png");
    assert!(part.get("callback_id").is_none() && whole["callback_id"] == "c");
    assert_eq!(whole["scenes"][0]["type"], "video");
    assert!(whole["scenes"][0]["source"]["url"].as_str().unwrap().starts_with("http"), "{whole}");
    assert_eq!(whole["scenes"][1]["type"], "avatar_video");
    let status = legacy.video_status(made.video_id.as_deref().unwrap()).await.unwrap();
    assert_eq!((status.status.as_deref(), status.callback_id.as_deref()), (Some("pending"), Some("c")));
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_carried_out_with_the_options_that_it_was_made_with() {
    let (sim, without) = pair(MigrateOptions::new()).await;
    let body = serde_json::to_value(in_two_passes("Tour")).unwrap();
    let request = LegacyRequest::new(&Method::POST, "/v2/video/generate").unwrap().json(body);
    let with = without.clone().with_options(MigrateOptions::new().two_pass(Duration::from_secs(1_800)));
    let plan = with.plan(&request).await.unwrap();
    let made = sim.drive(STEP, without.run_plan(&plan, None)).await.unwrap();
    assert!(made.value["data"]["video_id"].is_string());
    assert_eq!(videos(&sim).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_first_pass_that_fails_or_takes_too_long_names_what_was_made() {
    let options = MigrateOptions::new().two_pass(Duration::from_secs(60));
    for (marker, status) in [("[sim:fail]", 400), ("[sim:takes=600]", 504)] {
        let (sim, legacy) = pair(options.clone()).await;
        let body = serde_json::to_value(in_two_passes(marker)).unwrap();
        let request = LegacyRequest::new(&Method::POST, "/v2/video/generate").unwrap().json(body);
        let run = legacy.run_with_key(&request, Some("order-7"));
        let error = sim.drive(STEP, run).await.unwrap_err();
        assert_eq!(error.status().as_u16(), status, "{error}");
        let MigrateError::Interrupted { made, .. } = &error else { panic!("{error}") };
        assert!(made.len() == 1 && made[0].starts_with("create_video: "), "{error}");
        assert_eq!(videos(&sim).len(), 1, "the second pass has not begun");
        if status == 504 {
            // The same key goes on with the video that was made.
            sim.advance(Duration::from_secs(600));
            let again = sim.drive(STEP, legacy.run_with_key(&request, Some("order-7"))).await.unwrap();
            assert!(again.value["data"]["video_id"].is_string());
            let ids = sim.requests();
            let read = ids.iter().filter(|one| one.path.starts_with("/v3/videos/")).map(|one| &one.path);
            let id = made[0].trim_start_matches("create_video: ");
            assert!(read.clone().count() > 0 && read.clone().all(|path| path.ends_with(id)));
        }
    }
}
