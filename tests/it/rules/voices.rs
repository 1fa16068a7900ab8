//! Rules for speech, voice clones, professional voices and realtime avatars.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Harness, INVALID, invalid, rule};

const STREAMS: &str = "/v3/avatar-realtime";

fn recording() -> Value {
    json!({"type": "url", "url": "https://example.com/a.wav"})
}

#[tokio::test]
async fn speech_needs_a_starfish_voice_and_text() {
    let mut harness = Harness::new().await;
    let base = json!({"text": "Hello there.", "voice_id": "en-us-clara"});
    let ssml = |text: &str| json!({"text": text, "input_type": "ssml"});
    let allowed = [ssml("<speak>Hello <break time=\"0.35s\"/> there</speak>")];
    let rules = vec![
        invalid("a voice of another engine", json!({"voice_id": "en-us-june"}), "voice_id"),
        rule("an unknown voice", json!({"voice_id": "x"}), 404, "voice_not_found", "voice_id"),
        rule(
            "a break in milliseconds",
            ssml("Hello <break time=\"350ms\"/>"),
            400,
            "tts_text_invalid",
            "text",
        ),
        rule("nothing to speak", json!({"text": "..."}), 400, "tts_text_invalid", "text"),
        rule("nothing but tags", ssml("<break time=\"1s\"/>"), 400, "tts_text_invalid", "text"),
        invalid("neither text nor SSML", json!({"input_type": "markdown"}), "input_type"),
    ];
    harness.check_rules("/v3/voices/speech", &base, &allowed, rules).await;
    harness.finish();
}

/// By default, the public voices are listed.
#[tokio::test]
async fn voices_are_listed_by_ownership() {
    let harness = Harness::of(Sim::builder().legacy(true)).await;
    for path in ["/v3/voices", "/v1/audio/voices"] {
        for (query, kind, count) in
            [("", "public", 9), ("?type=public", "public", 9), ("?type=private", "private", 1)]
        {
            let listed = harness.get(&format!("{path}{query}")).await;
            let voices = listed.body["data"].as_array().unwrap();
            assert_eq!(voices.len(), count, "{path}{query}");
            assert!(voices.iter().all(|voice| voice["type"] == kind), "{path}{query}: {}", listed.body);
        }
    }
}

#[tokio::test]
async fn a_voice_clone_needs_a_name_and_can_be_used_once_it_is_complete() {
    let mut harness = Harness::new().await;
    let base = json!({"voice_name": "Mine", "audio": recording()});
    let rules = vec![invalid("a blank name", json!({"voice_name": "  "}), "voice_name")];
    harness.check_rules("/v3/voices/clone", &base, &[], rules).await;
    let picture = harness.upload("thumbnail.png").await;
    let wrong =
        super::changed(&base, &json!({"audio": {"type": "asset_id", "url": null, "asset_id": picture}}));
    harness
        .expect_post_refusal(
            "a picture for audio",
            "/v3/voices/clone",
            wrong,
            (400, INVALID, "audio.asset_id"),
        )
        .await;
    let clone = |reply: super::Reply| reply.text("/data/voice_clone_id");
    let good = clone(harness.post("/v3/voices/clone", base.clone()).await);
    let failing = super::changed(&base, &json!({"voice_name": "[sim:fail]"}));
    let bad = clone(harness.post("/v3/voices/clone", failing).await);
    let speak = |voice: &str| json!({"text": "Hello", "voice_id": voice});
    let path = "/v3/voices/speech";
    harness
        .expect_post_refusal(
            "a clone that is not ready",
            path,
            speak(&good),
            (409, "resource_not_ready", "voice_id"),
        )
        .await;
    harness.advance(30);
    harness.post(path, speak(&good)).await;
    harness
        .expect_post_refusal("a clone that failed", path, speak(&bad), (409, "voice_unavailable", "voice_id"))
        .await;

    let delete = |id: &str| format!("/v3/voices/{id}");
    let denied = (403, "resource_access_denied", "");
    harness
        .expect_refusal("a public voice deleted", Method::DELETE, &delete("en-us-clara"), None, denied)
        .await;
    assert_eq!(harness.send(Method::DELETE, &delete(&good), None, None).await.status, 200);
    let gone = (404, "voice_not_found", "");
    harness.expect_refusal("a voice deleted twice", Method::DELETE, &delete(&good), None, gone).await;
    harness.finish();
}

