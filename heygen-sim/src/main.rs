//! `heygen-sim`: the simulator as a program, for clients in any language.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use heygen_sim::{Clock, Sim};

#[derive(Parser)]
#[command(name = "heygen-sim", about = "A local simulator of the HeyGen API", version)]
struct Options {
    /// Port on the loopback interface; 0 selects a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// How many times as fast as real time the clock runs
    #[arg(long, default_value_t = 60.0, value_parser = parse_speed)]
    speed: f64,
    /// Stop the clock; POST /__sim/clock advances it
    #[arg(long, conflicts_with = "speed")]
    manual: bool,
    /// API key that requests must send
    #[arg(long, default_value = "sk-simulated")]
    key: String,
    /// Seed of ids and random choices
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Enable the operations of v1 and v2
    #[arg(long)]
    legacy: bool,
    /// Enable Enterprise features
    #[arg(long)]
    enterprise: bool,
    /// Balance of the wallet, in US dollars
    #[arg(long, default_value_t = 1000.0)]
    balance: f64,
    /// Maximum number of concurrent jobs
    #[arg(long, default_value_t = 10)]
    concurrency: usize,
    /// Maximum number of requests per minute; no limit by default
    #[arg(long)]
    requests_per_minute: Option<u32>,
    /// How long a link to a file is valid, in seconds
    #[arg(long, default_value_t = 3600)]
    link_lifetime: u64,
    /// Maximum size of a direct upload, in bytes
    #[arg(long, default_value_t = 200 * 1024 * 1024)]
    upload_limit: u64,
    /// Maximum number of resources of each kind
    #[arg(long, default_value_t = 10_000)]
    keep: usize,
    /// Register webhook endpoints without probing them
    #[arg(long)]
    no_probe: bool,
    /// Maximum number of POST requests of one operation in a second; no limit by default
    #[arg(long)]
    burst_limit: Option<usize>,
    /// Permission of the API key, such as videos:read; can be repeated. By default it may do everything
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Ignore unknown members of bodies
    #[arg(long)]
    lenient: bool,
    /// Refuse a callback_id without a callback_url
    #[arg(long)]
    callback_id_needs_url: bool,
    /// Send webhooks, callbacks and probes to other machines, too
    #[arg(long)]
    allow_remote_receivers: bool,
    /// Another host name for which /__sim/ responds, such as that of a container; can be repeated
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
}

/// Parses a speed.
fn parse_speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "not a number; pass one such as 60".to_owned())?;
    if speed.is_finite() && speed > 0.0 { Ok(speed) } else { Err("pass a number above 0".to_owned()) }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(options));
    // Do not wait for the work of requests that were cut off.
    runtime.shutdown_background();
    code
}

async fn run(options: Options) -> ExitCode {
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
        .probe(!options.no_probe)
        .lenient(options.lenient)
        .callback_id_needs_url(options.callback_id_needs_url)
        .allow_remote_receivers(options.allow_remote_receivers);
    if let Some(requests) = options.burst_limit {
        builder = builder.burst_limit(requests);
    }
    if !options.scope.is_empty() {
        builder = builder.scopes(&options.scope);
    }
    for host in &options.allow_host {
        builder = builder.allow_host(host);
    }
    if let Some(requests) = options.requests_per_minute {
        builder = builder.requests_per_minute(requests);
    }
    let sim = match builder.start().await {
        Ok(sim) => sim,
        Err(error) => {
            eprintln!("cannot listen on port {}: {error}; select another with --port", options.port);
            return ExitCode::FAILURE;
        }
    };
    match options.manual {
        true => println!("The simulator is running with a manual clock. Try:"),
        false => println!("The simulator is running at {} times real time. Try:", options.speed),
    }
    println!();
    println!(
        "  curl -s {}/v3/video-agents -H 'X-Api-Key: {}' -H 'Content-Type: application/json' \\\n    \
         -d '{{\"prompt\":\"A presenter explaining our launch in 30 seconds\"}}'",
        sim.base_url(),
        sim.api_key()
    );
    println!();
    println!(
        "Press Ctrl-C to stop (within {} seconds). The simulator's page and functions: {}/__sim/",
        STOP_LIMIT.as_secs(),
        sim.base_url()
    );
    // If signals are not available, run until the process is killed.
    if stop_signal().await.is_err() {
        std::future::pending::<()>().await;
    }
    end_after(STOP_LIMIT);
    sim.shutdown().await;
    ExitCode::SUCCESS
}

/// How long after a signal the process ends, whatever still runs.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// Ends the process after a time. A thread does it, because the runtime may be busy.
fn end_after(limit: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        std::process::exit(0);
    });
}

/// Waits for Ctrl-C, or on Unix for SIGTERM.
async fn stop_signal() -> std::io::Result<()> {
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
    fn the_limits_are_options() {
        Options::command().debug_assert();
        let set = ["--requests-per-minute=5", "--link-lifetime=60", "--upload-limit=1000", "--keep=7"];
        let options = Options::try_parse_from(["heygen-sim"].into_iter().chain(set)).unwrap();
        let limits = (options.requests_per_minute, options.link_lifetime, options.upload_limit, options.keep);
        assert_eq!(limits, (Some(5), 60, 1000, 7));
    }
}
