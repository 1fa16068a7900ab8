//! Receives webhooks: verifies deliveries, deduplicates events, and runs a handler for each event.
//!
//! When a job ends, the service sends a POST to every registered endpoint that subscribes to the type of the event, and to
//! the `callback_url` of the request that started the job. This module implements the receiving side. The cargo feature
//! `webhook` is sufficient for it, and adds no HTTP client. The feature `client` adds the management of endpoints
//! (`HeyGen::webhooks`), and `axum` adds the extractor `VerifiedEvent`.
//!
//! | To | Use |
//! |---|---|
//! | serve a complete webhook route | [`Receiver`]: verifies, deduplicates, calls the handler, answers before the timeout |
//! | write your own route | [`Verifier`], which returns an [`Event`] |
//! | use several secrets, or rotate one | [`KeyRing`] |
//! | keep the record of handled events across restarts | [`EventStore`] |
//! | receive on a `callback_url`, where deliveries are not signed | [`CallbackGuard`] |
//! | register endpoints, rotate secrets, fetch missed events | `HeyGen::webhooks` |
//! | test your handler | [`testing`] |
//!
//! # With axum, hyper, or any server that runs tower services
//!
//! ```
//! use heygen_ext::webhook::{Event, Receiver, Verifier};
//!
//! let receiver = Receiver::new(Verifier::new("whsec_…")?, async |event: Event| {
//!     println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
//!     Ok::<_, std::io::Error>(())
//! });
//! let app: axum::Router = axum::Router::new().route_service("/heygen", receiver);
//! # Ok::<_, heygen_ext::webhook::EmptySecret>(())
//! ```
//!
//! # With any other framework
//!
//! [`Receiver::receive`] takes an `http::Request<Bytes>`. The example `webhook_actix` calls it from actix-web. Pass the body
//! unchanged: the signature covers its bytes, so JSON that was parsed and serialized again does not verify.
//!
//! Handlers run in tasks on the tokio runtime that called `receive`, and stop when that runtime shuts down. In a framework
//! whose workers have their own runtimes, such as actix-web, these tasks stop with the workers. Call `receive` on the runtime
//! of `main` there, as the example does.
//!
//! # Delivery guarantees of the service
//!
//! The service delivers an event at least once, in any order. It repeats a delivery for up to 24 hours, until it receives a
//! 2xx within 10 seconds. It documents the fields of only a few types: [`Payload`] contains the known fields, with one name
//! where the service has used two, and [`Event::raw`] contains everything that was received.

mod callback;
mod clock;
#[cfg(feature = "client")]
mod confirm;
mod delivery_body;
mod dispatch;
#[cfg(feature = "client")]
mod endpoints;
mod event;
mod event_key;
mod event_store;
mod event_url;
#[cfg(feature = "axum")]
mod extract;
mod fields;
mod headers;
mod job;
mod key_ring;
mod lease;
mod mac;
mod payload;
mod receiver;
#[cfg(feature = "client")]
mod reconcile;
mod service;
pub mod testing;
mod verifier;
mod verify_error;

pub use callback::{CallbackError, CallbackGuard, InvalidCallback, Unconfirmed};
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use confirm::ConfirmError;
pub use dispatch::Handler;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use endpoints::{EnsuredEndpoint, Webhooks};
pub use event::{Event, Failure, NotAnEvent, Outcome};
pub use event_key::EventKey;
pub use event_store::{Claim, Claimant, EventStore, InMemoryEventStore};
pub use event_url::EventUrl;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use extract::{VerifiedEvent, VerifiedEventRejection};
pub use job::JobKind;
pub use key_ring::KeyRing;
pub use mac::EmptySecret;
pub use payload::{
    AgentPayload, AvatarPayload, BatchPayload, ClippingPayload, FilePayload, Payload, PersonalizedPayload,
    TranslationPayload, VideoPayload,
};
pub use receiver::{Receiver, ReceiverBuilder};
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use reconcile::{ReconcileReport, Unhandled};
pub use verifier::{Verified, Verifier};
pub use verify_error::VerifyError;
