//! Downloads the files of a finished video: to a path, into memory, and as a stream.
//!
//! ```text
//! cargo run --example download -- VIDEO_ID
//! ```
//!
//! With `HEYGEN_API_KEY` set, it downloads the files of that video from the real service. Without a key, it starts a
//! simulator inside this process, creates a small video there, and breaks the connection during the download.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::TryStreamExt;
use heygen_ext::heygen_api::Response;
use heygen_ext::heygen_api::types::{CreateVideoFromAvatar, VideoDetail};
use heygen_ext::{HeyGen, VideoFile};
use heygen_sim::{Clock, Fault, Sim};
use indicatif::{ProgressBar, ProgressStyle};

const FILE: &str = "download.mp4";

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
    let real = std::env::var_os("HEYGEN_API_KEY").is_some_and(|key| !key.is_empty());
    // The simulator lives as long as this binding.
    let (heygen, video, _sim) = if real {
        let id = std::env::args().nth(1).ok_or("give the id of a finished video")?;
        let heygen = HeyGen::from_env()?;
        let video = heygen.api().get_video().video_id(id).await?;
        (heygen, video, None)
    } else {
        println!("HEYGEN_API_KEY is not set: talking to a simulator inside this process.");
        let sim = Sim::builder().clock(Clock::manual()).start().await?;
        let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build()?;
        let video = make(&sim, &heygen).await?;
        (heygen, video, Some(sim))
    };
    fetch(&heygen, &video, Path::new(FILE)).await?;
    Ok(())
}

/// Downloads three files of a video. Returns the sizes of the video, its subtitles and its thumbnail.
pub(crate) async fn fetch(
    heygen: &HeyGen,
    video: &VideoDetail,
    path: &Path,
) -> Result<[usize; 3], Box<dyn Error>> {
    let bar = ProgressBar::new(0)
        .with_style(ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes} ({bytes_per_sec})")?);
    let shown = bar.clone();
    let download = heygen.download(video).on_progress(move |received, all| {
        shown.set_length(all.unwrap_or(received));
        shown.set_position(received);
    });
    let path = download.to_path(path).overwrite(true).await?;
    bar.finish_and_clear();
    let size = std::fs::metadata(&path)?.len();
    println!("video        {} ({size} bytes)", path.display());

    let subtitles = heygen.download(VideoFile::Subtitles.of(video)).bytes(1 << 20).await?;
    println!("subtitles    {:?}", String::from_utf8_lossy(&subtitles).lines().nth(2).unwrap_or_default());

    let mut thumbnail = heygen.download(VideoFile::Thumbnail.of(video)).stream().await?;
    let mut length = 0;
    while let Some(chunk) = thumbnail.try_next().await? {
        length += chunk.len();
    }
    println!("thumbnail    {length} bytes, {:?} were announced", thumbnail.expected_len());
    Ok([usize::try_from(size)?, subtitles.len(), length])
}

/// Creates a finished video of 20 megabytes, whose transfer breaks twice.
pub(crate) async fn make(sim: &Sim, heygen: &HeyGen) -> Result<Response<VideoDetail>, Box<dyn Error>> {
    let request =
        CreateVideoFromAvatar::builder().avatar_id("Anna_sitting_public").script("Hello [sim:size=20000000]");
    let made = heygen.api().create_video().body(request).await?;
    sim.advance(Duration::from_secs(600));
    sim.inject(Fault::half_body().on("files").times(2))?;
    Ok(heygen.api().get_video().video_id(&made.video_id).await?)
}
