//! Lowering: turns the provider's OpenAPI 3.1 into the subset of 3.0.3 that the generator supports.
//!
//! Each pass is a function that changes the document, in a file of its own with its tests. Passes depend on each other only
//! by their order, which is in [`lower`]. A fact that a later stage needs is recorded in the document as an `x-` extension;
//! [`extension`] lists them.

pub mod aliases;
pub mod all_of;
pub mod annotations;
pub mod any_of;
pub mod constants;
pub mod defaults;
pub mod discriminators;
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
pub mod parameters;
pub mod patches;
pub mod prune;
pub mod read_only;
pub mod ref_siblings;
pub mod renames;
pub mod replies;
pub mod resources;
pub mod samples;
pub mod sensitive;
pub mod service;
pub mod strictness;
pub mod unions;
pub mod value_unions;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::names_lock::NamesLock;

/// Extensions that passes write and later stages read. Some are set in the overlay; their documentation says so.
pub mod extension {
    /// On a schema: name of its Rust type (set in the overlay). Equal inline schemas share one name.
    pub const RUST_NAME: &str = "x-rust-name";
    /// On an inline schema that becomes a type: description of the type (set in the overlay).
    pub const RUST_DESCRIPTION: &str = "x-rust-description";
    /// On a property: `true` if Debug must hide its value (set in the overlay).
    pub const SENSITIVE: &str = "x-sensitive";
    /// On a property: a URL whose query may carry a signature.
    pub const SIGNED_URL: &str = "x-signed-url";
    /// On a property of a PATCH body: `true` if `null` clears it, so that absent and null differ.
    pub const CLEARABLE: &str = "x-clearable";
    /// On an operation: its `operationId` in the document.
    pub const OPERATION_ID: &str = "x-operation-id";
    /// On an operation: the cargo feature that it needs, `preview` or `legacy`.
    pub const GATE: &str = "x-gate";
    /// On an operation: the scopes that an OAuth token needs (an extension of the provider).
    pub const SCOPES: &str = "x-heygen-required-scopes";
    /// On the document: base URL of the service.
    pub const BASE_URL: &str = "x-base-url";
    /// On the document: name of the header for the API key.
    pub const API_KEY_HEADER: &str = "x-api-key-header";
    /// On an operation: the component of the events in its event stream.
    pub const EVENTS: &str = "x-events";
    /// On an operation: schema of its multipart form.
    pub const MULTIPART: &str = "x-multipart";
    /// On an operation: the only credentials that it takes, `key`, `token` or `none`.
    pub const CREDENTIALS: &str = "x-credentials";
    /// On an operation: `true` if its body is sent as names and values of a form.
    pub const FORM_BODY: &str = "x-form-body";
    /// On an operation: the statuses of its error responses in the document.
    pub const REFUSALS: &str = "x-refusals";
    /// On an operation: what the schema of its successful response describes; see [`replies`](super::replies).
    pub const REPLY: &str = "x-reply";
    /// On an operation: the members of its reply's envelope beside `data`; see [`replies`](super::replies).
    pub const ENVELOPE: &str = "x-envelope";
    /// On an operation: its resource, in snake case.
    pub const RESOURCE: &str = "x-resource";
    /// On the document: title and description of each resource.
    pub const RESOURCES: &str = "x-resources";
    /// On an operation: additional words under which people search for it (set in the overlay).
    pub const SEARCH_WORDS: &str = "x-search-words";
    /// On a component: optional fields that its example also sets (set in the overlay).
    pub const EXAMPLE_FIELDS: &str = "x-example-fields";
    /// On an operation that lists: maximum number of items in a page.
    pub const PAGE_LIMIT: &str = "x-page-limit";
    /// On a union without a tag: `true` if the JSON types of its members differ, and so tell them apart.
    pub const BY_JSON_TYPE: &str = "x-by-json-type";
    /// On a union: reference to the component for every tag that is not in the mapping.
    pub const OPEN_MEMBER: &str = "x-open-member";
    /// On a schema: a value that the document gives as an example or as the default.
    pub const EXAMPLE: &str = "x-example";
    /// On an object: combinations whose members only require properties; see [`any_of`](super::any_of).
    pub const CONDITIONS: &str = "x-conditions";
    /// On the document: the schemas from which heygen-api makes samples; see [`samples`](super::samples).
    pub const SAMPLES: &str = "x-samples";
}

/// A lowered document.
#[derive(Debug)]
pub struct Lowered {
    /// The document, as far as the passes could lower it.
    pub document: Value,
    /// What the passes refuse.
    pub findings: Vec<Diagnostic>,
    /// Whether all passes ran. After a collision of names the rest would report nonsense.
    pub complete: bool,
}

/// Runs all passes, in order. Names in `lock` stay as they are.
pub fn lower(mut document: Value, lock: &NamesLock) -> Lowered {
    document["openapi"] = "3.0.3".into();
    service::apply(&mut document);
    inline_references::apply(&mut document);
    all_of::apply(&mut document);
    constants::apply(&mut document);
    discriminators::apply(&mut document);
    any_of::apply(&mut document);
    null_types::apply(&mut document);
    exclusive_bounds::apply(&mut document);
    parameters::apply(&mut document);
    documentation::apply(&mut document);
    gates::apply(&mut document);
    resources::apply(&mut document);
    read_only::apply(&mut document);
    annotations::apply(&mut document);
    if let Err(collisions) = names::apply(&mut document, lock) {
        return Lowered { document, findings: collisions.0, complete: false };
    }
    error_schema::apply(&mut document);
    media::apply(&mut document);
    let mut findings = Vec::new();
    findings.extend(replies::apply(&mut document).err().map(|all| all.0).into_iter().flatten());
    patches::apply(&mut document);
    defaults::apply(&mut document);
    ref_siblings::apply(&mut document);
    value_unions::apply(&mut document);
    aliases::apply(&mut document);
    if let Err(collisions) = hoist::apply(&mut document, lock) {
        findings.extend(collisions.0);
        return Lowered { document, findings, complete: false };
    }
    findings.extend(unions::apply(&mut document).err().map(|all| all.0).into_iter().flatten());
    prune::apply(&mut document);
    renames::apply(&mut document, lock, env!("CARGO_PKG_VERSION"));
    samples::apply(&mut document);
    page_limits::apply(&mut document);
    strictness::apply(&mut document);
    sensitive::apply(&mut document);
    optional_lists::apply(&mut document);
    Lowered { document: crate::walk::canonical(document), findings, complete: true }
}
