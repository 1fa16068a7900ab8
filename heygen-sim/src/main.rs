//! `heygen-sim`: the simulator beside a program in any language.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use heygen_sim::{Clock, Sim};

#[derive(Parser)]
#[command(name = "heygen-sim", about = "A local HeyGen for trying programs without a key", version)]
struct Options {
    /// Port on the loopback interface; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// How many times as fast as real time its clock runs
    #[arg(long, default_value_t = 60.0, value_parser = speed)]
    speed: f64,
    /// Let the clock stand until POST /__sim/clock moves it
    #[arg(long, conflicts_with = "speed")]
    manual: bool,
    /// The API key to take
    #[arg(long, default_value = "sk-simulated")]
    key: String,
    /// Seed of ids and chances
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Let the operations of v1 and v2 work
    #[arg(long)]
    legacy: bool,
    /// Allow what only Enterprise has
    #[arg(long)]
    enterprise: bool,
    /// US dollars in the wallet
    #[arg(long, default_value_t = 1000.0)]
    balance: f64,
    /// Jobs that may run at once
    #[arg(long, default_value_t = 10)]
    concurrency: usize,
    /// Requests that are answered in a minute; no limit by default
    #[arg(long)]
    requests_per_minute: Option<u32>,
    /// Seconds that a link to a file holds
    #[arg(long, default_value_t = 3600)]
    link_lifetime: u64,
    /// Bytes that a direct upload may have
    #[arg(long, default_value_t = 200 * 1024 * 1024)]
    upload_limit: u64,
    /// Resources of each kind that are kept
    #[arg(long, default_value_t = 10_000)]
    keep: usize,
    /// Register webhook endpoints without asking whether they are there
    #[arg(long)]
    no_probe: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "a number is needed, such as 60".to_owned())?;
    if speed.is_finite() && speed > 0.0 { Ok(speed) } else { Err("a number above 0 is needed".to_owned()) }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let clock = if options.manual { Clock::manual() } else { Clock::scaled(options.speed) };
    let mut builder = Sim::builder()
        .port(options.port)
        .api_key(&options.key)
        .clock(clock)
        .seed(options.seed)
        .legacy(options.legacy)
        .enterprise(options.enterprise)
        .balance(options.balance)
        .concurrency(options.concurrency)
        .link_lifetime(Duration::from_secs(options.link_lifetime))
        .upload_limit(options.upload_limit)
        .keep(options.keep)
        .probe(!options.no_probe);
    if let Some(requests) = options.requests_per_minute {
        builder = builder.requests_per_minute(requests);
    }
    let sim = match builder.start().await {
        Ok(sim) => sim,
        Err(error) => {
            eprintln!("cannot listen on port {}: {error}; choose another with --port", options.port);
            return ExitCode::FAILURE;
        }
    };
    match options.manual {
        true => println!("A local HeyGen whose clock stands until it is moved. Try:"),
        false => println!("A local HeyGen, {} times as fast as real time. Try:", options.speed),
    }
    println!();
    println!(
        "  curl -s {}/v3/video-agents -H 'X-Api-Key: {}' -H 'Content-Type: application/json' \\\n    \
         -d '{{\"prompt\":\"A presenter explaining our launch in 30 seconds\"}}'",
        sim.base_url(),
        sim.api_key()
    );
    println!();
    println!("Ctrl-C ends it. What else it does: {}/__sim/", sim.base_url());
    // Without signals there is nothing to wait for but the end of the process.
    if stopped().await.is_err() {
        std::future::pending::<()>().await;
    }
    sim.shutdown().await;
    ExitCode::SUCCESS
}

/// Ctrl-C, or on Unix the signal with which other programs end this one.
async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            ended = tokio::signal::ctrl_c() => ended,
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_limit_can_be_set() {
        Options::command().debug_assert();
        let set = ["--requests-per-minute=5", "--link-lifetime=60", "--upload-limit=1000", "--keep=7"];
        let options = Options::try_parse_from(["heygen-sim"].into_iter().chain(set)).unwrap();
        let limits = (options.requests_per_minute, options.link_lifetime, options.upload_limit, options.keep);
        assert_eq!(limits, (Some(5), 60, 1000, 7));
    }
}
