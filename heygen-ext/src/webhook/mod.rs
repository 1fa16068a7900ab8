//! Webhooks: nothing forged gets in, nothing true gets lost.
//!
//! The service tells a program when something has ended, by a POST to an endpoint that was registered, or to the
//! `callback_url` of a request. This module is the receiving end. Of the crate's features it needs `webhook` alone, and then
//! brings no HTTP client along; with `client` it manages endpoints too (`HeyGen::webhooks`), and `axum` adds
//! `VerifiedEvent`.
//!
//! | for | there is |
//! |---|---|
//! | a route that does it all | [`Receiver`]: verifies, recognises what comes again, hands over, answers in time |
//! | a route of one's own | [`Verifier`], and [`Event`] behind it |
//! | secrets that change | [`KeyRing`] |
//! | a memory that outlives the program | [`EventStore`] |
//! | `callback_url`, which is not signed | [`CallbackGuard`] |
//! | registering, rotating, catching up | `HeyGen::webhooks` |
//! | tests | [`testing`] |
//!
//! # In axum, hyper, or anything that speaks tower
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
//! # In any other framework
//!
//! [`Receiver::receive`] takes an `http::Request<Bytes>`; the example `webhook_actix` shows it with actix-web. Give it the
//! body as it came: the signature is of these bytes, and not of the JSON in them.
//!
//! Handlers run in tasks of the tokio runtime in which `receive` was called, and end with it. A framework whose workers have
//! runtimes of their own, as those of actix-web, takes them along when it stops: there let `receive` run on the runtime of
//! `main`, as the example does.
//!
//! # What the service promises, and what not
//!
//! An event comes at least once, in no promised order, again and again for 24 hours until it is answered with 2xx within
//! 10 seconds. Which fields it has is documented for few types; [`Payload`] has what is known, under one name where the
//! service has used two, and [`Event::raw`] all that came.

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