#[tokio::test]
async fn a_professional_voice_can_be_used_once_it_is_active() {
    let mut harness = Harness::new().await;
    let path = "/v3/models/audio/voices";
    let base = json!({"mode": "professional", "name": "Studio", "language": "en", "audio": [recording()]});
    let rules = vec![
        invalid("no name", json!({"name": null}), "name"),
        invalid("no language", json!({"language": null}), "language"),
        rule("a retraining of no voice", json!({"voice_id": "x"}), 404, "voice_not_found", "voice_id"),
    ];
    harness.check_rules(path, &base, &[], rules).await;
    let id = harness.post(path, base).await.text("/data/voice_id");
    let speak = json!({"text": "Hello", "language": "en", "voice_id": id});
    let (speech, one) = ("/v3/models/audio/tts", format!("{path}/{id}"));
    let again = json!({"mode": "professional", "voice_id": id, "audio": [recording()]});
    let busy = (409, "conflict", "voice_id");
    harness.expect_post_refusal("speech of a voice in training", speech, speak.clone(), busy).await;
    harness.expect_post_refusal("a stream of it", "/v3/models/audio/tts/stream", speak.clone(), busy).await;
    harness.expect_post_refusal("a second training", path, again.clone(), busy).await;
    harness.expect_refusal("its deletion", Method::DELETE, &one, None, (409, "conflict", "")).await;
    harness.advance(600);
    // The limit is 30 requests per minute.
    for _ in 0..30 {
        harness.post(speech, speak.clone()).await;
    }
    harness.expect_post_refusal("31 requests", speech, speak.clone(), (429, "rate_limit_exceeded", "")).await;
    harness.advance(60);
    harness.post(speech, speak.clone()).await;
    let unknown = super::changed(&speak, &json!({"voice_id": "en-us-clara"}));
    harness
        .expect_post_refusal(
            "a voice that is not professional",
            speech,
            unknown,
            (404, "voice_not_found", "voice_id"),
        )
        .await;
    harness.post(path, again).await;
    harness.expect_post_refusal("speech during a second training", speech, speak, busy).await;
    harness.advance(600);
    for _ in 0..2 {
        assert_eq!(harness.send(Method::DELETE, &one, None, None).await.status, 200);
    }
    harness.expect_refusal("a deleted voice", Method::GET, &one, None, (404, "voice_not_found", "")).await;
    harness.finish();
}

#[tokio::test]
async fn a_text_stream_accepts_text_until_it_is_closed() {
    let mut harness = Harness::of(Sim::builder().concurrency(100)).await;
    let base = json!({"type": "text_stream", "avatar_id": "Lea_photo_public", "text": "One", "voice_id": "en-us-clara"});
    let twin = "b0000000000000000000000000000001";
    let rules = vec![
        invalid("a studio avatar", json!({"avatar_id": "Anna_sitting_public"}), "avatar_id"),
        rule("an unknown avatar", json!({"avatar_id": "x"}), 404, "avatar_not_found", "avatar_id"),
        rule("an unknown voice", json!({"voice_id": "x"}), 404, "voice_not_found", "voice_id"),
    ];
    harness.check_rules(STREAMS, &base, &[json!({"type": "tts"}), json!({"avatar_id": twin})], rules).await;
    let begin = async |harness: &Harness, kind: &str| {
        let made = harness.post(STREAMS, super::changed(&base, &json!({"type": kind}))).await;
        format!("{STREAMS}/{}", made.text("/data/stream_id"))
    };
    let (stream, fixed, idle) = (
        begin(&harness, "text_stream").await,
        begin(&harness, "tts").await,
        begin(&harness, "text_stream").await,
    );
    let text = |stream: &str| format!("{stream}/text");
    let (more, closed) = (json!({"delta": " two"}), (410, "stream_closed", ""));
    harness
        .expect_post_refusal("an empty piece", &text(&stream), json!({"delta": ""}), (400, INVALID, "delta"))
        .await;
    let taken = harness.post(&text(&stream), more.clone()).await;
    assert_eq!(taken.body["data"], json!({"ok": true, "buffered_bytes": 7}));
    harness.expect_post_refusal("text for a fixed script", &text(&fixed), more.clone(), closed).await;
    harness.post(&text(&stream), json!({"delta": "", "final": true})).await;
    harness.expect_post_refusal("text after the last", &text(&stream), more.clone(), closed).await;
    harness.advance(31);
    harness.expect_post_refusal("text after a silence", &text(&idle), more, closed).await;

    // Only text streams have an end reason. The link exists while the stream runs.
    for (stream, reason) in
        [(&stream, json!("final_marker")), (&idle, json!("idle_timeout")), (&fixed, json!(null))]
    {
        let ended = harness.get(stream).await;
        assert_eq!(ended.body["data"]["status"], "completed", "{stream}");
        assert_eq!(ended.body["data"]["end_reason"], reason, "{stream}");
        assert_eq!(ended.body["data"]["hls_url"], Value::Null, "{stream}");
        let cancelled = harness.post(&format!("{stream}/cancel"), json!({})).await;
        assert_eq!(cancelled.body["data"]["cancelled"], false, "{stream}");
    }
    let running = begin(&harness, "text_stream").await;
    for cancelled in [true, false] {
        let reply = harness.post(&format!("{running}/cancel"), json!({})).await;
        assert_eq!(reply.body["data"]["cancelled"], cancelled);
    }
    harness
        .expect_refusal(
            "an unknown stream",
            Method::GET,
            &format!("{STREAMS}/x"),
            None,
            (404, "resource_not_found", ""),
        )
        .await;
    harness.finish();
}
