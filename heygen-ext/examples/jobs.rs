//! Makes several videos with a progress bar for each, and continues after Ctrl-C.
//!
//! ```sh
//! cargo run -p heygen-ext --example jobs -- "Our launch" "Our team" "Our office"
//! ```
//!
//! The ledger `jobs.jsonl` has what was submitted. A second run with the same prompts finds the jobs of the first. Without a
//! key, the example talks to a simulator inside the process, and keeps its ledger in a temporary folder.

use std::error::Error;
use std::path::Path;

use futures_util::{TryStreamExt, future};
use heygen_ext::heygen_api::types::VideoDetail;
use heygen_ext::jobs::{Job, JobState, VideoAgentSession};
use heygen_ext::ledger::JsonLines;
use heygen_ext::{HeyGen, VideoAgent};
use heygen_sim::{Clock, Sim};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut prompts: Vec<String> = std::env::args().skip(1).collect();
    if std::env::var_os("HEYGEN_API_KEY").is_some() {
        // Each prompt costs credits, so none is made up.
        if prompts.is_empty() {
            return Err("give one prompt or more: each becomes a video, which costs credits".into());
        }
        let heygen = HeyGen::from_env()?.with_ledger(JsonLines::open("jobs.jsonl")?);
        return make(heygen, &prompts, Path::new(".")).await;
    }
    if prompts.is_empty() {
        prompts = ["Our launch", "Our team", "Our office"].map(str::to_owned).to_vec();
    }
    let folder = tempfile::tempdir()?;
    let sim = Sim::builder().clock(Clock::scaled(600.0)).start().await?;
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build()?;
    make(heygen.with_ledger(JsonLines::open(folder.path().join("jobs.jsonl"))?), &prompts, folder.path())
        .await
}

/// Makes a video of each prompt. One that fails does not stop the others.
pub(crate) async fn make(heygen: HeyGen, prompts: &[String], folder: &Path) -> Result<(), Box<dyn Error>> {
    let bars = MultiProgress::new();
    let outcomes = heygen.submit_many(prompts.iter().map(VideoAgent::prompt)).await;
    let files = outcomes.into_iter().zip(prompts).enumerate().map(|(index, (job, prompt))| {
        let (heygen, bar) = (&heygen, bars.add(ProgressBar::new(100).with_style(style())));
        let path = folder.join(format!("{}.mp4", index + 1));
        bar.set_message(prompt.clone());
        async move {
            let video = show(job?, &bar).await?;
            heygen.download(&video).to_path(&path).overwrite(true).await?;
            Ok::<_, heygen_ext::Error>(path)
        }
    });
    for (outcome, prompt) in future::join_all(files).await.into_iter().zip(prompts) {
        match outcome {
            Ok(path) => println!("{prompt}: {}", path.display()),
            Err(error) => eprintln!("{prompt}: {error}"),
        }
    }
    Ok(())
}

/// Waits for a job, and shows its progress.
async fn show(job: Job<VideoAgentSession>, bar: &ProgressBar) -> Result<VideoDetail, heygen_ext::Error> {
    let mut states = job.clone().watch();
    while let Some(state) = states.try_next().await? {
        match state {
            JobState::Running(progress) => bar.set_position(progress.percent.unwrap_or(0).into()),
            JobState::Completed(video) => {
                bar.finish();
                return Ok(video);
            }
            _ => {}
        }
    }
    job.wait().await
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:24} [{bar:40}] {pos:3} %")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
