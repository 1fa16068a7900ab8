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
//! | a memory that outlives the program | [`SeenEvents`] |
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
#[cfg(feature = "client")]
mod catch_up;
mod claiming;
#[cfg(feature = "client")]
mod confirm;
#[cfg(feature = "client")]
mod endpoints;
mod event;
#[cfg(feature = "axum")]
mod extract;
mod fields;
mod handling;
mod headers;
mod job;
mod key;
mod keys;
mod mac;
mod payload;
mod reading;
mod receiver;
mod seen;
mod service;
pub mod testing;
mod verifier;

pub use callback::{CallbackError, CallbackGuard, InvalidCallback, Unconfirmed};
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use catch_up::{CaughtUp, Left};
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use confirm::ConfirmError;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use endpoints::{Ensured, Webhooks};
pub use event::{Event, Failure, NotAnEvent, Outcome};
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use extract::{Refused, VerifiedEvent};
pub use handling::Handler;
pub use job::JobKind;
pub use key::EventKey;
pub use keys::KeyRing;
pub use mac::EmptySecret;
pub use payload::{
    AgentPayload, AvatarPayload, BatchPayload, ClippingPayload, EventUrl, FilePayload, Payload,
    PersonalizedPayload, TranslationPayload, VideoPayload,
};
pub use receiver::{Receiver, ReceiverBuilder};
pub use seen::{Claim, Claimant, SeenEvents, SeenInMemory};
pub use verifier::{Verified, Verifier, VerifyError};
