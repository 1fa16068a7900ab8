//! Event streams: speech while it is made, and words while they are spoken. Both are preview operations.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use heygen_api::types::{SpeechStreamEvent, SpeechWordAlignment, WordBatch, WordEvent};
use heygen_api::{Client, Event, EventStream, TransportError};

use crate::call::BACKOFF;
use crate::client_context::ClientContext;
use crate::error::Error;
use crate::runtime::Runtime;

/// How often a stream of words reconnects without a new word.
const MAX_RECONNECTS: u32 = 3;

/// A stream without an event for this long counts as broken. An intact stream may be silent for half a minute.
const EVENT_TIMEOUT: Duration = Duration::from_secs(90);

/// The error of a stream without an event for [`EVENT_TIMEOUT`].
fn timeout_error<T>(events: &EventStream<T>) -> Error {
    let problem = TransportError::no_answer(format!("no event for {} s", EVENT_TIMEOUT.as_secs()));
    events.broken(problem.timed_out()).into()
}

/// A part of a speech stream.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SpeechChunk {
    /// Audio, as a separate WAV file for each part (mono, PCM 16 bit, 44.1 kHz). The parts are in order. One after another
    /// they are not a valid file, because each has a header; [`Speech::to_path`](crate::Speech::to_path) joins them.
    Audio(Bytes),
    /// Words with their times in seconds, if the request has `with_timestamps`.
    Words(Vec<SpeechWordAlignment>),
}

/// A stream of speech while it is made, from [`HeyGen::speak`](crate::HeyGen::speak).
#[must_use = "a stream does nothing unless it is polled"]
pub struct SpeechStream {
    /// `None` after the end or an error.
    events: Option<EventStream<SpeechStreamEvent>>,
    parts: i64,
    event_timeout: Pin<Box<tokio::time::Sleep>>,
}

/// Why an event is an error.
enum EventError {
    /// The event is invalid, or in the wrong order.
    Invalid(String),
    /// The service reports that the speech failed.
    Failed(String),
}

impl SpeechStream {
    pub(crate) fn new(events: EventStream<SpeechStreamEvent>) -> Self {
        let event_timeout = Box::pin(tokio::time::sleep(EVENT_TIMEOUT));
        Self { events: Some(events), parts: 0, event_timeout }
    }

    /// The error when the last part cannot be used.
    pub(crate) fn invalid_part(&self, problem: &str) -> Error {
        let problem = format!("part {} of the speech {problem}", self.parts.saturating_sub(1));
        match &self.events {
            Some(events) => Error::stream(events.cut_short(), problem),
            None => Error::speech(problem),
        }
    }

    fn read(&mut self, event: SpeechStreamEvent) -> Result<Option<SpeechChunk>, EventError> {
        match event {
            SpeechStreamEvent::Audio(part) => {
                let expected = self.parts;
                self.parts += 1;
                if part.part_index != expected {
                    let problem = format!("received part {} instead of part {expected}", part.part_index);
                    return Err(EventError::Invalid(problem));
                }
                let wav = BASE64_STANDARD.decode(&part.audio);
                let wav = wav.map_err(|_| EventError::Invalid(format!("part {expected} is not base64")))?;
                Ok(Some(SpeechChunk::Audio(wav.into())))
            }
            SpeechStreamEvent::Alignment(words) => Ok(Some(SpeechChunk::Words(words.word_alignments))),
            SpeechStreamEvent::Error(error) => Err(EventError::Failed(error.detail)),
            // Events that this version does not know are ignored.
            _ => Ok(None),
        }
    }
}

