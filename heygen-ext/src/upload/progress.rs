//! Tracks the bodies of an upload: their progress, the idle timeout, and errors of the file.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::error::Error;
use crate::idle_timeout::IdleTimer;

/// A callback that receives the number of bytes sent, and the size of the file.
pub(super) type OnProgress = Box<dyn FnMut(u64, u64) + Send>;

/// The progress of one upload, over all attempts. Clones share it.
#[derive(Clone)]
pub(super) struct UploadProgress(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    source_failed: Notify,
    /// Restarted by each chunk.
    idle_timer: IdleTimer,
}

struct State {
    on_progress: Option<OnProgress>,
    source_error: Option<Error>,
    /// Whether an attempt has sent the last byte.
    sent_all: bool,
}

impl UploadProgress {
    pub(super) fn new(on_progress: Option<OnProgress>) -> Self {
        let state = Mutex::new(State { on_progress, source_error: None, sent_all: false });
        Self(Arc::new(Inner { state, source_failed: Notify::new(), idle_timer: IdleTimer::new() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that a chunk is sent: `sent` bytes of `all`, including the chunk.
    pub(super) fn advance(&self, sent: u64, all: u64) {
        self.0.idle_timer.reset();
        let mut state = self.state();
        state.sent_all |= sent == all;
        if let Some(on_progress) = &mut state.on_progress {
            on_progress(sent, all);
        }
    }

    /// Records that the file could not be read as announced.
    pub(super) fn fail_source(&self, error: Error) {
        self.state().source_error = Some(error);
        self.0.source_failed.notify_one();
    }

    /// Waits for `sending`. If reading the file fails, stops sending and returns that error, because another attempt would
    /// fail too, and the error of the network would hide the cause.
    pub(super) async fn guard<T>(&self, sending: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.0.source_failed.notified() => Err(self.source_error().unwrap_or_else(|| Error::upload("the file cannot be read"))),
            sent = sending => sent.map_err(|error| self.source_error().unwrap_or(error)),
        }
    }

    fn source_error(&self) -> Option<Error> {
        self.state().source_error.clone()
    }

    /// Whether an attempt has sent the whole body. Then the service may have the file, although a later attempt failed.
    pub(super) fn sent_all(&self) -> bool {
        self.state().sent_all
    }

    /// Returns after the idle timeout without progress.
    pub(super) async fn idle_timeout(&self) {
        self.0.idle_timer.expired().await;
    }
}
