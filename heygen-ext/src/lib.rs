#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(feature = "client")]
mod address;
mod box_error;
#[cfg(feature = "client")]
mod builder;
#[cfg(feature = "client")]
mod call;
#[cfg(feature = "client")]
mod call_options;
#[cfg(feature = "webhook")]
mod callback;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod client_context;
#[cfg(feature = "client")]
mod credentials;
#[cfg(feature = "client")]
mod credentials_error;
#[cfg(feature = "client")]
mod download;
#[cfg(feature = "client")]
mod error;
#[cfg(feature = "client")]
mod http_client;
#[cfg(all(feature = "client", feature = "webhook"))]
mod hub;
#[cfg(feature = "client")]
mod idle_timeout;
#[cfg(feature = "client")]
pub mod jobs;
#[cfg(feature = "client")]
pub mod ledger;
#[cfg(feature = "migrate")]
#[cfg_attr(docsrs, doc(cfg(feature = "migrate")))]
pub mod migrate;
#[cfg(feature = "client")]
mod new_file;
#[cfg(feature = "client")]
mod pages;
#[cfg(any(feature = "client", feature = "inbox-sqlite"))]
mod private_file;
#[cfg(feature = "client")]
mod redaction;
#[cfg(feature = "client")]
mod runtime;
#[cfg(any(feature = "client", feature = "webhook-verify"))]
mod secret;
#[cfg(all(feature = "client", feature = "preview"))]
mod speech;
#[cfg(any(feature = "inbox-sqlite", feature = "inbox-postgres"))]
mod stored_inbox;
#[cfg(all(feature = "client", feature = "preview"))]
mod stream;
#[cfg(feature = "client")]
mod upload;
#[cfg(feature = "client")]
mod video_agent;
#[cfg(all(feature = "client", any(feature = "migrate", feature = "preview")))]
#[cfg_attr(not(feature = "preview"), allow(dead_code, reason = "only speech reads such files"))]
mod wav;
#[cfg(feature = "webhook-verify")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhook-verify")))]
pub mod webhook;
#[cfg(all(feature = "client", feature = "webhook"))]
mod webhook_endpoints;

#[cfg(feature = "client")]
mod client_surface {
    pub use crate::builder::HeyGenBuilder;
    pub use crate::call::telemetry::{AttemptReport, CallReport, Observer};
    pub use crate::call_options::CallOptions;
    pub use crate::client::HeyGen;
    pub use crate::credentials::TokenProvider;
    pub use crate::credentials::oauth::OAuth;
    #[cfg(feature = "preview")]
    #[cfg_attr(docsrs, doc(cfg(feature = "preview")))]
    pub use crate::download::LayerFile;
    pub use crate::download::{
        ClipFile, Download, DownloadStream, DownloadToPath, Link, LipsyncFile, ProofreadFile, RenderFile,
        TranslationFile, VideoFile,
    };
    pub use crate::error::{Error, ErrorKind};
    #[cfg(feature = "webhook")]
    #[cfg_attr(docsrs, doc(cfg(feature = "webhook")))]
    pub use crate::hub::Hub;
    pub use crate::pages::{Items, Paged, Pages};
    #[cfg(feature = "preview")]
    pub use crate::speech::{Speech, SpeechToPath};
    #[cfg(feature = "preview")]
    pub use crate::stream::{SpeechChunk, SpeechStream, WordStream};
    pub use crate::upload::{FileSource, Upload, UploadAll, UploadedAsset};
    pub use crate::video_agent::VideoAgent;
    pub use heygen_api::reqwest;
}

pub use box_error::BoxError;
#[cfg(feature = "client")]
pub use client_surface::*;

pub use heygen_api;
pub use heygen_api::{ErrorCode, http};
/// The crate of `SecretString`, which this crate takes and returns for secrets.
pub use secrecy;
