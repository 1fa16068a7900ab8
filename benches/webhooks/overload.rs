//! Ten times the load that a receiver can take: it says no quickly, keeps its memory, and loses nothing it has accepted.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use heygen_ext::webhook::{Receiver, Verifier};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::client::Connection;
use crate::deliveries::{Deliveries, PATH, number};
use crate::figures::{Times, milliseconds};
use crate::{Failure, SECRET, server};

/// How long a handler takes, and how many run at once: 1,600 events a second.
const WORK: Duration = Duration::from_millis(10);
const CONCURRENCY: usize = 16;
const CAPACITY: usize = 256;

/// Events that are offered each second, and for how many.
const OFFERED: usize = 16_000;
const SECONDS: usize = 10;
const EVENTS: usize = OFFERED * SECONDS;

/// Far more than the receiver has places, so that those who are turned away have connections left. Both ends of each are
/// files of this process, and many shells allow 1,024.
const CONNECTIONS: usize = 480;

/// Most that the memory may grow once the receiver is full, in KiB. What it remembers of events is in there.
const GROWTH: u64 = 32 << 10;

/// What is offered, as a multiple of what is handled, and how quickly the rest has to be refused (99 of 100).
const OVERLOAD: f64 = 10.0;
const REFUSES_WITHIN: Duration = Duration::from_millis(50);

/// How long the last answers may take, and then the last handlers.
const PATIENCE: Duration = Duration::from_secs(30);

/// The outcome of each event, by its number.
struct Ledger {
    accepted: Vec<AtomicU8>,
    handled: Vec<AtomicU8>,
}

impl Ledger {
    fn new() -> Self {
        let column = || (0..EVENTS).map(|_| AtomicU8::new(0)).collect();
        Self { accepted: column(), handled: column() }
    }

    fn note(column: &[AtomicU8], number: usize) {
        if let Some(count) = column.get(number) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Events that were accepted and not handled once, or turned away and handled.
    fn wrong(&self) -> usize {
        let load = |count: &AtomicU8| count.load(Ordering::Relaxed);
        self.accepted.iter().zip(&self.handled).filter(|(one, other)| load(one) != load(other)).count()
    }
}

/// What the clients have seen.
#[derive(Default)]
struct Seen {
    handled: Times,
    going_on: usize,
    refused: Times,
    late: Times,
}

pub(crate) async fn run() -> Result<(), Failure> {
    let ledger = Arc::new(Ledger::new());
    let receiver = receiver(&ledger)?;
    let mut tasks = JoinSet::new();
    let address = server::serve(&mut tasks, Router::new().route_service(PATH, receiver.clone())).await?;
    let start = Instant::now() + Duration::from_millis(100);
    let third = tokio::spawn(async move {
        sleep_until(start + Duration::from_secs(SECONDS as u64) / 3).await;
        resident()
    });
    let limit = Duration::from_secs(SECONDS as u64) + PATIENCE;
    let seen = timeout(limit, offer(address, start, &ledger)).await.map_err(|_| "answers do not come")??;
    let (took, third, end) = (start.elapsed(), third.await?, resident());
    timeout(PATIENCE, receiver.drain()).await.map_err(|_| "handlers do not end")?;
    tasks.shutdown().await;
    report(seen, took)?;
    judge(&ledger, third.zip(end))
}

fn receiver(ledger: &Arc<Ledger>) -> Result<Receiver, Failure> {
    let ledger = Arc::clone(ledger);
    let handler = move |event| {
        let ledger = Arc::clone(&ledger);
        async move {
            sleep(WORK).await;
            let number = number(&event).ok_or("an event that nobody sent")?;
            Ledger::note(&ledger.handled, number);
            Ok::<_, Failure>(())
        }
    };
    let builder = Receiver::builder(Verifier::new(SECRET)?, handler);
    Ok(builder.capacity(CAPACITY).concurrency(CONCURRENCY).build())
}

/// Offers every event when it is due, whether or not those before it were answered.
async fn offer(address: SocketAddr, start: Instant, ledger: &Arc<Ledger>) -> Result<Seen, Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let deliveries = Arc::new(Deliveries::new()?);
    let mut clients = JoinSet::new();
    for connection in Connection::open_all(address, CONNECTIONS).await? {
        let (next, deliveries, ledger) = (Arc::clone(&next), Arc::clone(&deliveries), Arc::clone(ledger));
        clients.spawn(client(connection, start, next, deliveries, ledger));
    }
    let mut all = Seen::default();
    while let Some(seen) = clients.join_next().await {
        let seen = seen??;
        all.handled.append(seen.handled);
        all.refused.append(seen.refused);
        all.late.append(seen.late);
        all.going_on += seen.going_on;
    }
    Ok(all)
}

