//! Wakes waits when a program learns by other means, such as a webhook, that a job has changed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// While events arrive, waits read this much less often.
const SLOWER: u32 = 4;

/// The waits of a client, by the ids that they wait for.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    waiting: Mutex<BTreeMap<String, Vec<Arc<Notify>>>>,
    hubs: AtomicUsize,
}

/// One wait that can be woken. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Sleeper {
    wakes: Arc<Wakes>,
    notify: Arc<Notify>,
    ids: Vec<String>,
}

impl Wakes {
    /// Registers a wait.
    pub(crate) fn sleeper(self: &Arc<Self>) -> Sleeper {
        Sleeper { wakes: Arc::clone(self), notify: Arc::default(), ids: Vec::new() }
    }

    /// Wakes the waits for this id. Returns how many there are.
    #[cfg(any(test, feature = "webhook"))]
    pub(crate) fn wake(&self, id: &str) -> usize {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let all = waiting.get(id).map(Vec::as_slice).unwrap_or_default();
        // A wait that is reading at the moment reads once more.
        all.iter().for_each(|notify| notify.notify_one());
        all.len()
    }

    #[cfg(feature = "webhook")]
    pub(crate) fn add_hub(&self) {
        self.hubs.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(feature = "webhook")]
    pub(crate) fn remove_hub(&self) {
        self.hubs.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many times longer pauses are.
    pub(crate) fn slower(&self) -> u32 {
        if self.hubs.load(Ordering::Relaxed) > 0 { SLOWER } else { 1 }
    }
}

impl Sleeper {
    /// Makes this id wake the wait, too.
    pub(crate) fn listen(&mut self, id: &str) {
        if self.ids.iter().any(|known| known == id) {
            return;
        }
        self.ids.push(id.to_owned());
        let mut waiting = self.wakes.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.entry(id.to_owned()).or_default().push(Arc::clone(&self.notify));
    }

    /// Returns when the wait is woken.
    pub(crate) async fn woken(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut waiting = self.wakes.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for id in &self.ids {
            if let Some(all) = waiting.get_mut(id) {
                all.retain(|notify| !Arc::ptr_eq(notify, &self.notify));
                if all.is_empty() {
                    waiting.remove(id);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_id_wakes_the_waits_that_listen_for_it() {
        let wakes = Arc::new(Wakes::default());
        let (mut one, mut two) = (wakes.sleeper(), wakes.sleeper());
        one.listen("session");
        one.listen("video");
        one.listen("video");
        two.listen("video");
        assert_eq!((wakes.wake("video"), wakes.wake("session"), wakes.wake("other")), (2, 1, 0));
        one.woken().await;
        two.woken().await;
        drop(one);
        assert_eq!((wakes.wake("video"), wakes.wake("session")), (1, 0));
        drop(two);
        assert!(wakes.waiting.lock().unwrap().is_empty());
    }
}
