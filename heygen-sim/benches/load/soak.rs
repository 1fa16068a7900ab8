//! A thousand clients for a while: nothing breaks, nothing grows, nothing is left.

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

/// One request in so many is a create.
const CREATES: u64 = 10;

/// So fast that a video is completed within a second: ends of jobs and their events are part of the load.
const SPEED: f64 = 300.0;

/// More than the simulator keeps of each kind, so that it is full before anything is measured.
const FILLING: usize = 11_000;

/// Ids of its own that a client remembers, the newest.
const REMEMBERED: usize = 8;

/// Most that the resident memory may grow once everything is full, in KiB.
const GROWTH: u64 = 32 * 1024;

/// How long tasks that were ended may take to be gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a client saw.
#[derive(Default)]
struct Seen {
    latencies: Latencies,
    statuses: BTreeMap<u16, u64>,
}

/// Prints the figures, and gives what must not be.
pub(crate) async fn run(seconds: u64) -> io::Result<Vec<String>> {
    let tasks_before = alive_tasks();
    let sim = simulator(Clock::scaled(SPEED)).await?;
    let (address, key) = (client::address(sim.base_url()), sim.api_key().to_owned());
    let old: Arc<[String]> = fill(address, &key).await?.into();
    // The last of them ends, so that there are as many events too.
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
    let warm = resident();
    tokio::time::sleep((Duration::from_secs(seconds)).saturating_sub(start.elapsed())).await;
    let end = resident();
    stop.store(true, Ordering::Relaxed);

    let mut violations = Vec::new();
    let mut all = Seen::default();
    while let Some(seen) = clients.join_next().await {
        match seen.map_err(io::Error::other)? {
            Ok(seen) => {
                all.latencies.merge(&seen.latencies);
                for (status, count) in seen.statuses {
                    *all.statuses.entry(status).or_default() += count;
                }
            }
            Err(error) => violations.push(format!("a client got no answer: {error}")),
        }
    }
    let took = start.elapsed();
    println!("\nsoak: {CLIENTS} clients for {seconds} s, one create in {CREATES} requests");
    println!("  simulator   {}", Figures::new(&all.latencies, took));
    let statuses: Vec<_> =
        all.statuses.iter().map(|(status, count)| format!("{count} times {status}")).collect();
    println!("  statuses    {}", statuses.join(", "));
    // Of the old ids, some are those of videos that had to go: 404. Nothing else is in order.
    violations.extend(
        all.statuses
            .iter()
            .filter(|(status, _)| ![200, 404].contains(*status))
            .map(|(status, count)| format!("{count} requests were answered with {status}")),
    );
    match (warm, end) {
        (Some(warm), Some(end)) => {
            let mebibytes = |kibibytes: u64| kibibytes / 1024;
            println!(
                "  resident    {} MiB after a third, {} MiB at the end",
                mebibytes(warm),
                mebibytes(end)
            );
            if end.saturating_sub(warm) >= GROWTH {
                violations.push(format!("the memory grew by {} MiB", mebibytes(end - warm)));
            }
        }
        _ => println!("  resident    not known on this system"),
    }

    sim.shutdown().await;
    let ended = Instant::now();
    while alive_tasks() > tasks_before && ended.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let tasks_after = alive_tasks();
    println!("  tasks       {tasks_before} before, {tasks_after} after");
    if tasks_after > tasks_before {
        violations.push(format!("{} tasks are left after the shutdown", tasks_after - tasks_before));
    }
    Ok(violations)
}

/// Makes more videos than are kept.
async fn fill(address: SocketAddr, key: &str) -> io::Result<Vec<String>> {
    let request = client::post("/v3/videos", key, VIDEO);
    let mut connection = Connection::open(address).await?;
    let mut ids = Vec::new();
    for _ in 0..FILLING {
        ids.push(create(&mut connection, &request).await?);
    }
    Ok(ids)
}

/// Creates now and then, and asks for the status of its newest video, of older ones, and of those that had to go.
async fn browse(
    mut connection: Connection,
    key: String,
    seed: u64,
    old: Arc<[String]>,
    stop: Arc<AtomicBool>,
) -> io::Result<Seen> {
    let making = client::post("/v3/videos", &key, VIDEO);
    let mut chance = Chance(seed);
    let mut own = VecDeque::new();
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        let makes = chance.below(CREATES) == 0;
        let asking = match (makes, chance.below(4)) {
            (true, _) => None,
            (false, 0) => pick(&old, &mut chance),
            (false, 1) => pick(own.make_contiguous(), &mut chance),
            (false, _) => own.back().or(old.last()),
        };
        let asking = asking.map(|id| client::get(&format!("/v3/videos/{id}"), &key));
        let sent = Instant::now();
        let (status, body) = connection.send(asking.as_deref().unwrap_or(&making)).await?;
        seen.latencies.add(sent.elapsed());
        *seen.statuses.entry(status).or_default() += 1;
        if makes && status == 200 {
            own.push_back(id_of(body)?);
            if own.len() > REMEMBERED {
                own.pop_front();
            }
        }
    }
    Ok(seen)
}

fn pick<'a>(ids: &'a [String], chance: &mut Chance) -> Option<&'a String> {
    ids.get(usize::try_from(chance.below(ids.len().max(1) as u64)).ok()?)
}

/// Numbers by chance, the same in each run.
struct Chance(u64);

impl Chance {
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

/// Memory of this process that is resident, in KiB, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
