//! Realtime avatars: a stream that speaks, and the times of its words.

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

/// Milliseconds until a stream is live, and that a word takes.
const STARTS_AFTER: u64 = 2_000;
const WORD: u64 = 400;

/// Milliseconds without new text after which an open stream ends.
const IDLE: u64 = 30_000;

/// Most words in one event: the service's limits are ten words and about a second, and here a word takes that long.
const BATCH: usize = (1000 / WORD) as usize;

/// Bytes of text that a stream takes in all.
const TEXT: usize = 1024 * 1024;

impl Stream {
    /// When it is over, as things stand.
    fn ends(&self) -> u64 {
        let spoken = self.created + STARTS_AFTER + self.words.count() as u64 * WORD;
        let ends = if self.open { spoken.max(self.fed + IDLE) } else { spoken };
        self.cancelled.map_or(ends, |cancelled| cancelled.min(ends))
    }

    /// How the text came to its end, where it came bit by bit.
    fn end_reason(&self) -> Option<&'static str> {
        let reason = if self.open { "idle_timeout" } else { "final_marker" };
        (self.grows && self.cancelled.is_none()).then_some(reason)
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
    if text.len() > TEXT {
        return Err(too_large(TEXT).at("text"));
    }
    let mut words = Words::default();
    words.push(text);
    let id = env.id();
    let grows = call.text("type") == Some("text_stream");
    let stream = Stream {
        created: call.now,
        words,
        fed: call.now,
        grows,
        open: grows,
        cancelled: None,
        changes: Arc::new(watch::Sender::new(0)),
    };
    state.streams.insert(id.clone(), stream);
    data_with(StatusCode::CREATED, json!({"stream_id": id}))
}

pub(super) fn get(env: &Env, state: &mut State, call: &Call) -> Answer {
    let stream = find(state, call)?;
    let over = call.now >= stream.ends();
    let live = call.now >= stream.created + STARTS_AFTER;
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
        stream.cancelled = Some(call.now);
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
    if stream.words.bytes() + delta.len() > TEXT {
        return Err(too_large(TEXT).at("delta"));
    }
    stream.words.push(delta);
    stream.fed = call.now;
    stream.open = !last;
    stream.changes.send_modify(|changes| *changes += 1);
    data_with(StatusCode::ACCEPTED, json!({"ok": true, "buffered_bytes": stream.words.bytes()}))
}

/// The next event, with the number of words sent by then and whether it is the last; or when to look again.
pub(crate) fn step(stream: &Stream, told: usize, now: u64) -> (Option<(String, usize, bool)>, u64) {
    let began = stream.created + STARTS_AFTER;
    let end_of = |number: usize| began + (number as u64 + 1) * WORD;
    let limit = now.min(stream.ends());
    let seconds = |number: usize| (number as u64 * WORD) as f64 / 1000.0;
    let spoken = stream.words.from(told).take(BATCH).take_while(|(number, _)| end_of(*number) <= limit);
    let words: Vec<Value> = spoken
        .map(|(number, word)| json!({"word": word, "start": seconds(number), "end": seconds(number) + 0.35}))
        .collect();
    if !words.is_empty() {
        let told = told + words.len();
        return (Some((format!("data: {}\n\n", json!({ "words": words })), told, false)), now);
    }
    if now >= stream.ends() {
        let end = json!({"reason": stream.end_reason().unwrap_or("completed")});
        return (Some((format!("event: end\ndata: {end}\n\n"), told, true)), now);
    }
    let then = if told < stream.words.count() { end_of(told).min(stream.ends()) } else { stream.ends() };
    (None, then)
}
