//! The receiver of callbacks: checks the address, reads the resource, and answers when the event is in the inbox.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tokio::sync::Semaphore;
use tower_service::Service;

use super::callback::{CallbackError, CallbackGuard, Unconfirmed};
use super::confirm::ConfirmError;
use super::delivery_body::{self, BodyError, read_body};
use super::event::Event;
use super::inbox::{Inbox, Inserted};
use super::receiver::{RESPONSE_TIMEOUT, unavailable};
use super::refusals::{Refusals, respond};
use crate::client::HeyGen;

/// Maximum size of a body, in bytes.
const MAX_BODY_SIZE: usize = 128 << 10;

/// Number of callbacks that may be confirmed at the same time.
const CAPACITY: usize = 64;

/// Receives callbacks, which the service does not sign: checks that a [`CallbackGuard`] made the address, confirms the event
/// by reading the resource, and inserts what is confirmed into an [`Inbox`].
///
/// Use it as a [`tower`](https://docs.rs/tower) service behind a route of axum or hyper, or pass complete requests to
/// [`receive`](Self::receive). After any other answer than 2xx, the service repeats the callback for up to 24 hours.
///
/// | Request | Response |
/// |---|---|
/// | `OPTIONS`, `GET`, `HEAD` | 2xx at once |
/// | the address was not made by the guard, or has expired | 401 |
/// | the body is too large, does not arrive within 5 seconds, or is not a JSON object | 413, 408, 400 |
/// | the resource contradicts the callback, does not exist, or is not the expected job | 403 |
/// | no operation reads the resource, or the type does not say that the job has ended | 422 |
/// | the job has not ended yet | 503; the service sends the callback again |
/// | the resource cannot be read, or the inbox fails, within 8 seconds | 503 |
/// | the inbox keeps the event, or has handled it | 200 |
///
/// ```no_run
/// use heygen_ext::HeyGen;
/// use heygen_ext::webhook::{CallbackGuard, CallbackReceiver, Inbox};
///
/// # fn example(heygen: HeyGen, inbox: impl Inbox) -> Result<(), heygen_ext::webhook::InvalidCallback> {
/// let base = "https://example.com/callback";
/// let guard = CallbackGuard::new("a secret of this program", base)?;
/// let callbacks = CallbackReceiver::new(guard.clone(), heygen, inbox);
/// let app: axum::Router =
///     axum::Router::new().route_service("/callback", callbacks);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CallbackReceiver(Arc<Inner>);

type FindJob = Arc<dyn Fn(&str) -> BoxFuture<'static, Option<String>> + Send + Sync>;