impl Stream for SpeechStream {
    type Item = Result<SpeechChunk, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(mut events) = self.events.take() else { return Poll::Ready(None) };
            let event = match events.poll_next_unpin(context) {
                Poll::Pending => {
                    if self.event_timeout.as_mut().poll(context).is_ready() {
                        return Poll::Ready(Some(Err(timeout_error(&events))));
                    }
                    self.events = Some(events);
                    return Poll::Pending;
                }
                Poll::Ready(event) => event,
            };
            self.event_timeout.as_mut().reset(tokio::time::Instant::now() + EVENT_TIMEOUT);
            let read = match event {
                None if events.ended_by_marker() => return Poll::Ready(None),
                None => Err(events.cut_short().into()),
                Some(Err(error)) => Err(error.into()),
                Some(Ok(Event::Data(event))) => self.read(event).map_err(|error| match error {
                    EventError::Invalid(problem) => Error::stream(events.cut_short(), problem),
                    EventError::Failed(detail) => Error::failed(None, detail),
                }),
                Some(Ok(_)) => Ok(None),
            };
            // An error ends the stream.
            match read {
                Ok(None) => self.events = Some(events),
                Ok(Some(part)) => {
                    self.events = Some(events);
                    return Poll::Ready(Some(Ok(part)));
                }
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl fmt::Debug for SpeechStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpeechStream").field("parts", &self.parts).finish_non_exhaustive()
    }
}

/// A stream of words while they are spoken, from [`HeyGen::realtime_words`](crate::HeyGen::realtime_words).
#[must_use = "a stream does nothing unless it is polled"]
pub struct WordStream(Pin<Box<dyn Stream<Item = Result<WordEvent, Error>> + Send>>);

impl WordStream {
    pub(crate) fn new(context: &ClientContext, stream_id: String) -> Self {
        let reader = WordReader {
            api: context.api.clone(),
            runtime: Arc::clone(&context.runtime),
            stream_id,
            events: None,
            ready: VecDeque::new(),
            returned: 0,
            received: 0,
            reconnects: None,
        };
        Self(stream::try_unfold(reader, WordReader::next).boxed())
    }
}

impl Stream for WordStream {
    type Item = Result<WordEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for WordStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WordStream").finish_non_exhaustive()
    }
}

/// Reads a stream of words, and reconnects.
struct WordReader {
    api: Client,
    runtime: Arc<dyn Runtime>,
    stream_id: String,
    events: Option<EventStream<WordBatch>>,
    ready: VecDeque<WordEvent>,
    /// The number of words that were returned, and that were received on this connection.
    returned: usize,
    received: usize,
    /// The number of reconnections since the last new word, or `None` before the first connection.
    reconnects: Option<u32>,
}

impl WordReader {
    async fn next(mut self) -> Result<Option<(WordEvent, Self)>, Error> {
        loop {
            if let Some(word) = self.ready.pop_front() {
                self.returned += 1;
                self.reconnects = Some(0);
                return Ok(Some((word, self)));
            }
            let Some(events) = &mut self.events else {
                self.connect().await?;
                continue;
            };
            let event = tokio::time::timeout(EVENT_TIMEOUT, events.next()).await;
            match event {
                Ok(Some(Ok(Event::Data(batch)))) => self.receive(batch.words),
                Ok(Some(Ok(Event::Named { event, .. }))) if event == "end" => return Ok(None),
                Ok(Some(Ok(_))) => {}
                // Another connection would receive the same event.
                Ok(Some(Err(error))) if error.kind() == heygen_api::ErrorKind::Decode => {
                    return Err(error.into());
                }
                // The stream broke, ended without its last event, or timed out. Another connection may continue.
                broken => {
                    let error = match broken {
                        Ok(Some(Err(error))) => error.into(),
                        Ok(_) => events.cut_short().into(),
                        Err(_) => timeout_error(events),
                    };
                    if self.reconnects.unwrap_or(0) >= MAX_RECONNECTS {
                        return Err(error);
                    }
                    self.events = None;
                }
            }
        }
    }

    /// Stores new words. Each connection repeats the earlier words, which are skipped.
    fn receive(&mut self, words: Vec<WordEvent>) {
        let known = (self.returned + self.ready.len()).saturating_sub(self.received);
        self.received += words.len();
        self.ready.extend(words.into_iter().skip(known));
    }

    async fn connect(&mut self) -> Result<(), Error> {
        match self.reconnects {
            None => self.reconnects = Some(0),
            Some(count) => {
                // The first reconnection is immediate.
                if count > 0 {
                    let random = self.runtime.random();
                    self.runtime.sleep(BACKOFF.pause(count - 1, random)).await;
                }
                self.reconnects = Some(count + 1);
            }
        }
        let events = self.api.stream_avatar_realtime_words().stream_id(&*self.stream_id).send().await?;
        (self.events, self.received) = (Some(events.into_inner()), 0);
        Ok(())
    }
}
