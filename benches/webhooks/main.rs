//! Measures the cost of receiving webhooks: a verification compared with the bare HMAC, a receiver compared with an axum
//! handler that does nothing, stored inboxes compared with bare inserts, and a receiver under ten times the load that it can handle.
//!
//! ```text
//! cargo xtask bench webhook
//! ```
//!
//! It fails if the memory grows under overload, or if an accepted event is not handled exactly once.

mod client;
mod codes;
mod deliveries;
mod figures;
mod inboxes;
mod overload;
mod server;
mod throughput;
mod verification;

use std::process::ExitCode;

use tokio::runtime::Runtime;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The secret that signs every delivery.
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
    Runtime::new()?.block_on(inboxes::run())?;
    // A new runtime, so that nothing of the previous part affects its time or memory.
    Runtime::new()?.block_on(overload::run())
}
