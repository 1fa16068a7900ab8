//! Facts about operations, which transports base their policies on.

use std::borrow::Cow;

use http::Method;

/// Facts about an operation. [`operations`](crate::operations) has one for each operation of the document, and every
/// request is sent with one.
///
/// ```
/// use heygen_api::IdempotencyKey;
///
/// let operation = &heygen_api::operations::CREATE_VIDEO;
/// assert_eq!(operation.path(), "/v3/videos");
/// assert_eq!(operation.idempotency_key(), IdempotencyKey::Optional);
/// ```
///
/// For an operation newer than the document, create one at run time:
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
    /// Creates an operation that the document does not have. Its id consists of its method and path template.
    ///
    /// By default, it does not take an idempotency key, and transfers JSON.
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

    /// Creates an operation of the document.
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

    /// Sets the scopes that an OAuth token needs.
    pub const fn with_scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// Sets whether the operation takes an `Idempotency-Key`.
    pub const fn with_idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.idempotency_key = key;
        self
    }

    /// Sets what the operation transfers.
    pub const fn with_transfer(mut self, transfer: Transfer) -> Self {
        self.transfer = transfer;
        self
    }

    #[cfg(any(feature = "preview", feature = "legacy"))]
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

    /// What the operation transfers, which determines its timeouts.
    pub fn transfer(&self) -> Transfer {
        self.transfer
    }

    /// The cargo feature that enables the operation.
    pub fn gate(&self) -> Gate {
        self.gate
    }
}

/// Whether an operation takes an `Idempotency-Key`. The service executes a request with a key once, and answers a
/// repetition with the first response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdempotencyKey {
    /// The operation does not take one.
    None,
    /// The operation takes one.
    Optional,
    /// The operation requires one: the service refuses a request without it.
    Required,
}

/// What an operation transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transfer {
    /// JSON or nothing, in both directions.
    Json,
    /// The request uploads a file.
    Upload,
    /// The response is an event stream, of any duration.
    Events,
}

/// The cargo feature that enables an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gate {
    /// The operation is always available.
    None,
    /// `preview`: the provider omits the operation from its reference.
    Preview,
    /// `legacy`: a v1 or v2 operation, retired on 2026-10-31.
    Legacy,
}
