//! The simulator against bare axum handlers, in turns.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use heygen_sim::{Clock, Sim};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::client::{self, Connection};
use crate::figures::{Figures, Latencies};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

pub(crate) const VIDEO: &str = r#"{"type":"avatar","avatar_id":"Anna_sitting_public","script":"Hello"}"#;

/// A simulator that refuses no job for want of money or room.
pub(crate) async fn simulator(clock: Clock) -> io::Result<Sim> {
    Sim::builder().clock(clock).concurrency(usize::MAX).balance(1e12).start().await
}

/// Makes a video and gives its id.
pub(crate) async fn create(connection: &mut Connection, request: &[u8]) -> io::Result<String> {
    let (_, body) = connection.send(request).await?;
    id_of(body)
}

/// The id in the reply to a create.
pub(crate) fn id_of(body: &[u8]) -> io::Result<String> {
    let reply: Value = serde_json::from_slice(body)?;
    let id = reply["data"]["video_id"].as_str().map(str::to_owned);
    id.ok_or_else(|| io::Error::other(format!("a create was answered with {reply}")))
}

/// Measures, and prints the medians with their ratios.
pub(crate) async fn run() -> io::Result<()> {
    println!("{CONNECTIONS} connections, medians of {ROUNDS} rounds of {} s each, in turns", ROUND.as_secs());
    for (name, clock, age) in [
        ("status GET of a running video", Clock::real(), Duration::ZERO),
        // It has five links, each signed anew.
        ("status GET of a completed video", Clock::manual(), Duration::from_secs(600)),
    ] {
        let sim = simulator(clock).await?;
        let request = client::post("/v3/videos", sim.api_key(), VIDEO);
        let id = create(&mut Connection::open(client::address(sim.base_url())).await?, &request).await?;
        sim.advance(age);
        compare(name, sim, &client::get(&format!("/v3/videos/{id}"), "sk-simulated")).await?;
    }
    let sim = simulator(Clock::real()).await?;
    compare("create", sim, &client::post("/v3/videos", "sk-simulated", VIDEO)).await
}

async fn compare(name: &str, sim: Sim, request: &[u8]) -> io::Result<()> {
    let ours = client::address(sim.base_url());
    // The rival answers, without any thought, what the simulator does.
    let mut connection = Connection::open(ours).await?;
    let answer = String::from_utf8_lossy(connection.send(request).await?.1).into_owned();
    drop(connection);
    let mut rivals = JoinSet::new();
    let rival = rival(&mut rivals, answer).await?;

    // What a first round meets alone: pages of memory, buffers, branch predictors.
    for address in [ours, rival] {
        round(address, request, ROUND / 4).await?;
    }
    let (mut of_ours, mut of_rival) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_ours.push(round(ours, request, ROUND).await?);
        of_rival.push(round(rival, request, ROUND).await?);
    }
    let (of_ours, of_rival) = (Figures::median(&of_ours), Figures::median(&of_rival));
    println!("\n{name}");
    println!("  simulator   {of_ours}");
    println!("  bare axum   {of_rival}");
    println!("  ratio       {:>8.2}", of_ours.per_second / of_rival.per_second);
    sim.shutdown().await;
    rivals.shutdown().await;
    Ok(())
}

/// Two routes that do what a handler must: take the path apart, or parse the body; the answer is fixed.
async fn rival(tasks: &mut JoinSet<()>, answer: String) -> io::Result<SocketAddr> {
    let reply = move || ([(header::CONTENT_TYPE, "application/json")], answer.clone()).into_response();
    let made = reply.clone();
    let routes = Router::new()
        .route("/v3/videos/{video_id}", get(move |Path(_): Path<String>| async move { reply() }))
        .route("/v3/videos", post(move |Json(_): Json<Value>| async move { made() }));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // As the simulator does; a connection without it still works.
        let _ = stream.set_nodelay(true);
    });
    tasks.spawn(async move {
        // It serves until it is aborted.
        let _ = axum::serve(listener, routes).await;
    });
    Ok(address)
}

/// Sends one request over and over on each connection.
async fn round(address: SocketAddr, request: &[u8], length: Duration) -> io::Result<Figures> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(address).await?);
    }
    let mut clients = JoinSet::new();
    let start = Instant::now();
    for mut connection in connections {
        let request = request.to_vec();
        clients.spawn(async move {
            let mut latencies = Latencies::default();
            let mut sent = Instant::now();
            while sent.duration_since(start) < length {
                let (status, body) = connection.send(&request).await?;
                if status != 200 {
                    let body = String::from_utf8_lossy(body).into_owned();
                    return Err(io::Error::other(format!("{status}: {body}")));
                }
                let received = Instant::now();
                latencies.add(received - sent);
                sent = received;
            }
            Ok(latencies)
        });
    }
    let mut all = Latencies::default();
    while let Some(latencies) = clients.join_next().await {
        all.merge(&latencies.map_err(io::Error::other)??);
    }
    Ok(Figures::new(&all, start.elapsed()))
}
