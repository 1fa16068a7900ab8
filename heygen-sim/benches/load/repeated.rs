//! One request, sent many times on one connection and one thread, to the simulator or to a bare axum handler. Nothing is
//! measured here: `cargo xtask bench sim` runs it under callgrind, which counts the instructions.

use std::io;
use std::time::Duration;

use clap::ValueEnum;
use heygen_sim::Clock;
use tokio::task::JoinSet;

use crate::client::{self, Connection};
use crate::versus::{VIDEO, create, serve_bare_axum, simulator};

/// Number of videos before a list is read: a page of a hundred is not the last.
const VIDEOS: usize = 150;

/// A time after which videos are completed.
const COMPLETED: Duration = Duration::from_secs(600);

/// The server to which the request is sent.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    Simulator,
    BareAxum,
}

/// The request.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Running,
    Completed,
    Create,
    PageOf10,
    PageOf100,
}

/// Sends a request `count` times. The bare handler sends the response of the simulator.
pub(crate) async fn run(side: Side, kind: Kind, count: usize) -> io::Result<()> {
    let sim = simulator(Clock::manual()).await?;
    let (address, key) = (client::address(sim.base_url()), sim.api_key());
    let mut connection = Connection::open(address).await?;
    let create_request = client::post("/v3/videos", key, VIDEO);
    let mut id = create(&mut connection, &create_request).await?;
    if matches!(kind, Kind::PageOf10 | Kind::PageOf100) {
        for _ in 0..VIDEOS {
            id = create(&mut connection, &create_request).await?;
        }
    }
    if kind != Kind::Running {
        sim.advance(COMPLETED);
    }
    let request = match kind {
        Kind::Running | Kind::Completed => client::get(&format!("/v3/videos/{id}"), key),
        Kind::Create => create_request,
        Kind::PageOf10 => client::get("/v3/videos?limit=10", key),
        Kind::PageOf100 => client::get("/v3/videos?limit=100", key),
    };
    let body = String::from_utf8_lossy(connection.send(&request).await?.1).into_owned();
    let mut tasks = JoinSet::new();
    let bare = serve_bare_axum(&mut tasks, body).await?;
    if side == Side::BareAxum {
        connection = Connection::open(bare).await?;
    }
    for _ in 0..count {
        let (status, _) = connection.send(&request).await?;
        if status != 200 {
            return Err(io::Error::other(format!("unexpected status {status}")));
        }
    }
    tasks.shutdown().await;
    sim.shutdown().await;
    Ok(())
}
