//! What all receivers share: probes, limits of bodies, refusals that are counted and logged, and the answer when an inbox has
//! the event.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::event::Event;
use super::inbox::{Inbox, Inserted, within};
use super::verify_error::VerifyError;

/// Time within which a delivery is answered. The service waits 10 seconds, and the network takes some of them.
pub(crate) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(8);

/// How a receiver makes events of requests.
pub(crate) trait Check: Send + Sync + 'static {
    /// What is read of the head of a request.
    type Head<'a>: Send;
    /// What is known when the body is there.
    type Checked: Send;

    /// Checks the head, before the body is read.
    fn read_head<'a>(&self, head: &'a Parts) -> Result<Self::Head<'a>, VerifyError>;

    /// Checks the body. The error is the status of the answer; the problem is recorded in `refusals`.
    fn check(
        &self,
        head: Self::Head<'_>,
        body: Bytes,
        refusals: &Refusals,
    ) -> Result<Self::Checked, StatusCode>;

    /// Makes the event of what was checked. Few run at the same time.
    fn event(
        &self,
        checked: Self::Checked,
        refusals: &Refusals,
    ) -> impl Future<Output = Result<Event, StatusCode>> + Send;
}

/// A receiver, from the request to the inbox.
#[derive(Clone)]
pub(crate) struct Route<C> {
    pub(crate) check: C,
    pub(crate) refusals: Arc<Refusals>,
    inbox: Arc<dyn Inbox>,
    max_body_size: usize,
    read_budget: Arc<Semaphore>,
    /// How many more requests may be confirmed and wait for the inbox.
    pub(crate) permits: Arc<Semaphore>,
}

impl<C: Check> Route<C> {
    pub(crate) fn new(check: C, inbox: impl Inbox, max_body_size: usize, capacity: usize) -> Self {
        Self {
            check,
            refusals: Arc::default(),
            inbox: Arc::new(inbox),
            max_body_size,
            read_budget: read_budget(max_body_size),
            permits: Arc::new(Semaphore::new(capacity)),
        }
    }

