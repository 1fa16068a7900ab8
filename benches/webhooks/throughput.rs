//! Requests per second of a complete receiver over HTTP, as a ratio to an axum handler that only reads the body.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use heygen_ext::webhook::{MemoryInbox, Receiver, Verifier};
use tokio::task::JoinSet;

use crate::client::Connection;
use crate::deliveries::{Deliveries, PATH};
use crate::figures::{Times, median, milliseconds};
use crate::{Failure, SECRET, server};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

/// Maximum time of a round, including its end.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Number of prepared requests, more than a round usually sends. A round ends with the last one.
const PREPARED: usize = 120_000;

/// The results of a round.
struct Round {
    /// Duration of the round, divided by the number of requests.
    each: Duration,
    /// 99th percentile of the response times.
    p99: Duration,
}

pub(crate) async fn run() -> Result<(), Failure> {
    let deliveries = Deliveries::new()?;
    let requests: Vec<_> = (0..PREPARED).map(|number| deliveries.request(number).into()).collect();
    let requests: Arc<[Bytes]> = requests.into();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // The first round is a warm-up.
    for number in 0..=ROUNDS {
        // A new receiver in each round, so that every event is new to it.
        let our = serve_round(receiver()?, &requests).await?;
        let their = serve_round(bare_handler(), &requests).await?;
        if number > 0 {
            ours.push(our);
            theirs.push(their);
        }
    }
    println!("complete requests of 2 KiB over {CONNECTIONS} connections, median of {ROUNDS} rounds of 2 s");
    let theirs = report("bare axum handler", &theirs);
    let ours = report("axum with a Receiver, in memory", &ours);
    println!("  ratio                       {:>10.3}", theirs.as_secs_f64() / ours.as_secs_f64());
    Ok(())
}

fn report(name: &str, rounds: &[Round]) -> Duration {
    let median_of = |value: fn(&Round) -> Duration| median(&rounds.iter().map(value).collect::<Vec<_>>());
    let (each, p99) = (median_of(|round| round.each), median_of(|round| round.p99));
    println!("  {name:<28}{:>8.0}/s   p99 {:>7.2} ms", each.as_secs_f64().recip(), milliseconds(p99));
    each
}

fn receiver() -> Result<Router, Failure> {
    let handler = async |_| Ok::<_, std::io::Error>(());
    Ok(Router::new().route_service(PATH, Receiver::new(Verifier::new(SECRET)?, MemoryInbox::new(handler))))
}

fn bare_handler() -> Router {
    Router::new().route(PATH, post(async |_: Bytes| StatusCode::OK))
}

async fn serve_round(routes: Router, requests: &Arc<[Bytes]>) -> Result<Round, Failure> {
    let mut tasks = JoinSet::new();
    let address = server::serve(&mut tasks, routes).await?;
    let round = tokio::time::timeout(TIMEOUT, round(address, requests)).await;
    tasks.shutdown().await;
    round.map_err(|_| format!("a round did not end within {TIMEOUT:?}"))?
}

/// Sends requests over all connections, one after another on each. Every request is sent at most once.
async fn round(address: SocketAddr, requests: &Arc<[Bytes]>) -> Result<Round, Failure> {
    let connections = Connection::open_all(address, CONNECTIONS).await?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    let start = Instant::now();
    for mut connection in connections {
        let (next, requests) = (Arc::clone(&next), Arc::clone(requests));
        clients.spawn(async move {
            let mut times = Times::default();
            let mut sent = Instant::now();
            while sent.duration_since(start) < ROUND {
                let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                match connection.send(request).await? {
                    200 => {}
                    other => return Err(Failure::from(format!("unexpected status {other}; expected 200"))),
                }
                let received = Instant::now();
                times.add(received - sent);
                sent = received;
            }
            Ok(times)
        });
    }
    let mut all = Times::default();
    while let Some(times) = clients.join_next().await {
        all.append(times??);
    }
    let each = start.elapsed() / u32::try_from(all.count().max(1))?;
    let [p99] = all.percentiles([99]);
    Ok(Round { each, p99 })
}
