//! The receiving end: probes, signatures, duplicates, and a quick answer whatever the handler does.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::event::Event;
use super::handling::{GivenUp, Handler, Handling, Told};
use super::reading::{self, Read};
use super::seen::{Claim, SeenEvents, SeenInMemory};
use super::verifier::{Verifier, VerifyError};
use crate::BoxError;

/// Time for an answer. The service gives 10 seconds, of which some go on the way.
const ANSWER: Duration = Duration::from_secs(8);

/// Deliveries that are taken in at once, from the signature to the end of the handler; and of these, how many are being
/// handled.
const PLACES: usize = 256;
const PARALLEL: usize = 16;

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
    handling: Handling,
    room: Arc<Semaphore>,
    places: Arc<Semaphore>,
    capacity: usize,
    answer_within: Duration,
    clock: Clock,
}

pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

impl Receiver {
    /// A receiver with every default.
    pub fn new(verifier: Verifier, handler: impl Handler) -> Self {
        Self::builder(verifier, handler).build()
    }

    /// Options.
    pub fn builder(verifier: Verifier, handler: impl Handler) -> ReceiverBuilder {
        ReceiverBuilder {
            verifier,
            handler: Arc::new(handler),
            seen: None,
            answer_within: ANSWER,
            capacity: PLACES,
            parallel: PARALLEL,
            handle_within: RUN,
            given_up: None,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// Takes a request whose body is here as a whole, whatever framework it came by.
    ///
    /// # Panics
    ///
    /// There is no tokio runtime around it, or one without a timer.
    pub async fn receive(&self, request: Request<Bytes>) -> Response<Bytes> {
        if let Some(answer) = self.at_once(request.method(), request.headers()) {
            return answer;
        }
        if self.is_full() {
            return full();
        }
        let (head, body) = request.into_parts();
        self.admit(&head.headers, Read { body, room: None }, Instant::now()).await
    }

    /// Waits until every event that was taken in is handled, by whichever way it came, or given up: what failed is tried again
    /// without a pause. Meanwhile deliveries are turned away: a program that ends stops accepting connections first.
    pub async fn drain(&self) {
        let _hastened = self.0.handling.hasten();
        let all = u32::try_from(self.0.capacity).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        drop(self.0.places.acquire_many(all).await);
    }

    /// How many deliveries are under way.
    pub fn under_way(&self) -> usize {
        self.0.capacity - self.0.places.available_permits()
    }

    /// What a request that delivers nothing is answered at once, before it takes a place or its body is read.
    pub(super) fn at_once(&self, method: &Method, headers: &HeaderMap) -> Option<Response<Bytes>> {
        let mut answer = match *method {
            Method::POST => {
                let problem = Verifier::looks_signed(headers).err()?;
                log(problem);
                return Some(answer(refusal(problem)));
            }
            Method::OPTIONS => answer(StatusCode::NO_CONTENT),
            Method::GET | Method::HEAD => return Some(answer(StatusCode::OK)),
            _ => answer(StatusCode::METHOD_NOT_ALLOWED),
        };
        let allowed = HeaderValue::from_static("POST, OPTIONS, GET, HEAD");
        answer.headers_mut().insert(header::ALLOW, allowed);
        Some(answer)
    }

    /// Whether a delivery would find no place now: then it need not be read.
    pub(super) fn is_full(&self) -> bool {
        self.0.places.available_permits() == 0
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
    pub(super) async fn admit(&self, headers: &HeaderMap, read: Read, arrived: Instant) -> Response<Bytes> {
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
        let patience = self.0.answer_within.saturating_sub(arrived.elapsed());
        answer(match self.0.handling.take(event, patience, place).await {
            Told::Handled => StatusCode::OK,
            Told::GoesOn => StatusCode::ACCEPTED,
            Told::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Told::UnderWay => StatusCode::SERVICE_UNAVAILABLE,
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
        self.0.handling.now(event, place).await
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

/// Options of a [`Receiver`].
#[must_use]
pub struct ReceiverBuilder {
    verifier: Verifier,
    handler: Arc<dyn Handler>,
    seen: Option<Arc<dyn SeenEvents>>,
    answer_within: Duration,
    capacity: usize,
    parallel: usize,
    handle_within: Duration,
    given_up: Option<GivenUp>,
    clock: Clock,
}

impl ReceiverBuilder {
    /// Remembers handled events in here; the default is [`SeenInMemory`], which ends with the program.
    pub fn seen(mut self, seen: impl SeenEvents) -> Self {
        self.seen = Some(Arc::new(seen));
        self
    }

    /// Answers after so long, whether the handler has ended or not; the default is 8 seconds, for the service waits 10.
    pub fn answer_within(mut self, time: Duration) -> Self {
        self.answer_within = time;
        self
    }

    /// Takes in so many deliveries at once and turns further ones away; the default is 256. A delivery has a place from the
    /// moment when its signature was good until it is handled, and may hold a whole body.
    pub fn capacity(mut self, deliveries: usize) -> Self {
        self.capacity = deliveries.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        self
    }

    /// Handles so many events at once, while others wait; the default is 16.
    pub fn parallel(mut self, events: usize) -> Self {
        self.parallel = events.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Ends a run of the handler that takes longer, which counts as failed; the default is an hour.
    pub fn handle_within(mut self, time: Duration) -> Self {
        self.handle_within = time;
        self
    }

    /// Tells this of an event that was given up, and why: its delivery was answered before the handler failed, and it failed
    /// every time since. The event is new again, so that `Webhooks::reconcile` brings it. The log has a line of it in any case.
    pub fn given_up(mut self, tell: impl Fn(&Event, &BoxError) + Send + Sync + 'static) -> Self {
        self.given_up = Some(Arc::new(tell));
        self
    }

    /// Takes the time of the day from here, in tests.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The receiver.
    pub fn build(self) -> Receiver {
        let seen = self.seen.unwrap_or_else(|| Arc::new(SeenInMemory::new()));
        let handling = Handling {
            handler: self.handler,
            seen,
            clock: Arc::clone(&self.clock),
            turns: Arc::new(Semaphore::new(self.parallel)),
            handle_within: self.handle_within,
            given_up: self.given_up,
            draining: watch::Sender::new(0),
        };
        Receiver(Arc::new(Inner {
            room: reading::room(self.verifier.longest()),
            verifier: self.verifier,
            handling,
            places: Arc::new(Semaphore::new(self.capacity)),
            capacity: self.capacity,
            answer_within: self.answer_within,
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
