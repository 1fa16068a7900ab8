#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod clock;
mod document;
mod door;
mod files;
mod refusal;
mod resources;
mod world;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use clock::Clock;
use world::World;

/// A running simulator. Many can run side by side in one process.
///
/// It runs as a task of the tokio runtime that started it, and ends with [`shutdown`](Self::shutdown) or when dropped.
pub struct Sim {
    world: Arc<World>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Sim {
    /// Options, with a free port, a key of its own and the real clock.
    pub fn builder() -> SimBuilder {
        SimBuilder::default()
    }

    /// Where it listens, such as `http://127.0.0.1:41234`.
    pub fn base_url(&self) -> &str {
        self.world.base_url()
    }

    /// The API key that it takes; as a bearer token too.
    pub fn api_key(&self) -> &str {
        self.world.api_key()
    }

    /// Moves a manual clock on. Other clocks move by themselves and take no notice.
    pub fn advance(&self, by: Duration) {
        self.world.clock().advance(by);
    }

    /// Stops taking connections, lets the answers under way finish, and waits for that.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver is gone only when the task is.
            let _ = stop.send(());
        }
        let _ = (&mut self.task).await;
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

/// Options of a [`Sim`].
#[derive(Debug)]
#[must_use]
pub struct SimBuilder {
    address: SocketAddr,
    api_key: String,
    clock: Clock,
    seed: u64,
}

impl Default for SimBuilder {
    fn default() -> Self {
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        Self { address, api_key: "sk-simulated".to_owned(), clock: Clock::real(), seed: 0 }
    }
}

impl SimBuilder {
    /// Listens on this port of the loopback interface; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Takes this key and no other.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = key.into();
        self
    }

    /// Runs by this clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes other ids; equal seeds make equal ids in equal order.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Listens and answers.
    ///
    /// # Errors
    ///
    /// The port is taken.
    pub async fn start(self) -> io::Result<Sim> {
        let listener = TcpListener::bind(self.address).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let world = Arc::new(World::new(base_url, self.api_key, self.clock, self.seed));
        let (stop, stopped) = oneshot::channel();
        let service = axum::Router::new().fallback(door::enter).with_state(Arc::clone(&world));
        let task = tokio::spawn(async move {
            let until = async {
                // A dropped handle stops it as a sent stop does.
                let _ = stopped.await;
            };
            // Serving fails only when the listener does, and then there is nobody to tell.
            let _ = axum::serve(listener, service).with_graceful_shutdown(until).await;
        });
        Ok(Sim { world, stop: Some(stop), task })
    }
}
