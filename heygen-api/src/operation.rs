//! What a transport may want to know of the operation that a request belongs to.

use std::borrow::Cow;

use http::Method;

/// Facts about one operation. Each operation of the document has one in [`operations`](crate::operations), and every
/// request travels with one.
///
/// ```
/// use heygen_api::IdempotencyKey;
///
/// let operation = &heygen_api::operations::CREATE_VIDEO;
/// assert_eq!(operation.path(), "/v3/videos");
/// assert_eq!(operation.idempotency_key(), IdempotencyKey::Optional);
/// ```
///
/// An operation that is newer than the document is made at run time:
///
/// ```
/// use heygen_api::{IdempotencyKey, Operation};
/// use http::Method;
///
/// let operation = Operation::new(Method::POST, "/v3/posters")
///     .with_idempotency_key(IdempotencyKey::Optional);
/// assert_eq!(operation.id(), "POST /v3/posters");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    id: Cow<'static, str>,
    document_id: &'static str,
    method: Method,
    path: Cow<'static, str>,
    scopes: &'static [&'static str],
    idempotency_key: IdempotencyKey,
    transfer: Transfer,
    gate: Gate,
}

impl Operation {
    /// An operation that the document does not have, named by its method and its path template.
    ///
    /// It takes no idempotency key and carries JSON until told otherwise.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let path = path.into();
        Self {
            id: Cow::Owned(format!("{method} {path}")),
            document_id: "",
            method,
            path: Cow::Owned(path),
            scopes: &[],
            idempotency_key: IdempotencyKey::None,
            transfer: Transfer::Json,
            gate: Gate::None,
        }
    }

    /// An operation of the document.
    pub(crate) const fn documented(
        id: &'static str,
        document_id: &'static str,
        method: Method,
        path: &'static str,
    ) -> Self {
        Self {
            id: Cow::Borrowed(id),
            document_id,
            method,
            path: Cow::Borrowed(path),
            scopes: &[],
            idempotency_key: IdempotencyKey::None,
            transfer: Transfer::Json,
            gate: Gate::None,
        }
    }

    /// The same operation with these scopes of an OAuth token.
    pub const fn with_scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// The same operation, which takes an `Idempotency-Key` as said.
    pub const fn with_idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.idempotency_key = key;
        self
    }

    /// The same operation with what it carries.
    pub const fn with_transfer(mut self, transfer: Transfer) -> Self {
        self.transfer = transfer;
        self
    }

    #[cfg_attr(
        not(any(feature = "preview", feature = "legacy")),
        allow(dead_code, reason = "only operations behind a feature have a gate")
    )]
    pub(crate) const fn with_gate(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    /// Name of the method on [`Client`](crate::Client), such as `create_video`; method and path for an operation that
    /// the document does not have.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The document's `operationId`, such as `createVideo`; empty for an operation that the document does not have.
    pub fn document_id(&self) -> &'static str {
        self.document_id
    }

    /// HTTP method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Path template, such as `/v3/videos/{video_id}`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Scopes that an OAuth token needs.
    pub fn scopes(&self) -> &'static [&'static str] {
        self.scopes
    }

    /// Whether the operation takes an `Idempotency-Key`.
    pub fn idempotency_key(&self) -> IdempotencyKey {
        self.idempotency_key
    }

    /// What travels, for timeouts.
    pub fn transfer(&self) -> Transfer {
        self.transfer
    }

    /// The cargo feature that brings the operation.
    pub fn gate(&self) -> Gate {
        self.gate
    }
}

/// Whether an operation takes an `Idempotency-Key`. The service answers a repeated request that has one with the first
/// answer, and executes it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdempotencyKey {
    /// The operation does not take one.
    None,
    /// The operation takes one.
    Optional,
    /// The service refuses a request without one.
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
