//! A soak test with a thousand clients: every request is answered, the memory does not grow, and all tasks end.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use heygen_sim::Clock;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::client::{self, Connection};
use crate::figures::{Figures, Latencies};
use crate::versus::{VIDEO, create, id_of, simulator};

pub(crate) const CLIENTS: usize = 1_000;

/// One of this many requests creates a video.
const CREATE_INTERVAL: u64 = 10;

/// Speed of the clock. A video is completed within a second, so that ends of jobs and their events are part of the load.
const SPEED: f64 = 300.0;

/// Videos that are created before the measurement: more than the simulator keeps, so that it is full.
const INITIAL_VIDEOS: usize = 11_000;

/// Number of its newest video ids that a client keeps.
const KEPT_IDS: usize = 8;

/// Maximum growth of the resident memory when the simulator is full, in KiB.
const MAX_GROWTH: u64 = 32 * 1024;

/// Maximum time until all tasks have ended after the shutdown.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The responses that a client has received.
#[derive(Default)]
struct Responses {
    latencies: Latencies,
    statuses: BTreeMap<u16, u64>,
}

/// Prints the results, and returns the violations.
pub(crate) async fn run(seconds: u64) -> io::Result<Vec<String>> {
    let tasks_before = alive_tasks();
    let sim = simulator(Clock::scaled(SPEED)).await?;
    let (address, key) = (client::address(sim.base_url()), sim.api_key().to_owned());
    let old: Arc<[String]> = fill(address, &key).await?.into();
    // Wait until the last video is completed, so that the list of events is full, too.
    tokio::time::sleep(Duration::from_secs(2)).await;

    let mut connections = Vec::new();
    for _ in 0..CLIENTS {
        connections.push(Connection::open(address).await?);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    let start = Instant::now();
    for (seed, connection) in (1u64..).zip(connections) {
        clients.spawn(browse(connection, key.clone(), seed, Arc::clone(&old), Arc::clone(&stop)));
    }
    tokio::time::sleep(Duration::from_secs(seconds) / 3).await;
    let after_third = resident_memory();
    tokio::time::sleep((Duration::from_secs(seconds)).saturating_sub(start.elapsed())).await;
    let at_end = resident_memory();
    stop.store(true, Ordering::Relaxed);

    let mut violations = Vec::new();
    let mut all = Responses::default();
    while let Some(responses) = clients.join_next().await {
        match responses.map_err(io::Error::other)? {
            Ok(responses) => {
                all.latencies.merge(&responses.latencies);
                for (status, count) in responses.statuses {
                    *all.statuses.entry(status).or_default() += count;
                }
            }
            Err(error) => violations.push(format!("the connection of a client failed: {error}")),
        }
    }
    let elapsed = start.elapsed();
    println!("\nsoak: {CLIENTS} clients for {seconds} s, one of {CREATE_INTERVAL} requests creates a video");
    println!("  simulator   {}", Figures::new(&all.latencies, elapsed));
    let statuses: Vec<_> =
        all.statuses.iter().map(|(status, count)| format!("{count} times {status}")).collect();
    println!("  statuses    {}", statuses.join(", "));
    // A GET of a video that was removed returns 404. Every other status but 200 is a violation.
    violations.extend(
        all.statuses
            .iter()
            .filter(|(status, _)| ![200, 404].contains(*status))
            .map(|(status, count)| format!("{count} requests had the unexpected status {status}")),
    );
    match (after_third, at_end) {
        (Some(after_third), Some(at_end)) => {
            let mebibytes = |kibibytes: u64| kibibytes / 1024;
            println!(
                "  resident    {} MiB after a third, {} MiB at the end",
                mebibytes(after_third),
                mebibytes(at_end)
            );
            if at_end.saturating_sub(after_third) >= MAX_GROWTH {
                violations.push(format!("the memory grew by {} MiB", mebibytes(at_end - after_third)));
            }
        }
        _ => println!("  resident    not available on this system"),
    }

    sim.shutdown().await;
    let stopped = Instant::now();
    while alive_tasks() > tasks_before && stopped.elapsed() < TIMEOUT {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let tasks_after = alive_tasks();
    println!("  tasks       {tasks_before} before, {tasks_after} after");
    if tasks_after > tasks_before {
        violations.push(format!("{} tasks still run after the shutdown", tasks_after - tasks_before));
    }
    Ok(violations)
}

/// Creates more videos than the simulator keeps, and returns their ids.
async fn fill(address: SocketAddr, key: &str) -> io::Result<Vec<String>> {
    let request = client::post("/v3/videos", key, VIDEO);
    let mut connection = Connection::open(address).await?;
    let mut ids = Vec::new();
    for _ in 0..INITIAL_VIDEOS {
        ids.push(create(&mut connection, &request).await?);
    }
    Ok(ids)
}

/// Runs a client. It creates videos, and reads its newest video, older ones, and initial ones, which may have been removed.
async fn browse(
    mut connection: Connection,
    key: String,
    seed: u64,
    old: Arc<[String]>,
    stop: Arc<AtomicBool>,
) -> io::Result<Responses> {
    let create = client::post("/v3/videos", &key, VIDEO);
    let mut random = Random(seed);
    let mut own = VecDeque::new();
    let mut responses = Responses::default();
    while !stop.load(Ordering::Relaxed) {
        let creates = random.below(CREATE_INTERVAL) == 0;
        let read = match (creates, random.below(4)) {
            (true, _) => None,
            (false, 0) => pick(&old, &mut random),
            (false, 1) => pick(own.make_contiguous(), &mut random),
            (false, _) => own.back().or(old.last()),
        };
        let read = read.map(|id| client::get(&format!("/v3/videos/{id}"), &key));
        let sent = Instant::now();
        let (status, body) = connection.send(read.as_deref().unwrap_or(&create)).await?;
        responses.latencies.add(sent.elapsed());
        *responses.statuses.entry(status).or_default() += 1;
        if creates && status == 200 {
            own.push_back(id_of(body)?);
            if own.len() > KEPT_IDS {
                own.pop_front();
            }
        }
    }
    Ok(responses)
}

fn pick<'a>(ids: &'a [String], random: &mut Random) -> Option<&'a String> {
    ids.get(usize::try_from(random.below(ids.len().max(1) as u64)).ok()?)
}

/// A pseudorandom number generator with a fixed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Resident memory of this process, in KiB. `None` on systems other than Linux.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
