//! Rules of what is left of v1 and v2, if the simulator is set to allow it.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::json;

use super::{Desk, INVALID, invalid, rule};

async fn desk() -> Desk {
    Desk::of(Sim::builder().legacy(true)).await
}

#[tokio::test]
async fn the_old_operations_are_gone_unless_asked_for() {
    let desk = Desk::new().await;
    for path in ["/v1/audio/voices", "/v1/user/me", "/v1/workflows", "/v2/videos", "/v2/videos/x"] {
        assert_eq!(desk.get(path).await.status, 410, "{path}");
    }
    let desk = self::desk().await;
    for path in ["/v1/audio/voices", "/v1/user/me", "/v1/workflows", "/v2/videos"] {
        assert_eq!(desk.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn an_old_video_shows_one_thing() {
    let mut desk = desk().await;
    let base = json!({"avatar_id": "Anna_sitting_public", "script": "Hello there."});
    let image =
        json!({"avatar_id": null, "image_url": "https://example.com/a.png", "voice_id": "en-us-clara"});
    let rules = vec![
        invalid("nothing to show", json!({"avatar_id": null}), "avatar_id"),
        invalid("two things to show", json!({"image_url": "https://example.com/a.png"}), "image_url"),
        invalid("no audio", json!({"script": null}), "script"),
        invalid("two sources of audio", json!({"audio_url": "https://example.com/a.mp3"}), "audio_url"),
        invalid("motion of a video avatar", json!({"motion_prompt": "nods"}), "motion_prompt"),
        rule("an unknown avatar", json!({"avatar_id": "x"}), 404, "avatar_not_found", "avatar_id"),
    ];
    desk.table("/v2/videos", &base, &[image], rules).await;
    desk.done();
}

#[tokio::test]
async fn an_old_translation_has_one_way_to_say_its_languages() {
    let mut desk = desk().await;
    let path = "/v2/video_translate";
    let base = json!({"video_url": "https://example.com/a.mp4", "output_language": "de"});
    let several = json!({"output_language": null, "output_languages": ["de", "French"]});
    let rules = vec![
        invalid("both ways", json!({"output_languages": ["de"]}), "output_languages"),
        invalid("neither", json!({"output_language": null}), "output_language"),
        invalid("an unknown language", json!({"output_language": "xx"}), "output_language"),
        invalid("the role of no subtitles", json!({"srt_role": "output"}), "srt_role"),
        rule(
            "a page",
            json!({"video_url": "https://example.com/a.html"}),
            400,
            "download_failed",
            "video_url",
        ),
    ];
    let words = json!({"srt_url": "https://example.com/a.srt", "srt_role": "output"});
    desk.table(path, &base, &[several, words], rules).await;
    let languages = desk.get("/v2/video_translate/target_languages").await;
    let languages = languages.body["data"]["languages"].as_array().unwrap().clone();
    assert!(languages.contains(&json!("es-MX")) && !languages.contains(&json!("German")), "{languages:?}");

    // It is polled and deleted as a video.
    let id = desk.post(path, base).await.text("/data/video_translate_id");
    let video = format!("/v2/videos/{id}");
    let captions = format!("/v2/video_translate/caption?video_translate_id={id}&caption_type=srt");
    let early = (400, INVALID, "video_translate_id");
    desk.refuses("captions too early", Method::GET, &captions, None, early).await;
    for (seconds, status) in [(0, "pending"), (20, "processing"), (400, "completed")] {
        desk.advance(seconds);
        assert_eq!(desk.get(&video).await.text("/data/status"), status);
    }
    assert_eq!(desk.get(&video).await.text("/data/output_language"), "de");
    assert_eq!(desk.get(&captions).await.status, 200);
    assert_eq!(desk.send(Method::DELETE, &video, None, None).await.status, 200);
    desk.refuses("a deleted one", Method::GET, &video, None, (404, "video_not_found", "")).await;
    desk.done();
}

/// The document says to poll the video that the answer names.
#[tokio::test]
async fn the_video_of_the_old_agent_is_there_at_once() {
    let desk = desk().await;
    let begin = async |prompt: &str| {
        let made = desk.post("/v1/video_agent/generate", json!({"prompt": prompt})).await;
        let video = format!("/v2/videos/{}", made.text("/data/video_id"));
        (video, made.text("/data/session_id"))
    };
    let (good, with_video) = begin("Bees").await;
    assert_eq!(desk.get(&format!("/v2/videos/{with_video}")).await.status, 404);
    let (fails, _) = begin("Bees [sim:fail=avatar_unavailable]").await;
    let (hangs, _) = begin("Bees [sim:hang]").await;
    let (stops, session) = begin("Bees [sim:hang]").await;
    let statuses = async |wanted: [&str; 4]| {
        for (video, wanted) in [&good, &fails, &hangs, &stops].into_iter().zip(wanted) {
            assert_eq!(desk.get(video).await.text("/data/status"), wanted, "{video}");
        }
    };
    statuses(["pending"; 4]).await;
    desk.post(&format!("/v3/video-agents/{session}/stop"), json!({})).await;
    desk.advance(30);
    statuses(["pending", "failed", "pending", "failed"]).await;
    assert_eq!(desk.get(&fails).await.text("/data/failure_code"), "avatar_unavailable");
    desk.advance(600);
    statuses(["completed", "failed", "pending", "failed"]).await;
}

#[tokio::test]
async fn an_old_workflow_is_of_a_known_type() {
    let mut desk = desk().await;
    let base = json!({"workflow_type": "TTSNode", "input": {"text": "Hello"}});
    let rules = vec![invalid("an unknown type", json!({"workflow_type": "Juggle"}), "workflow_type")];
    desk.table("/v1/workflows/executions", &base, &[], rules).await;
    let step = json!({"id": "one", "type": "TTSNode", "input": {}});
    let graph = json!({"workflows": [step]});
    desk.post("/v1/workflows/graph-executions", graph).await;
    desk.done();
}
