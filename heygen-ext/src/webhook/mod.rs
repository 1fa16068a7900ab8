//! Receives webhooks: verifies deliveries, keeps their events in an inbox, and runs a handler for each event.
//!
//! When a job ends, the service sends a POST to every registered endpoint that subscribes to the type of the event, and to
//! the `callback_url` of the request that started the job. This module implements the receiving side.
//!
//! | To | Use | Feature |
//! |---|---|---|
//! | verify a delivery in one line, anywhere | [`Webhook::verify`] | `webhook-verify` |
//! | verify with several secrets, or rotate one | [`Verifier`], [`KeyRing`] | `webhook-verify` |
//! | test your handler | [`testing`] | `webhook-verify` |
//! | serve a complete webhook route | [`Receiver`] and an [`Inbox`] | `webhook` |
//! | handle events before the answer, without a disk | [`MemoryInbox`] | `webhook` |
//! | keep events in a file until they are handled | `SqliteInbox`, `Worker` | `inbox-sqlite` |
//! | share events between receivers and workers | `PostgresInbox`, `Worker` | `inbox-postgres` |
//! | run the server | `serve` | `webhook-server` |
//! | make and check a `callback_url`, where deliveries are not signed | [`CallbackGuard`] | `webhook` |
//! | serve a route for it, which confirms each callback | `CallbackReceiver` | `webhook`, `client` |
//! | register endpoints, rotate secrets, fetch missed events | `HeyGen::webhooks` | `webhook`, `client` |
//! | take events as arguments of axum handlers | `VerifiedEvent` | `axum` |
//!
//! None of these features adds an HTTP client, except `client`. `webhook-verify` needs no async runtime, and compiles for
//! `wasm32-unknown-unknown`.
//!
//! # With axum, hyper, or any server that runs tower services
//!
//! ```
//! # #[cfg(feature = "webhook")] {
//! use heygen_ext::webhook::{Event, MemoryInbox, Receiver, Verifier};
//!
//! let inbox = MemoryInbox::new(async |event: Event| {
//!     println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
//!     Ok::<_, std::io::Error>(())
//! });
//! let receiver = Receiver::new(Verifier::new("whsec_…")?, inbox);
//! let app: axum::Router = axum::Router::new().route_service("/heygen", receiver);
//! # }
//! # Ok::<_, heygen_ext::webhook::EmptySecret>(())
//! ```
//!
//! # With any other framework
//!
//! `Receiver::receive` takes an `http::Request<Bytes>`. The example `webhook_actix` calls it from actix-web. Pass the body
//! unchanged: the signature covers its bytes, so JSON that was parsed and serialized again does not verify.
//!
//! Handlers of a [`MemoryInbox`] run on the tokio runtime that called `receive`, and stop when that runtime shuts down. In
//! a framework whose workers have their own runtimes, such as actix-web, call `receive` on the runtime of `main`, as the
//! example does.
//!
//! # Delivery guarantees of the service
//!
//! The service delivers an event at least once, in any order. It repeats a delivery for up to 24 hours, until it receives a
//! 2xx within 10 seconds. It documents the fields of only a few types: [`Payload`] contains the known fields, with one name
//! where the service has used two, and [`Event::raw`] contains everything that was received.

pub(crate) mod event;
pub(crate) mod event_key;
#[cfg(feature = "axum")]
mod extract;
mod headers;
#[cfg(feature = "webhook")]
pub(crate) mod inbox;
pub(crate) mod key_ring;
#[cfg(feature = "webhook")]
pub(crate) mod memory;
pub(crate) mod payload;
#[cfg(feature = "webhook")]
mod receiver;
#[cfg(feature = "webhook")]
pub(crate) mod route;
#[cfg(feature = "webhook-server")]
mod serve;
pub mod testing;
pub(crate) mod verifier;
pub(crate) mod verify_error;

pub use event::{Event, Failure, JobKind, NotAnEvent, Outcome};
pub use event_key::EventKey;
pub use key_ring::{EmptySecret, KeyRing};
pub use payload::{EventUrl, Payload};
pub use verifier::{Verified, Verifier, Webhook};
pub use verify_error::VerifyError;

#[cfg(feature = "webhook")]
mod receiving {
    pub use super::inbox::{Handler, Inbox, Inserted, KnownKey};
    pub use super::memory::MemoryInbox;
    pub use super::receiver::Receiver;
    pub use crate::callback::{CallbackError, CallbackGuard, InvalidCallback, Unconfirmed};
}
#[cfg(feature = "webhook")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhook")))]
pub use receiving::*;

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use extract::VerifiedEvent;

#[cfg(feature = "webhook-server")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhook-server")))]
pub use serve::{Server, serve};

#[cfg(feature = "inbox-postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "inbox-postgres")))]
pub use crate::stored_inbox::PostgresInbox;
#[cfg(feature = "inbox-sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "inbox-sqlite")))]
pub use crate::stored_inbox::SqliteInbox;
#[cfg(any(feature = "inbox-sqlite", feature = "inbox-postgres"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "inbox-sqlite", feature = "inbox-postgres"))))]
pub use crate::stored_inbox::{InboxCounts, Worker, WorkerStopper};

#[cfg(all(feature = "client", feature = "webhook"))]
mod managing {
    pub use crate::callback::{CallbackReceiver, ConfirmError};
    pub use crate::webhook_endpoints::{EnsuredEndpoint, NotInserted, ReconcileReport, Webhooks};
}
#[cfg(all(feature = "client", feature = "webhook"))]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use managing::*;
