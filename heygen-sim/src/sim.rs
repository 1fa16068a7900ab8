//! The handle to a running simulator.

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

/// A running simulator. Many can run side by side in one process.
///
/// It runs as tasks of the tokio runtime that started it, and ends with [`shutdown`](Self::shutdown) or when dropped.
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

    /// Options, with a free port, a key of its own and the real clock.
    pub fn builder() -> SimBuilder {
        SimBuilder::default()
    }

    /// Where it listens, such as `http://127.0.0.1:41234`.
    pub fn base_url(&self) -> &str {
        self.world.env.base_url()
    }

    /// The API key that it takes in `X-Api-Key`.
    pub fn api_key(&self) -> &str {
        &self.world.env.settings.api_key.0
    }

    /// The newest access token of its token endpoint, `POST /v1/oauth/token`.
    pub fn access_token(&self) -> String {
        self.world.state().tokens.newest()
    }

    /// The refresh token that the token endpoint takes.
    pub fn refresh_token(&self) -> String {
        self.world.state().tokens.refresh.clone()
    }

    /// Makes all access tokens invalid; the refresh token makes new ones.
    pub fn expire_tokens(&self) {
        self.world.state().tokens.expire();
    }

    /// The time by the simulator's clock: milliseconds since 1970.
    pub fn now(&self) -> u64 {
        self.world.env.clock.now()
    }

    /// Moves a manual clock on, and lets happen what is due by then. Other clocks move by themselves and take no notice.
    ///
    /// Webhooks that became due are sent from here on; [`idle`](Self::idle) waits for them.
    pub fn advance(&self, by: Duration) {
        self.world.env.clock.advance(by);
        drop(self.world.state());
    }

    /// Waits until every webhook that is due was delivered or has failed, but for those that
    /// [`reverse_deliveries`](Self::reverse_deliveries) holds.
    ///
    /// On a manual clock, a receiver that does not answer is waited for until the clock has been moved by ten seconds.
    pub async fn idle(&self) {
        self.world.idle().await;
    }

    /// Sets a fault. Of several that match a request, the first that was set strikes.
    ///
    /// # Errors
    ///
    /// The fault makes no sense: an unknown operation, a probability beyond 1, an invalid status.
    pub fn inject(&self, fault: Fault) -> Result<(), InvalidFault> {
        self.world.faults().add(fault)
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.world.faults().clear();
    }

    /// The faults that are set, in their order, and how often each has struck.
    pub fn faults(&self) -> Vec<(Fault, u32)> {
        self.world.faults().list()
    }

    /// The last 5,000 requests, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.world.log().requests()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.world.log().clear();
    }

    /// The last 5,000 attempts to deliver a webhook, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.world.state().deliveries.records()
    }

    /// Signs deliveries in this generation from now on.
    pub fn sign_as(&self, generation: SignatureGeneration) {
        self.world.state().deliveries.generation = generation;
    }

    /// Delivers each of the next so many webhooks twice.
    pub fn duplicate_deliveries(&self, count: usize) {
        self.world.state().deliveries.duplicate(count);
    }

    /// Holds the next so many webhooks, and delivers them in reverse order once the last is there.
    ///
    /// Those that are held already count. A number that they make up lets them go at once, as 0 does.
    pub fn reverse_deliveries(&self, count: usize) {
        self.world.state().deliveries.reverse(count);
        self.world.env.wake.notify_one();
    }

    /// Sends an event of that type, about nothing that exists, to the endpoints that want it.
    ///
    /// # Errors
    ///
    /// The document has no event of that type.
    pub fn send_event(&self, event_type: &str) -> Result<(), UnknownEventType> {
        let known = sample_event::emit(&self.world.env, &mut self.world.state(), event_type);
        drop(self.world.state());
        if known { Ok(()) } else { Err(UnknownEventType(event_type.to_owned())) }
    }

    /// Dollars left in the wallet.
    pub fn balance(&self) -> f64 {
        self.world.state().wallet.balance()
    }

    /// Puts so many dollars into the wallet in place of what is there.
    pub fn set_balance(&self, dollars: f64) {
        self.world.state().wallet.set(dollars);
    }

    /// Stops taking connections, lets the answers under way finish for up to two seconds, and waits for that.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver is gone only when the task is.
            let _ = stop.send(());
        }
        // What starts deliveries ends first; answers under way may still have some work to do.
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

/// An event type that the document does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEventType(String);

impl fmt::Display for UnknownEventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an event type; GET /v3/webhooks/event-types lists them", self.0)
    }
}

impl std::error::Error for UnknownEventType {}
