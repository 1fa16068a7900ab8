//! Server-sent events.

use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt};
use serde::de::DeserializeOwned;
use sse_stream::{Sse, SseByteStream};

use crate::decode::from_json_slice;
use crate::error::{Answered, Error};
use crate::mismatch::mismatch;
use crate::operation::Operation;
use crate::raw::RawResponse;
use crate::transport_error::TransportError;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event<T> {
    /// An event without a name: the payload of the stream.
    Data(T),
    /// A named event, such as `end`, with its unparsed data.
    Named {
        /// Its name.
        event: String,
        /// Its data.
        data: String,
    },
}

/// The events of a response, as a [`Stream`]. `data: [DONE]` ends it.
///
/// A broken connection is an error. A stream that ends without the marker may have been cut between two events; see
/// [`ended_by_marker`](Self::ended_by_marker). The operation defines which event is the last.
pub struct EventStream<T> {
    frames: Frames,
    operation: Operation,
    answered: Answered,
    done: bool,
    marked: bool,
    item: std::marker::PhantomData<fn() -> T>,
}

type Frames = Pin<Box<dyn Stream<Item = Result<Sse, sse_stream::Error>> + Send>>;

impl<T> EventStream<T> {
    #[cfg_attr(
        not(feature = "preview"),
        allow(dead_code, reason = "both event streams are preview operations")
    )]
    pub(crate) fn new(operation: &Operation, mut response: RawResponse) -> Self {
        let answered = Answered::take(&mut response);
        // A frame may be only an id, or the time to wait before the next connection. A name alone is an event only if it is not
        // the name of all events.
        let is_event = |frame: &Sse| frame.data.is_some() || frame.event.as_deref().is_some_and(is_name);
        let frames =
            SseByteStream::new(response.into_stream()).try_filter(move |frame| ready(is_event(frame)));
        let frames = Box::pin(frames);
        Self {
            frames,
            operation: operation.clone(),
            answered,
            done: false,
            marked: false,
            item: std::marker::PhantomData,
        }
    }
}

impl<T: DeserializeOwned> Stream for EventStream<T> {
    type Item = Result<Event<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.done {
            return Poll::Ready(None);
        }
        let event = match ready!(self.frames.poll_next_unpin(context)) {
            None => {
                self.done = true;
                return Poll::Ready(None);
            }
            Some(Ok(frame)) if frame.data.as_deref() == Some("[DONE]") => {
                (self.done, self.marked) = (true, true);
                return Poll::Ready(None);
            }
            Some(Ok(frame)) => self.read(frame),
            Some(Err(error)) => {
                Err(Error::cut(&self.operation, self.answered.clone(), transport_error(error)))
            }
        };
        self.done = event.is_err();
        Poll::Ready(Some(event))
    }
}

/// Why the frames cannot be read on: usually the connection broke.
fn transport_error(error: sse_stream::Error) -> TransportError {
    match error {
        sse_stream::Error::Body(problem) => match problem.downcast() {
            Ok(problem) => *problem,
            Err(problem) => TransportError::no_answer(problem.to_string()),
        },
        error => TransportError::no_answer(error.to_string()),
    }
}

impl<T> EventStream<T> {
    /// Whether the stream has ended with its marker `[DONE]`. A stream that ends without it may have been cut.
    pub fn ended_by_marker(&self) -> bool {
        self.marked
    }

    /// Creates the error of a stream that ended too early.
    pub fn cut_short(&self) -> Error {
        self.broken(TransportError::no_answer("the stream ended before its last event"))
    }

    /// Creates the error of a stream that the reader abandons, for example after an idle timeout.
    pub fn broken(&self, problem: TransportError) -> Error {
        Error::cut(&self.operation, self.answered.clone(), problem)
    }
}

/// Whether an event with this name is a named one. The standard gives the others the name `message`.
fn is_name(event: &str) -> bool {
    !matches!(event, "" | "message")
}

impl<T: DeserializeOwned> EventStream<T> {
    fn read(&self, frame: Sse) -> Result<Event<T>, Error> {
        let data = frame.data.unwrap_or_default();
        if let Some(event) = frame.event.filter(|event| is_name(event)) {
            return Ok(Event::Named { event, data });
        }
        from_json_slice(data.as_bytes()).map(Event::Data).map_err(|_| {
            let problem = mismatch::<T>(data.as_bytes());
            Error::decode(&self.operation, self.answered.clone(), data.into(), problem)
        })
    }
}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("operation", &self.operation.id()).finish_non_exhaustive()
    }
}
