//! Tests of jobs: their statuses over time, markers, consent, batches, prices and limits.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use crate::program::Program;

/// A kind of job, and its statuses over time.
struct Lifecycle {
    /// Path of the request that creates it.
    create: &'static str,
    body: Value,
    /// Member of the response that contains the id.
    id: &'static str,
    /// Path that reads it, without the id.
    read: &'static str,
    /// The times in seconds, and the status from then on.
    statuses: &'static [(u64, &'static str)],
}

fn lifecycles() -> Vec<Lifecycle> {
    let lifecycle = |create, body, id, read, statuses| Lifecycle { create, body, id, read, statuses };
    let url = |file: &str| json!({"type": "url", "url": format!("https://example.com/{file}")});
    let (video, audio, zip) = (url("a.mp4"), url("a.mp3"), url("a.zip"));
    vec![
        lifecycle(
            "/v3/videos",
            json!({"type": "image", "image": url("a.png"), "script": "Hello", "voice_id": "en-us-clara"}),
            "video_id",
            "/v3/videos/",
            &[(0, "pending"), (10, "processing"), (300, "completed")],
        ),
        lifecycle(
            "/v3/templates/d0000000000000000000000000000002",
            json!({"variables": {"name": {"type": "text", "content": "Ada"}}}),
            "id",
            "/v3/videos/",
            &[(0, "pending"), (10, "processing"), (300, "completed")],
        ),
        lifecycle(
            "/v3/video-translations",
            json!({"video": video, "output_languages": ["German"]}),
            "video_translation_ids",
            "/v3/video-translations/",
            &[(0, "pending"), (10, "running"), (300, "completed")],
        ),
        lifecycle(
            "/v3/video-translations/proofreads",
            json!({"video": video, "output_languages": ["es-ES"], "title": "t"}),
            "proofread_ids",
            "/v3/video-translations/proofreads/",
            &[(0, "processing"), (180, "completed")],
        ),
        lifecycle(
            "/v3/lipsyncs",
            json!({"video": video, "audio": audio}),
            "lipsync_id",
            "/v3/lipsyncs/",
            &[(0, "pending"), (10, "running"), (300, "completed")],
        ),
        lifecycle(
            "/v3/hyperframes/renders",
            json!({"project": zip}),
            "render_id",
            "/v3/hyperframes/renders/",
            &[(0, "queued"), (5, "rendering"), (60, "completed")],
        ),
        lifecycle(
            "/v3/ai-clipping",
            json!({"video": video}),
            "ai_clipping_id",
            "/v3/ai-clipping/",
            &[(0, "pending"), (10, "running"), (300, "completed")],
        ),
        lifecycle(
            "/v3/background-removals",
            json!({"video": video}),
            "id",
            "/v3/background-removals/",
            &[(0, "pending"), (10, "processing"), (120, "completed")],
        ),
        lifecycle(
            "/v3/filler-word-removals",
            json!({"video": video}),
            "filler_word_removal_id",
            "/v3/filler-word-removals/",
            &[(0, "pending"), (10, "running"), (120, "completed")],
        ),
        lifecycle(
            "/v3/podcasts",
            json!({"topic": "Bees", "host_avatar_id": "Anna_sitting_public", "host_voice_id": "en-us-clara",
                "guest_avatar_id": "Marcus_office_public", "guest_voice_id": "en-gb-henry"}),
            "podcast_id",
            "/v3/podcasts/",
            &[(0, "processing"), (300, "completed")],
        ),
        lifecycle(
            "/v3/models/videos",
            json!({"mode": "text_to_video", "model": "heygen-video-1", "prompt": "Bees"}),
            "video_id",
            "/v3/models/videos/",
            &[(0, "pending"), (5, "processing"), (120, "completed")],
        ),
        // A voice clone ends with `complete`, a professional voice has statuses in upper case, a brand kit starts with
        // `loading`.
        lifecycle(
            "/v3/voices/clone",
            json!({"audio": audio, "voice_name": "Me"}),
            "voice_clone_id",
            "/v3/voices/",
            &[(0, "processing"), (30, "complete")],
        ),
        lifecycle(
            "/v3/models/audio/voices",
            json!({"mode": "professional", "audio": [audio], "name": "Me", "language": "en"}),
            "voice_id",
            "/v3/models/audio/voices/",
            &[(0, "PENDING"), (600, "ACTIVE")],
        ),
        lifecycle(
            "/v3/brand-kits",
            json!({"url": "https://example.com/"}),
            "brand_kit_id",
            "/v3/brand-kits/",
            &[(0, "loading"), (60, "completed")],
        ),
    ]
}

