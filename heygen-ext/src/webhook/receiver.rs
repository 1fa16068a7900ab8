//! The receiving end: probes, signatures, duplicates, and a quick answer whatever the handler does.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::clock::Clock;
use super::delivery_body::{self, DeliveryBody};
use super::dispatch::{Dispatched, Dispatcher, Handler, OnGiveUp};
use super::event::Event;
use super::event_store::{Claim, EventStore, InMemoryEventStore};
use super::verifier::Verifier;
use super::verify_error::VerifyError;
use crate::box_error::BoxError;

/// Time for an answer. The service gives 10 seconds, of which some go on the way.
const ANSWER: Duration = Duration::from_secs(8);

/// Deliveries that are taken in at once, from the signature to the end of the handler; and of these, how many are being
/// handled.
const PLACES: usize = 256;
const CONCURRENCY: usize = 16;

/// Time for a run of the handler.
const RUN: Duration = Duration::from_secs(60 * 60);

/// How long a delivery that found no place is asked to stay away.
const FULL: HeaderValue = HeaderValue::from_static("30");

/// Receives deliveries, and hands each event to a handler once.
///
/// It is given whole requests by [`receive`](Self::receive), or as a [`tower`](https://docs.rs/tower) service stands behind
/// a route of axum or hyper. What comes of a request:
///
/// | request | answer |
/// |---|---|
/// | `OPTIONS`, `GET`, `HEAD`: the service looks whether there is somebody | 2xx at once |
/// | a signature that is missing, wrong, stale | 401, without a word |
/// | a body that is too large, or does not come | 413, 408 |
/// | an event that was handled before | 200 |
/// | an event that the handler takes within 8 seconds | 200 |
/// | the handler fails within that time | 500: the service delivers it again, for 24 hours |
/// | the handler, or the wait for its turn, takes longer | 202, and goes on in its task; if it fails then, it is tried again four times within 20 minutes |
/// | no secret yet, the memory of events fails, or the same event is being handled | 503 or 500: it comes again |
/// | 256 deliveries are under way already | 503 at once, before the body is read: it comes again |
/// | the bodies that are being read have more than 64 MiB | 503 at once: it comes again |
///
/// A handler runs in a task of the tokio runtime, so that it ends even when the service hangs up. A program that ends lets
/// [`drain`](Self::drain) wait for these, and after it was down, `Webhooks::reconcile` fetches what it has missed.
///
/// ```
/// use heygen_ext::webhook::testing::{Generation, Signer};
/// use heygen_ext::webhook::{Event, Receiver, Verifier};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let verifier = Verifier::new("whsec_…")?;
/// let receiver = Receiver::new(verifier, async |event: Event| {
///     println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
///     Ok::<_, std::io::Error>(())
/// });
/// let body = r#"{
///     "event_type": "avatar_video.success",
///     "event_data": {"video_id": "v1"}
/// }"#;
/// let delivery = Signer::new("whsec_…")?.deliver(Generation::Signature, body);
/// assert_eq!(receiver.receive(delivery).await.status(), 200);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Receiver(Arc<Inner>);

struct Inner {
    verifier: Verifier,
    dispatcher: Dispatcher,
    room: Arc<Semaphore>,
    places: Arc<Semaphore>,
    capacity: usize,
    response_timeout: Duration,
    clock: Clock,
}

impl Receiver {
    /// A receiver with every default.
    pub fn new(verifier: Verifier, handler: impl Handler) -> Self {
        Self::builder(verifier, handler).build()
    }

