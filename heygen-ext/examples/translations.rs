//! Translates many videos to several languages, with a progress bar for each translation.
//!
//! ```sh
//! cargo run -p heygen-ext --example translations -- German French https://example.com/talk.mp4
//! ```
//!
//! All translations go out in batches. One that fails does not stop the others. With `HEYGEN_API_KEY` set, it costs credits.
//! Without a key, it makes fifty translations in a simulator inside the process, of which two fail.

use std::error::Error;

use futures_util::{TryStreamExt, future};
use heygen_ext::HeyGen;
use heygen_ext::heygen_api::types::{AssetReference, CreateVideoTranslationRequest};
use heygen_ext::jobs::{Job, JobState, VideoTranslation};
use heygen_sim::{Clock, Sim};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = std::env::args().skip(1);
    let (videos, mut languages): (Vec<String>, Vec<String>) =
        arguments.partition(|argument| argument.starts_with("http"));
    if std::env::var_os("HEYGEN_API_KEY").is_some() {
        if videos.is_empty() || languages.is_empty() {
            return Err("give the URLs of videos and the languages, such as German".into());
        }
        let failed = translate(&HeyGen::from_env()?, &videos, &languages).await;
        return if failed == 0 { Ok(()) } else { Err(format!("{failed} translations failed").into()) };
    }
    if languages.is_empty() {
        languages = ["German", "French"].map(str::to_owned).to_vec();
    }
    let sim = Sim::builder().clock(Clock::scaled(600.0)).concurrency(100).start().await?;
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build()?;
    let mut videos: Vec<String> = (1..25).map(|n| format!("https://example.com/talk-{n}.mp4")).collect();
    videos.push("https://example.com/[sim:fail].mp4".to_owned());
    println!("{} translations failed", translate(&heygen, &videos, &languages).await);
    Ok(())
}

/// Translates each video to each language. Returns how many translations failed.
pub(crate) async fn translate(heygen: &HeyGen, videos: &[String], languages: &[String]) -> usize {
    let request = |video: &String| {
        CreateVideoTranslationRequest::builder()
            .video(AssetReference::url(video))
            .title(video)
            .output_languages(languages.to_vec())
    };
    let started = heygen.submit_many(videos.iter().map(request)).await;
    let bars = MultiProgress::new();
    let (mut failed, mut waits) = (0, Vec::new());
    for (outcome, video) in started.into_iter().zip(videos) {
        match outcome {
            // The jobs have the order of the languages.
            Ok(jobs) => waits.extend(jobs.into_iter().zip(languages).map(|(job, language)| {
                let bar = bars.add(ProgressBar::new(100).with_style(style()));
                bar.set_message(format!("{video} {language}"));
                show(job, bar)
            })),
            Err(error) => {
                eprintln!("{video}: {error}");
                failed += languages.len();
            }
        }
    }
    failed + future::join_all(waits).await.into_iter().filter(|is_done| !is_done).count()
}

/// Waits for a translation, and shows its progress. Returns whether it has completed.
async fn show(job: Job<VideoTranslation>, bar: ProgressBar) -> bool {
    let mut states = job.watch();
    loop {
        match states.try_next().await {
            Ok(Some(JobState::Running(progress))) => bar.set_position(progress.percent.unwrap_or(0).into()),
            Ok(Some(JobState::Completed(translation))) => {
                bar.finish_with_message(translation.video_url.unwrap_or_default());
                return true;
            }
            Ok(Some(_)) => {}
            Ok(None) => return false,
            Err(error) => {
                bar.abandon_with_message(error.to_string());
                return false;
            }
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("[{bar:30}] {pos:3} % {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
