//! The options of a simulator.

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

/// The options of a [`Sim`]. Where the service documents limits, the defaults are those of the pay-as-you-go plan.
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
            scopes: vec!["*:*".to_owned()],
            burst_limit: None,
            lenient: false,
            callback_id_needs_url: false,
            remote_receivers: false,
            allowed_hosts: Vec::new(),
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

    /// Listens on this port of the loopback interface. The default, 0, selects a free port.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Sets the clock. The default is [`Clock::real`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the API key that requests must send. The default is `sk-simulated`.
    pub fn api_key(self, key: impl Into<String>) -> Self {
        self.set(|settings| settings.api_key = Secret(key.into()))
    }

    /// Sets the seed of ids and random choices. The same seed and the same requests in the same order result in the same
    /// responses. The default is 0.
    pub fn seed(self, seed: u64) -> Self {
        self.set(|settings| settings.seed = seed)
    }

    /// Enables the operations of v1 and v2. By default they respond with 410, because their support has ended.
    pub fn legacy(self, on: bool) -> Self {
        self.set(|settings| settings.legacy = on)
    }

    /// Enables Enterprise features: watermarks, stock voices, consent by recording. They are disabled by default.
    pub fn enterprise(self, on: bool) -> Self {
        self.set(|settings| settings.enterprise = on)
    }

    /// Sets the balance of the wallet in US dollars. The default is 1000. A job that costs more is refused with 402.
    pub fn balance(self, dollars: f64) -> Self {
        self.set(|settings| settings.balance = dollars)
    }

    /// Sets the maximum number of concurrent avatar videos, translations and agent sessions. The default is 10. Others are
    /// refused with 429 and `Retry-After`.
    ///
    /// A chat session counts while it creates a video, but not while it waits for a person.
    pub fn concurrency(self, jobs: usize) -> Self {
        self.set(|settings| settings.concurrency = jobs)
    }

    /// Sets the maximum number of requests per minute. Others are refused with 429. By default, the number is not limited,
    /// because the service does not publish a limit.
    pub fn requests_per_minute(self, requests: u32) -> Self {
        self.set(|settings| settings.requests_per_minute = Some(requests))
    }

    /// Sets how long a link to a file is valid. The default is one hour. The service does not document a lifetime for v3.
    pub fn link_lifetime(self, lifetime: Duration) -> Self {
        self.set(|settings| settings.link_lifetime = lifetime)
    }

    /// Sets the maximum size of a direct upload in bytes. The default is 200 MiB. Files above 256 KiB are stored on disk
    /// temporarily.
    pub fn upload_limit(self, bytes: u64) -> Self {
        self.set(|settings| settings.upload_limit = bytes)
    }

    /// Sets whether a webhook endpoint must respond to `OPTIONS` when it is registered, as in v1. The default is `true`.
    pub fn probe(self, on: bool) -> Self {
        self.set(|settings| settings.probe = on)
    }

    /// Sets the permissions of the API key, such as `videos:read`; `*:read` allows all reads. `videos:write` includes
    /// `videos:read`. A request that lacks a permission is refused with 403 `insufficient_api_key_scope`. By default the key
    /// may do everything.
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes = scopes.into_iter().map(Into::into).collect();
        self.set(|settings| settings.scopes = scopes)
    }

    /// Sets how many POST requests of one operation are taken within a second of real time, or of a manual clock. Others are
    /// refused with 429. By default, the number is not limited. The service was measured to take 13 of 20 requests at once.
    pub fn burst_limit(self, requests: usize) -> Self {
        self.set(|settings| settings.burst_limit = Some(requests))
    }

    /// Sets whether unknown members of bodies are ignored. By default they are refused, because the document closes most
    /// bodies. HeyGen's own integration for n8n sends members that the document does not have.
    pub fn lenient(self, on: bool) -> Self {
        self.set(|settings| settings.lenient = on)
    }

    /// Sets whether a `callback_id` without a `callback_url` is refused with 400. By default it is accepted. The service is
    /// known to refuse it in `POST /v1/video_agent/generate`; for v3 nothing is known.
    pub fn callback_id_needs_url(self, on: bool) -> Self {
        self.set(|settings| settings.callback_id_needs_url = on)
    }

    /// Sets whether webhooks, callbacks and probes may go to other machines. By default they go only to loopback addresses,
    /// because programs under test often contain the URLs of real systems. A delivery to another host is in the log, with
    /// the reason why it was not sent.
    pub fn allow_remote_receivers(self, on: bool) -> Self {
        self.set(|settings| settings.remote_receivers = on)
    }

    /// Allows another host name for `/__sim/`, such as the name of a container. Without it, `/__sim/` responds only to
    /// requests for a loopback host, so that web pages cannot reach it through a name of their own.
    pub fn allow_host(self, name: impl Into<String>) -> Self {
        self.set(|settings| settings.allowed_hosts.push(name.into()))
    }

    /// Sets the maximum number of resources of each kind, in addition to the presets. The default is 10,000. It bounds the
    /// memory: above it, the oldest resources are removed, ended jobs before running ones.
    pub fn keep(self, resources: usize) -> Self {
        self.set(|settings| settings.keep = resources)
    }

    /// Starts the simulator.
    ///
    /// # Errors
    ///
    /// The port is in use, or the HTTP client that delivers webhooks cannot be created.
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
    fn debug_output_does_not_contain_the_api_key() {
        let builder = SimBuilder::default().api_key("very secret").seed(7);
        for text in [format!("{builder:?}"), format!("{builder:#?}")] {
            assert!(!text.contains("very secret") && text.contains("seed: 7"), "{text}");
        }
    }
}
