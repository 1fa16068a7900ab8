//! The two operations of the simulator that answer with a stream of events.

use reqwest::Response;
use serde_json::{Value, json};

use super::simulator::Journey;

/// What a stream said at one time.
#[derive(Debug, PartialEq)]
struct Frame {
    event: Option<String>,
    data: String,
}

/// A stream, frame by frame.
struct Frames {
    answer: Response,
    read: Vec<u8>,
}

impl Frames {
    /// The next frame; waits for it, so that the clock must have been moved far enough.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                let frame: Vec<u8> = self.read.drain(..end + 2).collect();
                let frame = String::from_utf8(frame).unwrap();
                let field =
                    |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                return Some(Frame { event: field("event: "), data: field("data: ").unwrap() });
            }
            self.read.extend(self.answer.chunk().await.unwrap()?);
        }
    }
}

/// A stream under way, and the schema of its frames.
struct Listener {
    frames: Frames,
    schema: Value,
    name: String,
}

impl Listener {
    async fn open(journey: &mut Journey<'_>, operation: &str, path: &str, body: Option<Value>) -> Self {
        let step = json!({"operation": operation});
        let mut request = journey.request(&step, path, &[]);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (schema, name) = journey.arrived(&step, &answer).unwrap();
        Self { frames: Frames { answer, read: Vec::new() }, schema, name }
    }

    /// The next frame's data, held against the document.
    async fn data(&mut self, journey: &mut Journey<'_>) -> Value {
        let frame = self.frames.next().await.unwrap();
        assert_eq!(frame.event, None, "{}", frame.data);
        let data = serde_json::from_str(&frame.data).unwrap();
        journey.hold(&self.schema, &self.name, &data);
        data
    }

    /// The event that closes a stream of words, and nothing after it.
    async fn end(&mut self, journey: &mut Journey<'_>) -> Value {
        let frame = self.frames.next().await.unwrap();
        assert_eq!(frame.event.as_deref(), Some("end"), "{}", frame.data);
        let data = serde_json::from_str(&frame.data).unwrap();
        journey.hold(&json!({"$ref": "#/components/schemas/WordsEndEvent"}), "the end of words", &data);
        assert_eq!(self.frames.next().await, None);
        data
    }
}

/// A new stream of an avatar that speaks.
async fn begin(journey: &mut Journey<'_>, kind: &str, text: &str) -> String {
    let body =
        json!({"type": kind, "avatar_id": "Lea_photo_public", "text": text, "voice_id": "en-us-clara"});
    let step = json!({"operation": "createAvatarRealtimeSession", "body": body, "keep": {"stream": "/data/stream_id"}});
    journey.step(&step).await;
    format!("/v3/avatar-realtime/{}/words", journey.known("stream"))
}

fn words(batch: &Value) -> Vec<&str> {
    batch["words"].as_array().unwrap().iter().map(|word| word["word"].as_str().unwrap()).collect()
}

/// Listens to all kinds of streams.
pub(crate) async fn listen(journey: &mut Journey<'_>) {
    known_text(journey).await;
    growing_text(journey).await;
    late_subscriber(journey).await;
    for with_timestamps in [true, false] {
        speech(journey, with_timestamps).await;
    }
    failing_speech(journey).await;
}

async fn known_text(journey: &mut Journey<'_>) {
    let path = begin(journey, "tts", "One, two three").await;
    let mut listener = Listener::open(journey, "streamAvatarRealtimeWords", &path, None).await;
    // The stream is live after two seconds, and a word takes 0.4.
    journey.advance(2.0);
    // Punctuation is a word of its own.
    for word in ["One", ",", "two", "three"] {
        journey.advance(0.4);
        assert_eq!(words(&listener.data(journey).await), [word]);
    }
    assert_eq!(listener.end(journey).await["reason"], "completed");
}

async fn growing_text(journey: &mut Journey<'_>) {
    let path = begin(journey, "text_stream", "One").await;
    let mut listener = Listener::open(journey, "streamAvatarRealtimeWords", &path, None).await;
    journey.advance(2.4);
    assert_eq!(words(&listener.data(journey).await), ["One"]);
    let append = |body: Value| json!({"operation": "appendAvatarRealtimeText", "path": {"stream_id": "stream"}, "body": body});
    journey.step(&append(json!({"delta": " two"}))).await;
    journey.advance(0.4);
    assert_eq!(words(&listener.data(journey).await), ["two"]);
    journey.step(&append(json!({"delta": "", "final": true}))).await;
    assert_eq!(listener.end(journey).await["reason"], "final_marker");
}

async fn late_subscriber(journey: &mut Journey<'_>) {
    let text = ["word"; 12].join(" ");
    let path = begin(journey, "tts", &text).await;
    journey.advance(60.0);
    let mut listener = Listener::open(journey, "streamAvatarRealtimeWords", &path, None).await;
    // A batch has at most ten words, and about a second of audio.
    let mut told = 0;
    while told < 12 {
        let batch = listener.data(journey).await;
        let batch = batch["words"].as_array().unwrap();
        let time = |word: &Value, name: &str| word[name].as_f64().unwrap();
        let length = time(batch.last().unwrap(), "end") - time(&batch[0], "start");
        assert!(batch.len() <= 10 && length <= 1.0, "{batch:?}");
        told += batch.len();
    }
    listener.end(journey).await;
}

async fn speech(journey: &mut Journey<'_>, with_timestamps: bool) {
    let body = json!({"voice_id": journey.known("model_voice"), "language": "English",
        "text": "One two three four five", "with_timestamps": with_timestamps});
    let step = json!({"operation": "generateModelSpeech", "body": {"voice_id": "{model_voice}", "language": "English",
        "text": "One two three"}});
    journey.step(&step).await;
    let path = "/v3/models/audio/tts/stream";
    let mut listener = Listener::open(journey, "streamModelSpeech", path, Some(body)).await;
    // Two seconds of speech in parts of half a second each.
    let mut kinds = Vec::new();
    for _ in 0..if with_timestamps { 8 } else { 4 } {
        kinds.push(listener.data(journey).await["type"].as_str().unwrap().to_owned());
        journey.advance(0.25);
    }
    assert_eq!(kinds.iter().filter(|kind| *kind == "audio").count(), 4);
    assert_eq!(kinds.iter().any(|kind| kind == "alignment"), with_timestamps);
    let done = listener.frames.next().await;
    assert_eq!(done, Some(Frame { event: None, data: "[DONE]".into() }));
    assert_eq!(listener.frames.next().await, None);
}

async fn failing_speech(journey: &mut Journey<'_>) {
    let body = json!({"voice_id": journey.known("model_voice"), "language": "English", "text": "[sim:fail]"});
    let path = "/v3/models/audio/tts/stream";
    let mut listener = Listener::open(journey, "streamModelSpeech", path, Some(body)).await;
    assert_eq!(listener.data(journey).await["type"], "audio");
    journey.advance(0.25);
    assert_eq!(listener.data(journey).await["type"], "error");
    assert_eq!(listener.frames.next().await, None);
}
