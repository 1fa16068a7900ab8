//! The receiver: answers probes, verifies deliveries, and answers when their events are in the inbox.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body::Body;
use http_body_util::Full;
use percent_encoding::percent_decode_str;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower_service::Service;

use super::delivery_body::{self, BodyError, read_body};
use super::headers::DeliveryHeaders;
use super::inbox::{Inbox, Inserted};
use super::refusals::{Refusals, respond};
use super::verifier::Verifier;
use super::verify_error::VerifyError;

/// Time within which a delivery is answered. The service waits 10 seconds, and the network takes some of them.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(8);

/// Number of deliveries that may be verified and wait for the inbox at the same time.
const CAPACITY: usize = 256;

/// `Retry-After` of a delivery that the receiver cannot accept now, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");

/// Returns the current time.
type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Receives deliveries: verifies each, inserts its event into an [`Inbox`], and answers 200 when the inbox has it.
///
/// Pass complete requests to [`receive`](Self::receive), or use it as a [`tower`](https://docs.rs/tower) service behind a
/// route of axum or hyper. After any other answer than 2xx, the service repeats the delivery for up to 24 hours.
///
/// | Request | Response |
/// |---|---|
/// | `OPTIONS`, `GET`, `HEAD`, by which the service checks that the endpoint exists | 2xx at once |
/// | the signature is missing or wrong | 401, with an empty body |
/// | the body is too large, or does not arrive within 5 seconds | 413, 408 |
/// | the body is signed, but is not a JSON object | 400 |
/// | the inbox keeps the event, or has handled it | 200 |
/// | the inbox fails, takes longer than 8 seconds, or is handling the event without keeping it | 503 |
/// | the key ring has no secret for the delivery | 503 |
/// | 256 deliveries are in progress, or bodies of more than 64 MiB in total are being read | 503 |
///
/// Refusals are logged as warnings, at most one in ten seconds, and counted ([`refused`](Self::refused)).
///
/// ```
/// use heygen_ext::webhook::testing::{Generation, Signer};
/// use heygen_ext::webhook::{Event, MemoryInbox, Receiver, Verifier};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inbox = MemoryInbox::new(async |event: Event| {
///     println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
///     Ok::<_, std::io::Error>(())
/// });
/// let receiver = Receiver::new(Verifier::new("whsec_…")?, inbox);
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

#[derive(Clone)]
struct Inner {
    verifier: Verifier,
    inbox: Arc<dyn Inbox>,
    endpoint_in_path: bool,
    refusals: Arc<Refusals>,
    read_budget: Arc<Semaphore>,
    delivery_permits: Arc<Semaphore>,
    clock: Clock,
}

impl Receiver {
    /// Creates a receiver that inserts events into an inbox.
    pub fn new(verifier: Verifier, inbox: impl Inbox) -> Self {
        Self(Arc::new(Inner {
            read_budget: delivery_body::read_budget(verifier.max_body_size()),
            verifier,
            inbox: Arc::new(inbox),
            endpoint_in_path: false,
            refusals: Arc::default(),
            delivery_permits: Arc::new(Semaphore::new(CAPACITY)),
            clock: Arc::new(SystemTime::now),
        }))
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Takes the name of the endpoint from the last segment of the path, such as `/hooks/{endpoint}`, and tries only the
    /// secrets that the [`KeyRing`](super::KeyRing) has under this name.
    ///
    /// With secrets of a thousand tenants, a forged delivery then costs the HMAC of one secret, not of a thousand. Register
    /// the endpoint of each tenant with a URL that ends in the name.
    #[must_use]
    pub fn endpoint_in_path(self) -> Self {
        self.change(|inner| inner.endpoint_in_path = true)
    }

    /// Sets a function that is called with the reason of each refusal, for metrics. It replaces an earlier one.
    #[must_use]
    pub fn on_refusal(self, hook: impl Fn(&VerifyError) + Send + Sync + 'static) -> Self {
        let refusals = Refusals::with_hook(hook);
        self.change(|inner| inner.refusals = Arc::new(refusals))
    }

    /// Sets the clock, for tests. The default is the system clock.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.change(|inner| inner.clock = Arc::new(clock))
    }

    /// How many deliveries were refused: they are not signed, forged, too large, or for another secret.
    pub fn refused(&self) -> u64 {
        self.0.refusals.count()
    }

