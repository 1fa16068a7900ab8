//! Speech synthesis, with the result in the response or as an event stream.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::links::link;
use crate::marker::Marker;
use crate::media::{DURATION, SPEECH_WAV};
use crate::prices;
use crate::reply::Reply;
use crate::resources::{model_voices, voices};
use crate::state::State;
use crate::wallet::dollars;

/// Duration of one part of a stream, in seconds.
const PART_DURATION: f64 = 0.5;

/// Time from one event of a stream to the next, in milliseconds.
const EVENT_INTERVAL: u64 = 250;

/// The words of a text, with the start and the end of each in seconds.
fn timings(text: &str) -> Vec<(String, f64, f64)> {
    let words = text.split_whitespace().enumerate();
    words.map(|(number, word)| (word.to_owned(), number as f64 * 0.4, number as f64 * 0.4 + 0.35)).collect()
}

/// Charges the price of a text that an audio model speaks.
fn charge_model(state: &mut State, call: &Call) -> Result<(), ApiError> {
    let characters = call.text("text").unwrap_or_default().chars().count();
    state.wallet.charge(dollars(prices::MODEL_SPEECH.dollars * characters as f64))
}

pub(super) fn speak(env: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.text("voice_id").unwrap_or_default();
    let voice = voices::usable(state, "voice_id", id, call.now)?;
    if !voice.engines.iter().any(|engine| engine == "starfish") {
        let message =
            "the voice does not speak by the starfish engine; list those that do with engine=starfish";
        return Err(ApiError::invalid("voice_id", message));
    }
    let text = call.text("text").unwrap_or_default();
    let ssml = match call.text("input_type").unwrap_or("text") {
        "text" => false,
        "ssml" => true,
        other => return Err(ApiError::invalid("input_type", format!("`{other}` is neither text nor ssml"))),
    };
    let plain = if ssml { without_tags(text) } else { text.to_owned() };
    if !plain.chars().any(char::is_alphanumeric) {
        let message = "there is nothing to speak in this text";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "tts_text_invalid", message).at("text"));
    }
    if has_break_in_milliseconds(text) {
        let message = "a break takes its time in seconds, such as <break time=\"0.35s\"/>";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "tts_text_invalid", message).at("text"));
    }
    state.wallet.charge(dollars(prices::STARFISH.of_video()))?;
    let mut words = vec![json!({"word": "<start>", "start": 0.0, "end": 0.0})];
    let timed = timings(&plain);
    let end = timed.last().map_or(0.0, |(_, _, end)| *end);
    words.extend(timed.iter().map(|(word, start, end)| json!({"word": word, "start": start, "end": end})));
    words.push(json!({"word": "<end>", "start": end, "end": end}));
    let request = env.id();
    data(json!({
        "audio_url": link(env, &format!("{request}/speech.mp3")),
        "duration": DURATION,
        "request_id": request,
        "word_timestamps": words,
    }))
}

/// Whether a text has a break whose time is in milliseconds.
fn has_break_in_milliseconds(text: &str) -> bool {
    let tags = text.split("<break").skip(1).filter_map(|rest| rest.split('>').next());
    tags.filter_map(|tag| tag.split('"').nth(1)).any(|time| time.ends_with("ms"))
}

/// A text without its SSML tags.
fn without_tags(text: &str) -> String {
    let mut inside = false;
    let plain = text.chars().filter(|c| {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                return false;
            }
            _ => {}
        }
        !inside
    });
    plain.collect()
}

pub(super) fn model_speech(env: &Env, state: &mut State, call: &Call) -> Answer {
    model_voices::active(state, call.text("voice_id").unwrap_or_default(), call.now)?;
    state.rate_limit.count_speech(call.now)?;
    charge_model(state, call)?;
    let url = link(env, &format!("{}/speech.wav", env.id()));
    data(json!({"audio_url": url, "duration": PART_DURATION}))
}

/// Streams parts of audio, with one event every quarter of a second.
pub(super) fn model_stream(env: &Env, state: &mut State, call: &Call) -> Answer {
    model_voices::active(state, call.text("voice_id").unwrap_or_default(), call.now)?;
    let marker = Marker::of(&call.body)?;
    state.rate_limit.count_speech(call.now)?;
    charge_model(state, call)?;
    let with_timestamps = call.body.get("with_timestamps") == Some(&Value::Bool(true));
    let words = timings(call.text("text").unwrap_or_default());
    let parts = ((words.last().map_or(0.0, |(_, _, end)| *end) / PART_DURATION).ceil() as usize).max(1);
    let fails = marker.fail.is_some();
    let speech = Speech { words, parts, part: 0, with_timestamps, fails, waiting: VecDeque::new() };
    let clock = env.clock.clone();
    let began = call.now;
    let frames = stream::unfold((speech, 0_u64), move |(mut speech, number)| {
        let clock = clock.clone();
        async move {
            let event = speech.next()?;
            clock.sleep_until(began + number * EVENT_INTERVAL).await;
            Some((Ok(Bytes::from(format!("data: {event}\n\n"))), (speech, number + 1)))
        }
    });
    Ok(Reply::stream("text/event-stream", frames))
}

/// The events of a stream. Each is created when it is sent.
struct Speech {
    /// The words, with the start and the end of each in seconds.
    words: Vec<(String, f64, f64)>,
    /// Number of parts.
    parts: usize,
    /// Number of the next part, from 0.
    part: usize,
    /// Whether the stream has events with the times of the words.
    with_timestamps: bool,
    /// Whether the stream fails after its first part.
    fails: bool,
    /// Events of the current part that are still to be sent.
    waiting: VecDeque<String>,
}

impl Iterator for Speech {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        let part = self.part;
        self.part += 1;
        if part >= self.parts {
            return (part == self.parts).then(|| "[DONE]".to_owned());
        }
        let (from, to) = (part as f64 * PART_DURATION, (part + 1) as f64 * PART_DURATION);
        let here = self.words.iter().filter(|(_, start, _)| (from..to).contains(start));
        let here: Vec<Value> = here
            .map(|(word, start, end)| json!({"text": word, "start_time": start, "end_time": end, "confidence": 0.98}))
            .collect();
        if self.with_timestamps && !here.is_empty() {
            self.waiting.push_back(json!({"type": "alignment", "word_alignments": here}).to_string());
        }
        if self.fails {
            self.waiting.push_back(json!({"type": "error", "detail": "synthesis failed"}).to_string());
            self.part = self.parts + 1;
        }
        let audio = BASE64_STANDARD.encode(SPEECH_WAV);
        Some(json!({"type": "audio", "part_index": part, "audio": audio}).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_and_tags_are_recognized() {
        assert!(has_break_in_milliseconds("a <break time=\"350ms\"/> b"));
        assert!(!has_break_in_milliseconds("a <break time=\"0.35s\"/> b, ms"));
        assert_eq!(without_tags("<speak>a <break time=\"1s\"/>b</speak>"), "a b");
    }
}