#[tokio::test]
async fn every_job_passes_through_the_statuses_of_the_service() {
    for lifecycle in lifecycles() {
        let program = Program::start().await;
        let created = program.post(lifecycle.create, lifecycle.body.clone()).await;
        let id = created[lifecycle.id]
            .as_str()
            .or(created[lifecycle.id][0].as_str())
            .unwrap_or_else(|| panic!("{created}"));
        let path = format!("{}{id}", lifecycle.read);
        let mut passed = 0;
        for (seconds, status) in lifecycle.statuses {
            // One second before, it does not have the status yet.
            if *seconds > passed {
                program.advance(seconds - passed - 1);
                assert_ne!(program.get(&path).await["status"], *status, "{} at {seconds}", lifecycle.create);
                program.advance(1);
            }
            passed = *seconds;
            assert_eq!(program.get(&path).await["status"], *status, "{} at {seconds}", lifecycle.create);
        }
    }
}

#[tokio::test]
async fn a_video_is_waiting_only_in_the_response_to_its_creation() {
    let program = Program::start().await;
    let body = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello", "output_format": "webm"});
    let created = program.post("/v3/videos", body).await;
    assert_eq!((&created["status"], &created["output_format"]), (&json!("waiting"), &json!("webm")));
    program.advance(300);
    let video = program.get(&format!("/v3/videos/{}", created["video_id"].as_str().unwrap())).await;
    let (_, bytes) = program.fetch(&video["video_url"]).await;
    assert_eq!(bytes[..4], [0x1a, 0x45, 0xdf, 0xa3], "WebM");
    assert_eq!(video["captioned_video_url"], Value::Null);
    let (_, subtitles) = program.fetch(&video["subtitle_url"]).await;
    assert!(String::from_utf8(subtitles).unwrap().contains(" --> "));
}

#[tokio::test]
async fn markers_control_a_video() {
    let program = Program::start().await;
    let path = |id: &str| format!("/v3/videos/{id}");
    let fails = program.video("x [sim:fail=avatar_unavailable]").await;
    let hangs = program.video("x [sim:hang]").await;
    let quick = program.video("x [sim:takes=7]").await;
    let late = program.video("x [sim:late-link][sim:takes=7]").await;
    let large = program.video("x [sim:size=5000000][sim:takes=7]").await;
    program.advance(7);
    assert_eq!(program.get(&path(&quick)).await["status"], "completed");
    let unlinked = program.get(&path(&late)).await;
    assert_eq!((&unlinked["status"], &unlinked["video_url"]), (&json!("completed"), &Value::Null));
    let (_, bytes) = program.fetch(&program.get(&path(&large)).await["video_url"]).await;
    assert_eq!((bytes.len(), &bytes[4..8]), (5_000_000, &b"ftyp"[..]));
    program.advance(30);
    assert_eq!(program.fetch(&program.get(&path(&late)).await["video_url"]).await.0, 200);
    let failed = program.get(&path(&fails)).await;
    assert_eq!(
        (&failed["status"], &failed["failure_code"]),
        (&json!("failed"), &json!("avatar_unavailable"))
    );
    assert!(failed["failure_message"].is_string() && failed.get("video_url").is_none());
    program.advance(1_000_000);
    assert_eq!(program.get(&path(&hangs)).await["status"], "processing");
    let wrong =
        json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "x", "title": "[sim:fial]"});
    assert_eq!(program.refused(Method::POST, "/v3/videos", Some(wrong)).await.0, 400);
}

#[tokio::test]
async fn a_digital_twin_waits_for_consent() {
    let program = Program::start().await;
    let body = json!({"type": "digital_twin", "name": "Me", "file": {"type": "url", "url": "https://example.com/me.mp4"}});
    let created = program.post("/v3/avatars", body).await;
    let (look, group) =
        (created["avatar_item"]["id"].as_str().unwrap(), created["avatar_group"]["id"].as_str().unwrap());
    assert_eq!(created["avatar_group"]["consent_status"], "pending");
    let status = || async { program.get(&format!("/v3/avatars/looks/{look}")).await["status"].clone() };
    assert_eq!(status().await, "processing");
    program.advance(300);
    assert_eq!(status().await, "pending_consent");
    let video = json!({"type": "avatar", "avatar_id": look, "script": "Hello", "voice_id": "en-us-clara"});
    let refusal = program.refused(Method::POST, "/v3/videos", Some(video.clone())).await;
    assert_eq!(refusal, (403, "avatar_consent_required".into()));

    let consent = format!("/v3/avatars/{group}/consent");
    let expired = program.post(&consent, json!({})).await["url"].as_str().unwrap().to_owned();
    program.advance(24 * 3600);
    assert_eq!(program.client.post(&expired).send().await.unwrap().status(), 410);
    let link = program.post(&consent, json!({})).await["url"].as_str().unwrap().to_owned();
    assert_eq!(program.client.get(&link).send().await.unwrap().status(), 200);
    assert_eq!(status().await, "pending_consent");
    assert_eq!(program.client.post(&link).send().await.unwrap().status(), 200);
    assert_eq!(program.client.post(&link).send().await.unwrap().status(), 410);
    assert_eq!(status().await, "completed");
    assert_eq!(program.get(&format!("/v3/avatars/{group}")).await["consent_status"], "approved");
    program.post("/v3/videos", video).await;
}

