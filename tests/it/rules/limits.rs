//! Rules for credit and for concurrent jobs.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Harness, INVALID, Refusal};

fn film() -> Value {
    json!({"type": "url", "url": "https://example.com/a.mp4"})
}

/// Requests that cost credit: path and body.
fn paid_requests() -> Vec<(&'static str, Value)> {
    let picture = json!({"type": "url", "url": "https://example.com/a.png"});
    vec![
        ("/v3/videos", json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello"})),
        ("/v3/templates/d0000000000000000000000000000002", json!({"variables": {}})),
        ("/v3/video-agents", json!({"prompt": "Explain bees"})),
        ("/v3/video-translations", json!({"video": film(), "output_languages": ["German"]})),
        (
            "/v3/lipsyncs",
            json!({"video": film(), "audio": {"type": "url", "url": "https://example.com/a.mp3"}}),
        ),
        ("/v3/hyperframes/renders", json!({"project": {"type": "url", "url": "https://example.com/a.zip"}})),
        ("/v3/ai-clipping", json!({"video": film()})),
        ("/v3/background-removals", json!({"video": film()})),
        ("/v3/filler-word-removals", json!({"video": film()})),
        ("/v3/avatars", json!({"type": "photo", "name": "A photo", "file": picture})),
        ("/v3/voices/speech", json!({"text": "Hello", "voice_id": "en-us-clara"})),
        ("/v3/models/videos", json!({"mode": "text_to_video", "model": "heygen-video-1", "prompt": "A cat"})),
    ]
}

#[tokio::test]
async fn without_credit_every_paid_request_is_refused() {
    let mut harness = Harness::of(Sim::builder().balance(0.0)).await;
    for (path, body) in paid_requests() {
        harness.expect_post_refusal(path, path, body, (402, "insufficient_credit", "")).await;
    }
    harness.sim.set_balance(100.0);
    for (path, body) in paid_requests() {
        let before = harness.sim.balance();
        harness.post(path, body).await;
        assert!(harness.sim.balance() < before, "{path}");
    }
    // The credit must suffice for all languages.
    harness.sim.set_balance(0.15);
    let two = json!({"video": film(), "output_languages": ["German", "French"]});
    harness
        .expect_post_refusal(
            "credit for one of two languages",
            "/v3/video-translations",
            two,
            (402, "insufficient_credit", ""),
        )
        .await;
    harness.finish();
}

/// The cost of a failed job is refunded.
#[tokio::test]
async fn a_failed_job_is_refunded() {
    let harness = Harness::new().await;
    for (path, body) in paid_requests() {
        let place = match path {
            "/v3/video-agents" | "/v3/models/videos" => "prompt",
            "/v3/avatars" => "name",
            // Speech completes immediately.
            "/v3/voices/speech" => continue,
            _ => "title",
        };
        let before = harness.sim.balance();
        harness.post(path, super::changed(&body, &json!({place: "[sim:fail]"}))).await;
        assert!(harness.sim.balance() < before, "{path}");
        harness.advance(60);
        assert!((harness.sim.balance() - before).abs() < 1e-9, "{path}");
    }
}

#[tokio::test]
async fn at_most_ten_jobs_run_concurrently() {
    let mut harness = Harness::new().await;
    let counted = &paid_requests()[..4];
    for number in 0..10 {
        let (path, body) = &counted[number % counted.len()];
        harness.post(path, body.clone()).await;
    }
    for (path, body) in counted {
        let reply = harness.send(Method::POST, path, None, Some(body)).await;
        harness.check_refusal(path, &reply, Refusal(429, "rate_limit_exceeded", ""));
        let seconds: u64 = reply.retry_after.expect("Retry-After").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{path}: {seconds}");
    }
    // Other kinds of jobs have no such limit. Items of a batch wait in a queue instead.
    let (path, body) = &paid_requests()[4];
    harness.post(path, body.clone()).await;
    harness.post("/v3/videos/batches", json!({"videos": [paid_requests()[0].1]})).await;
    harness.advance(601);
    harness.post(counted[0].0, counted[0].1.clone()).await;
    // The limit must allow all languages.
    let all = [
        "German", "French", "Italian", "Dutch", "Polish", "Turkish", "Hindi", "Arabic", "Korean", "Japanese",
    ];
    let many = json!({"video": film(), "output_languages": all});
    let refusal = (429, "rate_limit_exceeded", "");
    harness
        .expect_post_refusal("ten languages beside one job", "/v3/video-translations", many, refusal)
        .await;
    harness.finish();
}

#[tokio::test]
async fn a_translation_has_at_most_100_languages() {
    let mut harness = Harness::of(Sim::builder().concurrency(usize::MAX).legacy(true)).await;
    let refusal = (400, INVALID, "output_languages");
    let many = |language: &str, count: usize| json!({"output_languages": vec![language; count]});
    let proofread = json!({"video": film(), "title": "t"});
    let translation = json!({"video": film()});
    let old = json!({"video_url": "https://example.com/a.mp4"});
    for (path, body, language, ids) in [
        ("/v3/video-translations/proofreads", proofread, "de", "proofread_ids"),
        ("/v3/video-translations", translation, "German", "video_translation_ids"),
        ("/v2/video_translate", old, "de", "video_translate_ids"),
    ] {
        harness.expect_post_refusal(path, path, super::changed(&body, &many(language, 101)), refusal).await;
        let made = harness.post(path, super::changed(&body, &many(language, 100))).await;
        assert_eq!(made.body["data"][ids].as_array().unwrap().len(), 100, "{path}");
    }
    harness.finish();
}

/// A refused request starts no job, not even for some of its languages.
#[tokio::test]
async fn a_refused_v2_translation_starts_no_job() {
    let mut harness = Harness::of(Sim::builder().concurrency(1).legacy(true)).await;
    let path = "/v2/video_translate";
    let body = json!({"video_url": "https://example.com/a.mp4", "output_languages": ["de", "fr"]});
    harness
        .expect_post_refusal(
            "two languages, but a limit of one job",
            path,
            body,
            (429, "rate_limit_exceeded", ""),
        )
        .await;
    assert_eq!(harness.get("/v3/video-translations").await.body["data"], json!([]));
    harness.post(path, json!({"video_url": "https://example.com/a.mp4", "output_language": "de"})).await;
    harness.finish();
}

/// Everything that is created takes the next id. If an id is skipped after a refused batch, the batch has created something.
#[tokio::test]
async fn a_refused_batch_creates_nothing() {
    let file = |kind: &str| json!({"filename": "a", "content_type": kind, "size_bytes": 1});
    let comparison = |prompt: &str| {
        json!({"model_a": "one", "model_b": "another", "prompt": prompt, "question_id": "craft",
            "video_a": film(), "video_b": film()})
    };
    let refused = [
        (
            "/v3/video-quality/comparisons/batches",
            json!({"comparisons": [comparison("A cat"), comparison("[sim:fial]")]}),
        ),
        ("/v3/assets/direct-uploads/batches", json!({"files": [file("image/png"), file("text/html")]})),
    ];
    let next = async |harness: &Harness| {
        harness.post("/v3/assets/direct-uploads", file("image/png")).await.text("/data/asset_id")
    };
    let expected = next(&Harness::new().await).await;
    for (path, body) in refused {
        let harness = Harness::new().await;
        assert_eq!(harness.send(Method::POST, path, None, Some(&body)).await.status, 400, "{path}");
        assert_eq!(next(&harness).await, expected, "{path}");
    }
}

#[tokio::test]
async fn the_number_of_groups_and_clones_is_limited() {
    let mut harness = Harness::of(Sim::builder().balance(1e6)).await;
    let url = |file: &str| json!({"type": "url", "url": format!("https://example.com/{file}")});
    let photo = json!({"type": "photo", "name": "A photo", "file": url("a.png")});
    let clone = json!({"audio": url("a.mp3"), "voice_name": "Me"});
    let owned =
        async |harness: &Harness, path: &str| harness.get(path).await.body["data"].as_array().unwrap().len();
    let groups = owned(&harness, "/v3/avatars?ownership=private&limit=50").await;
    let clones = owned(&harness, "/v3/voices?type=private&limit=100").await;
    let reached = (400, "resource_limit_reached", "");
    for (path, body, most) in
        [("/v3/avatars", photo, 500 - groups), ("/v3/voices/clone", clone, 100 - clones)]
    {
        for _ in 0..most {
            harness.post(path, body.clone()).await;
        }
        harness.expect_post_refusal(path, path, body, reached).await;
    }
    harness.finish();
}
