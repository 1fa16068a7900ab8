//! A call against a failing service: what is repeated, what an error reports, and how to count attempts.
//!
//! ```text
//! cargo run --example calls
//! ```
//!
//! It always uses a simulator inside this process, because only a simulator can inject faults.

use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use heygen_ext::heygen_api::types::CreateVideoFromAvatar;
use heygen_ext::{AttemptReport, CallOptions, CallReport, Error, ErrorCode, HeyGen, Observer};
use heygen_sim::{Fault, Sim};

/// Counts attempts and calls, as metrics do.
#[derive(Clone, Default)]
pub(crate) struct Counts(Arc<[AtomicU32; 2]>);

impl Counts {
    /// The number of attempts and calls until now.
    pub(crate) fn read(&self) -> (u32, u32) {
        let [attempts, calls] = &*self.0;
        (attempts.load(Ordering::Relaxed), calls.load(Ordering::Relaxed))
    }
}

impl Observer for Counts {
    fn on_attempt(&self, report: &AttemptReport<'_>) {
        println!("attempt {} of {}: {:?}", report.number, report.operation.id(), report.status);
        self.0[0].fetch_add(1, Ordering::Relaxed);
    }

    fn on_call(&self, _: &CallReport<'_>) {
        self.0[1].fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let (sim, counts) = (Sim::builder().start().await?, Counts::default());
    let heygen = HeyGen::builder()
        .api_key(sim.api_key())
        .base_url(sim.base_url())
        .user_agent_suffix("calls-example/1.0")
        .observer(counts.clone())
        .build()?;
    // The simulator creates the video, but its answer is lost.
    sim.inject(Fault::close_after().on("createVideo").times(1))?;
    println!("video {}", create(&heygen, "Hello").await?);
    println!("attempts and calls: {:?}", counts.read());
    sim.set_balance(0.0);
    match create(&heygen, "Hello again").await {
        Err(error) if error.code() == Some(ErrorCode::InsufficientCredit) => println!("top up: {error}"),
        other => println!("unexpected: {other:?}"),
    }
    Ok(())
}

/// Creates one video, although several attempts may be necessary to get the answer.
pub(crate) async fn create(heygen: &HeyGen, script: &str) -> Result<String, Error> {
    let heygen = heygen.with(CallOptions::new().max_attempts(5).deadline(Duration::from_secs(60)));
    let request = CreateVideoFromAvatar::builder().avatar_id("Anna_sitting_public").script(script);
    let made = heygen.api().create_video().body(request).await?;
    Ok(made.video_id.clone())
}
