//! Rules of money and of what runs at once.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, INVALID, Refusal};

fn film() -> Value {
    json!({"type": "url", "url": "https://example.com/a.mp4"})
}

/// What costs money.
fn orders() -> Vec<(&'static str, Value)> {
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
async fn nothing_is_made_without_money() {
    let mut desk = Desk::of(Sim::builder().balance(0.0)).await;
    for (path, body) in orders() {
        desk.posts(path, path, body, (402, "insufficient_credit", "")).await;
    }
    desk.sim.set_balance(100.0);
    for (path, body) in orders() {
        let before = desk.sim.balance();
        desk.post(path, body).await;
        assert!(desk.sim.balance() < before, "{path}");
    }
    // All languages or none.
    desk.sim.set_balance(0.15);
    let two = json!({"video": film(), "output_languages": ["German", "French"]});
    desk.posts("money for one of two", "/v3/video-translations", two, (402, "insufficient_credit", "")).await;
    desk.done();
}

/// A job that fails costs nothing in the end.
#[tokio::test]
async fn a_failed_job_is_paid_back() {
    let desk = Desk::new().await;
    for (path, body) in orders() {
        let place = match path {
            "/v3/video-agents" | "/v3/models/videos" => "prompt",
            "/v3/avatars" => "name",
            // It is spoken at once.
            "/v3/voices/speech" => continue,
            _ => "title",
        };
        let before = desk.sim.balance();
        desk.post(path, super::changed(&body, &json!({place: "[sim:fail]"}))).await;
        assert!(desk.sim.balance() < before, "{path}");
        desk.advance(60);
        assert!((desk.sim.balance() - before).abs() < 1e-9, "{path}");
    }
}

#[tokio::test]
async fn ten_jobs_run_at_once() {
    let mut desk = Desk::new().await;
    let counted = &orders()[..4];
    for number in 0..10 {
        let (path, body) = &counted[number % counted.len()];
        desk.post(path, body.clone()).await;
    }
    for (path, body) in counted {
        let answer = desk.send(Method::POST, path, None, Some(body)).await;
        desk.judge(path, &answer, Refusal(429, "rate_limit_exceeded", ""));
        let seconds: u64 = answer.retry_after.expect("Retry-After").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{path}: {seconds}");
    }
    // Other jobs have no such limit, and items of a batch have a queue of their own.
    let (path, body) = &orders()[4];
    desk.post(path, body.clone()).await;
    desk.post("/v3/videos/batches", json!({"videos": [orders()[0].1]})).await;
    desk.advance(601);
    desk.post(counted[0].0, counted[0].1.clone()).await;
    // All languages or none.
    let all = [
        "German", "French", "Italian", "Dutch", "Polish", "Turkish", "Hindi", "Arabic", "Korean", "Japanese",
    ];
    let many = json!({"video": film(), "output_languages": all});
    let refusal = (429, "rate_limit_exceeded", "");
    desk.posts("ten languages beside one job", "/v3/video-translations", many, refusal).await;
    desk.done();
}

#[tokio::test]
async fn a_request_has_at_most_a_hundred_languages() {
    let mut desk = Desk::of(Sim::builder().concurrency(usize::MAX).legacy(true)).await;
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
        desk.posts(path, path, super::changed(&body, &many(language, 101)), refusal).await;
        let made = desk.post(path, super::changed(&body, &many(language, 100))).await;
        assert_eq!(made.body["data"][ids].as_array().unwrap().len(), 100, "{path}");
    }
    desk.done();
}

/// All languages or none: what is refused leaves nothing that runs.
#[tokio::test]
async fn an_old_translation_that_is_refused_leaves_nothing_behind() {
    let mut desk = Desk::of(Sim::builder().concurrency(1).legacy(true)).await;
    let path = "/v2/video_translate";
    let body = json!({"video_url": "https://example.com/a.mp4", "output_languages": ["de", "fr"]});
    desk.posts("two languages, and room for one", path, body, (429, "rate_limit_exceeded", "")).await;
    assert_eq!(desk.get("/v3/video-translations").await.body["data"], json!([]));
    desk.post(path, json!({"video_url": "https://example.com/a.mp4", "output_language": "de"})).await;
    desk.done();
}

/// What is made takes the next id: one that is missing afterwards was left behind.
#[tokio::test]
async fn a_refused_batch_makes_nothing() {
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
    let next = async |desk: &Desk| {
        desk.post("/v3/assets/direct-uploads", file("image/png")).await.text("/data/asset_id")
    };
    let wanted = next(&Desk::new().await).await;
    for (path, body) in refused {
        let desk = Desk::new().await;
        assert_eq!(desk.send(Method::POST, path, None, Some(&body)).await.status, 400, "{path}");
        assert_eq!(next(&desk).await, wanted, "{path}");
    }
}

#[tokio::test]
async fn a_workspace_has_so_many_groups_and_clones() {
    let mut desk = Desk::of(Sim::builder().balance(1e6)).await;
    let url = |file: &str| json!({"type": "url", "url": format!("https://example.com/{file}")});
    let photo = json!({"type": "photo", "name": "A photo", "file": url("a.png")});
    let clone = json!({"audio": url("a.mp3"), "voice_name": "Me"});
    let owned = async |desk: &Desk, path: &str| desk.get(path).await.body["data"].as_array().unwrap().len();
    let groups = owned(&desk, "/v3/avatars?ownership=private&limit=50").await;
    let clones = owned(&desk, "/v3/voices?type=private&limit=100").await;
    let reached = (400, "resource_limit_reached", "");
    for (path, body, most) in
        [("/v3/avatars", photo, 500 - groups), ("/v3/voices/clone", clone, 100 - clones)]
    {
        for _ in 0..most {
            desk.post(path, body.clone()).await;
        }
        desk.posts(path, path, body, reached).await;
    }
    desk.done();
}
