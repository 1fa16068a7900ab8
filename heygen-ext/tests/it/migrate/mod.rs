//! Tests of the migration of v1 and v2 programs.

mod document;
mod properties;
mod vectors;
mod videos;
