//! How the HeyGen OpenAPI document becomes a Rust client, and the other build tasks of this workspace.
//!
//! The way of a document: [`document`] (load, check) → [`overlay`] → [`lower`] → [`lint`] → [`emit`] → [`files`];
//! [`generate`] goes it.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bench;
pub mod diagnostic;
pub mod diff;
pub mod document;
pub mod emit;
pub mod files;
pub mod generate;
pub mod lint;
pub mod lower;
pub mod overlay;
pub mod rust_name;
pub mod surface;
pub mod walk;
