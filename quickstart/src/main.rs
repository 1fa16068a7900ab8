//! Makes a video from a prompt, and downloads it as an MP4 file.
//!
//! ```text
//! cargo run -p quickstart -- "A presenter explaining our launch in 30 seconds"
//! ```
//!
//! With `HEYGEN_API_KEY` set, it uses the real service, which takes about 20 minutes and costs money. Without a key, it
//! starts a simulator inside this process, which takes 10 seconds and returns the same small video for every prompt.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::TryStreamExt;
use heygen_ext::jobs::{Cadence, JobState};
use heygen_ext::{HeyGen, VideoAgent};
use heygen_sim::{Clock, Sim};

/// How many times faster than the service the simulator runs.
const SPEED: f64 = 60.0;

const FILE: &str = "quickstart.mp4";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let prompt = match given.as_slice() {
        [] => "A presenter explaining our launch in 30 seconds".to_owned(),
        words => words.join(" "),
    };
    let real = std::env::var_os("HEYGEN_API_KEY").is_some_and(|key| !key.is_empty());
    // The simulator lives as long as this binding.
    let (heygen, _sim) = if real {
        println!("Talking to HeyGen. This makes a real video: it takes a while and costs money.");
        (HeyGen::from_env()?, None)
    } else {
        println!(
            "HEYGEN_API_KEY is not set: talking to a simulator inside this process. No video is made of the prompt."
        );
        let sim = Sim::builder().clock(Clock::scaled(SPEED)).start().await?;
        (HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build()?, Some(sim))
    };

    // The simulator runs faster, so poll more often.
    let pause = (!real).then_some(Duration::from_millis(250));
    let (duration, bytes) = make_video(&heygen, &prompt, pause, Path::new(FILE)).await?;
    println!("downloaded   {FILE} ({duration:.1} s, {bytes} bytes)");
    Ok(())
}

/// Makes a video from a prompt. Returns its duration in seconds, and the size of the file.
async fn make_video(
    heygen: &HeyGen,
    prompt: &str,
    pause: Option<Duration>,
    path: &Path,
) -> Result<(f64, u64), Box<dyn Error>> {
    let mut job = heygen.submit(VideoAgent::prompt(prompt)).await?;
    println!("submitted    {job}");
    if let Some(pause) = pause {
        job = job.cadence(Cadence::every(pause));
    }

    let mut states = job.watch();
    let (mut status, mut video) = (String::new(), None);
    while let Some(state) = states.try_next().await? {
        match state {
            JobState::Running(progress) if progress.status != status => {
                let what = match &progress.video_id {
                    Some(id) => format!("video {id}"),
                    None => "the agent is at work".to_owned(),
                };
                println!("{:<12} {what}", progress.status);
                status = progress.status;
            }
            JobState::Completed(done) => video = Some(done),
            _ => {}
        }
    }
    let video = video.ok_or("the wait ended without a result")?;

    let path = heygen.download(&video).to_path(path).overwrite(true).await?;
    Ok((video.duration.unwrap_or(0.0), std::fs::metadata(path)?.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_video_is_made_and_downloaded() {
        let sim = Sim::builder().clock(Clock::scaled(10_000.0)).start().await.unwrap();
        let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.mp4");
        let (duration, bytes) =
            make_video(&heygen, "Hello", Some(Duration::from_millis(1)), &path).await.unwrap();
        assert!(duration > 0.0 && bytes > 10_000, "{duration} {bytes}");
        assert!(std::fs::read(&path).unwrap()[4..].starts_with(b"ftyp"));
    }
}
