//! What the policies of a call cost: a status GET through `HeyGen` against the same through bare reqwest and serde_json,
//! with the same server in the same run.
//!
//! `--only ours --calls 500` (or `--only rival`) makes so many calls of one side and prints nothing. `cargo xtask bench
//! call` runs that under callgrind.

#[path = "../server/mod.rs"]
mod server;

use std::time::{Duration, Instant};

use heygen_ext::HeyGen;
use heygen_ext::heygen_api::types::{CreateVideoFromAvatar, VideoDetail};
use server::Failure;
use tokio::runtime::Runtime;

/// Calls in one round, and rounds of each kind; a median stands for them all.
const CALLS: u32 = 400;
const ROUNDS: usize = 15;

/// The ratios that are aimed at: of time, of allocations, and of the bytes that they take.
const TIME_AIM: f64 = 1.03;
const COUNT_AIM: f64 = 1.0;
const BYTES_AIM: f64 = 1.15;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    server::serve_if_asked(&runtime)?;
    let server = server::start()?;
    let sides = Sides::new(&runtime, &server.url, &server.key)?;
    let only = argument("--only");
    match only.as_deref() {
        None => compare(&runtime, &sides),
        Some(side) => {
            let calls = argument("--calls").map_or(Ok(CALLS), |calls| calls.parse())?;
            match side {
                "ours" => runtime.block_on(sides.by_heygen(calls)),
                "rival" => runtime.block_on(sides.by_reqwest(calls)),
                _ => Err(format!("unknown side `{side}`: write `ours` or `rival`").into()),
            }
        }
    }
}

/// The argument that follows `name` on the command line.
fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// Both clients, and the video whose status they ask for.
struct Sides {
    heygen: HeyGen,
    plain: reqwest::Client,
    address: String,
    key: String,
    id: String,
}

impl Sides {
    fn new(runtime: &Runtime, url: &str, key: &str) -> Result<Self, Failure> {
        let heygen = HeyGen::builder().api_key(key).base_url(url).build()?;
        let body = CreateVideoFromAvatar::builder().avatar_id("Anna_sitting_public").script("Hello");
        let made = runtime.block_on(heygen.api().create_video().body(body).send())?;
        let id = made.video_id.clone();
        let plain = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let address = format!("{url}/v3/videos/{id}");
        Ok(Self { heygen, plain, address, key: key.to_owned(), id })
    }

    async fn by_heygen(&self, calls: u32) -> Result<(), Failure> {
        for _ in 0..calls {
            let video = self.heygen.api().get_video().video_id(&self.id).send().await?;
            assert_eq!(video.id, self.id);
        }
        Ok(())
    }

    async fn by_reqwest(&self, calls: u32) -> Result<(), Failure> {
        for _ in 0..calls {
            let request = self.plain.get(&self.address);
            let request = request.header("x-api-key", &self.key).header("accept", "application/json");
            let answer = request.send().await?.error_for_status()?;
            let video: Envelope = serde_json::from_slice(&answer.bytes().await?)?;
            assert_eq!(video.data.id, self.id);
        }
        Ok(())
    }
}

/// The reply, as a program without this crate reads it.
#[derive(serde::Deserialize)]
struct Envelope {
    data: VideoDetail,
}

fn compare(runtime: &Runtime, sides: &Sides) -> Result<(), Failure> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // The first round warms up.
    for round in 0..ROUNDS + 1 {
        let began = Instant::now();
        runtime.block_on(sides.by_heygen(CALLS))?;
        let our = began.elapsed() / CALLS;
        let began = Instant::now();
        runtime.block_on(sides.by_reqwest(CALLS))?;
        if round > 0 {
            ours.push(our);
            theirs.push(began.elapsed() / CALLS);
        }
    }
    let (our, their) = (median(ours), median(theirs));
    println!("a status GET, median of {ROUNDS} rounds of {CALLS}");
    println!("  bare reqwest + serde_json  {:7.1} µs", micros(their));
    println!("  HeyGen                     {:7.1} µs", micros(our));
    println!(
        "  ratio                      {:7.3}     (aim: at most {TIME_AIM})",
        our.as_secs_f64() / their.as_secs_f64()
    );

    let our = allocation_counter::measure(|| drop(runtime.block_on(sides.by_heygen(CALLS))));
    let their = allocation_counter::measure(|| drop(runtime.block_on(sides.by_reqwest(CALLS))));
    let per_call = |count: u64| count as f64 / f64::from(CALLS);
    println!("allocations of one such call");
    println!(
        "  bare reqwest + serde_json  {:7.1}    {:7.0} bytes",
        per_call(their.count_total),
        per_call(their.bytes_total)
    );
    println!(
        "  HeyGen                     {:7.1}    {:7.0} bytes",
        per_call(our.count_total),
        per_call(our.bytes_total)
    );
    println!(
        "  ratio                      {:7.3}    {:7.3}        (aim: at most {COUNT_AIM} and {BYTES_AIM})",
        our.count_total as f64 / their.count_total as f64,
        our.bytes_total as f64 / their.bytes_total as f64
    );
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
