//! The build tasks of this workspace. The main one generates the Rust client from HeyGen's OpenAPI document.
//!
//! The stages of the pipeline: [`document`] (load, check) → [`overlay`] → [`lower`] → [`lint`] → [`emit`] → [`files`].
//! [`generate`] runs them in this order. [`update`] brings in a newer document, and [`diff`] says what it changes.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bench;
pub mod diagnostic;
pub mod diff;
pub mod document;
pub mod emit;
pub mod files;
pub mod generate;
pub mod git;
pub mod keyword_types;
pub mod lint;
pub mod lower;
pub mod names_lock;
pub mod overlay;
pub mod propose;
pub mod rehearse;
pub mod rust_name;
pub mod surface;
pub mod surface_diff;
mod surface_macros;
pub mod update;
pub mod versions;
pub mod walk;
