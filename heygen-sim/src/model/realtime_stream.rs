//! Streams of realtime avatars.

use std::sync::Arc;

use tokio::sync::watch;

use crate::model::spoken_words::Words;

/// A realtime session: an avatar that speaks a text.
pub(crate) struct Stream {
    /// Creation time, in milliseconds since 1970.
    pub(crate) created: u64,
    /// The words of the text so far.
    pub(crate) words: Words,
    /// When text was added last, in milliseconds since 1970.
    pub(crate) last_text: u64,
    /// Whether the text is sent in parts, by later requests.
    pub(crate) incremental: bool,
    /// Whether more text may be added.
    pub(crate) open: bool,
    /// When it was canceled, in milliseconds since 1970.
    pub(crate) canceled: Option<u64>,
    /// Notifies the readers of the event stream of a change.
    pub(crate) changes: Arc<watch::Sender<u64>>,
}
