#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod builder;
mod call;
mod client;
mod code;
mod credentials;
mod download;
mod error;
mod http_clients;
mod job;

mod options;
mod pages;
#[cfg(feature = "preview")]
mod stream;
mod upload;
mod video_agent;

pub use builder::HeyGenBuilder;
pub use call::telemetry::{CallReport, Observer, TryReport};
pub use client::HeyGen;
pub use code::{ErrorCode, UnknownCode};
pub use credentials::oauth::OAuth;
pub use credentials::{BoxError, TokenProvider};
#[cfg(feature = "preview")]
#[cfg_attr(docsrs, doc(cfg(feature = "preview")))]
pub use download::LayerFile;
pub use download::{
    ClipFile, Download, DownloadStream, Link, LipsyncFile, ProofreadFile, RenderFile, TranslationFile,
    VideoFile,
};
pub use error::{Error, ErrorKind};
pub use job::{Job, Step};
pub use options::Options;
pub use pages::{Items, Page, Paged, Pages};
#[cfg(feature = "preview")]
pub use stream::{Speech, SpeechPart, Words};
pub use upload::{File, Upload, UploadAll, UploadedAsset};
pub use video_agent::VideoAgent;

pub use heygen_api;
