//! The receiver: answers probes, verifies and deduplicates deliveries, and answers before the service times out.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::clock::Clock;
use super::delivery_body::{self, DeliveryBody};
use super::dispatch::{DispatchOutcome, Dispatcher, Handler, OnGiveUp};
use super::event::Event;
use super::event_store::{Claim, EventStore, InMemoryEventStore};
use super::verifier::Verifier;
use super::verify_error::VerifyError;
use crate::box_error::BoxError;

/// Default time within which a delivery is answered. The service waits 10 seconds, and the network takes some of them.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(8);

/// Default number of deliveries that are in progress at the same time, from the signature to the end of the handler.
const CAPACITY: usize = 256;

/// Default number of handlers that run at the same time.
const CONCURRENCY: usize = 16;

/// Default time limit of a handler run.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// `Retry-After` of a delivery that is refused because the receiver is overloaded, in seconds.
const OVERLOADED_RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");

/// Receives deliveries, and runs a handler once for each event.
///
/// Pass complete requests to [`receive`](Self::receive), or use it as a [`tower`](https://docs.rs/tower) service behind a
/// route of axum or hyper. After a response of 500 or 503, the service repeats the delivery for up to 24 hours.
///
/// | Request | Response |
/// |---|---|
/// | `OPTIONS`, `GET`, `HEAD`, by which the service checks that the endpoint exists | 2xx at once |
/// | the signature is missing or wrong, or the timestamp is too old | 401, with an empty body |
/// | the body is too large, or does not arrive within 5 seconds | 413, 408 |
/// | the event was handled before | 200 |
/// | the handler succeeds within 8 seconds | 200 |
/// | the handler fails within 8 seconds | 500 |
/// | the handler takes longer, including its wait for other handlers | 202; the handler continues, and a failure is retried |
/// | the key ring is empty, or the same event is being handled | 503 |
/// | the event store fails | 500 |
/// | 256 deliveries are in progress | 503 at once, before the body is read |
/// | the bodies that are being read exceed 64 MiB in total | 503 at once |
///
/// After a 202, the service does not repeat the delivery. The receiver therefore retries a failed handler up to four times
/// within 20 minutes; see [`ReceiverBuilder::on_give_up`].
///
/// A handler runs in a task on the tokio runtime, so it continues if the service closes the connection. Call
/// [`drain`](Self::drain) before the program ends, to wait for running handlers. Call `Webhooks::reconcile` after it starts,
/// to fetch the events that it missed.
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
    read_budget: Arc<Semaphore>,
    delivery_permits: Arc<Semaphore>,
    capacity: usize,
    response_timeout: Duration,
    clock: Clock,
}

impl Receiver {
    /// Creates a receiver with the default settings.
    pub fn new(verifier: Verifier, handler: impl Handler) -> Self {
        Self::builder(verifier, handler).build()
    }

