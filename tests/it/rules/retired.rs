//! Rules for the retired v1 and v2 operations, in a simulator with `legacy(true)`.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::json;

use super::{Harness, INVALID, invalid, rule};

async fn harness() -> Harness {
    Harness::of(Sim::builder().legacy(true)).await
}

#[tokio::test]
async fn retired_operations_need_legacy() {
    let harness = Harness::new().await;
    for path in ["/v1/audio/voices", "/v1/user/me", "/v1/workflows", "/v2/videos", "/v2/videos/x"] {
        assert_eq!(harness.get(path).await.status, 410, "{path}");
    }
    let harness = self::harness().await;
    for path in ["/v1/audio/voices", "/v1/user/me", "/v1/workflows", "/v2/videos"] {
        assert_eq!(harness.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_v2_video_needs_exactly_one_character() {
    let mut harness = harness().await;
    let base = json!({"avatar_id": "Anna_sitting_public", "script": "Hello there."});
    let image =
        json!({"avatar_id": null, "image_url": "https://example.com/a.png", "voice_id": "en-us-clara"});
    let rules = vec![
        invalid("neither avatar nor image", json!({"avatar_id": null}), "avatar_id"),
        invalid("both avatar and image", json!({"image_url": "https://example.com/a.png"}), "image_url"),
        invalid("no audio", json!({"script": null}), "script"),
        invalid("two sources of audio", json!({"audio_url": "https://example.com/a.mp3"}), "audio_url"),
        invalid("motion of a video avatar", json!({"motion_prompt": "nods"}), "motion_prompt"),
        rule("an unknown avatar", json!({"avatar_id": "x"}), 404, "avatar_not_found", "avatar_id"),
    ];
    harness.check_rules("/v2/videos", &base, &[image], rules).await;
    harness.finish();
}

#[tokio::test]
async fn a_v2_translation_takes_one_language_or_a_list() {
    let mut harness = harness().await;
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
    harness.check_rules(path, &base, &[several, words], rules).await;
    let languages = harness.get("/v2/video_translate/target_languages").await;
    let languages = languages.body["data"]["languages"].as_array().unwrap().clone();
    assert!(languages.contains(&json!("es-MX")) && !languages.contains(&json!("German")), "{languages:?}");

    // It is polled and deleted like a video.
    let id = harness.post(path, base).await.text("/data/video_translate_id");
    let video = format!("/v2/videos/{id}");
    let captions = format!("/v2/video_translate/caption?video_translate_id={id}&caption_type=srt");
    let early = (400, INVALID, "video_translate_id");
    harness.expect_refusal("captions too early", Method::GET, &captions, None, early).await;
    for (seconds, status) in [(0, "pending"), (20, "processing"), (400, "completed")] {
        harness.advance(seconds);
        assert_eq!(harness.get(&video).await.text("/data/status"), status);
    }
    assert_eq!(harness.get(&video).await.text("/data/output_language"), "de");
    assert_eq!(harness.get(&captions).await.status, 200);
    assert_eq!(harness.send(Method::DELETE, &video, None, None).await.status, 200);
    harness.expect_refusal("a deleted one", Method::GET, &video, None, (404, "video_not_found", "")).await;
    harness.finish();
}

/// By the document, a program polls the video in the reply.
#[tokio::test]
async fn the_video_of_the_v1_agent_exists_immediately() {
    let harness = harness().await;
    let begin = async |prompt: &str| {
        let made = harness.post("/v1/video_agent/generate", json!({"prompt": prompt})).await;
        let video = format!("/v2/videos/{}", made.text("/data/video_id"));
        (video, made.text("/data/session_id"))
    };
    let (good, with_video) = begin("Bees").await;
    assert_eq!(harness.get(&format!("/v2/videos/{with_video}")).await.status, 404);
    let (fails, _) = begin("Bees [sim:fail=avatar_unavailable]").await;
    let (hangs, _) = begin("Bees [sim:hang]").await;
    let (stops, session) = begin("Bees [sim:hang]").await;
    let statuses = async |expected: [&str; 4]| {
        for (video, expected) in [&good, &fails, &hangs, &stops].into_iter().zip(expected) {
            assert_eq!(harness.get(video).await.text("/data/status"), expected, "{video}");
        }
    };
    statuses(["pending"; 4]).await;
    harness.post(&format!("/v3/video-agents/{session}/stop"), json!({})).await;
    harness.advance(30);
    statuses(["pending", "failed", "pending", "failed"]).await;
    assert_eq!(harness.get(&fails).await.text("/data/failure_code"), "avatar_unavailable");
    harness.advance(600);
    statuses(["completed", "failed", "pending", "failed"]).await;
}

#[tokio::test]
async fn a_v1_workflow_needs_a_known_type() {
    let mut harness = harness().await;
    let base = json!({"workflow_type": "TTSNode", "input": {"text": "Hello"}});
    let rules = vec![invalid("an unknown type", json!({"workflow_type": "Juggle"}), "workflow_type")];
    harness.check_rules("/v1/workflows/executions", &base, &[], rules).await;
    let step = json!({"id": "one", "type": "TTSNode", "input": {}});
    let graph = json!({"workflows": [step]});
    harness.post("/v1/workflows/graph-executions", graph).await;
    harness.finish();
}
