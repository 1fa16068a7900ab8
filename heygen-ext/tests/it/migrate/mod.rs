//! Tests of the migration of v1 and v2 programs.

mod agents;
mod answers;
mod completeness;
mod document;
mod facade;
mod failures;
mod gateway;
mod groups;
mod guide;
mod inspect;
mod money;
mod properties;
mod twins;
mod vectors;
mod video_options;
mod videos;
mod wire;
mod without_counterpart;
