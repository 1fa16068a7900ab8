#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(feature = "client")]
mod address;
#[cfg(feature = "client")]
mod base_url;
mod builder_support;
#[cfg(feature = "client")]
mod call;
#[cfg(feature = "client")]
mod call_builder;
#[cfg(feature = "client")]
mod call_record;
#[cfg(feature = "client")]
mod called_operation;
#[cfg(feature = "client")]
mod causes;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod credentials;
mod decode;
#[cfg(feature = "client")]
mod error;
mod error_code;
#[cfg(feature = "client")]
mod events;
#[cfg(feature = "client")]
mod form;
#[allow(deprecated, reason = "generated code sets and reads all fields, deprecated ones too")]
#[allow(clippy::all, unused_imports, unused_qualifications, reason = "generated code favors readability")]
#[allow(unreachable_pub, reason = "without its feature, a module may be empty")]
#[allow(missing_docs, reason = "the document does not describe every field")]
#[rustfmt::skip]
mod generated;
#[cfg(feature = "client")]
mod http_transport;
#[cfg(feature = "client")]
mod into_text;
#[cfg(feature = "client")]
mod list;
#[cfg(feature = "client")]
mod mismatch;
#[cfg(feature = "client")]
mod multipart;
mod object;
mod open;
mod operation;
#[cfg(feature = "client")]
mod page;
mod patch;
#[cfg(feature = "client")]
mod raw;
mod redact;
#[cfg(feature = "client")]
mod refusal;
#[cfg(feature = "client")]
mod request;
#[cfg(feature = "client")]
mod request_builder;
#[cfg(feature = "client")]
mod response;
#[cfg(feature = "client")]
mod retry_after;
#[cfg(feature = "testing")]
pub mod testing;
mod timestamp;
#[cfg(feature = "client")]
mod transport;
#[cfg(feature = "client")]
mod transport_error;
mod union;

pub use builder_support::{BuildError, IntoValue};
#[cfg(feature = "client")]
pub use call_record::CallRecord;
#[cfg(feature = "client")]
pub use client::{Client, ClientBuilder};
#[cfg(feature = "client")]
pub use credentials::Credentials;
pub use decode::from_json_slice;
#[cfg(feature = "client")]
pub use error::{Error, ErrorKind, content_coding, redirect_location};
pub use error_code::ErrorCode;
#[cfg(feature = "client")]
pub use events::{Event, EventStream};
#[cfg(feature = "client")]
pub use generated::builder;
pub use generated::{operations, types};
/// The crate of the HTTP types in this crate's API: `Method`, `StatusCode`, `HeaderMap`.
pub use http;
#[cfg(feature = "client")]
pub use http_transport::{HttpTransport, http_client, refuse_content_codings};
#[cfg(feature = "client")]
pub use list::List;
#[cfg(feature = "client")]
pub use multipart::FilePart;
pub use open::{Extra, Json, UnknownMember, UnknownValue};
pub use operation::{Gate, IdempotencyKey, Operation, Transfer};
#[cfg(feature = "client")]
pub use page::Page;
pub use patch::Patch;
#[cfg(feature = "client")]
pub use raw::RawResponse;
#[cfg(feature = "client")]
pub use refusal::is_retryable_refusal;
#[cfg(feature = "client")]
pub use request::Request;
#[cfg(feature = "client")]
pub use request_builder::RequestBuilder;
/// The crate of the HTTP client in this crate's API: `reqwest::Client`.
#[cfg(feature = "client")]
pub use reqwest;
#[cfg(feature = "client")]
pub use response::Response;
#[cfg(feature = "client")]
pub use retry_after::retry_after;
pub use timestamp::parse_timestamp;
#[cfg(feature = "client")]
pub use transport::{BoxFuture, Transport, TransportFn, transport_fn};
#[cfg(feature = "client")]
pub use transport_error::TransportError;
