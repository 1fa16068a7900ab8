//! The receiver of callbacks: checks the address, reads the resource, and answers when the event is in the inbox.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use super::confirm::ConfirmError;
use super::guard::{CallbackError, CallbackGuard, Unconfirmed};
use crate::client::HeyGen;
use crate::webhook::event::Event;
use crate::webhook::inbox::Inbox;
use crate::webhook::route::{Check, Refusals, Route, tower_service};
use crate::webhook::verify_error::VerifyError;

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
/// let callbacks = CallbackReceiver::new(guard.clone(), heygen, inbox)
///     .expected_job(|callback_id| job_of(callback_id.to_owned()));
/// let app: axum::Router =
///     axum::Router::new().route_service("/callback", callbacks);
/// # Ok(())
/// # }
/// # async fn job_of(_: String) -> Option<String> { None }
/// ```
#[derive(Clone)]
pub struct CallbackReceiver(Arc<Route<Callbacks>>);

type FindJob = Arc<dyn Fn(&str) -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// Checks callbacks by their addresses and resources.
#[derive(Clone)]
struct Callbacks {
    guard: CallbackGuard,
    heygen: HeyGen,
    find_job: Option<FindJob>,
}

impl CallbackReceiver {
    /// Creates a receiver that confirms callbacks with this client.
    pub fn new(guard: CallbackGuard, heygen: HeyGen, inbox: impl Inbox) -> Self {
        let check = Callbacks { guard, heygen, find_job: None };
        Self(Arc::new(Route::new(check, inbox, MAX_BODY_SIZE, CAPACITY)))
    }

    /// Sets a function that returns the id of the job that belongs to a `callback_id`, from the response to its request. A
    /// callback about another job is refused. If the function returns `None`, the callback is answered 503, because the
    /// program may not have stored the job yet.
    ///
    /// Without it, anyone who knows a callback URL can report another finished job of your account under the `callback_id` of
    /// that URL.
    #[must_use]
    pub fn expected_job<F>(mut self, find: impl Fn(&str) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<String>> + Send + 'static,
    {
        Arc::make_mut(&mut self.0).check.find_job = Some(Arc::new(move |id| Box::pin(find(id))));
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
        let (head, body) = request.into_parts();
        self.0.respond(&head, Full::new(body)).await
    }
}

tower_service!(CallbackReceiver);

impl Check for Callbacks {
    type Head<'a> = &'a Uri;
    type Checked = Unconfirmed;

    fn read_head<'a>(&self, head: &'a Parts) -> Result<&'a Uri, VerifyError> {
        Ok(&head.uri)
    }

    fn check(&self, address: &Uri, body: Bytes, refusals: &Refusals) -> Result<Unconfirmed, StatusCode> {
        self.guard.check(address, body).map_err(|problem| match problem {
            CallbackError::NotAnEvent(_) => refusals.refuse(&problem, StatusCode::BAD_REQUEST),
            _ => refusals.refuse(&problem, StatusCode::UNAUTHORIZED),
        })
    }

    async fn event(&self, unconfirmed: Unconfirmed, refusals: &Refusals) -> Result<Event, StatusCode> {
        let confirmed = match &self.find_job {
            Some(find) => {
                let job = find(unconfirmed.callback_id()).await.ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
                unconfirmed.confirm(&self.heygen, &job).await
            }
            None => unconfirmed.confirm_claimed(&self.heygen).await,
        };
        confirmed.map_err(|problem| match problem {
            ConfirmError::NotYet { .. } => StatusCode::SERVICE_UNAVAILABLE,
            ConfirmError::NothingToRead | ConfirmError::UnknownType => {
                refusals.refuse(&problem, StatusCode::UNPROCESSABLE_ENTITY)
            }
            ConfirmError::Call(error) if error.status() != Some(StatusCode::NOT_FOUND) => {
                tracing::warn!(%error, "cannot confirm a callback; the service sends it again");
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => refusals.refuse(&problem, StatusCode::FORBIDDEN),
        })
    }
}
