//! Rules of speech, clones, professional voices, and avatars that speak in real time.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, INVALID, invalid, rule};

const STREAMS: &str = "/v3/avatar-realtime";

fn recording() -> Value {
    json!({"type": "url", "url": "https://example.com/a.wav"})
}

#[tokio::test]
async fn speech_takes_a_starfish_voice_and_text_that_can_be_spoken() {
    let mut desk = Desk::new().await;
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
    desk.table("/v3/voices/speech", &base, &allowed, rules).await;
    desk.done();
}

/// The shared library is what is listed when nothing else is said.
#[tokio::test]
async fn a_list_of_voices_is_public_or_private() {
    let desk = Desk::of(Sim::builder().legacy(true)).await;
    for path in ["/v3/voices", "/v1/audio/voices"] {
        for (query, kind, count) in
            [("", "public", 8), ("?type=public", "public", 8), ("?type=private", "private", 1)]
        {
            let listed = desk.get(&format!("{path}{query}")).await;
            let voices = listed.body["data"].as_array().unwrap();
            assert_eq!(voices.len(), count, "{path}{query}");
            assert!(voices.iter().all(|voice| voice["type"] == kind), "{path}{query}: {}", listed.body);
        }
    }
}

#[tokio::test]
async fn a_clone_has_a_name_and_speaks_once_it_is_complete() {
    let mut desk = Desk::new().await;
    let base = json!({"voice_name": "Mine", "audio": recording()});
    let rules = vec![invalid("a blank name", json!({"voice_name": "  "}), "voice_name")];
    desk.table("/v3/voices/clone", &base, &[], rules).await;
    let picture = desk.upload("thumbnail.png").await;
    let wrong =
        super::changed(&base, &json!({"audio": {"type": "asset_id", "url": null, "asset_id": picture}}));
    desk.posts("a picture for audio", "/v3/voices/clone", wrong, (400, INVALID, "audio.asset_id")).await;
    let clone = |answer: super::Answer| answer.text("/data/voice_clone_id");
    let good = clone(desk.post("/v3/voices/clone", base.clone()).await);
    let failing = super::changed(&base, &json!({"voice_name": "[sim:fail]"}));
    let bad = clone(desk.post("/v3/voices/clone", failing).await);
    let speak = |voice: &str| json!({"text": "Hello", "voice_id": voice});
    let path = "/v3/voices/speech";
    desk.posts("a clone that is not ready", path, speak(&good), (409, "resource_not_ready", "voice_id"))
        .await;
    desk.advance(30);
    desk.post(path, speak(&good)).await;
    desk.posts("a clone that failed", path, speak(&bad), (409, "voice_unavailable", "voice_id")).await;

    let delete = |id: &str| format!("/v3/voices/{id}");
    let denied = (403, "resource_access_denied", "");
    desk.refuses("a public voice deleted", Method::DELETE, &delete("en-us-clara"), None, denied).await;
    assert_eq!(desk.send(Method::DELETE, &delete(&good), None, None).await.status, 200);
    let gone = (404, "voice_not_found", "");
    desk.refuses("a voice deleted twice", Method::DELETE, &delete(&good), None, gone).await;
    desk.done();
}

