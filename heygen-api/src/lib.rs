#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod assets;
mod client;
mod construct;
mod credentials;
mod error;
mod events;
#[allow(clippy::all, unused_imports, unused_qualifications, reason = "generated: readable first, idiomatic second")]
#[rustfmt::skip]
mod generated;
mod multipart;
mod open;
mod operation;
mod outgoing;
mod pages;
mod patch;
mod raw;
mod redact;
mod request;
mod response;
mod timestamp;
mod transport;

pub use client::{Client, ClientBuilder};
pub use construct::BuildError;
pub use credentials::Credentials;
pub use error::{Error, ErrorKind};
pub use events::{Event, EventStream};
pub use generated::{builder, operations, types};
pub use multipart::FilePart;
pub use open::{UnknownMember, UnknownValue};
pub use operation::{Gate, IdempotencyKey, Operation, Transfer};
pub use outgoing::Request;
pub use pages::List;
pub use patch::Patch;
pub use raw::RawResponse;
pub use response::Response;
pub use transport::{BoxFuture, CallRecord, HttpTransport, Transport, TransportError};
