//! Uploads and downloads of 1 GiB: memory, and throughput as a ratio to bare reqwest streaming in the same run.

#[path = "../server/mod.rs"]
mod server;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use heygen_ext::heygen_api::types::{CreateAssetUploadRequest, CreateVideoFromAvatar, VideoDetail};
use heygen_ext::{FileSource, HeyGen};
use server::{Failure, Server};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SIZE: u64 = 1 << 30;

/// Target of the peak resident memory, in MiB.
const MEMORY_TARGET: u64 = 64;

/// Target of the throughput, as a ratio to bare reqwest.
const THROUGHPUT_TARGET: f64 = 0.95;

const ROUNDS: usize = 3;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    server::serve_if_requested(&runtime)?;
    let server = server::start()?;
    let folder = tempfile::tempdir()?;
    runtime.block_on(measure(&server, folder.path()))
}

async fn measure(server: &Server, folder: &Path) -> Result<(), Failure> {
    let heygen = HeyGen::builder().api_key(&*server.key).base_url(&*server.url).build()?;
    let plain = reqwest::Client::new();
    let video = video(&heygen).await?;
    let link = video.video_url.clone().ok_or("the video has no URL")?;
    let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
    let (mut down, mut plain_down) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        heygen.download(&video).to_path(&ours).overwrite(true).await?;
        down.push(start.elapsed());
        let start = Instant::now();
        plain_download(&plain, &link, &theirs).await?;
        plain_down.push(start.elapsed());
    }
    assert_eq!((fs::metadata(&ours)?.len(), fs::metadata(&theirs)?.len()), (SIZE, SIZE));
    report("download to a file", down, plain_down);

    let source = folder.join("large.mp4");
    fs::rename(&ours, &source)?;
    let (mut up, mut plain_up, mut hashed_up) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        heygen.upload(FileSource::path(&source)).await?;
        up.push(start.elapsed());
        let start = Instant::now();
        plain_upload(&heygen, &plain, &source).await?;
        plain_up.push(start.elapsed());
        let start = Instant::now();
        hash(&source).await?;
        plain_upload(&heygen, &plain, &source).await?;
        hashed_up.push(start.elapsed());
    }
    report("upload of a file with SHA-256, compared with streaming without SHA-256", up.clone(), plain_up);
    report("upload of a file with SHA-256, compared with SHA-256 and then streaming", up, hashed_up);
    if let Some(peak) = peak_memory() {
        println!("peak resident memory  {peak} MiB  (target: below {MEMORY_TARGET})");
    }
    Ok(())
}

async fn video(heygen: &HeyGen) -> Result<VideoDetail, Failure> {
    let title = format!("[sim:size={SIZE}]");
    let body = CreateVideoFromAvatar::builder().avatar_id("Anna_sitting_public").script("Hello").title(title);
    let id = heygen.api().create_video().body(body).await?.into_inner().video_id;
    loop {
        let video = heygen.api().get_video().video_id(&*id).await?.into_inner();
        if video.video_url.is_some() {
            return Ok(video);
        }
    }
}

/// Downloads without heygen-ext: writes each chunk to a file, and syncs the file.
async fn plain_download(plain: &reqwest::Client, link: &str, path: &Path) -> Result<(), Failure> {
    let mut chunks = plain.get(link).send().await?.error_for_status()?.bytes_stream();
    let mut file = tokio::fs::File::create(path).await?;
    while let Some(chunk) = chunks.next().await {
        file.write_all(&chunk?).await?;
    }
    file.flush().await?;
    Ok(file.sync_all().await?)
}

/// Uploads without heygen-ext: creates an upload slot, and streams the file.
async fn plain_upload(heygen: &HeyGen, plain: &reqwest::Client, path: &Path) -> Result<(), Failure> {
    let body = CreateAssetUploadRequest::builder().filename("large.mp4").content_type("video/mp4");
    let slot = heygen.api().create_asset_upload().body(body.size_bytes(SIZE as i64)).await?.into_inner();
    let file = tokio::fs::File::open(path).await?;
    let chunks = futures_util::stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; 64 * 1024];
        let length = file.read(&mut chunk).await?;
        chunk.truncate(length);
        Ok::<_, std::io::Error>((length > 0).then_some((chunk, file)))
    });
    let mut request = plain.put(&slot.upload_url).header("content-length", SIZE);
    for (name, value) in &slot.upload_headers {
        request = request.header(name, value);
    }
    request.body(reqwest::Body::wrap_stream(chunks)).send().await?.error_for_status()?;
    Ok(())
}

async fn hash(path: &Path) -> Result<(), Failure> {
    let mut file = tokio::fs::File::open(path).await?;
    let (mut digest, mut chunk) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut chunk).await? {
            0 => break,
            length => digest.update(&chunk[..length]),
        }
    }
    std::hint::black_box(digest.finalize());
    Ok(())
}

fn report(what: &str, ours: Vec<Duration>, theirs: Vec<Duration>) {
    let (ours, theirs) = (median(ours), median(theirs));
    let speed = |time: Duration| SIZE as f64 / time.as_secs_f64() / (1 << 20) as f64;
    println!("{what}, median of {ROUNDS}");
    println!("  bare reqwest  {:6.0} MiB/s", speed(theirs));
    println!("  HeyGen        {:6.0} MiB/s", speed(ours));
    println!(
        "  ratio         {:6.2}        (target: at least {THROUGHPUT_TARGET})",
        theirs.as_secs_f64() / ours.as_secs_f64()
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Peak resident memory of this process, in MiB. `None` on systems other than Linux.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes / 1024)
}
