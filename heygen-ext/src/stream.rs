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
use crate::call::surroundings::Surroundings;
use crate::{Error, HeyGen};

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
pub enum SpeechPart {
    /// Audio: a WAV file of its own (mono, PCM 16 bit, 44.1 kHz). Parts come in their order.
    Audio(Bytes),
    /// Words with their times in seconds, when the request asked for timestamps.
    Words(Vec<SpeechWordAlignment>),
}

impl HeyGen {
    /// Speaks a text with a professional voice, and gives the audio as it is made.
    ///
    /// A stream that breaks, ends before the service has marked its end, or is silent for 90 seconds, ends with an error. It
    /// is not taken up again: the speech would be made, and paid, a second time. A deadline of
    /// [`Options`](crate::Options) covers the time until the stream begins.
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    /// use heygen_ext::heygen_api::types::StreamModelSpeechRequest;
    /// use heygen_ext::{HeyGen, SpeechPart};
    ///
    /// # async fn example(heygen: HeyGen) -> Result<(), heygen_ext::Error> {
    /// let request = StreamModelSpeechRequest::builder()
    ///     .voice_id("VOICE_ID")
    ///     .language("en")
    ///     .text("Hello");
    /// let mut speech = heygen.speak(request).await?;
    /// while let Some(part) = speech.try_next().await? {
    ///     if let SpeechPart::Audio(wav) = part {
    ///         println!("{} bytes", wav.len());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The service refused the request, or did not answer.
    pub async fn speak(&self, request: impl IntoValue<StreamModelSpeechRequest>) -> Result<Speech, Error> {
        let events = self.api().stream_model_speech().body(request).await?.into_inner();
        Ok(Speech { events: Some(events), parts: 0, silence: Box::pin(tokio::time::sleep(SILENCE)) })
    }

    /// The words of a realtime avatar's stream as they are spoken, from its first word on.
    ///
    /// A stream that breaks is taken up again where it was; the service tells its whole history to everybody who comes.
    /// After three times without a new word it ends with an error.
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    ///
    /// # async fn example(heygen: heygen_ext::HeyGen) -> Result<(), heygen_ext::Error> {
    /// let mut words = heygen.realtime_words("stream id");
    /// while let Some(word) = words.try_next().await? {
    ///     println!("{:.2} s: {}", word.start, word.word);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn realtime_words(&self, stream_id: impl Into<String>) -> Words {
        let follower = Follower {
            api: self.api().clone(),
            surroundings: Arc::clone(self.surroundings()),
            stream_id: stream_id.into(),
            events: None,
            ready: VecDeque::new(),
            told: 0,
            heard: 0,
            reconnects: None,
        };
        Words(stream::try_unfold(follower, Follower::next).boxed())
    }
}

/// Speech as it is made; see [`HeyGen::speak`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct Speech {
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

impl Speech {
    fn read(&mut self, event: SpeechStreamEvent) -> Result<Option<SpeechPart>, Trouble> {
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
                Ok(Some(SpeechPart::Audio(wav.into())))
            }
            SpeechStreamEvent::Alignment(words) => Ok(Some(SpeechPart::Words(words.word_alignments))),
            SpeechStreamEvent::Error(error) => Err(Trouble::Failed(error.detail)),
            // An event that this version does not know is passed over.
            _ => Ok(None),
        }
    }
}

impl Stream for Speech {
    type Item = Result<SpeechPart, Error>;

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

impl fmt::Debug for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speech").field("parts", &self.parts).finish_non_exhaustive()
    }
}

/// Words as they are spoken; see [`HeyGen::realtime_words`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct Words(Pin<Box<dyn Stream<Item = Result<WordEvent, Error>> + Send>>);

impl Stream for Words {
    type Item = Result<WordEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").finish_non_exhaustive()
    }
}

/// Follows a stream of words over breaks.
struct Follower {
    api: Client,
    surroundings: Arc<dyn Surroundings>,
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
                    let chance = self.surroundings.chance();
                    self.surroundings.sleep(BACKOFF.pause(count - 1, chance)).await;
                }
                self.reconnects = Some(count + 1);
            }
        }
        let events = self.api.stream_avatar_realtime_words().stream_id(&*self.stream_id).send().await?;
        (self.events, self.heard) = (Some(events.into_inner()), 0);
        Ok(())
    }
}
