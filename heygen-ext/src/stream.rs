//! Event streams: speech as it is made, and words as they are spoken. Both are preview operations.

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
use heygen_api::types::{
    SpeechStreamEvent, SpeechWordAlignment, StreamModelSpeechRequest, WordBatch, WordEvent,
};
use heygen_api::{Client, Event, EventStream, IntoValue, TransportError};

use crate::call::BACKOFF;
use crate::client_context::ClientContext;
use crate::error::Error;
use crate::runtime::Runtime;

/// How often a stream of words is taken up again without a new word in between.
const RECONNECTS: u32 = 3;

/// Time without an event after which a stream counts as broken: an open one may be silent for half a minute.
const SILENCE: Duration = Duration::from_secs(90);

/// The error of a stream on which nothing comes any more.
fn fell_silent<T>(events: &EventStream<T>) -> Error {
    let problem = TransportError::no_answer(format!("nothing came for {} s", SILENCE.as_secs()));
    events.broken(problem.timed_out()).into()
}

/// A piece of speech.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SpeechChunk {
    /// Audio: a WAV file of its own (mono, PCM 16 bit, 44.1 kHz). Parts come in their order.
    Audio(Bytes),
    /// Words with their times in seconds, when the request asked for timestamps.
    Words(Vec<SpeechWordAlignment>),
}

/// Speech as it is made; see [`HeyGen::speak`](crate::HeyGen::speak).
#[must_use = "a stream does nothing unless it is polled"]
pub struct SpeechStream {
    /// None once it has ended.
    events: Option<EventStream<SpeechStreamEvent>>,
    parts: i64,
    silence: Pin<Box<tokio::time::Sleep>>,
}

/// What is wrong with an event.
enum Trouble {
    /// It is not what was due.
    Misfit(String),
    /// The service says that the speech has failed.
    Failed(String),
}

impl SpeechStream {
    pub(crate) async fn open(
        context: &ClientContext,
        request: impl IntoValue<StreamModelSpeechRequest>,
    ) -> Result<Self, Error> {
        let events = context.api.stream_model_speech().body(request).await?.into_inner();
        Ok(Self { events: Some(events), parts: 0, silence: Box::pin(tokio::time::sleep(SILENCE)) })
    }

    fn read(&mut self, event: SpeechStreamEvent) -> Result<Option<SpeechChunk>, Trouble> {
        match event {
            SpeechStreamEvent::Audio(part) => {
                let expected = self.parts;
                self.parts += 1;
                if part.part_index != expected {
                    let problem = format!("part {} came where part {expected} was due", part.part_index);
                    return Err(Trouble::Misfit(problem));
                }
                let wav = BASE64_STANDARD.decode(&part.audio);
                let wav = wav.map_err(|_| Trouble::Misfit(format!("part {expected} is not base64")))?;
                Ok(Some(SpeechChunk::Audio(wav.into())))
            }
            SpeechStreamEvent::Alignment(words) => Ok(Some(SpeechChunk::Words(words.word_alignments))),
            SpeechStreamEvent::Error(error) => Err(Trouble::Failed(error.detail)),
            // An event that this version does not know is passed over.
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
                    if self.silence.as_mut().poll(context).is_ready() {
                        return Poll::Ready(Some(Err(fell_silent(&events))));
                    }
                    self.events = Some(events);
                    return Poll::Pending;
                }
                Poll::Ready(event) => event,
            };
            self.silence.as_mut().reset(tokio::time::Instant::now() + SILENCE);
            let read = match event {
                None if events.ended_by_marker() => return Poll::Ready(None),
                None => Err(events.cut_short().into()),
                Some(Err(error)) => Err(error.into()),
                Some(Ok(Event::Data(event))) => self.read(event).map_err(|trouble| match trouble {
                    Trouble::Misfit(problem) => Error::stream(events.cut_short(), problem),
                    Trouble::Failed(detail) => Error::failed(None, detail),
                }),
                Some(Ok(_)) => Ok(None),
            };
            // After an error nothing comes.
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

/// Words as they are spoken; see [`HeyGen::realtime_words`](crate::HeyGen::realtime_words).
#[must_use = "a stream does nothing unless it is polled"]
pub struct WordStream(Pin<Box<dyn Stream<Item = Result<WordEvent, Error>> + Send>>);

impl WordStream {
    pub(crate) fn new(context: &ClientContext, stream_id: String) -> Self {
        let follower = Follower {
            api: context.api.clone(),
            runtime: Arc::clone(&context.runtime),
            stream_id,
            events: None,
            ready: VecDeque::new(),
            told: 0,
            heard: 0,
            reconnects: None,
        };
        Self(stream::try_unfold(follower, Follower::next).boxed())
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

/// Follows a stream of words over breaks.
struct Follower {
    api: Client,
    runtime: Arc<dyn Runtime>,
    stream_id: String,
    events: Option<EventStream<WordBatch>>,
    ready: VecDeque<WordEvent>,
    /// Words given to the caller, and words heard on this connection.
    told: usize,
    heard: usize,
    /// Reconnections since the last new word; none before the first connection.
    reconnects: Option<u32>,
}

impl Follower {
    async fn next(mut self) -> Result<Option<(WordEvent, Self)>, Error> {
        loop {
            if let Some(word) = self.ready.pop_front() {
                self.told += 1;
                self.reconnects = Some(0);
                return Ok(Some((word, self)));
            }
            let Some(events) = &mut self.events else {
                self.connect().await?;
                continue;
            };
            let event = tokio::time::timeout(SILENCE, events.next()).await;
            match event {
                Ok(Some(Ok(Event::Data(batch)))) => self.hear(batch.words),
                Ok(Some(Ok(Event::Named { event, .. }))) if event == "end" => return Ok(None),
                Ok(Some(Ok(_))) => {}
                // Another connection would bring the same event.
                Ok(Some(Err(error))) if error.kind() == heygen_api::ErrorKind::Decode => {
                    return Err(error.into());
                }
                // Broken, ended without its last event, or silent for too long: another connection may go on.
                broken => {
                    let error = match broken {
                        Ok(Some(Err(error))) => error.into(),
                        Ok(_) => events.cut_short().into(),
                        Err(_) => fell_silent(events),
                    };
                    if self.reconnects.unwrap_or(0) >= RECONNECTS {
                        return Err(error);
                    }
                    self.events = None;
                }
            }
        }
    }

    /// Takes the words that are new: those heard before come again on each connection.
    fn hear(&mut self, words: Vec<WordEvent>) {
        let known = (self.told + self.ready.len()).saturating_sub(self.heard);
        self.heard += words.len();
        self.ready.extend(words.into_iter().skip(known));
    }

    async fn connect(&mut self) -> Result<(), Error> {
        match self.reconnects {
            None => self.reconnects = Some(0),
            Some(count) => {
                // The first comes at once.
                if count > 0 {
                    let chance = self.runtime.random();
                    self.runtime.sleep(BACKOFF.pause(count - 1, chance)).await;
                }
                self.reconnects = Some(count + 1);
            }
        }
        let events = self.api.stream_avatar_realtime_words().stream_id(&*self.stream_id).send().await?;
        (self.events, self.heard) = (Some(events.into_inner()), 0);
        Ok(())
    }
}
