//! The two operations of the simulator that respond with an event stream.

use reqwest::Response;
use serde_json::{Value, json};

use super::simulator::Harness;

/// One event of a stream.
#[derive(Debug, PartialEq)]
struct Event {
    event: Option<String>,
    data: String,
}

/// The events of a stream, as they are received.
struct Events {
    response: Response,
    read: Vec<u8>,
}

impl Events {
    /// Waits for the next event. The clock must have been advanced far enough before.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = self.read.drain(..end + 2).collect();
                let event = String::from_utf8(event).unwrap();
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                return Some(Event { event: field("event: "), data: field("data: ").unwrap() });
            }
            self.read.extend(self.response.chunk().await.unwrap()?);
        }
    }
}

/// An open stream, and the schema of its events.
struct Listener {
    events: Events,
    schema: Value,
    name: String,
}

impl Listener {
    async fn open(harness: &mut Harness<'_>, operation: &str, path: &str, body: Option<Value>) -> Self {
        let step = json!({"operation": operation});
        let mut request = harness.request(&step, path, &[]);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (schema, name) = harness.check_head(&step, &response).unwrap();
        Self { events: Events { response, read: Vec::new() }, schema, name }
    }

    /// The data of the next event, validated against the document.
    async fn data(&mut self, harness: &mut Harness<'_>) -> Value {
        let event = self.events.next().await.unwrap();
        assert_eq!(event.event, None, "{}", event.data);
        let data = serde_json::from_str(&event.data).unwrap();
        harness.validate(&self.schema, &self.name, &data);
        data
    }

    /// Checks that the next event ends a stream of words, and that it is the last one.
    async fn end(&mut self, harness: &mut Harness<'_>) -> Value {
        let event = self.events.next().await.unwrap();
        assert_eq!(event.event.as_deref(), Some("end"), "{}", event.data);
        let data = serde_json::from_str(&event.data).unwrap();
        harness.validate(&json!({"$ref": "#/components/schemas/WordsEndEvent"}), "the end of words", &data);
        assert_eq!(self.events.next().await, None);
        data
    }
}

/// Creates a realtime session. Returns the path of its words.
async fn create_session(harness: &mut Harness<'_>, kind: &str, text: &str) -> String {
    let body =
        json!({"type": kind, "avatar_id": "Lea_photo_public", "text": text, "voice_id": "en-us-clara"});
    let step = json!({"operation": "createAvatarRealtimeSession", "body": body, "save": {"stream": "/data/stream_id"}});
    harness.step(&step).await;
    format!("/v3/avatar-realtime/{}/words", harness.saved("stream"))
}

fn words(batch: &Value) -> Vec<&str> {
    batch["words"].as_array().unwrap().iter().map(|word| word["word"].as_str().unwrap()).collect()
}

/// Reads streams of all kinds.
pub(crate) async fn read_streams(harness: &mut Harness<'_>) {
    known_text(harness).await;
    growing_text(harness).await;
    late_subscriber(harness).await;
    for with_timestamps in [true, false] {
        speech(harness, with_timestamps).await;
    }
    failing_speech(harness).await;
}

async fn known_text(harness: &mut Harness<'_>) {
    let path = create_session(harness, "tts", "One, two three").await;
    let mut listener = Listener::open(harness, "streamAvatarRealtimeWords", &path, None).await;
    // The stream is live after two seconds, and a word takes 0.4 seconds.
    harness.advance(2.0);
    // Punctuation is a word of its own.
    for word in ["One", ",", "two", "three"] {
        harness.advance(0.4);
        assert_eq!(words(&listener.data(harness).await), [word]);
    }
    assert_eq!(listener.end(harness).await["reason"], "completed");
}

async fn growing_text(harness: &mut Harness<'_>) {
    let path = create_session(harness, "text_stream", "One").await;
    let mut listener = Listener::open(harness, "streamAvatarRealtimeWords", &path, None).await;
    harness.advance(2.4);
    assert_eq!(words(&listener.data(harness).await), ["One"]);
    let append = |body: Value| json!({"operation": "appendAvatarRealtimeText", "path": {"stream_id": "stream"}, "body": body});
    harness.step(&append(json!({"delta": " two"}))).await;
    harness.advance(0.4);
    assert_eq!(words(&listener.data(harness).await), ["two"]);
    harness.step(&append(json!({"delta": "", "final": true}))).await;
    assert_eq!(listener.end(harness).await["reason"], "final_marker");
}

async fn late_subscriber(harness: &mut Harness<'_>) {
    let text = ["word"; 12].join(" ");
    let path = create_session(harness, "tts", &text).await;
    harness.advance(60.0);
    let mut listener = Listener::open(harness, "streamAvatarRealtimeWords", &path, None).await;
    // A batch has at most ten words, and about a second of audio.
    let mut received = 0;
    while received < 12 {
        let batch = listener.data(harness).await;
        let batch = batch["words"].as_array().unwrap();
        let time = |word: &Value, name: &str| word[name].as_f64().unwrap();
        let length = time(batch.last().unwrap(), "end") - time(&batch[0], "start");
        assert!(batch.len() <= 10 && length <= 1.0, "{batch:?}");
        received += batch.len();
    }
    listener.end(harness).await;
}

async fn speech(harness: &mut Harness<'_>, with_timestamps: bool) {
    let body = json!({"voice_id": harness.saved("model_voice"), "language": "English",
        "text": "One two three four five", "with_timestamps": with_timestamps});
    let step = json!({"operation": "generateModelSpeech", "body": {"voice_id": "{model_voice}", "language": "English",
        "text": "One two three"}});
    harness.step(&step).await;
    let path = "/v3/models/audio/tts/stream";
    let mut listener = Listener::open(harness, "streamModelSpeech", path, Some(body)).await;
    // Two seconds of speech in parts of half a second each.
    let mut kinds = Vec::new();
    for _ in 0..if with_timestamps { 8 } else { 4 } {
        kinds.push(listener.data(harness).await["type"].as_str().unwrap().to_owned());
        harness.advance(0.25);
    }
    assert_eq!(kinds.iter().filter(|kind| *kind == "audio").count(), 4);
    assert_eq!(kinds.iter().any(|kind| kind == "alignment"), with_timestamps);
    let done = listener.events.next().await;
    assert_eq!(done, Some(Event { event: None, data: "[DONE]".into() }));
    assert_eq!(listener.events.next().await, None);
}

async fn failing_speech(harness: &mut Harness<'_>) {
    let body = json!({"voice_id": harness.saved("model_voice"), "language": "English", "text": "[sim:fail]"});
    let path = "/v3/models/audio/tts/stream";
    let mut listener = Listener::open(harness, "streamModelSpeech", path, Some(body)).await;
    assert_eq!(listener.data(harness).await["type"], "audio");
    harness.advance(0.25);
    assert_eq!(listener.data(harness).await["type"], "error");
    assert_eq!(listener.events.next().await, None);
}