    /// Returns a builder, which sets limits, timeouts and the event store.
    pub fn builder(verifier: Verifier, handler: impl Handler) -> ReceiverBuilder {
        ReceiverBuilder {
            verifier,
            handler: Arc::new(handler),
            store: None,
            response_timeout: RESPONSE_TIMEOUT,
            capacity: CAPACITY,
            concurrency: CONCURRENCY,
            handler_timeout: HANDLER_TIMEOUT,
            on_give_up: None,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// Processes a request with a complete body, from any framework, and returns the response.
    ///
    /// # Panics
    ///
    /// If it is called outside of a tokio runtime, or in one without a timer.
    pub async fn receive(&self, request: Request<Bytes>) -> Response<Bytes> {
        let arrived = Instant::now();
        if let Some(response) = self.respond_without_body(request.method(), request.headers()) {
            return response;
        }
        let (head, bytes) = request.into_parts();
        self.process(&head.headers, DeliveryBody { bytes, permits: None }, arrived).await
    }

    /// Waits until every event in progress is handled, or its retries are exhausted. Retries start without a delay.
    ///
    /// This includes events that were passed to [`handle`](Self::handle). New deliveries are refused with 503 in the meantime,
    /// so stop accepting connections first.
    pub async fn drain(&self) {
        let _guard = self.0.dispatcher.skip_retry_delays();
        let all = u32::try_from(self.0.capacity).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        drop(self.0.delivery_permits.acquire_many(all).await);
    }

    /// The number of events in progress: deliveries, and events that were passed to [`handle`](Self::handle).
    pub fn under_way(&self) -> usize {
        self.0.capacity - self.0.delivery_permits.available_permits()
    }

    /// Returns the response to a request whose body is not needed: it is not a delivery, it is not signed, or the receiver is
    /// overloaded.
    pub(super) fn respond_without_body(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Option<Response<Bytes>> {
        let mut response = match *method {
            Method::POST => match Verifier::validate_signature_header(headers) {
                Err(problem) => {
                    log_refusal(problem);
                    return Some(respond(refusal_status(problem)));
                }
                Ok(()) if self.0.delivery_permits.available_permits() == 0 => {
                    return Some(respond_overloaded());
                }
                Ok(()) => return None,
            },
            Method::OPTIONS => respond(StatusCode::NO_CONTENT),
            Method::GET | Method::HEAD => return Some(respond(StatusCode::OK)),
            _ => respond(StatusCode::METHOD_NOT_ALLOWED),
        };
        let allowed = HeaderValue::from_static("POST, OPTIONS, GET, HEAD");
        response.headers_mut().insert(header::ALLOW, allowed);
        Some(response)
    }

    pub(super) fn max_body_size(&self) -> usize {
        self.0.verifier.max_body_size()
    }

    /// One permit for each byte of the bodies that are being read.
    pub(super) fn read_budget(&self) -> &Arc<Semaphore> {
        &self.0.read_budget
    }

    /// Verifies a delivery, acquires a delivery permit for it, and dispatches its event. The time to answer counts from
    /// `arrived`.
    pub(super) async fn process(
        &self,
        headers: &HeaderMap,
        body: DeliveryBody,
        arrived: Instant,
    ) -> Response<Bytes> {
        let verified = match self.0.verifier.verify_at(headers, body.bytes, (self.0.clock)()) {
            Ok(verified) => verified,
            Err(problem) => {
                log_refusal(problem);
                return respond(refusal_status(problem));
            }
        };
        let Ok(permit) = Arc::clone(&self.0.delivery_permits).try_acquire_owned() else {
            return respond_overloaded();
        };
        drop(body.permits);
        let event = match verified.event() {
            Ok(event) => event,
            Err(problem) => {
                let endpoint = verified.endpoint();
                tracing::warn!(%problem, endpoint, "cannot read the event of a signed webhook delivery");
                return respond(StatusCode::BAD_REQUEST);
            }
        };
        let timeout = self.0.response_timeout.saturating_sub(arrived.elapsed());
        respond(match self.0.dispatcher.dispatch(event, timeout, permit).await {
            DispatchOutcome::Handled => StatusCode::OK,
            DispatchOutcome::StillRunning => StatusCode::ACCEPTED,
            DispatchOutcome::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            DispatchOutcome::UnderWay => StatusCode::SERVICE_UNAVAILABLE,
        })
    }

    /// Handles an event that does not come from a delivery, such as a confirmed callback.
    ///
    /// It waits for free capacity, and for the handler. [`Claim::New`] means that the event was new, and is handled now. For
    /// an event that was handled before or is being handled, from any source, the handler does not run.
    ///
    /// # Errors
    ///
    /// If the handler fails, or the event store fails before the handler starts. The event can then be handled again.
    pub async fn handle(&self, event: Event) -> Result<Claim, BoxError> {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.0.delivery_permits).acquire_owned().await?;
        self.0.dispatcher.handle(event, permit).await
    }
}

/// Logs a refused delivery. Anyone can send one without a valid signature, so these are not warnings.
pub(super) fn log_refusal(problem: VerifyError) {
    match problem {
        VerifyError::MissingSignature | VerifyError::MalformedSignature | VerifyError::Mismatch => {
            tracing::info!(%problem, "refused a webhook delivery");
        }
        problem => tracing::warn!(%problem, "refused a webhook delivery"),
    }
}

pub(super) fn refusal_status(problem: VerifyError) -> StatusCode {
    match problem {
        // The delivery may be valid. The service repeats it, and the secret may be there by then.
        VerifyError::NoSecret => StatusCode::SERVICE_UNAVAILABLE,
        VerifyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::UNAUTHORIZED,
    }
}

/// A response with an empty body.
pub(super) fn respond(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

pub(super) fn respond_overloaded() -> Response<Bytes> {
    tracing::warn!("refused a webhook delivery: too many are in progress");
    let mut response = respond(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::RETRY_AFTER, OVERLOADED_RETRY_AFTER);
    response
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("verifier", &self.0.verifier)
            .field("under_way", &self.under_way())
            .finish_non_exhaustive()
    }
}

/// Builds a [`Receiver`].
#[must_use]
pub struct ReceiverBuilder {
    verifier: Verifier,
    handler: Arc<dyn Handler>,
    store: Option<Arc<dyn EventStore>>,
    response_timeout: Duration,
    capacity: usize,
    concurrency: usize,
    handler_timeout: Duration,
    on_give_up: Option<OnGiveUp>,
    clock: Clock,
}

impl ReceiverBuilder {
    /// Sets the store of handled events. The default is an [`InMemoryEventStore`], which is lost when the program ends.
    pub fn event_store(mut self, store: impl EventStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Sets the time after which a delivery is answered even if the handler is still running. The default is 8 seconds; the
    /// service waits 10 seconds.
    pub fn response_timeout(mut self, time: Duration) -> Self {
        self.response_timeout = time;
        self
    }

    /// Sets how many deliveries may be in progress at the same time; the receiver refuses more with 503. The default is 256.
    ///
    /// A delivery is in progress from the check of its signature until it is handled. Each may keep a complete body in memory.
    pub fn capacity(mut self, deliveries: usize) -> Self {
        self.capacity = deliveries.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        self
    }

    /// Sets how many handlers may run at the same time; other events wait. The default is 16.
    pub fn concurrency(mut self, events: usize) -> Self {
        self.concurrency = events.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Sets the maximum time of a handler run; a handler that takes longer is stopped and has failed. The default is one hour.
    pub fn handler_timeout(mut self, time: Duration) -> Self {
        self.handler_timeout = time;
        self
    }

    /// Sets a function that is called with an event whose retries are exhausted, and with the last error.
    ///
    /// This happens only if the delivery was answered with 202 before the handler failed: the service repeats any other
    /// failed delivery. The event becomes new again, so `Webhooks::reconcile` can handle it. The receiver logs an error in any
    /// case.
    pub fn on_give_up(mut self, callback: impl Fn(&Event, &BoxError) + Send + Sync + 'static) -> Self {
        self.on_give_up = Some(Arc::new(callback));
        self
    }

    /// Sets the clock, for tests. The default is the system clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Creates the receiver.
    pub fn build(self) -> Receiver {
        let store = self.store.unwrap_or_else(|| Arc::new(InMemoryEventStore::new()));
        let dispatcher = Dispatcher {
            handler: self.handler,
            store,
            clock: Arc::clone(&self.clock),
            handler_permits: Arc::new(Semaphore::new(self.concurrency)),
            handler_timeout: self.handler_timeout,
            on_give_up: self.on_give_up,
            draining: watch::Sender::new(0),
        };
        Receiver(Arc::new(Inner {
            read_budget: delivery_body::read_budget(self.verifier.max_body_size()),
            verifier: self.verifier,
            dispatcher,
            delivery_permits: Arc::new(Semaphore::new(self.capacity)),
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
