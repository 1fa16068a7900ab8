//! Measures the cost of the call policies: a status GET through `HeyGen`, compared with bare reqwest and serde_json, on the
//! same server in the same run. Both send the same headers, so that the server does the same work for both.
//!
//! `--only ours --calls 500` (or `--only rival`) makes 500 calls with one of the two and prints nothing. `cargo xtask bench
//! call` runs this under callgrind.

#[path = "../server/mod.rs"]
mod server;

use std::time::{Duration, Instant};

use heygen_ext::HeyGen;
use heygen_ext::heygen_api::types::{CreateVideoFromAvatar, VideoDetail, VideoStatus};
use server::Failure;
use tokio::runtime::Runtime;

/// Calls of each side in one round. A round is short, so that what else the machine does falls on both sides.
const CALLS: u32 = 50;

/// Rounds. The ratio is the median of their ratios.
const ROUNDS: usize = 200;

/// Rounds that are not counted.
const WARM_UP: usize = 10;

/// The user agent of `HeyGen`.
const USER_AGENT: &str = concat!("heygen-ext/", env!("CARGO_PKG_VERSION"));

/// The target ratios of time, of the number of allocations, and of the allocated bytes.
const TIME_TARGET: f64 = 1.03;
const COUNT_TARGET: f64 = 1.0;
const BYTES_TARGET: f64 = 1.15;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    server::serve_if_requested(&runtime)?;
    let server = server::start()?;
    let sides = Sides::new(&runtime, &server.url, &server.key)?;
    let only = argument("--only");
    match only.as_deref() {
        None => compare(&runtime, &sides),
        Some(side) => {
            let calls = argument("--calls").map_or(Ok(CALLS), |calls| calls.parse())?;
            match side {
                "ours" => runtime.block_on(sides.call_heygen(calls)),
                "rival" => runtime.block_on(sides.call_reqwest(calls)),
                _ => Err(format!("unknown value `{side}` of `--only`; write `ours` or `rival`").into()),
            }
        }
    }
}

/// Returns the value of the command line option `name`.
fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// Both clients, and the video whose status they read.
struct Sides {
    heygen: HeyGen,
    reqwest: reqwest::Client,
    url: String,
    key: String,
    id: String,
}

impl Sides {
    fn new(runtime: &Runtime, url: &str, key: &str) -> Result<Self, Failure> {
        let heygen = HeyGen::builder().api_key(key).base_url(url).build()?;
        let body = CreateVideoFromAvatar::builder().avatar_id("Anna_sitting_public").script("Hello");
        let created = runtime.block_on(heygen.api().create_video().body(body).send())?;
        let id = created.video_id.clone();
        // Both sides read the same body: that of an unfinished video changes while they are measured.
        let end = Instant::now() + Duration::from_secs(60);
        while runtime.block_on(heygen.api().get_video().video_id(&id).send())?.status
            != VideoStatus::Completed
        {
            if Instant::now() > end {
                return Err("the simulator did not finish the video within 60 s".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let reqwest = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(USER_AGENT)
            .build()?;
        let url = format!("{url}/v3/videos/{id}");
        Ok(Self { heygen, reqwest, url, key: key.to_owned(), id })
    }

    async fn call_heygen(&self, calls: u32) -> Result<(), Failure> {
        for _ in 0..calls {
            let video = self.heygen.api().get_video().video_id(&self.id).send().await?;
            assert_eq!(video.id, self.id);
        }
        Ok(())
    }

    async fn call_reqwest(&self, calls: u32) -> Result<(), Failure> {
        for _ in 0..calls {
            let request = self.reqwest.get(&self.url);
            let request = request
                .header("x-api-key", &self.key)
                .header("accept", "application/json")
                .header("accept-encoding", "identity");
            let response = request.send().await?.error_for_status()?;
            let video: Envelope = serde_json::from_slice(&response.bytes().await?)?;
            assert_eq!(video.data.id, self.id);
        }
        Ok(())
    }
}

/// The response, as a program without this crate would read it.
#[derive(serde::Deserialize)]
struct Envelope {
    data: VideoDetail,
}

/// The calls of one side in one round.
type Round<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

fn compare(runtime: &Runtime, sides: &Sides) -> Result<(), Failure> {
    let time = |round: Round<'_>| -> Result<Duration, Failure> {
        let start = Instant::now();
        runtime.block_on(round)?;
        Ok(start.elapsed() / CALLS)
    };
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..WARM_UP + ROUNDS {
        // Each side is first in every second round.
        let our = || time(Box::pin(sides.call_heygen(CALLS)));
        let their = || time(Box::pin(sides.call_reqwest(CALLS)));
        let (our, their) = if round % 2 == 0 {
            let our = our()?;
            (our, their()?)
        } else {
            let their = their()?;
            (our()?, their)
        };
        if round >= WARM_UP {
            ratios.push(our.as_secs_f64() / their.as_secs_f64());
            ours.push(our.as_secs_f64());
            theirs.push(their.as_secs_f64());
        }
    }
    println!("a status GET, median of {ROUNDS} rounds of {CALLS}");
    println!("  bare reqwest + serde_json  {:7.1} µs", median(theirs) * 1e6);
    println!("  HeyGen                     {:7.1} µs", median(ours) * 1e6);
    println!("  ratio                      {:7.3}     (target: at most {TIME_TARGET})", median(ratios));

    let our = allocation_counter::measure(|| drop(runtime.block_on(sides.call_heygen(CALLS))));
    let their = allocation_counter::measure(|| drop(runtime.block_on(sides.call_reqwest(CALLS))));
    let per_call = |count: u64| count as f64 / f64::from(CALLS);
    println!("allocations of one call");
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
        "  ratio                      {:7.3}    {:7.3}        (target: at most {COUNT_TARGET} and {BYTES_TARGET})",
        our.count_total as f64 / their.count_total as f64,
        our.bytes_total as f64 / their.bytes_total as f64
    );
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
