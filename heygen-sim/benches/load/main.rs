//! Measures the load that the simulator handles: requests per second compared with bare axum handlers, and a soak test with a
//! thousand clients.
//!
//! ```text
//! cargo xtask bench sim --seconds 30
//! ```
//!
//! It fails if the soak test finds an unexpected status, growing memory, or a task that does not end.

mod client;
mod figures;
mod open_files;
mod repeated;
mod soak;
mod versus;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use tokio::runtime;
use tokio::runtime::Runtime;

/// Both ends of each connection are in this process.
const OPEN_FILES: u64 = 2 * soak::CLIENTS as u64 + 100;

#[derive(Parser)]
#[command(name = "load", about = "Measure the simulator")]
struct Options {
    /// Duration of the soak test, in seconds
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(3..))]
    seconds: u64,
    /// Run only the soak test
    #[arg(long)]
    soak: bool,
    /// Only send this request repeatedly, on one thread; for callgrind
    #[arg(long, requires = "side")]
    repeat: Option<repeated::Kind>,
    /// The server to which it is sent
    #[arg(long)]
    side: Option<repeated::Side>,
    /// How often it is sent
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// Added by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let violations = match measure(&Options::parse()) {
        Ok(violations) => violations,
        Err(error) => vec![error.to_string()],
    };
    for violation in &violations {
        eprintln!("failed: {violation}");
    }
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(options: &Options) -> io::Result<Vec<String>> {
    if let (Some(kind), Some(side)) = (options.repeat, options.side) {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(repeated::run(side, kind, options.count))?;
        return Ok(Vec::new());
    }
    open_files::allow(OPEN_FILES).map_err(io::Error::other)?;
    if !options.soak {
        Runtime::new()?.block_on(versus::run())?;
    }
    // A new runtime, so that every task in it belongs to the soak test.
    Runtime::new()?.block_on(soak::run(options.seconds))
}
