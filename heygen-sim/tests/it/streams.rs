//! Tests of event streams: their timing, and streams that break off or fail.

use heygen_sim::Fault;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::program::Program;

/// Reads a stream to its end, and advances the clock whenever nothing arrives. Returns the text, and whether the stream is
/// complete.
async fn read(program: &Program, mut response: Response) -> (String, bool) {
    let mut text = Vec::new();
    loop {
        tokio::select! {
            biased;
            chunk = response.chunk() => match chunk {
                Ok(Some(chunk)) => text.extend(chunk),
                Ok(None) => return (String::from_utf8(text).unwrap(), true),
                Err(_) => return (String::from_utf8(text).unwrap(), false),
            },
            () = tokio::task::yield_now() => program.sim.advance(std::time::Duration::from_millis(50)),
        }
    }
}

async fn voice(program: &Program) -> String {
    let audio = json!([{"type": "url", "url": "https://example.com/a.mp3"}]);
    let created = program
        .post(
            "/v3/models/audio/voices",
            json!({"mode": "professional", "audio": audio, "name": "Me", "language": "en"}),
        )
        .await;
    program.advance(600);
    created["voice_id"].as_str().unwrap().to_owned()
}

async fn speak(program: &Program, voice: &str, text: &str) -> Response {
    let body = json!({"voice_id": voice, "language": "en", "text": text, "with_timestamps": true});
    let request = program.client.post(program.url("/v3/models/audio/tts/stream"));
    let request =
        request.header("x-api-key", program.sim.api_key()).header("content-type", "application/json");
    request.body(body.to_string()).send().await.unwrap()
}

fn events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data))).collect()
}

