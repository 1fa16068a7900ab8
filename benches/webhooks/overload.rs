//! A receiver under ten times the load that it can handle. It must refuse quickly, must not use more and more memory, and
//! must handle every event that it has accepted.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use heygen_ext::webhook::{MemoryInbox, Receiver, Verifier};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::client::Connection;
use crate::deliveries::{Deliveries, PATH, number};
use crate::figures::{Times, milliseconds};
use crate::{Failure, SECRET, server};

/// Duration of a handler. With [`CONCURRENCY`] handlers at the same time, the receiver handles 1,600 events per second.
const HANDLER_TIME: Duration = Duration::from_millis(10);
const CONCURRENCY: usize = 16;

/// Events that are sent per second.
const RATE: usize = 16_000;

/// Duration of the benchmark, in seconds.
const SECONDS: usize = 10;
const EVENTS: usize = RATE * SECONDS;

/// More than the capacity of the receiver, so that connections remain for the deliveries that it refuses. Both ends of a
/// connection are open files of this process, and many shells limit these to 1,024.
const CONNECTIONS: usize = 480;

/// Maximum growth of the memory after a third of the time, in KiB. It includes the keys of handled events.
const MAX_GROWTH: u64 = 32 << 10;

/// Minimum ratio of sent to handled events.
const MIN_OVERLOAD: f64 = 10.0;

/// Maximum time of a refusal (99th percentile).
const MAX_REFUSAL_TIME: Duration = Duration::from_millis(50);

/// Maximum time of the last responses, and of the last handlers.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Counts of each event, by its number.
struct Ledger {
    accepted: Vec<AtomicU8>,
    handled: Vec<AtomicU8>,
}

impl Ledger {
    fn new() -> Self {
        let column = || (0..EVENTS).map(|_| AtomicU8::new(0)).collect();
        Self { accepted: column(), handled: column() }
    }

    fn count(column: &[AtomicU8], number: usize) {
        if let Some(count) = column.get(number) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Number of events that were not handled as often as they were accepted.
    fn mismatches(&self) -> usize {
        let load = |count: &AtomicU8| count.load(Ordering::Relaxed);
        let pairs = self.accepted.iter().zip(&self.handled);
        pairs.filter(|(accepted, handled)| load(accepted) != load(handled)).count()
    }
}

/// The responses that the clients have received.
#[derive(Default)]
struct Responses {
    /// Times of the 200 responses.
    handled: Times,
    /// Times of the 503 responses.
    refused: Times,
    /// How late each request was sent.
    lateness: Times,
}

pub(crate) async fn run() -> Result<(), Failure> {
    let ledger = Arc::new(Ledger::new());
    let (receiver, inbox) = receiver(&ledger)?;
    let mut tasks = JoinSet::new();
    let address = server::serve(&mut tasks, Router::new().route_service(PATH, receiver)).await?;
    let start = Instant::now() + Duration::from_millis(100);
    let after_third = tokio::spawn(async move {
        sleep_until(start + Duration::from_secs(SECONDS as u64) / 3).await;
        resident_memory()
    });
    let limit = Duration::from_secs(SECONDS as u64) + TIMEOUT;
    let responses = timeout(limit, send_all(address, start, &ledger)).await;
    let responses = responses.map_err(|_| format!("no complete set of responses within {limit:?}"))??;
    let (elapsed, after_third, at_end) = (start.elapsed(), after_third.await?, resident_memory());
    let drained = timeout(TIMEOUT, inbox.finish()).await;
    drained.map_err(|_| format!("the handlers did not end within {TIMEOUT:?}"))?;
    tasks.shutdown().await;
    report(responses, elapsed)?;
    validate(&ledger, after_third.zip(at_end))
}

fn receiver(ledger: &Arc<Ledger>) -> Result<(Receiver, MemoryInbox), Failure> {
    let ledger = Arc::clone(ledger);
    let handler = move |event| {
        let ledger = Arc::clone(&ledger);
        async move {
            sleep(HANDLER_TIME).await;
            let number = number(&event).ok_or("the benchmark did not send this event")?;
            Ledger::count(&ledger.handled, number);
            Ok::<_, Failure>(())
        }
    };
    let inbox = MemoryInbox::new(handler).concurrency(CONCURRENCY);
    Ok((Receiver::new(Verifier::new(SECRET)?, inbox.clone()), inbox))
}

/// Sends every event when it is due, independently of earlier responses.
async fn send_all(address: SocketAddr, start: Instant, ledger: &Arc<Ledger>) -> Result<Responses, Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let deliveries = Arc::new(Deliveries::new()?);
    let mut clients = JoinSet::new();
    for connection in Connection::open_all(address, CONNECTIONS).await? {
        let (next, deliveries, ledger) = (Arc::clone(&next), Arc::clone(&deliveries), Arc::clone(ledger));
        clients.spawn(client(connection, start, next, deliveries, ledger));
    }
    let mut all = Responses::default();
    while let Some(responses) = clients.join_next().await {
        let responses = responses??;
        all.handled.append(responses.handled);
        all.refused.append(responses.refused);
        all.lateness.append(responses.lateness);
    }
    Ok(all)
}

