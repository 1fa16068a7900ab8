//! A simulator: its environment, its state behind a lock, and its background tasks.

use std::future::Future;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::api_error::ApiError;
use crate::clock::Clock;
use crate::env::Env;
use crate::fault::Faults;
use crate::log::Log;
use crate::model::idempotency::IdempotencyKeys;
use crate::receivers::Receivers;
use crate::settings::Settings;
use crate::state::State;
use crate::{catalogue, lifecycle};

/// How much heavy work is done at the same time. It bounds the memory that large bodies occupy.
const HEAVY_TASKS: usize = 2;

/// A simulator, shared by its tasks.
pub(crate) struct World {
    pub(crate) env: Env,
    /// To them webhooks are delivered, and they are probed.
    pub(crate) receivers: Receivers,
    /// Permits for work that takes long or much memory.
    heavy_work: Semaphore,
    /// Notified when a delivery attempt has ended.
    pub(crate) delivery_ended: Notify,
    state: RwLock<State>,
    faults: Mutex<Faults>,
    log: Mutex<Log>,
    /// Tasks that outlive the request that started them; `None` once the simulator has ended.
    background: Mutex<Option<JoinSet<()>>>,
}

impl World {
    pub(crate) fn new(
        base_url: String,
        settings: Settings,
        clock: Clock,
    ) -> Result<Arc<Self>, reqwest::Error> {
        let receivers = Receivers::new(settings.remote_receivers)?;
        let now = clock.now();
        let mut state = State::new(&settings, now);
        catalogue::fill(&mut state, now);
        Ok(Arc::new(Self {
            state: RwLock::new(state),
            env: Env::new(base_url, settings, clock),
            receivers,
            heavy_work: Semaphore::new(HEAVY_TASKS),
            delivery_ended: Notify::new(),
            faults: Mutex::default(),
            log: Mutex::default(),
            background: Mutex::new(Some(JoinSet::new())),
        }))
    }

    /// Locks the state, and executes what is due.
    pub(crate) fn state(&self) -> RwLockWriteGuard<'_, State> {
        let mut state = self.state.write();
        lifecycle::run_due(&self.env, &mut state, self.env.clock.now());
        state
    }

    /// The state for reading, after the execution of what is due. Several requests read it at the same time.
    pub(crate) fn read_state(&self) -> RwLockReadGuard<'_, State> {
        let now = self.env.clock.now();
        let state = self.state.read();
        if state.next_due().is_none_or(|due| due > now) {
            return state;
        }
        drop(state);
        drop(self.state());
        self.state.read()
    }

    /// Changes the idempotency keys without executing what is due. A destructor calls it, and a panic there would abort the
    /// process.
    pub(crate) fn change_idempotency_keys(&self, change: impl FnOnce(&mut IdempotencyKeys)) {
        change(&mut self.state.write().idempotency);
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock()
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock()
    }

    /// Starts a task that outlives its request and ends with the simulator. Does nothing if the simulator has ended.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(background) = self.background.lock().as_mut() {
            while background.try_join_next().is_some() {}
            background.spawn(work);
        }
    }

    /// Does work that takes long, such as reading a large body, on a thread of its own. So it does not hold up other
    /// requests, nor the end of the program.
    pub(crate) async fn heavy<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let permit = self.heavy_work.acquire().await;
        let done = tokio::task::spawn_blocking(work).await;
        drop(permit);
        done.unwrap_or_else(|_| Err(ApiError::internal("the request could not be processed")))
    }

    /// Ends the background tasks, and lets no other start.
    pub(crate) fn stop_background(&self) {
        let tasks = self.background.lock().take();
        // Drop them without the lock: a task that ends may call `spawn`.
        drop(tasks);
    }

    /// Waits until no delivery is due or being sent.
    pub(crate) async fn idle(&self) {
        loop {
            let delivery_ended = self.delivery_ended.notified();
            if self.state().deliveries.is_idle() {
                return;
            }
            self.env.wake.notify_one();
            delivery_ended.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::builder::SimBuilder;
    use crate::jobs::{self, NewJob};
    use crate::model::job::Kind;

    /// Nothing but the reader executes what is due here.
    #[tokio::test]
    async fn what_is_due_is_executed_before_the_state_is_read() {
        let settings = SimBuilder::default().settings;
        let world = World::new(String::new(), settings, Clock::manual()).unwrap();
        let before = world.read_state().wallet.balance();
        let body = json!({"title": "[sim:fail]"});
        let now = world.env.clock.now();
        jobs::submit(&world.env, &mut world.state(), now, NewJob::new(Kind::Video, &body)).unwrap();
        assert!(world.read_state().wallet.balance() < before);
        world.env.clock.advance(Duration::from_secs(3600));
        assert_eq!(
            world.read_state().wallet.balance().to_bits(),
            before.to_bits(),
            "a failed job is refunded"
        );
    }

    #[tokio::test]
    async fn no_task_starts_after_the_simulator_has_ended() {
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
        world.stop_background();
        start();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(starts.try_recv().is_err());
    }
}
