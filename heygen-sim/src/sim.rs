//! The handle of a running simulator.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::builder::SimBuilder;
use crate::fault::{Fault, InvalidFault};
use crate::log::LoggedRequest;
use crate::model::delivery::{Delivery, SignatureGeneration};
use crate::sample_event;
use crate::world::World;

/// A running simulator. Many can run in one process.
///
/// It runs as tasks of the tokio runtime that started it. It ends with [`shutdown`](Self::shutdown), or when it is dropped.
pub struct Sim {
    world: Arc<World>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    background: JoinHandle<()>,
}

impl Sim {
    pub(crate) fn new(
        world: Arc<World>,
        stop: oneshot::Sender<()>,
        task: JoinHandle<()>,
        background: JoinHandle<()>,
    ) -> Self {
        Self { world, stop: Some(stop), task, background }
    }

    /// The options of a new simulator. By default it has a free port, the API key `sk-simulated` and the real clock.
    pub fn builder() -> SimBuilder {
        SimBuilder::default()
    }

    /// The base URL, such as `http://127.0.0.1:41234`.
    pub fn base_url(&self) -> &str {
        self.world.env.base_url()
    }

    /// The API key that requests must send in `X-Api-Key`.
    pub fn api_key(&self) -> &str {
        &self.world.env.settings.api_key.0
    }

    /// The newest access token of the token endpoint, `POST /v1/oauth/token`.
    pub fn access_token(&self) -> String {
        self.world.state().tokens.newest()
    }

    /// The refresh token that the token endpoint accepts.
    pub fn refresh_token(&self) -> String {
        self.world.state().tokens.refresh()
    }

    /// Makes all access tokens invalid. The refresh token stays valid.
    pub fn expire_tokens(&self) {
        self.world.state().tokens.expire();
    }

    /// The time of the simulator's clock, in milliseconds since 1970.
    pub fn now(&self) -> u64 {
        self.world.env.clock.now()
    }

    /// Advances a manual clock, and executes what is due by then. Has no effect on other clocks.
    ///
    /// Webhooks that are due are sent in the background; [`idle`](Self::idle) waits for them.
    pub fn advance(&self, by: Duration) {
        self.world.env.clock.advance(by);
        drop(self.world.state());
    }

    /// Runs a future, and advances the manual clock by `step` whenever the future has to wait for tokio's clock for that long.
    /// So code that polls needs no second task that advances the clock.
    ///
    /// With tokio's clock paused, as in `#[tokio::test(start_paused = true)]`, no real time passes.
    ///
    /// ```
    /// # async fn wait_for_video(_: &str) {}
    /// # async fn example(sim: heygen_sim::Sim) {
    /// use std::time::Duration;
    ///
    /// sim.drive(Duration::from_secs(1), wait_for_video("VIDEO_ID")).await;
    /// # }
    /// ```
    pub async fn drive<F: Future>(&self, step: Duration, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                biased;
                output = &mut future => return output,
                () = tokio::time::sleep(step) => self.advance(step),
            }
        }
    }

    /// Waits until each webhook that is due was delivered or has failed. Does not wait for webhooks that
    /// [`reverse_deliveries`](Self::reverse_deliveries) holds.
    ///
    /// On a manual clock, it waits for a receiver that does not respond until the clock is advanced by ten seconds.
    pub async fn idle(&self) {
        self.world.idle().await;
    }

    /// Sets a fault. If several match a request, only the first that is due applies, in the order in which they were set.
    ///
    /// # Errors
    ///
    /// The fault is invalid: for example, the operation is unknown, the probability is above 1, or the status is invalid.
    pub fn inject(&self, fault: Fault) -> Result<(), InvalidFault> {
        self.world.faults().add(fault)
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.world.faults().clear();
    }

    /// The faults in the order in which they were set, with how often each was applied.
    pub fn faults(&self) -> Vec<(Fault, u32)> {
        self.world.faults().list()
    }

    /// The newest 5,000 requests, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.world.log().requests()
    }

    /// Clears the log of requests.
    pub fn clear_requests(&self) {
        self.world.log().clear();
    }

    /// The newest 5,000 attempts to deliver a webhook, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.world.state().deliveries.records()
    }

    /// Sets how deliveries are signed from now on.
    pub fn sign_as(&self, generation: SignatureGeneration) {
        self.world.state().deliveries.generation = generation;
    }

    /// Delivers each of the next `count` webhooks twice.
    pub fn duplicate_deliveries(&self, count: usize) {
        self.world.state().deliveries.duplicate(count);
    }

    /// Holds the next webhooks until there are `count`, and then delivers them in reverse order.
    ///
    /// Webhooks that are already held count. If there are enough of them, or if `count` is 0, they are delivered at once.
    pub fn reverse_deliveries(&self, count: usize) {
        self.world.state().deliveries.reverse(count);
        self.world.env.wake.notify_one();
    }

    /// Sends an event about a resource that does not exist to the endpoints that subscribe to its type.
    ///
    /// # Errors
    ///
    /// The document does not have this event type.
    pub fn send_event(&self, event_type: &str) -> Result<(), UnknownEventType> {
        let known = sample_event::emit(&self.world.env, &mut self.world.state(), event_type);
        drop(self.world.state());
        if known { Ok(()) } else { Err(UnknownEventType(event_type.to_owned())) }
    }

    /// The balance of the wallet, in US dollars.
    pub fn balance(&self) -> f64 {
        self.world.state().wallet.balance()
    }

    /// Sets the balance of the wallet, in US dollars.
    pub fn set_balance(&self, dollars: f64) {
        self.world.state().wallet.set(dollars);
    }

    /// Stops accepting connections, and waits up to two seconds for the requests in progress.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // This fails only if the task has ended already.
            let _ = stop.send(());
        }
        // Stop deliveries first; requests in progress may still start background tasks.
        self.background.abort();
        let _ = (&mut self.background).await;
        let _ = (&mut self.task).await;
        self.world.stop_background();
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.background.abort();
        self.task.abort();
        self.world.stop_background();
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

/// The error when the document does not have an event type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEventType(String);

impl fmt::Display for UnknownEventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an event type; GET /v3/webhooks/event-types lists them", self.0)
    }
}

impl std::error::Error for UnknownEventType {}
