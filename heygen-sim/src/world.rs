//! What the simulator stands on: its settings, its clock, its state, and the work in the background.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::fault::Faults;
use crate::idempotency::Ledger;
use crate::log::Log;
use crate::state::State;
use crate::webhooks::deliver;

/// What the builder decides.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) api_key: Secret,
    pub(crate) seed: u64,
    /// Whether the operations of v1 and v2 work.
    pub(crate) legacy: bool,
    /// Whether the workspace has what only Enterprise has.
    pub(crate) enterprise: bool,
    /// US dollars in the wallet.
    pub(crate) balance: f64,
    /// Jobs that may run at once.
    pub(crate) concurrency: usize,
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) link_lifetime: Duration,
    /// Bytes that a direct upload may have.
    pub(crate) upload_limit: u64,
    /// Whether a webhook endpoint is probed when it is registered.
    pub(crate) probe: bool,
    /// Resources of each kind that are kept.
    pub(crate) keep: usize,
}

/// What is not printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    /// For deliveries of webhooks.
    pub(crate) http: reqwest::Client,
    /// Something is due earlier than before.
    pub(crate) wake: Notify,
    /// A delivery is over.
    pub(crate) settled: Notify,
    base_url: String,
    signing_secret: [u8; 32],
    ids: AtomicU64,
    request_ids: AtomicU64,
    chances: AtomicU64,
    links: AtomicU64,
    state: Mutex<State>,
    faults: Mutex<Faults>,
    log: Mutex<Log>,
    /// None once the simulator has ended.
    background: Mutex<Option<JoinSet<()>>>,
    this: Weak<Self>,
}

impl World {
    pub(crate) fn new(
        base_url: String,
        settings: Settings,
        clock: Clock,
    ) -> Result<Arc<Self>, reqwest::Error> {
        let signing_secret = Sha256::digest(format!("links with seed {}", settings.seed)).into();
        // Receivers are beside the simulator; a proxy of the system's knows nothing of them.
        let http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
        Ok(Arc::new_cyclic(|this| Self {
            this: this.clone(),
            state: Mutex::new(State::new(&settings, clock.now())),
            settings,
            clock,
            http,
            wake: Notify::new(),
            settled: Notify::new(),
            base_url,
            signing_secret,
            ids: AtomicU64::new(0),
            request_ids: AtomicU64::new(0),
            chances: AtomicU64::new(0),
            links: AtomicU64::new(0),
            faults: Mutex::default(),
            log: Mutex::default(),
            background: Mutex::new(Some(JoinSet::new())),
        }))
    }

    /// For what may outlive the simulator.
    pub(crate) fn handle(&self) -> Weak<Self> {
        self.this.clone()
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The state as it stands now: whatever was due has happened.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        state.settle(self, self.clock.now());
        state
    }

    /// The idempotency keys alone: what is due may wait, and a panic on the way here must not become another.
    pub(crate) fn ledger(&self, change: impl FnOnce(&mut Ledger)) {
        change(&mut lock(&self.state).ledger);
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    /// A new id: 32 hexadecimal digits, as the service's are.
    pub(crate) fn id(&self) -> String {
        self.digits("id", &self.ids)
    }

    pub(crate) fn request_id(&self) -> String {
        self.digits("request", &self.request_ids)
    }

    /// A number for a link: no two are the same.
    pub(crate) fn link_number(&self) -> u64 {
        self.links.fetch_add(1, Ordering::Relaxed)
    }

    /// A number from 0 up to 1, the same in each run with the same seed.
    pub(crate) fn chance(&self) -> f64 {
        let digits = self.digits("chance", &self.chances);
        let number = u32::from_str_radix(digits.get(..8).unwrap_or("0"), 16).unwrap_or(0);
        f64::from(number) / (f64::from(u32::MAX) + 1.0)
    }

    fn digits(&self, what: &str, counter: &AtomicU64) -> String {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        let mut digest = Sha256::new_with_prefix(self.settings.seed.to_be_bytes());
        digest.update(number.to_be_bytes());
        digest.update(what);
        const_hex::encode(digest.finalize().get(..16).unwrap_or_default())
    }

    /// What links are signed with: equal seeds sign equally, wherever the simulator listens.
    pub(crate) fn signing_secret(&self) -> &[u8] {
        &self.signing_secret
    }

    /// Runs something that outlives its request; it ends with the simulator, and does not begin after it.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(background) = lock(&self.background).as_mut() {
            while background.try_join_next().is_some() {}
            background.spawn(work);
        }
    }

    /// Ends what runs in the background, for good.
    pub(crate) fn abandon(&self) {
        let ended = lock(&self.background).take();
        // Not under the lock: what ends may want to start something.
        drop(ended);
    }

    /// Makes things happen when they are due, and carries deliveries out.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            let next = {
                let mut state = self.state();
                deliver::start(&self, &mut state);
                state.next_due()
            };
            let due = async {
                match next {
                    Some(then) => self.clock.sleep_until(then).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = self.wake.notified() => {}
            }
        }
    }

    /// Waits until nothing is due and no delivery is under way.
    pub(crate) async fn idle(&self) {
        loop {
            let settled = self.settled.notified();
            if self.state().deliveries.is_idle() {
                return;
            }
            self.wake.notify_one();
            settled.await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves the data as they were; there is nothing half-done to protect from.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last things of a kind, and no more than so many.
#[derive(Debug)]
pub(crate) struct Recent<T> {
    things: VecDeque<T>,
    keep: usize,
}

impl<T: Clone> Recent<T> {
    pub(crate) fn new(keep: usize) -> Self {
        Self { things: VecDeque::new(), keep }
    }

    pub(crate) fn push(&mut self, thing: T) {
        if self.things.len() == self.keep {
            self.things.pop_front();
        }
        self.things.push_back(thing);
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.things.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::SimBuilder;

    #[tokio::test]
    async fn nothing_begins_once_the_simulator_has_ended() {
        let settings = SimBuilder::default().settings;
        let world = World::new(String::new(), settings, Clock::manual()).unwrap();
        let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
        let start = || {
            let started = started.clone();
            world.spawn(async move {
                let _ = started.send(());
                std::future::pending().await
            });
        };
        start();
        assert_eq!(starts.recv().await, Some(()));
        world.abandon();
        start();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(starts.try_recv().is_err());
    }
}
