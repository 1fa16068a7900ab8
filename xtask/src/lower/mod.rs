//! Lowering: OpenAPI 3.1 in the provider's idiom becomes the plain 3.0.3 that the generator understands.
//!
//! Each pass is one small function on the document, in a file of its own, tested there on a few lines. The order in
//! [`lower`] is the whole coupling between them. What a pass finds out and a later stage needs stays in the document
//! as an `x-` extension; [`extension`] lists them.

pub mod aliases;
pub mod annotations;
pub mod any_of;
pub mod constants;
pub mod defaults;
pub mod documentation;
pub mod error_schema;
pub mod exclusive_bounds;
pub mod gates;
pub mod hoist;
pub mod inline_references;
pub mod media;
pub mod names;
pub mod null_types;
pub mod optional_lists;
pub mod page_limits;
pub mod patches;
pub mod prune;
pub mod ref_siblings;
pub mod replies;
pub mod resources;
pub mod sensitive;
pub mod service;
pub mod strictness;
pub mod unions;

use serde_json::Value;

use crate::diagnostic::Diagnostics;

/// Extensions that passes write and later stages read. `x-rust-name` may also stand in an overlay.
pub mod extension {
    /// Name that a schema's Rust type is to have; for inline schemas that several places share.
    pub const RUST_NAME: &str = "x-rust-name";
    /// On an inline schema that becomes a type: what the type is for (set in the overlay).
    pub const RUST_DESCRIPTION: &str = "x-rust-description";
    /// On a property: its Debug output is hidden (`true`, set in the overlay).
    pub const SENSITIVE: &str = "x-sensitive";
    /// On a property: a URL whose query may carry a signature.
    pub const SIGNED_URL: &str = "x-signed-url";
    /// On a property of a PATCH body: `null` clears it, so absent and null are two things.
    pub const CLEARABLE: &str = "x-clearable";
    /// On an operation: the document's own `operationId`.
    pub const OPERATION_ID: &str = "x-operation-id";
    /// On an operation: `preview` or `legacy`, the cargo feature it needs.
    pub const GATE: &str = "x-gate";
    /// On an operation: the scopes an OAuth token needs (the provider's own extension).
    pub const SCOPES: &str = "x-heygen-required-scopes";
    /// On the document: address of the service.
    pub const BASE_URL: &str = "x-base-url";
    /// On the document: name of the header that carries a key.
    pub const API_KEY_HEADER: &str = "x-api-key-header";
    /// On an operation: what its event stream carries, a component name.
    pub const EVENTS: &str = "x-events";
    /// On an operation: the parts of its multipart form.
    pub const MULTIPART: &str = "x-multipart";
    /// On an operation: statuses with which the document says it refuses.
    pub const REFUSALS: &str = "x-refusals";
    /// On an operation: how the schema of its success stands to the body of the reply; see [`replies`](super::replies).
    pub const REPLY: &str = "x-reply";
    /// On an operation: the resource that it belongs to, in snake case.
    pub const RESOURCE: &str = "x-resource";
    /// On the document: title and description of each resource.
    pub const RESOURCES: &str = "x-resources";
    /// On an operation: words that people search for it, beside its names (set in the overlay).
    pub const SEARCH_WORDS: &str = "x-search-words";
    /// On a component: optional fields that its example shows too (set in the overlay).
    pub const EXAMPLE_FIELDS: &str = "x-example-fields";
    /// On an operation that lists: the most items that a page may have.
    pub const PAGE_LIMIT: &str = "x-page-limit";
    /// On a union: a reference to the component that stands for every tag the mapping does not have.
    pub const OPEN_MEMBER: &str = "x-open-member";
}

/// Runs all passes.
pub fn lower(mut document: Value) -> Result<Value, Diagnostics> {
    document["openapi"] = "3.0.3".into();
    service::apply(&mut document);
    inline_references::apply(&mut document);
    constants::apply(&mut document);
    any_of::apply(&mut document);
    null_types::apply(&mut document);
    exclusive_bounds::apply(&mut document);
    documentation::apply(&mut document);
    gates::apply(&mut document);
    resources::apply(&mut document);
    annotations::apply(&mut document);
    names::apply(&mut document)?;
    error_schema::apply(&mut document);
    media::apply(&mut document);
    replies::apply(&mut document)?;
    patches::apply(&mut document);
    defaults::apply(&mut document);
    ref_siblings::apply(&mut document);
    aliases::apply(&mut document);
    hoist::apply(&mut document)?;
    unions::apply(&mut document)?;
    prune::apply(&mut document);
    page_limits::apply(&mut document);
    strictness::apply(&mut document);
    sensitive::apply(&mut document);
    optional_lists::apply(&mut document);
    Ok(crate::walk::canonical(document))
}
