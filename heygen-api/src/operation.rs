//! What a transport may want to know of the operation that a request belongs to.

use http::Method;

/// Facts about one operation, as the document states them. Every generated operation has one in
/// [`operations`](crate::operations), and every request travels with it.
///
/// ```
/// let operation = &heygen_api::operations::CREATE_VIDEO;
/// assert_eq!(operation.path, "/v3/videos");
/// assert_eq!(operation.idempotency_key, heygen_api::IdempotencyKey::Optional);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// Name of the method on [`Client`](crate::Client).
    pub id: &'static str,
    /// The document's `operationId`.
    pub document_id: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path template, such as `/v3/videos/{video_id}`.
    pub path: &'static str,
    /// Scopes that an OAuth token needs.
    pub scopes: &'static [&'static str],
    /// Whether the operation takes an `Idempotency-Key`.
    pub idempotency_key: IdempotencyKey,
    /// What travels, for timeouts.
    pub transfer: Transfer,
    /// The cargo feature that brings the operation.
    pub gate: Gate,
}

/// Whether an operation takes an `Idempotency-Key`, with which a repeated request is answered, not executed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdempotencyKey {
    /// It takes none.
    None,
    /// It takes one.
    Optional,
    /// It is refused without one.
    Required,
}

/// What travels with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transfer {
    /// JSON or nothing, both ways.
    Json,
    /// A file goes up.
    Upload,
    /// Events come down for as long as they last.
    Events,
}

/// The cargo feature that brings an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gate {
    /// It is always there.
    None,
    /// `preview`: the provider keeps it out of its reference.
    Preview,
    /// `legacy`: a v1 or v2 operation, retired on 2026-10-31.
    Legacy,
}