#[tokio::test]
async fn a_professional_voice_works_once_it_is_active() {
    let mut desk = Desk::new().await;
    let path = "/v3/models/audio/voices";
    let base = json!({"name": "Studio", "language": "en", "audio": [recording()]});
    let rules = vec![
        invalid("no name", json!({"name": null}), "name"),
        invalid("no language", json!({"language": null}), "language"),
        rule("a retraining of no voice", json!({"voice_id": "x"}), 404, "voice_not_found", "voice_id"),
    ];
    desk.table(path, &base, &[], rules).await;
    let id = desk.post(path, base).await.text("/data/voice_id");
    let speak = json!({"text": "Hello", "language": "en", "voice_id": id});
    let (speech, one) = ("/v3/models/audio/tts", format!("{path}/{id}"));
    let again = json!({"voice_id": id, "audio": [recording()]});
    let busy = (409, "conflict", "voice_id");
    desk.posts("speech of a voice in training", speech, speak.clone(), busy).await;
    desk.posts("a stream of it", "/v3/models/audio/tts/stream", speak.clone(), busy).await;
    desk.posts("a second training", path, again.clone(), busy).await;
    desk.refuses("its deletion", Method::DELETE, &one, None, (409, "conflict", "")).await;
    desk.advance(600);
    // Thirty requests in a minute, and not one more.
    for _ in 0..30 {
        desk.post(speech, speak.clone()).await;
    }
    desk.posts("31 requests", speech, speak.clone(), (429, "rate_limit_exceeded", "")).await;
    desk.advance(60);
    desk.post(speech, speak.clone()).await;
    let unknown = super::changed(&speak, &json!({"voice_id": "en-us-clara"}));
    desk.posts("a voice that is not professional", speech, unknown, (404, "voice_not_found", "voice_id"))
        .await;
    desk.post(path, again).await;
    desk.posts("speech while it is trained anew", speech, speak, busy).await;
    desk.advance(600);
    for _ in 0..2 {
        assert_eq!(desk.send(Method::DELETE, &one, None, None).await.status, 200);
    }
    desk.refuses("a deleted voice", Method::GET, &one, None, (404, "voice_not_found", "")).await;
    desk.done();
}

#[tokio::test]
async fn a_stream_takes_text_until_it_is_closed() {
    let mut desk = Desk::of(Sim::builder().concurrency(100)).await;
    let base = json!({"type": "text_stream", "avatar_id": "Lea_photo_public", "text": "One", "voice_id": "en-us-clara"});
    let twin = "b0000000000000000000000000000001";
    let rules = vec![
        invalid("a studio avatar", json!({"avatar_id": "Anna_sitting_public"}), "avatar_id"),
        rule("an unknown avatar", json!({"avatar_id": "x"}), 404, "avatar_not_found", "avatar_id"),
        rule("an unknown voice", json!({"voice_id": "x"}), 404, "voice_not_found", "voice_id"),
    ];
    desk.table(STREAMS, &base, &[json!({"type": "tts"}), json!({"avatar_id": twin})], rules).await;
    let begin = async |desk: &Desk, kind: &str| {
        let made = desk.post(STREAMS, super::changed(&base, &json!({"type": kind}))).await;
        format!("{STREAMS}/{}", made.text("/data/stream_id"))
    };
    let (stream, fixed, idle) =
        (begin(&desk, "text_stream").await, begin(&desk, "tts").await, begin(&desk, "text_stream").await);
    let text = |stream: &str| format!("{stream}/text");
    let (more, closed) = (json!({"delta": " two"}), (410, "stream_closed", ""));
    desk.posts("an empty piece", &text(&stream), json!({"delta": ""}), (400, INVALID, "delta")).await;
    let taken = desk.post(&text(&stream), more.clone()).await;
    assert_eq!(taken.body["data"], json!({"ok": true, "buffered_bytes": 7}));
    desk.posts("text for a fixed script", &text(&fixed), more.clone(), closed).await;
    desk.post(&text(&stream), json!({"delta": "", "final": true})).await;
    desk.posts("text after the last", &text(&stream), more.clone(), closed).await;
    desk.advance(31);
    desk.posts("text after a silence", &text(&idle), more, closed).await;

    // Only text streams report how they ended, and the link is there while it runs.
    for (stream, reason) in
        [(&stream, json!("final_marker")), (&idle, json!("idle_timeout")), (&fixed, json!(null))]
    {
        let ended = desk.get(stream).await;
        assert_eq!(ended.body["data"]["status"], "completed", "{stream}");
        assert_eq!(ended.body["data"]["end_reason"], reason, "{stream}");
        assert_eq!(ended.body["data"]["hls_url"], Value::Null, "{stream}");
        let cancelled = desk.post(&format!("{stream}/cancel"), json!({})).await;
        assert_eq!(cancelled.body["data"]["cancelled"], false, "{stream}");
    }
    let running = begin(&desk, "text_stream").await;
    for cancelled in [true, false] {
        let answer = desk.post(&format!("{running}/cancel"), json!({})).await;
        assert_eq!(answer.body["data"]["cancelled"], cancelled);
    }
    desk.refuses(
        "an unknown stream",
        Method::GET,
        &format!("{STREAMS}/x"),
        None,
        (404, "resource_not_found", ""),
    )
    .await;
    desk.done();
}
