//! Webhook events instead of polling.

use std::fmt;
use std::sync::Arc;

use crate::jobs::wakes::Wakes;
use crate::webhook::Event;

/// Wakes waits by webhook events: the wait for the job of an event reads it at once. Made by
/// [`HeyGen::hub`](crate::HeyGen::hub).
///
/// While a hub exists, all waits of the client read four times less often. They still read, so that a lost event delays a
/// wait, but never loses it.
///
/// ```no_run
/// use heygen_ext::HeyGen;
/// use heygen_ext::webhook::Event;
///
/// # fn example(heygen: HeyGen) {
/// let hub = heygen.hub();
/// // In the handler of the program's webhook receiver:
/// let handle = move |event: &Event| {
///     hub.notify(event);
/// };
/// # }
/// ```
pub struct Hub(Arc<Wakes>);

impl Hub {
    pub(crate) fn new(wakes: Arc<Wakes>) -> Self {
        wakes.add_hub();
        Self(wakes)
    }

    /// Wakes the waits for the job of a verified event. Returns how many there are.
    pub fn notify(&self, event: &Event) -> usize {
        event.job_id().map_or(0, |id| self.0.wake(id))
    }
}

impl Clone for Hub {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.0))
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.0.remove_hub();
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}
