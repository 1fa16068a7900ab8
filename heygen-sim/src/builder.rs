//! Options of a simulator.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::settings::{Secret, Settings};
use crate::sim::Sim;
use crate::world::World;
use crate::{delivery, server};

/// Options of a [`Sim`]. The defaults are those of the pay-as-you-go plan where the service states them.
#[derive(Debug)]
#[must_use]
pub struct SimBuilder {
    address: SocketAddr,
    clock: Clock,
    pub(crate) settings: Settings,
}

impl Default for SimBuilder {
    fn default() -> Self {
        let settings = Settings {
            api_key: Secret("sk-simulated".to_owned()),
            seed: 0,
            legacy: false,
            enterprise: false,
            balance: 1_000.0,
            concurrency: 10,
            requests_per_minute: None,
            link_lifetime: Duration::from_secs(3600),
            upload_limit: 200 * 1024 * 1024,
            probe: true,
            keep: 10_000,
        };
        Self { address: (Ipv4Addr::LOCALHOST, 0).into(), clock: Clock::real(), settings }
    }
}

impl SimBuilder {
    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Listens on this port of the loopback interface; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Runs by this clock; the default is [`Clock::real`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Takes this key; the default is `sk-simulated`.
    pub fn api_key(self, key: impl Into<String>) -> Self {
        self.set(|settings| settings.api_key = Secret(key.into()))
    }

    /// Makes other ids and chances; equal seeds and requests in equal order make equal answers. The default is 0.
    pub fn seed(self, seed: u64) -> Self {
        self.set(|settings| settings.seed = seed)
    }

    /// Lets the operations of v1 and v2 work. By default they answer 410: their support has ended.
    pub fn legacy(self, on: bool) -> Self {
        self.set(|settings| settings.legacy = on)
    }

    /// Allows what only Enterprise has: watermarks, stock voices, consent by recording. Off by default.
    pub fn enterprise(self, on: bool) -> Self {
        self.set(|settings| settings.enterprise = on)
    }

    /// US dollars in the wallet; the default is 1000. A job that costs more than is left is refused with 402.
    pub fn balance(self, dollars: f64) -> Self {
        self.set(|settings| settings.balance = dollars)
    }

    /// Avatar videos, translations and agent sessions that may run at once; the default is 10. One more is refused with
    /// 429 and `Retry-After`. A chat counts while it makes a video, and not while it waits for a person.
    pub fn concurrency(self, jobs: usize) -> Self {
        self.set(|settings| settings.concurrency = jobs)
    }

    /// Requests that are answered in a minute; the rest are refused with 429. By default nothing is limited: the service
    /// publishes none.
    pub fn requests_per_minute(self, requests: u32) -> Self {
        self.set(|settings| settings.requests_per_minute = Some(requests))
    }

    /// How long a link to a file holds; the default is an hour. The service states no figure for v3.
    pub fn link_lifetime(self, lifetime: Duration) -> Self {
        self.set(|settings| settings.link_lifetime = lifetime)
    }

    /// Largest direct upload in bytes; the default is 200 MiB. What is over 256 KiB goes to a temporary file.
    pub fn upload_limit(self, bytes: u64) -> Self {
        self.set(|settings| settings.upload_limit = bytes)
    }

    /// Whether a webhook endpoint must answer `OPTIONS` when it is registered, as it had to on v1. On by default.
    pub fn probe(self, on: bool) -> Self {
        self.set(|settings| settings.probe = on)
    }

    /// How many resources of each kind are kept beside those that are there from the start; the default is 10,000. The
    /// oldest go first, jobs that are over before those that run, so that memory stays flat.
    pub fn keep(self, resources: usize) -> Self {
        self.set(|settings| settings.keep = resources)
    }

    /// Listens and answers.
    ///
    /// # Errors
    ///
    /// The port is taken, or TLS for the delivery of webhooks cannot be set up.
    pub async fn start(self) -> io::Result<Sim> {
        let listener = TcpListener::bind(self.address).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let world = World::new(base_url, self.settings, self.clock).map_err(io::Error::other)?;
        let (stop, stopped) = oneshot::channel();
        let background = tokio::spawn(delivery::run(Arc::clone(&world)));
        let task = tokio::spawn(server::serve(listener, Arc::clone(&world), stopped));
        Ok(Sim::new(world, stop, task, background))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_not_in_what_is_printed() {
        let builder = SimBuilder::default().api_key("very secret").seed(7);
        for text in [format!("{builder:?}"), format!("{builder:#?}")] {
            assert!(!text.contains("very secret") && text.contains("seed: 7"), "{text}");
        }
    }
}