    /// Processes a request with a complete body, from any framework, and returns the response.
    ///
    /// # Panics
    ///
    /// If it is called outside of a tokio runtime, or in one without a timer.
    pub async fn receive(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        match self.read_head(&head.method, &head.headers) {
            Ok(headers) => self.process(&headers, &head.uri, body, Instant::now()).await,
            Err(response) => *response,
        }
    }

    /// Reads the headers of a delivery. Returns the response to a request whose body is not needed: it is not a delivery, it
    /// is not signed, or the receiver is overloaded.
    fn read_head<'a>(
        &self,
        method: &Method,
        headers: &'a HeaderMap,
    ) -> Result<DeliveryHeaders<'a>, Box<Response<Bytes>>> {
        let mut response = match *method {
            Method::POST if self.0.delivery_permits.available_permits() == 0 => {
                return Err(self.overloaded().into());
            }
            Method::POST => {
                return DeliveryHeaders::read(headers)
                    .map_err(|problem| Box::new(respond(self.0.refusals.record(problem))));
            }
            Method::OPTIONS => respond(StatusCode::NO_CONTENT),
            Method::GET | Method::HEAD => return Err(Box::new(respond(StatusCode::OK))),
            _ => respond(StatusCode::METHOD_NOT_ALLOWED),
        };
        let allowed = HeaderValue::from_static("POST, OPTIONS, GET, HEAD");
        response.headers_mut().insert(header::ALLOW, allowed);
        Err(Box::new(response))
    }

    /// Verifies a delivery, and inserts its event. The time to answer counts from `arrived`.
    async fn process(
        &self,
        headers: &DeliveryHeaders<'_>,
        uri: &Uri,
        body: Bytes,
        arrived: Instant,
    ) -> Response<Bytes> {
        let endpoint = self.0.endpoint_in_path.then(|| last_segment(uri.path()));
        let now = Some((self.0.clock)());
        let verified =
            self.0.verifier.verify_read(headers, endpoint.as_deref(), body, now).and_then(|verified| {
                let event = verified.event().map_err(VerifyError::NotAnEvent)?;
                Ok((event, verified.timestamp_problem()))
            });
        let (event, timestamp_problem) = match verified {
            Ok(verified) => verified,
            Err(problem) => return respond(self.0.refusals.record(problem)),
        };
        if let Some(problem) = timestamp_problem {
            self.0.refusals.warn(&problem, "accepted a webhook delivery whose timestamp is wrong");
        }
        let Ok(_permit) = self.0.delivery_permits.try_acquire() else { return self.overloaded() };
        let timeout = RESPONSE_TIMEOUT.saturating_sub(arrived.elapsed());
        match tokio::time::timeout(timeout, self.0.inbox.insert(event)).await {
            Ok(Ok(Inserted::New | Inserted::Known)) => respond(StatusCode::OK),
            Ok(Ok(Inserted::Running)) => unavailable(),
            Ok(Err(problem)) => {
                tracing::error!(%problem, "cannot keep a webhook event; the service delivers it again");
                unavailable()
            }
            Err(_) => {
                tracing::warn!(
                    "the inbox did not keep a webhook event in time; the service delivers it again"
                );
                unavailable()
            }
        }
    }

    fn overloaded(&self) -> Response<Bytes> {
        self.0.refusals.warn(&"too many are in progress", "refused a webhook delivery");
        unavailable()
    }

    async fn read_and_process<B>(&self, request: Request<B>) -> Response<Bytes>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Send,
    {
        let arrived = Instant::now();
        let (head, body) = request.into_parts();
        let headers = match self.read_head(&head.method, &head.headers) {
            Ok(headers) => headers,
            Err(response) => return *response,
        };
        let limit = self.0.verifier.max_body_size();
        match read_body(&head.headers, body, limit, Some(&self.0.read_budget)).await {
            Ok(body) => self.process(&headers, &head.uri, body, arrived).await,
            Err(BodyError::BudgetExhausted) => self.overloaded(),
            Err(BodyError::TooLarge) => respond(self.0.refusals.record(VerifyError::TooLarge { limit })),
            Err(error) => respond(error.status()),
        }
    }
}

/// The answer to a delivery that the service must repeat.
pub(super) fn unavailable() -> Response<Bytes> {
    let mut response = respond(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    response
}

fn last_segment(path: &str) -> String {
    let segment = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

impl<B> Service<Request<B>> for Receiver
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Send,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // Always ready: an overloaded receiver answers 503 at once instead of making the service wait.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let receiver = self.clone();
        Box::pin(async move { Ok(receiver.read_and_process(request).await.map(Full::new)) })
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("verifier", &self.0.verifier)
            .field("refused", &self.refused())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