#[derive(Clone)]
struct Inner {
    guard: CallbackGuard,
    heygen: HeyGen,
    inbox: Arc<dyn Inbox>,
    find_job: Option<FindJob>,
    refusals: Arc<Refusals>,
    read_budget: Arc<Semaphore>,
    permits: Arc<Semaphore>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl CallbackReceiver {
    /// Creates a receiver that confirms callbacks with this client.
    pub fn new(guard: CallbackGuard, heygen: HeyGen, inbox: impl Inbox) -> Self {
        Self(Arc::new(Inner {
            guard,
            heygen,
            inbox: Arc::new(inbox),
            find_job: None,
            refusals: Arc::default(),
            read_budget: delivery_body::read_budget(MAX_BODY_SIZE),
            permits: Arc::new(Semaphore::new(CAPACITY)),
            clock: Arc::new(SystemTime::now),
        }))
    }

    /// Sets how the id of the job that belongs to a `callback_id` is found, as the response to its request had it. A callback
    /// about another job is refused; one whose job is `None` is answered 503, because the program may not have stored it yet.
    ///
    /// Without this, anyone who learns an address can name any job of the account that has ended so, under the `callback_id` of
    /// the address.
    #[must_use]
    pub fn expected_job<F>(mut self, find: impl Fn(&str) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<String>> + Send + 'static,
    {
        Arc::make_mut(&mut self.0).find_job = Some(Arc::new(move |id| Box::pin(find(id))));
        self
    }

    /// Sets the clock, for tests. The default is the system clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).clock = Arc::new(clock);
        self
    }

    /// How many callbacks were refused: with 400, 401, 403, 413 or 422.
    pub fn refused(&self) -> u64 {
        self.0.refusals.count()
    }

    /// Processes a request with a complete body, from any framework, and returns the response.
    ///
    /// # Panics
    ///
    /// If it is called outside of a tokio runtime, or in one without a timer.
    pub async fn receive(&self, request: Request<Bytes>) -> Response<Bytes> {
        if let Some(status) = answer_without_body(request.method()) {
            return respond(status);
        }
        let (head, body) = request.into_parts();
        if body.len() > MAX_BODY_SIZE {
            return self.refuse(&BodyError::TooLarge, StatusCode::PAYLOAD_TOO_LARGE);
        }
        match self.0.guard.check_at(&head.uri, body, (self.0.clock)()) {
            Ok(unconfirmed) => {
                match tokio::time::timeout(RESPONSE_TIMEOUT, self.confirm(unconfirmed)).await {
                    Ok(response) => response,
                    Err(_) => unavailable(),
                }
            }
            Err(problem @ CallbackError::NotAnEvent(_)) => self.refuse(&problem, StatusCode::BAD_REQUEST),
            Err(problem) => self.refuse(&problem, StatusCode::UNAUTHORIZED),
        }
    }

    async fn confirm(&self, unconfirmed: Unconfirmed) -> Response<Bytes> {
        let Ok(_permit) = self.0.permits.try_acquire() else { return unavailable() };
        match self.confirmed(&unconfirmed).await {
            Ok(event) => match self.0.inbox.insert(event).await {
                Ok(Inserted::New | Inserted::Known) => respond(StatusCode::OK),
                Ok(Inserted::Running) => unavailable(),
                Err(problem) => {
                    tracing::error!(%problem, "cannot keep the event of a callback; the service sends it again");
                    unavailable()
                }
            },
            Err(Some(problem)) => match problem {
                ConfirmError::NotYet { .. } => unavailable(),
                ConfirmError::NothingToRead | ConfirmError::UnknownType => {
                    self.refuse(&problem, StatusCode::UNPROCESSABLE_ENTITY)
                }
                ConfirmError::Call(error) if error.status() != Some(StatusCode::NOT_FOUND) => {
                    tracing::warn!(%error, "cannot confirm a callback; the service sends it again");
                    unavailable()
                }
                _ => self.refuse(&problem, StatusCode::FORBIDDEN),
            },
            Err(None) => unavailable(),
        }
    }

    /// The confirmed event. The error is `None` if the program does not know the job yet.
    async fn confirmed(&self, unconfirmed: &Unconfirmed) -> Result<Event, Option<ConfirmError>> {
        if let Some(find) = &self.0.find_job {
            let job = find(unconfirmed.callback_id()).await.ok_or(None)?;
            return unconfirmed.confirm(&self.0.heygen, &job).await.map_err(Some);
        }
        let event = unconfirmed.unchecked_event();
        match event.job_kind().zip(event.job_id()) {
            Some((kind, id)) => unconfirmed.confirm_job(&self.0.heygen, kind, id).await.map_err(Some),
            None => Err(Some(ConfirmError::NothingToRead)),
        }
    }

    /// Counts and logs a refused callback. The text of the problem has no part of the request, except what is escaped.
    fn refuse(&self, problem: &dyn fmt::Display, status: StatusCode) -> Response<Bytes> {
        self.0.refusals.count_one(problem, "refused a callback");
        respond(status)
    }
}

fn answer_without_body(method: &Method) -> Option<StatusCode> {
    match *method {
        Method::POST => None,
        Method::OPTIONS => Some(StatusCode::NO_CONTENT),
        Method::GET | Method::HEAD => Some(StatusCode::OK),
        _ => Some(StatusCode::METHOD_NOT_ALLOWED),
    }
}

impl<B> Service<Request<B>> for CallbackReceiver
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Send,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let receiver = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            if let Some(status) = answer_without_body(&head.method) {
                return Ok(respond(status));
            }
            let response =
                match read_body(&head.headers, body, MAX_BODY_SIZE, Some(&receiver.0.read_budget)).await {
                    Ok(body) => receiver.receive(Request::from_parts(head, body)).await,
                    Err(BodyError::BudgetExhausted) => unavailable(),
                    Err(error) => receiver.refuse(&error, error.status()),
                };
            Ok(response.map(Full::new))
        })
    }
}

impl fmt::Debug for CallbackReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackReceiver").field("refused", &self.refused()).finish_non_exhaustive()
    }
}