    pub(crate) async fn respond<B>(&self, head: &Parts, body: B) -> Response<Bytes>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: Send,
    {
        let status = match head.method {
            Method::POST => match within(RESPONSE_TIMEOUT, pin!(self.answer(head, body))).await {
                Some(Ok(())) => StatusCode::OK,
                Some(Err(status)) => status,
                None => self.unavailable("the event was not confirmed and kept in time"),
            },
            Method::OPTIONS => StatusCode::NO_CONTENT,
            Method::GET | Method::HEAD => StatusCode::OK,
            _ => StatusCode::METHOD_NOT_ALLOWED,
        };
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        let header = match status {
            // In seconds.
            StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, "30")),
            StatusCode::NO_CONTENT | StatusCode::METHOD_NOT_ALLOWED => {
                Some((header::ALLOW, "POST, OPTIONS, GET, HEAD"))
            }
            _ => None,
        };
        let header = header.map(|(name, value)| (name, HeaderValue::from_static(value)));
        response.headers_mut().extend(header);
        response
    }

    /// Checks a delivery, and inserts its event. The error is the status of the answer.
    async fn answer<B: Body>(&self, head: &Parts, body: B) -> Result<(), StatusCode> {
        const OVERLOADED: &str = "too many deliveries are in progress";
        if self.permits.available_permits() == 0 {
            return Err(self.unavailable(OVERLOADED));
        }
        let read = self.check.read_head(head).map_err(|problem| self.refusals.record(problem))?;
        let limit = self.max_body_size;
        let body = match read_body(&head.headers, body, limit, Some(&self.read_budget)).await {
            Ok(body) => body,
            Err(StatusCode::PAYLOAD_TOO_LARGE) => {
                return Err(self.refusals.record(VerifyError::TooLarge { limit }));
            }
            Err(StatusCode::SERVICE_UNAVAILABLE) => {
                return Err(self.unavailable("too many bodies are being read"));
            }
            Err(status) => return Err(status),
        };
        let checked = self.check.check(read, body, &self.refusals)?;
        let Ok(_permit) = self.permits.try_acquire() else { return Err(self.unavailable(OVERLOADED)) };
        let event = self.check.event(checked, &self.refusals).await?;
        match self.inbox.insert(event).await {
            Ok(Inserted::New | Inserted::Known) => Ok(()),
            Ok(Inserted::Running) => Err(StatusCode::SERVICE_UNAVAILABLE),
            Err(problem) => {
                tracing::error!(%problem, "cannot keep a webhook event; the service delivers it again");
                Err(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }

    /// Logs why the service must deliver an event again, and returns the status of the answer.
    fn unavailable(&self, problem: &str) -> StatusCode {
        self.refusals.warn(&problem, "the service must repeat a webhook delivery");
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// Implements a tower service for a receiver, a tuple of an `Arc` of its route.
macro_rules! tower_service {
    ($receiver:ident) => {
        impl<B> Service<Request<B>> for $receiver
        where
            B: Body + Send + 'static,
            B::Data: Send,
            B::Error: Send,
        {
            type Response = Response<Full<Bytes>>;
            type Error = Infallible;
            type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                // Always ready: an overloaded receiver answers 503 at once instead of making the service wait.
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: Request<B>) -> Self::Future {
                let route = Arc::clone(&self.0);
                let (head, body) = request.into_parts();
                Box::pin(async move { Ok(route.respond(&head, body).await.map(Full::new)) })
            }
        }

        impl fmt::Debug for $receiver {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let name = stringify!($receiver);
                f.debug_struct(name).field("refused", &self.refused()).finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use tower_service;

/// Minimum time between two warnings of the same route.
const INTERVAL: Duration = Duration::from_secs(10);

/// Called with the reason of each refusal.
type Hook = Arc<dyn Fn(&VerifyError) + Send + Sync>;

/// The refusals of a route.
#[derive(Default)]
pub(crate) struct Refusals {
    count: AtomicU64,
    /// By message, so that refusals of forged requests do not suppress other warnings.
    warned: Mutex<BTreeMap<&'static str, Warned>>,
    hook: Option<Hook>,
}

#[derive(Default)]
struct Warned {
    at: Option<Instant>,
    suppressed: u64,
}

impl Refusals {
    pub(crate) fn with_hook(hook: impl Fn(&VerifyError) + Send + Sync + 'static) -> Self {
        Self { hook: Some(Arc::new(hook)), ..Self::default() }
    }

    /// Counts, logs and reports a refused delivery, and returns the status of the answer.
    pub(crate) fn record(&self, problem: VerifyError) -> StatusCode {
        if let Some(hook) = &self.hook {
            hook(&problem);
        }
        let status = match problem {
            // The delivery may be valid. The service repeats it, and the secret may be there by then.
            VerifyError::NoSecret => StatusCode::SERVICE_UNAVAILABLE,
            VerifyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            VerifyError::NotAnEvent(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNAUTHORIZED,
        };
        self.refuse(&problem, status)
    }

    /// Counts and logs a refused request. The text of the problem has no part of the request, except what is escaped.
    pub(crate) fn refuse(&self, problem: &dyn fmt::Display, status: StatusCode) -> StatusCode {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.warn(problem, "refused a webhook delivery");
        status
    }

    /// Logs a warning, at most one with this message in ten seconds, with the number of those in between.
    pub(crate) fn warn(&self, problem: &dyn fmt::Display, message: &'static str) {
        if let Some(suppressed) = self.next_warning(message) {
            tracing::warn!(%problem, suppressed, "{message}");
        }
    }

    /// The number of warnings that were suppressed since the last one, if it is time for another.
    fn next_warning(&self, message: &'static str) -> Option<u64> {
        let mut all = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let warned = all.entry(message).or_default();
        if warned.at.is_some_and(|at| at.elapsed() < INTERVAL) {
            warned.suppressed += 1;
            return None;
        }
        warned.at = Some(Instant::now());
        Some(std::mem::take(&mut warned.suppressed))
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// Maximum time to read a body.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Minimum of the read budget, in bytes.
const MIN_READ_BUDGET: usize = 64 << 20;

/// The read budget is sufficient for this many bodies of the maximum size.
const MIN_BODIES: usize = 64;

/// Creates the read budget: one permit for each byte of all bodies that are being read.
///
/// A client that stalls holds permits only for the bytes that it has sent. To block other clients, an attacker has to send the
/// whole budget again after every [`BODY_TIMEOUT`].
fn read_budget(max_body_size: usize) -> Arc<Semaphore> {
    let bytes = max_body_size.saturating_mul(MIN_BODIES).clamp(MIN_READ_BUDGET, Semaphore::MAX_PERMITS);
    Arc::new(Semaphore::new(bytes))
}

/// Reads a complete body. If there is a `budget`, the bytes are taken from it. The error is the status of the answer.
pub(crate) async fn read_body<B: Body>(
    headers: &HeaderMap,
    body: B,
    max_size: usize,
    budget: Option<&Arc<Semaphore>>,
) -> Result<Bytes, StatusCode> {
    let content_length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if content_length.is_some_and(|length: usize| length > max_size) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let read = pin!(collect(body, max_size, budget));
    within(BODY_TIMEOUT, read).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}

async fn collect<B: Body>(
    body: B,
    max_size: usize,
    budget: Option<&Arc<Semaphore>>,
) -> Result<Bytes, StatusCode> {
    let mut body = pin!(body);
    let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
    let mut permits = None::<OwnedSemaphorePermit>;
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
        let length = data.remaining();
        if length > max_size - first.len() - rest.len() {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        if let Some(budget) = budget {
            let length = u32::try_from(length).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
            let acquired = Arc::clone(budget).try_acquire_many_owned(length);
            let acquired = acquired.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
            match &mut permits {
                Some(permits) => permits.merge(acquired),
                None => permits = Some(acquired),
            }
        }
        // Most bodies arrive in one piece, which is not copied.
        if first.is_empty() && rest.is_empty() {
            first = data.copy_to_bytes(length);
        } else {
            rest.put(std::mem::take(&mut first));
            rest.put(data);
        }
    }
    // The permits go: from here on, the number of deliveries is limited.
    drop(permits);
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    #[tokio::test]
    async fn a_body_arrives_in_one_piece_or_in_several() {
        for (pieces, fits) in [
            (&["whole"][..], true),
            (&["in ", "three ", "pieces"], true),
            (&["", "after nothing"], true),
            (&["more than ", "twenty ", "bytes"], false),
        ] {
            let frames = pieces
                .iter()
                .map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::from_static(piece.as_bytes()))));
            let body = StreamBody::new(futures_util::stream::iter(frames));
            let read = read_body(&HeaderMap::new(), body, 20, Some(&read_budget(20))).await;
            assert_eq!(read.ok(), fits.then(|| pieces.concat().into()), "{pieces:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_refusal_is_counted_and_one_in_ten_seconds_is_logged() {
        let refusals = Refusals::default();
        assert_eq!(refusals.next_warning("a"), Some(0));
        for _ in 0..500 {
            assert_eq!(refusals.next_warning("a"), None);
        }
        tokio::time::advance(INTERVAL).await;
        assert_eq!(refusals.next_warning("a"), Some(500));
        assert_eq!(refusals.record(VerifyError::Mismatch), StatusCode::UNAUTHORIZED);
        assert_eq!(refusals.count(), 1);
    }
}
