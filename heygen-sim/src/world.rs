//! The simulator as a whole: its environment, its state behind a lock, and the work in the background.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::env::Env;
use crate::fault::Faults;
use crate::log::Log;
use crate::model::ledger::Ledger;
use crate::settings::Settings;
use crate::state::State;
use crate::{catalogue, lifecycle};

pub(crate) struct World {
    pub(crate) env: Env,
    /// For deliveries of webhooks.
    pub(crate) http: reqwest::Client,
    /// A delivery is over.
    pub(crate) settled: Notify,
    state: Mutex<State>,
    faults: Mutex<Faults>,
    log: Mutex<Log>,
    /// None once the simulator has ended.
    background: Mutex<Option<JoinSet<()>>>,
}

impl World {
    pub(crate) fn new(
        base_url: String,
        settings: Settings,
        clock: Clock,
    ) -> Result<Arc<Self>, reqwest::Error> {
        // Receivers are beside the simulator; the system's proxy does not know them.
        let http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
        let now = clock.now();
        let mut state = State::new(&settings, now);
        catalogue::fill(&mut state, now);
        Ok(Arc::new(Self {
            state: Mutex::new(state),
            env: Env::new(base_url, settings, clock),
            http,
            settled: Notify::new(),
            faults: Mutex::default(),
            log: Mutex::default(),
            background: Mutex::new(Some(JoinSet::new())),
        }))
    }

    /// The state as it is now: everything that was due has happened.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        lifecycle::settle(&self.env, &mut state, self.env.clock.now());
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

    /// Waits until nothing is due and no delivery is under way.
    pub(crate) async fn idle(&self) {
        loop {
            let settled = self.settled.notified();
            if self.state().deliveries.is_idle() {
                return;
            }
            self.env.wake.notify_one();
            settled.await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves the data as they were; there is nothing half-done to protect from.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
