//! Webhook events instead of polling.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::jobs::wakes::Wakes;
use crate::ledger::Ledger;
use crate::runtime::Runtime;
use crate::webhook::Event;

/// The pause between two reads of what other processes record.
const FOLLOW: Duration = Duration::from_secs(1);

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
///
/// # A receiver in another process
///
/// Both processes open one SQLite ledger. The receiver records events there with [`Ledger::signal`], and the process that
/// waits runs [`follow`](Self::follow).
///
/// ```no_run
/// use heygen_ext::ledger::Ledger;
/// use heygen_ext::webhook::Event;
/// use heygen_ext::{Error, HeyGen};
///
/// // In the receiver:
/// async fn handle(ledger: &impl Ledger, event: Event) -> Result<(), Error> {
///     match event.job_id() {
///         Some(id) => ledger.signal(id).await,
///         None => Ok(()),
///     }
/// }
///
/// // In the process that waits:
/// fn start(heygen: &HeyGen, ledger: impl Ledger) {
///     let hub = heygen.hub();
///     tokio::spawn(async move {
///         let error = hub.follow(&ledger).await;
///         eprintln!("events no longer arrive: {error}");
///     });
/// }
/// ```
pub struct Hub {
    wakes: Arc<Wakes>,
    runtime: Arc<dyn Runtime>,
}

impl Hub {
    pub(crate) fn new(wakes: Arc<Wakes>, runtime: Arc<dyn Runtime>) -> Self {
        wakes.add_hub();
        Self { wakes, runtime }
    }

    /// Wakes the waits for the job of a verified event. Returns how many there are.
    pub fn notify(&self, event: &Event) -> usize {
        event.job_id().map_or(0, |id| self.wakes.wake(id))
    }

    /// Wakes the waits for jobs that another process records in the ledger. It looks once a second, and returns only if the
    /// ledger cannot be read.
    pub async fn follow(&self, ledger: &impl Ledger) -> Error {
        let mut position = 0;
        loop {
            match ledger.signals(position).await {
                Ok((last, ids)) => {
                    position = last;
                    for id in ids {
                        self.wakes.wake(&id);
                    }
                }
                Err(error) => return error,
            }
            self.runtime.sleep(FOLLOW).await;
        }
    }
}

impl Clone for Hub {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.wakes), Arc::clone(&self.runtime))
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.wakes.remove_hub();
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}
