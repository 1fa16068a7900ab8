//! Tests of what crosses the crates.

mod architecture;
mod asset_inputs;
mod builders;
mod documentation;
mod error_chains;
mod errors;
mod events;
mod floors;
mod idempotency_keys;
mod imports;
mod newer;
mod odd_json;
mod pipeline;
mod printed_secrets;
mod raw;
mod refusals;
mod rules;
mod secrets;
mod shapes;
mod simulator;
mod simulator_streams;
mod spec_diff;
mod surface;
mod transports;
mod upload;
mod wire;
mod words;

use serde_json::Value;
use xtask::generate::{self, Paths, workspace_root};

/// The document with its overlay: still 3.1.
fn overlaid() -> Value {
    generate::overlaid(&Paths::of_workspace(&workspace_root())).unwrap()
}

/// The document as the generator takes it.
fn lowered() -> Value {
    generate::lowered(overlaid()).unwrap()
}
