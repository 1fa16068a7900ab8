//! `heygen-sim`: the simulator beside a program in any language.

use std::process::ExitCode;

use clap::Parser;
use heygen_sim::{Clock, Sim};

#[derive(Parser)]
#[command(name = "heygen-sim", about = "A local HeyGen for trying programs without a key", version)]
struct Options {
    /// Port on the loopback interface; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// How many times as fast as real time its clock runs
    #[arg(long, default_value_t = 60.0)]
    speed: f64,
    /// The API key to take
    #[arg(long, default_value = "sk-simulated")]
    key: String,
    /// Seed of the ids
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let clock = Clock::scaled(options.speed);
    let started =
        Sim::builder().port(options.port).api_key(&options.key).clock(clock).seed(options.seed).start().await;
    let sim = match started {
        Ok(sim) => sim,
        Err(error) => {
            eprintln!("cannot listen on port {}: {error}; choose another with --port", options.port);
            return ExitCode::FAILURE;
        }
    };
    println!("A local HeyGen, {} times as fast as real time. Try:", options.speed);
    println!();
    println!(
        "  curl -s {}/v3/video-agents -H 'X-Api-Key: {}' -H 'Content-Type: application/json' \\\n    \
         -d '{{\"prompt\":\"A presenter explaining our launch in 30 seconds\"}}'",
        sim.base_url(),
        sim.api_key()
    );
    println!();
    println!("Ctrl-C ends it.");
    // Without signals there is nothing to wait for but the end of the process.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    sim.shutdown().await;
    ExitCode::SUCCESS
}
