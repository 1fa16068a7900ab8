//! Verified events as arguments of axum handlers, for programs that see to duplicates and slow work themselves.

use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;

use super::delivery_body::read;
use super::event::Event;
use super::verifier::{Verified, Verifier};

/// An event whose signature was good, as an argument of a handler. The state has the [`Verifier`], or is one.
///
/// It refuses what the [`Receiver`](super::Receiver) refuses, by the system's clock, and does nothing else for you: the same
/// event may come several times, the handler has to answer within 10 seconds, and how many bodies are read at once is for the
/// server to bound.
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
/// // The service looks whether there is somebody, by `OPTIONS` or `GET`.
/// let route = post(ended).get(async || ()).options(async || ());
/// let verifier = Verifier::new("whsec_…")?;
/// let app: Router = Router::new().route("/heygen", route).with_state(verifier);
/// # Ok::<_, heygen_ext::webhook::EmptySecret>(())
/// ```
#[derive(Debug, Clone)]
pub struct VerifiedEvent(pub Event);

/// Why a request is no event. It tells whoever sent it nothing but a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedEventRejection(StatusCode);

impl IntoResponse for VerifiedEventRejection {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl<S> FromRequest<S> for VerifiedEvent
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = VerifiedEventRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, VerifiedEventRejection> {
        let verifier = Verifier::from_ref(state);
        let (head, body) = request.into_parts();
        let refused = |problem| {
            super::receiver::log(problem);
            VerifiedEventRejection(super::receiver::refusal(problem))
        };
        Verifier::looks_signed(&head.headers).map_err(refused)?;
        let read = read(&head.headers, body, verifier.longest(), None).await;
        let body = read.map_err(|unread| VerifiedEventRejection(unread.status()))?.body;
        let verified = verifier.verify(&head.headers, body).map_err(refused)?;
        Verified::event(&verified).map(Self).map_err(|problem| {
            tracing::warn!(%problem, "cannot read a webhook delivery");
            VerifiedEventRejection(StatusCode::BAD_REQUEST)
        })
    }
}
