//! Tests that involve several crates.

mod architecture;
mod asset_inputs;
mod broken_documents;
mod builders;
mod constructs;
mod documentation;
mod error_chains;
mod errors;
mod events;
mod floors;
mod idempotency_keys;
mod imports;
mod invalid_requests;
mod newer_than_document;
mod pipeline;
mod printed_secrets;
mod proposals;
mod random_edits;
mod raw_response;
mod response_members;
mod rules;
mod samples;
mod secrets;
mod shapes;
mod simulator;
mod simulator_streams;
mod spans;
mod spec_diff;
mod spec_update;
mod surface;
mod transports;
mod unusual_json;
mod upload;
mod wire;
mod words;

use serde_json::Value;
use xtask::generate::{self, Paths, workspace_root};

/// The document with the overlay applied; still OpenAPI 3.1. `required` means requests where a schema is part of one, so
/// read-only properties are not among them.
fn overlaid() -> Value {
    let mut document = generate::load(&Paths::of_workspace(&workspace_root())).unwrap().overlaid;
    xtask::lower::read_only::apply(&mut document);
    document
}

/// The lowered document, which the generator reads.
fn lowered() -> Value {
    generate::load(&Paths::of_workspace(&workspace_root())).unwrap().lowered
}
