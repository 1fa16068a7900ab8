//! Realtime avatars: a session that speaks a text, and the times of its words.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::body::too_large;
use crate::call::Call;
use crate::env::Env;
use crate::links::link;
use crate::model::realtime_stream::Stream;
use crate::model::spoken_words::Words;
use crate::resources::avatars::usable_look;
use crate::resources::{inputs, voices};
use crate::state::State;

/// Time until a stream is live, in milliseconds.
const START_DELAY: u64 = 2_000;

/// Time that a word takes, in milliseconds.
const WORD_DURATION: u64 = 400;

/// Time without new text after which an open stream ends, in milliseconds.
const IDLE_TIMEOUT: u64 = 30_000;

/// Maximum number of words in one event. The service's limits are ten words and about a second; here, the second is reached
/// first.
const MAX_WORDS: usize = (1000 / WORD_DURATION) as usize;

/// Maximum length of a stream's text, in bytes.
const MAX_TEXT: usize = 1024 * 1024;

impl Stream {
    /// When the stream ends if no more text is added, in milliseconds since 1970.
    fn ends(&self) -> u64 {
        let spoken = self.created + START_DELAY + self.words.count() as u64 * WORD_DURATION;
        let ends = if self.open { spoken.max(self.last_text + IDLE_TIMEOUT) } else { spoken };
        self.canceled.map_or(ends, |canceled| canceled.min(ends))
    }

    /// Why the text ended, if it was sent in parts.
    fn end_reason(&self) -> Option<&'static str> {
        let reason = if self.open { "idle_timeout" } else { "final_marker" };
        (self.incremental && self.canceled.is_none()).then_some(reason)
    }
}

pub(crate) fn find<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Stream, ApiError> {
    let id = call.id("stream_id");
    let stream = state.streams.get_mut(id);
    stream.ok_or_else(|| ApiError::not_found("resource_not_found", format!("no stream {id}")))
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    inputs::check(state, &call.body, call.now)?;
    let look = usable_look(state, "avatar_id", call.text("avatar_id").unwrap_or_default(), call.now)?;
    if look.avatar_type == "studio_avatar" {
        return Err(ApiError::invalid("avatar_id", "a photo or motion avatar is needed"));
    }
    if let Some(voice) = call.text("voice_id") {
        voices::usable(state, "voice_id", voice, call.now)?;
    }
    let text = call.text("text").unwrap_or("The caller's audio");
    if text.len() > MAX_TEXT {
        return Err(too_large(MAX_TEXT).at("text"));
    }
    let mut words = Words::default();
    words.push(text);
    let id = env.id();
    let incremental = call.text("type") == Some("text_stream");
    let stream = Stream {
        created: call.now,
        words,
        last_text: call.now,
        incremental,
        open: incremental,
        canceled: None,
        changes: Arc::new(watch::Sender::new(0)),
    };
    let size = stream.words.memory();
    state.streams.insert_sized(id.clone(), stream, size);
    data_with(StatusCode::CREATED, json!({"stream_id": id}))
}

pub(super) fn get(env: &Env, state: &mut State, call: &Call) -> Answer {
    let stream = find(state, call)?;
    let over = call.now >= stream.ends();
    let live = call.now >= stream.created + START_DELAY;
    let status = match (over, live) {
        (true, _) => "completed",
        (false, true) => "streaming",
        (false, false) => "pending",
    };
    let id = call.id("stream_id");
    data(json!({
        "stream_id": id,
        "status": status,
        "hls_url": (live && !over).then(|| link(env, &format!("{id}/video.mp4"))),
        "end_reason": stream.end_reason().filter(|_| over),
        "error_message": null,
    }))
}

pub(super) fn cancel(_: &Env, state: &mut State, call: &Call) -> Answer {
    let stream = find(state, call)?;
    let running = call.now < stream.ends();
    if running {
        stream.canceled = Some(call.now);
        stream.changes.send_modify(|changes| *changes += 1);
    }
    data_with(StatusCode::ACCEPTED, json!({"stream_id": call.id("stream_id"), "cancelled": running}))
}

pub(super) fn append(_: &Env, state: &mut State, call: &Call) -> Answer {
    let stream = find(state, call)?;
    if !stream.open || call.now >= stream.ends() {
        let message = "the input of this stream is closed";
        return Err(ApiError::new(StatusCode::GONE, "stream_closed", message));
    }
    let last = call.body.get("final") == Some(&Value::Bool(true));
    let delta = call.text("delta").unwrap_or_default();
    if delta.is_empty() && !last {
        return Err(ApiError::invalid("delta", "it may be empty only with final: true"));
    }
    if stream.words.bytes() + delta.len() > MAX_TEXT {
        return Err(too_large(MAX_TEXT).at("delta"));
    }
    stream.words.push(delta);
    stream.last_text = call.now;
    stream.open = !last;
    stream.changes.send_modify(|changes| *changes += 1);
    let (bytes, size) = (stream.words.bytes(), stream.words.memory());
    state.streams.resize(call.id("stream_id"), size);
    data_with(StatusCode::ACCEPTED, json!({"ok": true, "buffered_bytes": bytes}))
}

/// The next event of a stream of which `sent` words were sent: its text, the number of words sent with it, and whether it is
/// the last event. If it is not due, returns the time at which it may be.
pub(crate) fn next_event(stream: &Stream, sent: usize, now: u64) -> (Option<(String, usize, bool)>, u64) {
    let began = stream.created + START_DELAY;
    let end_of = |number: usize| began + (number as u64 + 1) * WORD_DURATION;
    let limit = now.min(stream.ends());
    let seconds = |number: usize| (number as u64 * WORD_DURATION) as f64 / 1000.0;
    let spoken = stream.words.from(sent).take(MAX_WORDS).take_while(|(number, _)| end_of(*number) <= limit);
    let words: Vec<Value> = spoken
        .map(|(number, word)| json!({"word": word, "start": seconds(number), "end": seconds(number) + 0.35}))
        .collect();
    if !words.is_empty() {
        let sent = sent + words.len();
        return (Some((format!("data: {}\n\n", json!({ "words": words })), sent, false)), now);
    }
    if now >= stream.ends() {
        let end = json!({"reason": stream.end_reason().unwrap_or("completed")});
        return (Some((format!("event: end\ndata: {end}\n\n"), sent, true)), now);
    }
    let next = if sent < stream.words.count() { end_of(sent).min(stream.ends()) } else { stream.ends() };
    (None, next)
}
