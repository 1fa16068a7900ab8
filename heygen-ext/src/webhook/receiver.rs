//! The receiver: answers probes, verifies deliveries, and answers when their events are in the inbox.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use percent_encoding::percent_decode_str;
use tower_service::Service;

use super::event::Event;
use super::headers::DeliveryHeaders;
use super::inbox::Inbox;
use super::route::{Check, Refusals, Route, tower_service};
use super::verifier::Verifier;
use super::verify_error::VerifyError;

/// Number of deliveries that may wait for the inbox at the same time.
const CAPACITY: usize = 256;

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
pub struct Receiver(Arc<Route<Signatures>>);

/// Checks deliveries by their signatures.
#[derive(Clone)]
struct Signatures {
    verifier: Verifier,
    endpoint_in_path: bool,
}

impl Receiver {
    /// Creates a receiver that inserts events into an inbox.
    pub fn new(verifier: Verifier, inbox: impl Inbox) -> Self {
        let max_body_size = verifier.max_body_size();
        let check = Signatures { verifier, endpoint_in_path: false };
        Self(Arc::new(Route::new(check, inbox, max_body_size, CAPACITY)))
    }

    /// Takes the name of the endpoint from the last segment of the path, such as `/hooks/{endpoint}`, and tries only the
    /// secrets that the [`KeyRing`](super::KeyRing) has under this name.
    ///
    /// With secrets of a thousand tenants, a forged delivery then costs the HMAC of one secret, not of a thousand. Register
    /// the endpoint of each tenant with a URL that ends in the name.
    #[must_use]
    pub fn endpoint_in_path(mut self) -> Self {
        Arc::make_mut(&mut self.0).check.endpoint_in_path = true;
        self
    }

    /// Sets a function that is called with the reason of each refusal, for metrics. It replaces an earlier one.
    #[must_use]
    pub fn on_refusal(mut self, hook: impl Fn(&VerifyError) + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).refusals = Arc::new(Refusals::with_hook(hook));
        self
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
        self.0.respond(&head, Full::new(body)).await
    }
}

tower_service!(Receiver);

impl Check for Signatures {
    type Head<'a> = (DeliveryHeaders<'a>, &'a Parts);
    type Checked = Event;

    fn read_head<'a>(&self, head: &'a Parts) -> Result<Self::Head<'a>, VerifyError> {
        Ok((DeliveryHeaders::read(&head.headers)?, head))
    }

    fn check(
        &self,
        (headers, head): Self::Head<'_>,
        body: Bytes,
        refusals: &Refusals,
    ) -> Result<Event, StatusCode> {
        let endpoint = self.endpoint_in_path.then(|| last_segment(head.uri.path()));
        let verified = self.verifier.verify_read(&headers, endpoint.as_deref(), body);
        let verified = verified.map_err(|problem| refusals.record(problem))?;
        let event = verified.event().map_err(|problem| refusals.record(VerifyError::NotAnEvent(problem)))?;
        if let Some(problem) = verified.timestamp_problem() {
            refusals.warn(&problem, "accepted a webhook delivery whose timestamp is wrong");
        }
        Ok(event)
    }

    fn event(&self, event: Event, _: &Refusals) -> impl Future<Output = Result<Event, StatusCode>> + Send {
        std::future::ready(Ok(event))
    }
}

fn last_segment(path: &str) -> String {
    let segment = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