#[tokio::test]
async fn a_proofread_is_edited_and_rendered() {
    let program = Program::start().await;
    let video = json!({"type": "url", "url": "https://example.com/a.mp4"});
    let body = json!({"video": video, "output_languages": ["de"], "title": "t"});
    let created = program.post("/v3/video-translations/proofreads", body).await;
    let path = format!("/v3/video-translations/proofreads/{}", created["proofread_ids"][0].as_str().unwrap());
    let srt = format!("{path}/srt");
    assert_eq!(program.refused(Method::GET, &srt, None).await, (409, "resource_not_ready".into()));
    program.advance(180);
    let before = program.get(&srt).await;
    assert_eq!(program.fetch(&before["srt_url"]).await.0, 200);
    assert_eq!(program.fetch(&before["original_srt_url"]).await.0, 200);
    let edited = "https://example.com/edited.srt";
    let put = json!({"srt": {"type": "url", "url": edited}});
    assert_eq!(program.call(Method::PUT, &srt, Some(put)).await["status"], "completed");
    assert_eq!(program.get(&srt).await["srt_url"], edited);
    let translation = program.post(&format!("{path}/generate"), json!({})).await;
    let path = format!("/v3/video-translations/{}", translation["video_translation_id"].as_str().unwrap());
    program.advance(300);
    let done = program.get(&path).await;
    assert_eq!((&done["status"], &done["output_language"]), (&json!("completed"), &json!("de")));
}

#[tokio::test]
async fn a_batch_queues_its_items_and_an_invalid_item_fails_alone() {
    let program = Program::start().await;
    let video = |look: &str| json!({"type": "avatar", "avatar_id": look, "script": "Hello"});
    let mut videos = vec![video("Anna_sitting_public"); 11];
    videos.push(video("unknown"));
    let batch = program.post("/v3/videos/batches", json!({"videos": videos, "title": "All"})).await;
    let id = batch["batch_id"].as_str().unwrap();
    let path = format!("/v3/videos/batches/{id}");
    let queued = program.get(&path).await;
    assert_eq!(queued["counts_by_status"], json!({"queued": 11, "failed": 1}));
    assert_eq!(
        (&queued["items"][0]["video_id"], &queued["items"][11]["error"]["code"]),
        (&Value::Null, &json!("avatar_not_found"))
    );
    program.advance(5);
    let started = program.get(&path).await;
    assert_eq!(started["counts_by_status"], json!({"processing": 10, "queued": 1, "failed": 1}));
    let first = started["items"][0]["video_id"].as_str().unwrap();
    let page = program.get(&format!("{path}?limit=5")).await;
    assert_eq!((page["items"].as_array().unwrap().len(), &page["has_more"]), (5, &json!(true)));
    let next = program.get(&format!("{path}?limit=5&token={}", page["next_token"].as_str().unwrap())).await;
    assert_eq!(next["items"][0]["item_index"], 5);

    let statuses =
        program.get(&format!("/v3/videos/statuses?video_ids={first},unknown&batch_ids={id}")).await;
    let statuses = statuses.as_array().unwrap();
    assert_eq!((statuses.len(), &statuses[1]["status"]), (14, &json!("not_found")));
    assert_eq!((&statuses[2]["video_id"], &statuses[2]["batch_id"]), (&json!(first), &json!(id)));
    program.advance(10_000);
    let done = program.get(&path).await;
    assert_eq!(
        (&done["status"], &done["counts_by_status"]),
        (&json!("completed"), &json!({"completed": 11, "failed": 1}))
    );
}

