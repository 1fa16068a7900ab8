//! Rules for translations, lipsyncs, batches, lookups, podcasts, comparisons and agent sessions.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Harness, INVALID, invalid, rule};

fn film() -> Value {
    json!({"type": "url", "url": "https://example.com/a.mp4"})
}

fn translation() -> Value {
    json!({"video": film(), "output_languages": ["German"]})
}

async fn harness() -> Harness {
    Harness::of(Sim::builder().concurrency(1000)).await
}

#[tokio::test]
async fn a_translation_needs_known_languages_and_a_valid_range() {
    let mut harness = harness().await;
    let path = "/v3/video-translations";
    let srt = json!({"type": "url", "url": "https://example.com/a.srt"});
    let allowed = [
        json!({"output_languages": ["Spanish (Spain)", "Chinese (Cantonese, Traditional)"]}),
        json!({"start_time": 1.5, "end_time": 3}),
        json!({"srt": srt, "srt_role": "output"}),
        json!({"stock_voice_config": {"use_stock_voice": false}}),
        json!({"brand_voice_id": "e0000000000000000000000000000001"}),
    ];
    let missing = "resource_not_found";
    let rules = vec![
        invalid("an unknown language", json!({"output_languages": ["Klingon"]}), "output_languages.0"),
        invalid("a code", json!({"output_languages": ["de"]}), "output_languages.0"),
        invalid(
            "a second that is wrong",
            json!({"output_languages": ["German", "es-ES"]}),
            "output_languages.1",
        ),
        invalid("an end before the start", json!({"start_time": 3, "end_time": 1.5}), "end_time"),
        invalid("a negative start", json!({"start_time": -1}), "start_time"),
        invalid("a role of no subtitles", json!({"srt_role": "input"}), "srt_role"),
        rule(
            "stock voices",
            json!({"stock_voice_config": {"use_stock_voice": true}}),
            403,
            "forbidden",
            "stock_voice_config",
        ),
        rule("a glossary", json!({"brand_glossary_id": "unknown"}), 404, missing, "brand_glossary_id"),
        rule(
            "a glossary by its old name",
            json!({"brand_voice_id": "unknown"}),
            404,
            missing,
            "brand_voice_id",
        ),
    ];
    harness.check_rules(path, &translation(), &allowed, rules).await;
    let picture = harness.upload("thumbnail.png").await;
    for place in ["video", "audio", "srt"] {
        let change = json!({place: {"type": "asset_id", "url": null, "asset_id": picture}});
        let param = match place {
            "video" => "video.asset_id",
            "audio" => "audio.asset_id",
            _ => "srt.asset_id",
        };
        harness
            .expect_post_refusal(
                "a picture",
                path,
                super::changed(&translation(), &change),
                (400, INVALID, param),
            )
            .await;
    }
    harness.finish();
}

/// A request has the names of languages, a reply their codes.
#[tokio::test]
async fn a_translation_returns_the_codes_of_its_languages() {
    let harness = harness().await;
    let body = super::changed(&translation(), &json!({"output_languages": ["Spanish (Mexico)"]}));
    let made = harness.post("/v3/video-translations", body).await.text("/data/video_translation_ids/0");
    let translation = harness.get(&format!("/v3/video-translations/{made}")).await;
    assert_eq!(translation.text("/data/output_language"), "es-MX");
    assert_eq!(translation.text("/data/input_language"), "en");
}

#[tokio::test]
async fn a_proofread_can_be_edited_once_it_is_complete() {
    let mut harness = harness().await;
    let path = "/v3/video-translations/proofreads";
    let base =
        super::changed(&translation(), &json!({"title": "To be corrected", "output_languages": ["de"]}));
    let rules = vec![invalid("no language", json!({"output_languages": ["de", "xx"]}), "output_languages.1")];
    harness.check_rules(path, &base, &[], rules).await;
    let made = format!("{path}/{}", harness.post(path, base.clone()).await.text("/data/proofread_ids/0"));
    let srt = json!({"srt": {"type": "url", "url": "https://example.com/a.srt"}});
    let early = (409, "resource_not_ready", "");
    let (subtitles, render) = (format!("{made}/srt"), format!("{made}/generate"));
    harness.expect_refusal("subtitles too early", Method::GET, &subtitles, None, early).await;
    harness.expect_refusal("an edit too early", Method::PUT, &subtitles, Some(srt.clone()), early).await;
    harness.expect_post_refusal("a render too early", &render, json!({}), early).await;
    harness.advance(180);
    assert_eq!(harness.send(Method::PUT, &subtitles, None, Some(&srt)).await.status, 200);
    let edited = harness.get(&subtitles).await;
    assert_eq!(edited.text("/data/srt_url"), "https://example.com/a.srt");
    harness.post(&render, json!({})).await;
    // A failed proofread has another error than one that is not complete.
    let failing = super::changed(&base, &json!({"title": "[sim:fail]"}));
    let failed = format!("{path}/{}/srt", harness.post(path, failing).await.text("/data/proofread_ids/0"));
    harness.advance(30);
    harness
        .expect_refusal("subtitles of a failed proofread", Method::GET, &failed, None, (409, "conflict", ""))
        .await;
    let picture = harness.upload("thumbnail.png").await;
    let wrong = json!({"srt": {"type": "asset_id", "asset_id": picture}});
    let refusal = (400, INVALID, "srt.asset_id");
    harness.expect_refusal("a picture for subtitles", Method::PUT, &subtitles, Some(wrong), refusal).await;
    harness.finish();
}