async fn client(
    mut connection: Connection,
    start: Instant,
    next: Arc<AtomicUsize>,
    deliveries: Arc<Deliveries>,
    ledger: Arc<Ledger>,
) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
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
        seen.late.add(sent - due);
        let status = connection.send(&request).await?;
        let took = sent.elapsed();
        match status {
            200 => seen.handled.add(took),
            202 => seen.going_on += 1,
            503 => seen.refused.add(took),
            other => return Err(format!("answered {other}").into()),
        }
        if status != 503 {
            Ledger::note(&ledger.accepted, number);
        }
    }
    Ok(seen)
}

/// Fails if the load was too small, or if refusingok long.
fn report(seen: Seen, took: Duration) -> Result<(), Failure> {
    let offered = seen.late.count();
    let per_second = |count: usize| count as f64 / took.as_secs_f64();
    let (handled, refused) = (seen.handled.count(), seen.refused.count());
    println!("overload: handlers of 10 ms, {CONCURRENCY} at once, {CAPACITY} places, {SECONDS} s");
    let offered_times = offered as f64 / handled.max(1) as f64;
    let [p50, p99] = seen.late.percentiles([50, 99]);
    let late = format!("late by p50 {:.2} ms, p99 {:.2} ms", milliseconds(p50), milliseconds(p99));
    println!("  offered  {offered:>8}   {:>7.0}/s   of {OFFERED}/s, {late}", per_second(offered));
    let mut slowest_refusal = Duration::ZERO;
    for (status, count, times) in [(200, handled, seen.handled), (503, refused, seen.refused)] {
        let percentiles = times.percentiles([50, 99]);
        slowest_refusal = percentiles[1];
        let [p50, p99] = percentiles.map(milliseconds);
        let rate = per_second(count);
        println!("  {status}      {count:>8}   {rate:>7.0}/s   p50 {p50:>7.2} ms   p99 {p99:>7.2} ms");
    }
    println!("  202      {:>8}", seen.going_on);
    println!("  offered {offered_times:.1} times what was handled   (must be {OVERLOAD})");
    if offered_times < OVERLOAD || refused == 0 {
        return Err("this machine is too slow to overload the receiver".into());
    }
    if slowest_refusal > REFUSES_WITHIN {
        return Err(format!("one refusal in a hundred takes longer than {REFUSES_WITHIN:?}").into());
    }
    Ok(())
}

/// Fails when something was lost or doubled, or when the memory grows.
fn judge(ledger: &Ledger, resident: Option<(u64, u64)>) -> Result<(), Failure> {
    let wrong = ledger.wrong();
    println!("  events not handled as answered  {wrong}   (must be 0)");
    // Other systems do not tell their memory there.
    if let Some((third, end)) = resident {
        let mib = |kib: u64| kib as f64 / 1024.0;
        let (third_mib, end_mib) = (mib(third), mib(end));
        println!("  resident memory  {third_mib:.1} MiB after a third, {end_mib:.1} MiB at the end");
        if end > third + GROWTH {
            return Err(format!("memory grows by more than {} MiB", GROWTH >> 10).into());
        }
    }
    match wrong {
        0 => Ok(()),
        _ => Err(format!("{wrong} events were not handled as they were answered").into()),
    }
}

/// The memory of this process in KiB, where the system tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