    /// CallOptions.
    pub fn builder(verifier: Verifier, handler: impl Handler) -> ReceiverBuilder {
        ReceiverBuilder {
            verifier,
            handler: Arc::new(handler),
            seen: None,
            response_timeout: ANSWER,
            capacity: PLACES,
            concurrency: CONCURRENCY,
            handler_timeout: RUN,
            on_give_up: None,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// Takes a request whose body is here as a whole, whatever framework it came by.
    ///
    /// # Panics
    ///
    /// There is no tokio runtime around it, or one without a timer.
    pub async fn receive(&self, request: Request<Bytes>) -> Response<Bytes> {
        let arrived = Instant::now();
        if let Some(answer) = self.answer_without_body(request.method(), request.headers()) {
            return answer;
        }
        let (head, body) = request.into_parts();
        self.admit(&head.headers, DeliveryBody { body, room: None }, arrived).await
    }

    /// Waits until every event that was taken in is handled, by whichever way it came, or given up: what failed is tried again
    /// without a pause. Meanwhile deliveries are turned away: a program that ends stops accepting connections first.
    pub async fn drain(&self) {
        let _hastened = self.0.dispatcher.hasten();
        let all = u32::try_from(self.0.capacity).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        drop(self.0.places.acquire_many(all).await);
    }

    /// How many deliveries are under way.
    pub fn under_way(&self) -> usize {
        self.0.capacity - self.0.places.available_permits()
    }

    /// The answer to a request whose body need not be read: it delivers nothing, it is not signed, or no place is free.
    pub(super) fn answer_without_body(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Option<Response<Bytes>> {
        let mut answer = match *method {
            Method::POST => match Verifier::looks_signed(headers) {
                Err(problem) => {
                    log(problem);
                    return Some(answer(refusal(problem)));
                }
                Ok(()) if self.0.places.available_permits() == 0 => return Some(full()),
                Ok(()) => return None,
            },
            Method::OPTIONS => answer(StatusCode::NO_CONTENT),
            Method::GET | Method::HEAD => return Some(answer(StatusCode::OK)),
            _ => answer(StatusCode::METHOD_NOT_ALLOWED),
        };
        let allowed = HeaderValue::from_static("POST, OPTIONS, GET, HEAD");
        answer.headers_mut().insert(header::ALLOW, allowed);
        Some(answer)
    }

    /// Bytes that a body may have.
    pub(super) fn longest(&self) -> usize {
        self.0.verifier.longest()
    }

    /// Room for the bodies that are being read.
    pub(super) fn room(&self) -> &Arc<Semaphore> {
        &self.0.room
    }

    /// Verifies a delivery, gives it a place, which it holds until it is handled, and has it handled. It is answered in time
    /// from its arrival on.
    pub(super) async fn admit(
        &self,
        headers: &HeaderMap,
        read: DeliveryBody,
        arrived: Instant,
    ) -> Response<Bytes> {
        let verified = match self.0.verifier.verify_at(headers, read.body, (self.0.clock)()) {
            Ok(verified) => verified,
            Err(problem) => {
                log(problem);
                return answer(refusal(problem));
            }
        };
        let Ok(place) = Arc::clone(&self.0.places).try_acquire_owned() else { return full() };
        drop(read.room);
        let event = match verified.event() {
            Ok(event) => event,
            Err(problem) => {
                tracing::warn!(%problem, endpoint = verified.endpoint(), "cannot read a webhook delivery");
                return answer(StatusCode::BAD_REQUEST);
            }
        };
        let patience = self.0.response_timeout.saturating_sub(arrived.elapsed());
        answer(match self.0.dispatcher.take(event, patience, place).await {
            Dispatched::Handled => StatusCode::OK,
            Dispatched::GoesOn => StatusCode::ACCEPTED,
            Dispatched::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Dispatched::UnderWay => StatusCode::SERVICE_UNAVAILABLE,
        })
    }

    /// Hands an event over that did not come by a delivery, such as a confirmed callback: waits for a place, and for the
    /// handler. With [`Claim::New`] it was new, and is handled. What was handled before, by whichever way it came, is not
    /// handled again, nor what is being handled.
    ///
    /// # Errors
    ///
    /// The handler failed, or the memory of events did before it could start. The event is new to whoever brings it next.
    pub async fn handle(&self, event: Event) -> Result<Claim, BoxError> {
        // The semaphore is never closed.
        let place = Arc::clone(&self.0.places).acquire_owned().await?;
        self.0.dispatcher.now(event, place).await
    }
}

/// Whoever knocks without a key is nobody's business but the log's; what is signed and refused is somebody's.
pub(super) fn log(problem: VerifyError) {
    match problem {
        VerifyError::MissingSignature | VerifyError::MalformedSignature | VerifyError::Mismatch => {
            tracing::info!(%problem, "refused a webhook delivery");
        }
        problem => tracing::warn!(%problem, "refused a webhook delivery"),
    }
}

pub(super) fn refusal(problem: VerifyError) -> StatusCode {
    match problem {
        // It may be a true one: it comes again when there is a secret.
        VerifyError::NoSecret => StatusCode::SERVICE_UNAVAILABLE,
        VerifyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::UNAUTHORIZED,
    }
}

/// An answer that says nothing but its status.
pub(super) fn answer(status: StatusCode) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

pub(super) fn full() -> Response<Bytes> {
    tracing::warn!("turned a webhook delivery away: too many are under way");
    let mut answer = answer(StatusCode::SERVICE_UNAVAILABLE);
    answer.headers_mut().insert(header::RETRY_AFTER, FULL);
    answer
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("verifier", &self.0.verifier)
            .field("under_way", &self.under_way())
            .finish_non_exhaustive()
    }
}

/// CallOptions of a [`Receiver`].
#[must_use]
pub struct ReceiverBuilder {
    verifier: Verifier,
    handler: Arc<dyn Handler>,
    seen: Option<Arc<dyn EventStore>>,
    response_timeout: Duration,
    capacity: usize,
    concurrency: usize,
    handler_timeout: Duration,
    on_give_up: Option<OnGiveUp>,
    clock: Clock,
}

impl ReceiverBuilder {
    /// Remembers handled events in here; the default is [`InMemoryEventStore`], which ends with the program.
    pub fn event_store(mut self, seen: impl EventStore) -> Self {
        self.seen = Some(Arc::new(seen));
        self
    }

    /// Answers after so long, whether the handler has ended or not; the default is 8 seconds, for the service waits 10.
    pub fn response_timeout(mut self, time: Duration) -> Self {
        self.response_timeout = time;
        self
    }

    /// Takes in so many deliveries at once and turns further ones away; the default is 256. A delivery has a place from the
    /// moment when its signature was good until it is handled, and may hold a whole body.
    pub fn capacity(mut self, deliveries: usize) -> Self {
        self.capacity = deliveries.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        self
    }

    /// Handles so many events at once, while others wait; the default is 16.
    pub fn concurrency(mut self, events: usize) -> Self {
        self.concurrency = events.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Ends a run of the handler that takes longer, which counts as failed; the default is an hour.
    pub fn handler_timeout(mut self, time: Duration) -> Self {
        self.handler_timeout = time;
        self
    }

    /// Tells this of an event that was given up, and why: its delivery was answered before the handler failed, and it failed
    /// every time since. The event is new again, so that `Webhooks::reconcile` brings it. The log has a line of it in any case.
    pub fn on_give_up(mut self, tell: impl Fn(&Event, &BoxError) + Send + Sync + 'static) -> Self {
        self.on_give_up = Some(Arc::new(tell));
        self
    }

    /// Takes the time of the day from here, in tests.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The receiver.
    pub fn build(self) -> Receiver {
        let seen = self.seen.unwrap_or_else(|| Arc::new(InMemoryEventStore::new()));
        let dispatcher = Dispatcher {
            handler: self.handler,
            seen,
            clock: Arc::clone(&self.clock),
            turns: Arc::new(Semaphore::new(self.concurrency)),
            handler_timeout: self.handler_timeout,
            on_give_up: self.on_give_up,
            draining: watch::Sender::new(0),
        };
        Receiver(Arc::new(Inner {
            room: delivery_body::room(self.verifier.longest()),
            verifier: self.verifier,
            dispatcher,
            places: Arc::new(Semaphore::new(self.capacity)),
            capacity: self.capacity,
            response_timeout: self.response_timeout,
            clock: self.clock,
        }))
    }
}

impl fmt::Debug for ReceiverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverBuilder").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
