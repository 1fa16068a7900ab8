//! What receiving webhooks costs: a verification beside the bare code, a receiver beside an axum handler that does nothing,
//! and ten times the load that a receiver can take.
//!
//! ```text
//! cargo xtask bench webhook
//! ```
//!
//! It fails when overload makes the memory grow, or when an event that was accepted is not handled exactly once.

mod client;
mod codes;
mod deliveries;
mod figures;
mod overload;
mod server;
mod throughput;
mod verification;

use std::process::ExitCode;

use tokio::runtime::Runtime;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Signs every delivery here.
const SECRET: &str = "whsec_8Zq0XWm3dT5uKpRb";

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("failed: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Failure> {
    verification::run()?;
    Runtime::new()?.block_on(throughput::run())?;
    // A runtime of its own: nothing that the part before has left is in its way, or in its memory.
    Runtime::new()?.block_on(overload::run())
}