async fn client(
    mut connection: Connection,
    start: Instant,
    next: Arc<AtomicUsize>,
    deliveries: Arc<Deliveries>,
    ledger: Arc<Ledger>,
) -> Result<Responses, Failure> {
    let mut responses = Responses::default();
    let end = start + Duration::from_secs(SECONDS as u64);
    while Instant::now() < end {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= EVENTS {
            break;
        }
        let due = start + Duration::from_secs(SECONDS as u64).mul_f64(number as f64 / EVENTS as f64);
        sleep_until(due).await;
        let request = deliveries.request(number);
        let sent = Instant::now();
        responses.lateness.add(sent - due);
        let status = connection.send(&request).await?;
        let elapsed = sent.elapsed();
        match status {
            200 => responses.handled.add(elapsed),
            503 => responses.refused.add(elapsed),
            other => return Err(format!("unexpected status {other}; expected 200 or 503").into()),
        }
        if status != 503 {
            Ledger::count(&ledger.accepted, number);
        }
    }
    Ok(responses)
}

/// Prints the results. Fails if the receiver was not overloaded, or if refusals were slow.
fn report(responses: Responses, elapsed: Duration) -> Result<(), Failure> {
    let sent = responses.lateness.count();
    let per_second = |count: usize| count as f64 / elapsed.as_secs_f64();
    let (handled, refused) = (responses.handled.count(), responses.refused.count());
    println!("overload: handlers of 10 ms, concurrency {CONCURRENCY}, {SECONDS} s");
    let overload = sent as f64 / handled.max(1) as f64;
    let [p50, p99] = responses.lateness.percentiles([50, 99]);
    let lateness = format!("late by p50 {:.2} ms, p99 {:.2} ms", milliseconds(p50), milliseconds(p99));
    println!("  sent     {sent:>8}   {:>7.0}/s   of {RATE}/s, {lateness}", per_second(sent));
    let mut slowest_refusal = Duration::ZERO;
    for (status, count, times) in [(200, handled, responses.handled), (503, refused, responses.refused)] {
        let percentiles = times.percentiles([50, 99]);
        slowest_refusal = percentiles[1];
        let [p50, p99] = percentiles.map(milliseconds);
        let rate = per_second(count);
        println!("  {status}      {count:>8}   {rate:>7.0}/s   p50 {p50:>7.2} ms   p99 {p99:>7.2} ms");
    }
    println!("  sent {overload:.1} times as many as handled   (must be at least {MIN_OVERLOAD})");
    if overload < MIN_OVERLOAD || refused == 0 {
        return Err("this machine is too slow to overload the receiver; use a faster or an idle one".into());
    }
    if slowest_refusal > MAX_REFUSAL_TIME {
        return Err(format!("the 99th percentile of refusals is above {MAX_REFUSAL_TIME:?}").into());
    }
    Ok(())
}

/// Fails if an event was lost or handled twice, or if the memory grew.
fn validate(ledger: &Ledger, memory: Option<(u64, u64)>) -> Result<(), Failure> {
    let mismatches = ledger.mismatches();
    println!("  events lost, or handled too often  {mismatches}   (must be 0)");
    // `None` on systems other than Linux.
    if let Some((after_third, at_end)) = memory {
        let mib = |kib: u64| kib as f64 / 1024.0;
        let (third_mib, end_mib) = (mib(after_third), mib(at_end));
        println!("  resident memory  {third_mib:.1} MiB after a third, {end_mib:.1} MiB at the end");
        if at_end > after_third + MAX_GROWTH {
            return Err(format!("the memory grew by more than {} MiB", MAX_GROWTH >> 10).into());
        }
    }
    match mismatches {
        0 => Ok(()),
        _ => {
            Err(format!("{mismatches} events were not handled exactly as often as they were accepted").into())
        }
    }
}

/// Resident memory of this process, in KiB. `None` on systems other than Linux.
fn resident_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
