//! Measures the cost of receiving webhooks: a verification compared with the bare HMAC, a receiver compared with an axum
//! handler that does nothing, stored inboxes compared with bare inserts, and a receiver under ten times the load that it can handle.
//!
//! ```text
//! cargo xtask bench webhook
//! ```
//!
//! One part alone, of `verification`, `throughput`, `inboxes` and `overload`:
//!
//! ```text
//! cargo bench -p heygen-benches --bench webhooks -- --only inboxes
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
    let only = std::env::args().skip_while(|argument| argument != "--only").nth(1);
    let parts = ["verification", "throughput", "inboxes", "overload"];
    if let Some(unknown) = only.as_deref().filter(|only| !parts.contains(only)) {
        return Err(
            format!("unknown value `{unknown}` of `--only`; write one of {}", parts.join(", ")).into()
        );
    }
    for part in parts.into_iter().filter(|part| only.as_deref().is_none_or(|only| only == *part)) {
        // A new runtime, so that nothing of the previous part affects its time or memory.
        let runtime = Runtime::new()?;
        match part {
            "verification" => verification::run()?,
            "throughput" => runtime.block_on(throughput::run())?,
            "inboxes" => runtime.block_on(inboxes::run())?,
            _ => runtime.block_on(overload::run())?,
        }
    }
    Ok(())
}
