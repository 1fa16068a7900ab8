//! Streams of realtime avatars.

use std::sync::Arc;

use tokio::sync::watch;

use crate::model::spoken_words::Words;

pub(crate) struct Stream {
    pub(crate) created: u64,
    pub(crate) words: Words,
    /// When text came last.
    pub(crate) fed: u64,
    /// Whether its text comes bit by bit.
    pub(crate) grows: bool,
    /// Whether more text may come.
    pub(crate) open: bool,
    pub(crate) cancelled: Option<u64>,
    /// Tells those who listen that something changed.
    pub(crate) changes: Arc<watch::Sender<u64>>,
}