#[tokio::test]
async fn a_lipsync_needs_a_valid_range_and_mode() {
    let mut harness = harness().await;
    let base = json!({"video": film(), "audio": {"type": "url", "url": "https://example.com/a.mp3"}});
    let rules = vec![
        invalid("an end at the start", json!({"start_time": 3, "end_time": 3}), "end_time"),
        invalid("a negative end", json!({"end_time": -3}), "end_time"),
        invalid("an unknown frame mode", json!({"fps_mode": "fast"}), "fps_mode"),
        rule(
            "a page",
            json!({"audio": {"url": "https://example.com/a.html"}}),
            400,
            "download_failed",
            "audio.url",
        ),
    ];
    harness.check_rules("/v3/lipsyncs", &base, &[json!({"fps_mode": "cfr"})], rules).await;
    let film = harness.upload("video.mp4").await;
    let audio = json!({"audio": {"type": "asset_id", "url": null, "asset_id": film}});
    let body = super::changed(&base, &audio);
    harness
        .expect_post_refusal("a film for audio", "/v3/lipsyncs", body, (400, INVALID, "audio.asset_id"))
        .await;
    harness.finish();
}

#[tokio::test]
async fn a_batch_has_at_most_100_items_and_invalid_items_fail_alone() {
    let mut harness = harness().await;
    let path = "/v3/video-translations/batches";
    let three = json!({"video": film(), "output_languages": ["German", "French", "Italian"]});
    let base = json!({"video_translations": vec![three.clone(); 33]});
    let rules = vec![
        invalid("102 items", json!({"video_translations": vec![three; 34]}), "video_translations"),
        invalid(
            "a callback by plain http",
            json!({"callback_url": "http://example.com/hook"}),
            "callback_url",
        ),
    ];
    harness.check_rules(path, &base, &[], rules).await;

    let good = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "One."});
    let bad = super::changed(&good, &json!({"avatar_id": "unknown"}));
    let failing = super::changed(&good, &json!({"script": "[sim:fail] Two."}));
    let lone = harness.post("/v3/videos/batches", json!({"videos": [bad]})).await.text("/data/batch_id");
    let made = harness.post("/v3/videos/batches", json!({"videos": [good, bad, failing]})).await;
    let batch = format!("/v3/videos/batches/{}", made.text("/data/batch_id"));
    let statuses = |reply: super::Reply| {
        let items = reply.body["data"]["items"].as_array().unwrap().clone();
        let items = items.iter().map(|item| item["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        format!("{}: {}", reply.text("/data/status"), items.join(" "))
    };
    assert_eq!(statuses(harness.get(&batch).await), "processing: queued failed queued");
    harness.advance(6);
    let reply = harness.get(&batch).await;
    assert_eq!(reply.text("/data/items/1/error/code"), "avatar_not_found");
    assert_eq!(statuses(reply), "processing: processing failed processing");
    harness.advance(40);
    assert_eq!(statuses(harness.get(&batch).await), "processing: processing failed failed");
    harness.advance(600);
    assert_eq!(statuses(harness.get(&batch).await), "completed: completed failed failed");
    assert_eq!(statuses(harness.get(&format!("/v3/videos/batches/{lone}")).await), "failed: failed");
    let other = format!("/v3/lipsyncs/batches/{lone}");
    let refusal = (404, "resource_not_found", "");
    harness.expect_refusal("a batch of another kind", Method::GET, &other, None, refusal).await;
    harness.finish();
}

#[tokio::test]
async fn a_lookup_takes_1_to_100_ids() {
    let mut harness = harness().await;
    let ids = |count: usize| vec!["x"; count].join(",");
    for (place, name) in [
        ("videos", "video_ids"),
        ("video-translations", "video_translation_ids"),
        ("lipsyncs", "lipsync_ids"),
        ("assets", "asset_ids"),
    ] {
        let path = format!("/v3/{place}/statuses");
        let refusal = (400, INVALID, name);
        harness.expect_refusal("no ids", Method::GET, &path, None, refusal).await;
        harness.expect_refusal("blank ids", Method::GET, &format!("{path}?{name}=,"), None, refusal).await;
        harness
            .expect_refusal("101 ids", Method::GET, &format!("{path}?{name}={}", ids(101)), None, refusal)
            .await;
        let both = format!("{path}?{name}={}&batch_ids=x", ids(100));
        harness.expect_refusal("101 ids of two kinds", Method::GET, &both, None, refusal).await;
        let most = harness.get(&format!("{path}?{name}={}", ids(100))).await;
        assert_eq!((most.status, most.text("/data/99/status")), (200, "not_found".to_owned()), "{path}");
        assert_eq!(harness.get(&format!("{path}?batch_ids=x")).await.text("/data/0/status"), "not_found");
    }
    harness.finish();
}

#[tokio::test]
async fn a_podcast_needs_a_topic_or_files() {
    let mut harness = harness().await;
    let base = json!({"host_avatar_id": "Anna_sitting_public", "host_voice_id": "en-us-clara",
        "guest_avatar_id": "Marcus_office_public", "guest_voice_id": "en-gb-henry", "topic": "Bees"});
    let files = json!({"topic": null, "source_files": [film()]});
    let rules = vec![
        invalid("neither topic nor files", json!({"topic": null}), "topic"),
        invalid("a blank topic", json!({"topic": "  "}), "topic"),
        rule("an unknown guest", json!({"guest_avatar_id": "x"}), 404, "avatar_not_found", "guest_avatar_id"),
        rule("an unknown voice", json!({"host_voice_id": "x"}), 404, "voice_not_found", "host_voice_id"),
        rule(
            "a guest who has not agreed",
            json!({"guest_avatar_id": "b0000000000000000000000000000004"}),
            403,
            "avatar_consent_required",
            "guest_avatar_id",
        ),
    ];
    harness.check_rules("/v3/podcasts", &base, &[files], rules).await;
    harness.finish();
}

#[tokio::test]
async fn a_comparison_needs_a_known_judge() {
    let mut harness = harness().await;
    let base = json!({"model_a": "one", "model_b": "another", "prompt": "A cat", "question_id": "craft",
        "video_a": film(), "video_b": film()});
    let judge = json!({"judge_model_version": "nobody"});
    let known = json!({"judge_model_version": "simulated-judge-2026-06-01"});
    let path = "/v3/video-quality/comparisons";
    let rules = vec![invalid("an unknown judge", judge.clone(), "judge_model_version")];
    harness.check_rules(path, &base, &[known], rules).await;
    let batch = json!({"comparisons": [base, super::changed(&base, &judge)]});
    let refusal = (400, INVALID, "comparisons.1.judge_model_version");
    let batches = "/v3/video-quality/comparisons/batches";
    harness.expect_post_refusal("an unknown judge in a batch", batches, batch, refusal).await;
    for (change, param) in [
        (json!({"prompt": "[sim:fial]"}), "comparisons.1.prompt"),
        (json!({"video_a": {"url": "https://example.com/a.html"}}), "comparisons.1.video_a.url"),
    ] {
        let batch = json!({"comparisons": [base, super::changed(&base, &change)]});
        let reply = harness.send(Method::POST, batches, None, Some(&batch)).await;
        assert_eq!((reply.status, reply.text("/error/param")), (400, param.to_owned()), "{}", reply.body);
    }
    let picture = harness.upload("thumbnail.png").await;
    let wrong = json!({"video_b": {"type": "asset_id", "url": null, "asset_id": picture}});
    let refusal = (400, INVALID, "video_b.asset_id");
    harness.expect_post_refusal("a picture for a video", path, super::changed(&base, &wrong), refusal).await;
    harness.finish();
}

#[tokio::test]
async fn a_model_video_has_limits_on_its_references() {
    let mut harness = harness().await;
    let references = |name: &str, count: usize| {
        vec![json!({"type": "url", "url": format!("https://example.com/{name}")}); count]
    };
    let base = json!({"mode": "reference_to_video", "model": "heygen-video-1", "prompt": "A cat",
        "reference_images": references("a.png", 9), "reference_videos": references("a.mp4", 3)});
    let rules = vec![
        invalid("13 files", json!({"reference_audio": references("a.mp3", 1)}), "reference_images"),
        invalid(
            "neither image nor video",
            json!({"reference_images": null, "reference_videos": null, "reference_audio": references("a.mp3", 1)}),
            "",
        ),
    ];
    harness.check_rules("/v3/models/videos", &base, &[json!({"reference_images": null})], rules).await;
    harness.finish();
}

#[tokio::test]
async fn a_message_needs_an_active_chat_session() {
    let mut harness = harness().await;
    let path = "/v3/video-agents";
    let base = json!({"prompt": "Explain bees"});
    let missing = "resource_not_found";
    let rules = vec![
        rule("an unknown style", json!({"style_id": "x"}), 404, missing, "style_id"),
        rule("an unknown kit", json!({"brand_kit_id": "x"}), 404, missing, "brand_kit_id"),
        rule("an unknown glossary", json!({"brand_glossary_id": "x"}), 404, missing, "brand_glossary_id"),
        rule("an unknown avatar", json!({"avatar_id": "x"}), 404, "avatar_not_found", "avatar_id"),
        rule("an unknown voice", json!({"voice_id": "x"}), 404, "voice_not_found", "voice_id"),
    ];
    harness.check_rules(path, &base, &[json!({"mode": "chat"})], rules).await;
    let begin =
        async |body: Value| format!("{path}/{}", harness.post(path, body).await.text("/data/session_id"));
    let alone = begin(base).await;
    let failing = begin(json!({"prompt": "[sim:fail]", "mode": "chat"})).await;
    let chat = begin(json!({"prompt": "Explain bees", "mode": "chat"})).await;
    harness.advance(130);
    let message = json!({"message": "Go on"});
    harness
        .expect_post_refusal(
            "a message to a session in generate mode",
            &alone,
            message.clone(),
            (409, "conflict", ""),
        )
        .await;
    harness
        .expect_post_refusal(
            "a message to a failed session",
            &failing,
            message.clone(),
            (409, "conflict", ""),
        )
        .await;
    let wrong = json!({"message": "Go on", "brand_kit_id": "x"});
    harness.expect_post_refusal("a kit that is unknown", &chat, wrong, (404, missing, "brand_kit_id")).await;
    harness.post(&chat, message).await;
    let resource = format!("{chat}/resources/x");
    harness.expect_refusal("an unknown resource", Method::GET, &resource, None, (404, missing, "")).await;
    harness.finish();
}

/// Most links may be absent at completion. By its documentation, the link of a filler word removal is never absent.
#[tokio::test]
async fn a_link_may_be_absent_at_completion() {
    let harness = harness().await;
    let late = "[sim:late-link]";
    let video =
        json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello", "title": late});
    let video = super::video_path(&harness.post("/v3/videos", video).await.text("/data/video_id"));
    let filler = harness.post("/v3/filler-word-removals", json!({"video": film(), "title": late})).await;
    let filler = format!("/v3/filler-word-removals/{}", filler.text("/data/filler_word_removal_id"));
    harness.advance(120);
    assert_eq!(harness.get(&filler).await.text("/data/status"), "completed");
    assert!(harness.get(&filler).await.body["data"]["video_url"].is_string());
    harness.advance(180);
    assert_eq!(harness.get(&video).await.text("/data/status"), "completed");
    assert_eq!(harness.get(&video).await.body["data"]["video_url"], Value::Null);
    harness.advance(30);
    assert!(harness.get(&video).await.body["data"]["video_url"].is_string());
}

#[tokio::test]
async fn a_second_deletion_is_an_error_where_the_document_says_so() {
    let mut harness = harness().await;
    let talk = json!({"host_avatar_id": "Anna_sitting_public", "host_voice_id": "en-us-clara",
        "guest_avatar_id": "Marcus_office_public", "guest_voice_id": "en-gb-henry", "topic": "Bees"});
    let podcast =
        format!("/v3/podcasts/{}", harness.post("/v3/podcasts", talk).await.text("/data/podcast_id"));
    for _ in 0..2 {
        assert_eq!(harness.send(Method::DELETE, &podcast, None, None).await.status, 200);
    }
    harness
        .expect_refusal("a deleted podcast", Method::GET, &podcast, None, (404, "resource_not_found", ""))
        .await;
    let made = harness.post("/v3/video-translations", translation()).await;
    let once = format!("/v3/video-translations/{}", made.text("/data/video_translation_ids/0"));
    assert_eq!(harness.send(Method::DELETE, &once, None, None).await.status, 200);
    harness
        .expect_refusal("a deleted translation", Method::DELETE, &once, None, (404, "resource_not_found", ""))
        .await;
    harness.finish();
}
