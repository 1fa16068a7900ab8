//! Tests of the migration of v1 and v2 programs.

mod completeness;
mod document;
mod facade;
mod failures;
mod gateway;
mod guide;
mod inspect;
mod properties;
mod vectors;
mod video_options;
mod videos;
mod wire;
mod without_counterpart;