#[tokio::test]
async fn deletions_are_hard_or_soft_as_documented() {
    let program = Program::start().await;
    let video = program.video("one").await;
    program.advance(300);
    let path = format!("/v3/videos/{video}");
    let link = program.get(&path).await["video_url"].clone();
    assert_eq!(program.fetch(&link).await.0, 200);
    program.call(Method::DELETE, &path, None).await;
    assert_eq!(program.refused(Method::GET, &path, None).await, (404, "video_not_found".into()));
    assert_eq!(program.refused(Method::DELETE, &path, None).await, (404, "video_not_found".into()));
    assert_eq!(program.fetch(&link).await.0, 404);

    let created = program
        .post(
            "/v3/hyperframes/renders",
            json!({"project": {"type": "url", "url": "https://example.com/a.zip"}}),
        )
        .await;
    let path = format!("/v3/hyperframes/renders/{}", created["render_id"].as_str().unwrap());
    program.advance(60);
    let link = program.get(&path).await["video_url"].clone();
    program.call(Method::DELETE, &path, None).await;
    assert_eq!(program.refused(Method::GET, &path, None).await, (404, "hyperframes_render_not_found".into()));
    assert_eq!(program.fetch(&link).await.0, 200);
    assert_eq!(program.get("/v3/hyperframes/renders").await, json!([]));

    // Deleting the last look of a group deletes the group.
    let look = "/v3/avatars/looks/b0000000000000000000000000000003";
    program.call(Method::DELETE, look, None).await;
    let group = program.refused(Method::GET, "/v3/avatars/a0000000000000000000000000000002", None).await;
    assert_eq!(group, (404, "avatar_group_not_found".into()));
}

#[tokio::test]
async fn jobs_cost_money_unless_they_fail() {
    let program = Program::with(Sim::builder().balance(0.5)).await;
    program.video("one").await;
    program.video("two [sim:fail]").await;
    let body = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello"});
    let refusal = program.refused(Method::POST, "/v3/videos", Some(body)).await;
    assert_eq!(refusal, (402, "insufficient_credit".into()));
    program.advance(30);
    program.video("three").await;
    let wallet = &program.get("/v3/users/me").await["wallet"];
    assert_eq!(wallet["remaining_balance"].as_f64().unwrap(), program.sim.balance());
    assert!((program.sim.balance() - (0.5 - 2.0 * 0.2415)).abs() < 1e-9);
}

#[tokio::test]
async fn too_many_jobs_or_requests_are_refused_with_429() {
    let program = Program::with(Sim::builder().concurrency(2)).await;
    program.video("one").await;
    program.post("/v3/video-agents", json!({"prompt": "Launch"})).await;
    let body =
        json!({"video": {"type": "url", "url": "https://example.com/a.mp4"}, "output_languages": ["German"]});
    let refused = program.send(Method::POST, "/v3/video-translations", &[], Some(body.clone())).await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (429, &json!("rate_limit_exceeded")));
    assert_eq!(refused.headers["retry-after"], "60");
    program.advance(300);
    program.post("/v3/video-translations", body).await;
    // A request that creates several jobs creates all of them or none.
    let several = json!({"video": {"type": "url", "url": "https://example.com/a.mp4"}, "output_languages": ["German", "French"]});
    let before = program.get("/v3/video-translations").await.as_array().unwrap().len();
    program.refused(Method::POST, "/v3/video-translations", Some(several)).await;
    assert_eq!(program.get("/v3/video-translations").await.as_array().unwrap().len(), before);

    let program = Program::with(Sim::builder().requests_per_minute(2)).await;
    program.get("/v3/voices").await;
    program.advance(20);
    program.get("/v3/voices").await;
    let refused = program.send(Method::GET, "/v3/voices", &[], None).await;
    assert_eq!((refused.status, refused.headers["retry-after"].to_str().unwrap()), (429, "40"));
    program.advance(40);
    program.get("/v3/voices").await;
}

#[tokio::test]
async fn presets_do_not_count_towards_the_limit_of_resources() {
    let count = async |program: &Program, path: &str| program.get(path).await.as_array().unwrap().len();
    let (few, many) = (Program::with(Sim::builder().keep(5)).await, Program::start().await);
    let audio = json!({"type": "url", "url": "https://example.com/a.mp3"});
    for number in 0..7 {
        let clone = json!({"audio": audio, "voice_name": format!("Voice {number}")});
        few.post("/v3/voices/clone", clone).await;
        few.video(&format!("video {number}")).await;
    }
    few.advance(60);
    for path in
        ["/v3/avatars?limit=50", "/v3/avatars/looks?limit=50", "/v3/voices?limit=100", "/v3/brand-kits"]
    {
        assert_eq!(count(&few, path).await, count(&many, path).await, "{path}");
    }
    let mine = "/v3/voices?type=private";
    assert_eq!(count(&few, mine).await - count(&many, mine).await, 5);
    assert_eq!(count(&few, "/v3/videos").await, 5);
}

#[tokio::test]
async fn variables_of_a_composition_may_have_any_name() {
    let program = Program::start().await;
    let project = json!({"type": "url", "url": "https://example.com/a.zip"});
    let variables = json!({"image_url": "logo.png", "audio_asset_id": "mine", "file": {"type": "asset_id", "asset_id": "x"}});
    program.post("/v3/hyperframes/renders", json!({"project": project, "variables": variables})).await;
}
