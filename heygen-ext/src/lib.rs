#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod client;
mod download;
mod error;
mod job;
mod video_agent;

pub use client::{HeyGen, HeyGenBuilder};
pub use download::Download;
pub use error::{Error, ErrorKind};
pub use job::{Job, Step};
pub use video_agent::VideoAgent;

pub use heygen_api;
