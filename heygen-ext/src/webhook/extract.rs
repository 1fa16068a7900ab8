//! An axum extractor for verified events, for programs with their own deduplication and background tasks.

use std::sync::LazyLock;

use axum_core::extract::{FromRef, FromRequest, Request};
use http::StatusCode;

use super::event::Event;
use super::headers::DeliveryHeaders;
use super::route::{Refusals, read_body};
use super::verifier::Verifier;
use super::verify_error::VerifyError;

/// The refusals of all routes that use the extractor.
static REFUSALS: LazyLock<Refusals> = LazyLock::new(Refusals::default);

/// An axum extractor for an event whose signature was verified. The state of the router is a [`Verifier`], or provides one by
/// `FromRef`.
///
/// The rejection is the status of the response: 400, 401, 408, 413 or 503. It refuses the same deliveries as the
/// [`Receiver`](super::Receiver). It does nothing else: the handler may receive the same event
/// several times, it must answer within 10 seconds, and the server must limit how many bodies are read at the same time.
///
/// ```
/// use axum::Router;
/// use axum::routing::post;
/// use heygen_ext::webhook::{Verifier, VerifiedEvent};
///
/// async fn ended(VerifiedEvent(event): VerifiedEvent) {
///     println!("{}", event.kind());
/// }
///
/// // The service checks by `OPTIONS` or `GET` that the endpoint exists.
/// let route = post(ended).get(async || ()).options(async || ());
/// let verifier = Verifier::new("whsec_…")?;
/// let app: Router = Router::new().route("/heygen", route).with_state(verifier);
/// # Ok::<_, heygen_ext::webhook::EmptySecret>(())
/// ```
#[derive(Debug, Clone)]
pub struct VerifiedEvent(pub Event);

impl<S> FromRequest<S> for VerifiedEvent
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = StatusCode;

    async fn from_request(request: Request, state: &S) -> Result<Self, StatusCode> {
        let verifier = Verifier::from_ref(state);
        let (head, body) = request.into_parts();
        let reject = |problem| REFUSALS.record(problem);
        let headers = DeliveryHeaders::read(&head.headers).map_err(reject)?;
        let read = read_body(&head.headers, body, verifier.max_body_size(), None).await;
        let body = read?;
        let verified = verifier.verify_read(&headers, None, body).map_err(reject)?;
        verified.event().map(Self).map_err(|problem| reject(VerifyError::NotAnEvent(problem)))
    }
}
