#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod assets;
#[cfg(feature = "client")]
mod client;
mod construct;
#[cfg(feature = "client")]
mod credentials;
mod decode;
#[cfg(feature = "client")]
mod error;
#[cfg(feature = "client")]
mod events;
#[allow(clippy::all, unused_imports, unused_qualifications, reason = "generated: readable first, idiomatic second")]
#[rustfmt::skip]
mod generated;
#[cfg(feature = "client")]
mod multipart;
mod open;
mod operation;
#[cfg(feature = "client")]
mod outgoing;
#[cfg(feature = "client")]
mod pages;
mod patch;
#[cfg(feature = "client")]
mod raw;
mod redact;
#[cfg(feature = "client")]
mod request;
#[cfg(feature = "client")]
mod response;
mod timestamp;
#[cfg(feature = "client")]
mod transport;

#[cfg(feature = "client")]
pub use client::{Client, ClientBuilder};
pub use construct::BuildError;
#[cfg(feature = "client")]
pub use credentials::Credentials;
pub use decode::from_json_slice;
#[cfg(feature = "client")]
pub use error::{Error, ErrorKind};
#[cfg(feature = "client")]
pub use events::{Event, EventStream};
#[cfg(feature = "client")]
pub use generated::builder;
pub use generated::{operations, types};
#[cfg(feature = "client")]
pub use multipart::FilePart;
pub use open::{UnknownMember, UnknownValue};
pub use operation::{Gate, IdempotencyKey, Operation, Transfer};
#[cfg(feature = "client")]
pub use outgoing::Request;
#[cfg(feature = "client")]
pub use pages::List;
pub use patch::Patch;
#[cfg(feature = "client")]
pub use raw::RawResponse;
#[cfg(feature = "client")]
pub use response::Response;
#[cfg(feature = "client")]
pub use transport::{BoxFuture, CallRecord, HttpTransport, Transport, TransportError};
