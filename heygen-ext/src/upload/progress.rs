//! Sees a body on its way: how far it is, whether it moves, and what broke at its source.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::error::Error;
use crate::idle_timeout::IdleTimer;

/// Takes the bytes sent, and all that there are.
pub(super) type OnProgress = Box<dyn FnMut(u64, u64) + Send>;

/// Watches the bodies of one upload, one after the other. Clones watch together.
#[derive(Clone)]
pub(super) struct UploadProgress(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    broke: Notify,
    /// Chunks as they leave, over all attempts.
    movement: IdleTimer,
}

struct State {
    tell: Option<OnProgress>,
    broken: Option<Error>,
    whole: bool,
}

impl UploadProgress {
    pub(super) fn new(tell: Option<OnProgress>) -> Self {
        let state = Mutex::new(State { tell, broken: None, whole: false });
        Self(Arc::new(Inner { state, broke: Notify::new(), movement: IdleTimer::new() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A chunk leaves, the last of so many bytes.
    pub(super) fn moves(&self, sent: u64, all: u64) {
        self.0.movement.moves();
        let mut state = self.state();
        state.whole |= sent == all;
        if let Some(tell) = &mut state.tell {
            tell(sent, all);
        }
    }

    /// The source cannot yield what was announced.
    pub(super) fn breaks(&self, error: Error) {
        self.state().broken = Some(error);
        self.0.broke.notify_one();
    }

    /// The outcome of sending, unless the source breaks: then that is the outcome, at once, and sending stops. No other
    /// try would mend it, and what the network says of a body that broke off hides the cause.
    pub(super) async fn guard<T>(&self, sending: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.0.broke.notified() => Err(self.cause().unwrap_or_else(|| Error::upload("the file broke off"))),
            sent = sending => sent.map_err(|error| self.cause().unwrap_or(error)),
        }
    }

    fn cause(&self) -> Option<Error> {
        self.state().broken.clone()
    }

    /// Whether a body left as a whole: the service may have it, whatever ended the next attempt.
    pub(super) fn sent_whole(&self) -> bool {
        self.state().whole
    }

    /// Comes back when nothing has moved for too long.
    pub(super) async fn idle(&self) {
        self.0.movement.idle().await;
    }
}
