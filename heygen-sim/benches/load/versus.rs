//! Compares the simulator with bare axum handlers, in alternating rounds.

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

/// Starts a simulator that does not limit the number of jobs or their price.
pub(crate) async fn simulator(clock: Clock) -> io::Result<Sim> {
    Sim::builder().clock(clock).concurrency(usize::MAX).balance(1e12).start().await
}

/// Creates a video, and returns its id.
pub(crate) async fn create(connection: &mut Connection, request: &[u8]) -> io::Result<String> {
    let (_, body) = connection.send(request).await?;
    id_of(body)
}

/// Reads the id in the response to a create request.
pub(crate) fn id_of(body: &[u8]) -> io::Result<String> {
    let response: Value = serde_json::from_slice(body)?;
    let id = response["data"]["video_id"].as_str().map(str::to_owned);
    id.ok_or_else(|| io::Error::other(format!("the response to a create request has no id: {response}")))
}

/// Runs the comparisons, and prints the medians and their ratios.
pub(crate) async fn run() -> io::Result<()> {
    println!("{CONNECTIONS} connections, medians of {ROUNDS} alternating rounds of {} s", ROUND.as_secs());
    for (name, clock, age) in [
        ("status GET of a running video", Clock::real(), Duration::ZERO),
        // The response contains five links, and each is signed again.
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
    let sim_address = client::address(sim.base_url());
    // The bare handlers send the same response as the simulator.
    let mut connection = Connection::open(sim_address).await?;
    let body = String::from_utf8_lossy(connection.send(request).await?.1).into_owned();
    drop(connection);
    let mut tasks = JoinSet::new();
    let axum_address = serve_bare_axum(&mut tasks, body).await?;

    // A warm-up of memory pages, buffers and branch predictors.
    for address in [sim_address, axum_address] {
        round(address, request, ROUND / 4).await?;
    }
    let (mut of_sim, mut of_axum) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_sim.push(round(sim_address, request, ROUND).await?);
        of_axum.push(round(axum_address, request, ROUND).await?);
    }
    let (of_sim, of_axum) = (Figures::median(&of_sim), Figures::median(&of_axum));
    println!("\n{name}");
    println!("  simulator   {of_sim}");
    println!("  bare axum   {of_axum}");
    println!("  ratio       {:>8.2}", of_sim.per_second / of_axum.per_second);
    sim.shutdown().await;
    tasks.shutdown().await;
    Ok(())
}

/// Serves two routes with the minimal work of a handler: they parse the path or the body, and send a fixed response.
pub(crate) async fn serve_bare_axum(tasks: &mut JoinSet<()>, body: String) -> io::Result<SocketAddr> {
    let respond = move || ([(header::CONTENT_TYPE, "application/json")], body.clone()).into_response();
    let (created, listed) = (respond.clone(), respond.clone());
    let routes = Router::new()
        .route("/v3/videos/{video_id}", get(move |Path(_): Path<String>| async move { respond() }))
        .route(
            "/v3/videos",
            post(move |Json(_): Json<Value>| async move { created() }).get(move || async move { listed() }),
        );
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // The simulator sets it, too. The connection works without it.
        let _ = stream.set_nodelay(true);
    });
    tasks.spawn(async move {
        // It serves until the task is aborted.
        let _ = axum::serve(listener, routes).await;
    });
    Ok(address)
}

/// Sends the same request repeatedly on each connection.
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
                    return Err(io::Error::other(format!(
                        "unexpected status {status}; expected 200: {body}"
                    )));
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