#[tokio::test]
async fn speech_is_streamed_in_parts_with_words_and_an_end() {
    let program = Program::start().await;
    let voice = voice(&program).await;
    let response = speak(&program, &voice, "one two three four five").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let before = program.sim.now();
    let (text, whole) = read(&program, response).await;
    let events = events(&text);
    assert!(
        whole && program.sim.now() - before >= 250 * (events.len() as u64 - 1),
        "the stream takes simulated time"
    );
    assert_eq!(events.last(), Some(&json!("[DONE]")));
    let events_of = |kind: &str| events.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
    let parts: Vec<_> =
        events_of("audio").iter().map(|event| event["part_index"].as_u64().unwrap()).collect();
    assert_eq!(parts, [0, 1, 2, 3]);
    let words: Vec<&str> = events_of("alignment")
        .iter()
        .flat_map(|event| event["word_alignments"].as_array().unwrap())
        .map(|word| word["text"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["one", "two", "three", "four", "five"]);
}

#[tokio::test]
async fn a_stream_breaks_off_or_fails_on_request() {
    let program = Program::start().await;
    let voice = voice(&program).await;
    program.sim.inject(Fault::cut_stream(2).on("streamModelSpeech").times(1)).unwrap();
    let (text, whole) = read(&program, speak(&program, &voice, "one two three four").await).await;
    assert_eq!((events(&text).len(), whole), (2, false));
    program.sim.inject(Fault::fail_stream(1).on("streamModelSpeech").times(1)).unwrap();
    let (text, whole) = read(&program, speak(&program, &voice, "one two three four").await).await;
    let failed = events(&text);
    assert_eq!((failed.len(), &failed[1]["type"], whole), (2, &json!("error"), true));
    let (text, whole) = read(&program, speak(&program, &voice, "one [sim:fail] two").await).await;
    assert_eq!((&events(&text).last().unwrap()["type"], whole), (&json!("error"), true));
}

#[tokio::test]
async fn body_faults_do_not_change_a_stream_and_a_slow_stream_delays_each_event() {
    let program = Program::start().await;
    let voice = voice(&program).await;
    let whole = read(&program, speak(&program, &voice, "one two three").await).await;
    let count = events(&whole.0).len() as u64;
    for fault in [Fault::half_body(), Fault::wrong_length()] {
        program.sim.inject(fault.on("streamModelSpeech").times(1)).unwrap();
        let response = speak(&program, &voice, "one two three").await;
        assert_eq!(response.content_length(), None);
        assert_eq!(read(&program, response).await, whole);
    }
    let delay = std::time::Duration::from_secs(10);
    program.sim.inject(Fault::slow_body(delay).on("streamModelSpeech").times(1)).unwrap();
    let before = program.sim.now();
    assert_eq!(read(&program, speak(&program, &voice, "one two three").await).await, whole);
    let seconds = (program.sim.now() - before) / 1000;
    assert!((10 * count..12 * count).contains(&seconds), "{seconds} seconds for {count} events");
}

#[tokio::test]
async fn the_words_of_a_realtime_avatar_are_streamed() {
    let program = Program::start().await;
    let body = json!({"type": "text_stream", "avatar_id": "b0000000000000000000000000000001", "voice_id": "en-us-clara",
        "text": "one two "});
    let created = program.post("/v3/avatar-realtime", body).await;
    let path = format!("/v3/avatar-realtime/{}", created["stream_id"].as_str().unwrap());
    assert_eq!(program.get(&path).await["status"], "pending");
    program.advance(2);
    let live = program.get(&path).await;
    assert_eq!(live["status"], "streaming");
    assert!(live["hls_url"].is_string());
    let appended = program.post(&format!("{path}/text"), json!({"delta": "three four", "final": true})).await;
    assert_eq!(appended["buffered_bytes"], "one two three four".len());
    let refused = program.refused(Method::POST, &format!("{path}/text"), Some(json!({"delta": "x"}))).await;
    assert_eq!(refused.0, 410);
    let listen = || async {
        let request = program.client.get(program.url(&format!("{path}/words")));
        let response = request.header("x-api-key", program.sim.api_key()).send().await.unwrap();
        read(&program, response).await
    };
    let words = |text: &str| -> Vec<String> {
        let events = events(text);
        let words = events.iter().flat_map(|event| event["words"].as_array().cloned().unwrap_or_default());
        words.map(|word| word["word"].as_str().unwrap().to_owned()).collect()
    };
    let (text, whole) = listen().await;
    assert!(whole && text.contains("event: end\n"), "{text}");
    assert_eq!(words(&text), ["one", "two", "three", "four"]);
    // A client that connects later receives all words.
    assert_eq!(words(&listen().await.0), ["one", "two", "three", "four"]);
    let over = program.get(&path).await;
    assert_eq!((&over["status"], &over["end_reason"]), (&json!("completed"), &json!("final_marker")));
    let cancelled = program.post(&format!("{path}/cancel"), Value::Null).await;
    assert_eq!(cancelled["cancelled"], false);
}

#[tokio::test]
async fn the_text_of_a_realtime_avatar_is_limited_to_1_mib() {
    let program = Program::start().await;
    let body = json!({"type": "text_stream", "avatar_id": "b0000000000000000000000000000001", "voice_id": "en-us-clara",
        "text": "x"});
    for kind in ["text_stream", "tts"] {
        let large = json!({"type": kind, "avatar_id": body["avatar_id"], "voice_id": "en-us-clara",
            "text": "x".repeat(1024 * 1024 + 1)});
        let refusal = program.refused(Method::POST, "/v3/avatar-realtime", Some(large)).await;
        assert_eq!(refusal, (413, "payload_too_large".into()), "{kind}");
    }
    let created = program.post("/v3/avatar-realtime", body).await;
    let path = format!("/v3/avatar-realtime/{}/text", created["stream_id"].as_str().unwrap());
    let delta = json!({"delta": "x".repeat(4000)});
    for _ in 0..262 {
        program.post(&path, delta.clone()).await;
    }
    assert_eq!(program.refused(Method::POST, &path, Some(delta)).await, (413, "payload_too_large".into()));
}
