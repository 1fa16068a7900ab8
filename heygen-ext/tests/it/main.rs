//! The main job, against the simulator.

mod credentials;
mod pages;
mod secrets;
#[cfg(feature = "preview")]
mod streams;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use heygen_ext::{ErrorCode, ErrorKind, HeyGen, Step, VideoAgent};
use heygen_sim::{Clock, Sim};

mod uploads;

async fn pair() -> (Sim, HeyGen) {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    (sim, heygen)
}

/// A step of the job moves the simulator's clock on: the wait itself need not pause.
const NO_PAUSE: Duration = Duration::ZERO;

#[tokio::test]
async fn a_prompt_becomes_a_file() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(VideoAgent::prompt("Say hello")).await.unwrap().poll_every(NO_PAUSE);
    let mut steps = Vec::new();
    let video = job.watch(|step| {
        steps.push(match step {
            Step::Session { status, .. } => status.to_string(),
            Step::Video { status, .. } => status.to_string(),
            _ => "other".to_owned(),
        });
        // To the next change: a video, its rendering, its end.
        sim.advance(Duration::from_secs([120, 0, 60, 420][steps.len() - 1]));
    });
    let video = video.await.unwrap();
    assert_eq!(steps, ["thinking", "generating", "pending", "processing"]);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hello.mp4");
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let download =
        heygen.download(&video).on_progress(move |received, all| tell.lock().unwrap().push((received, all)));
    download.to_path(&path).await.unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(&bytes[4..8], b"ftyp");
    let size = bytes.len() as u64;
    assert_eq!(told.lock().unwrap().last(), Some(&(size, Some(size))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left in the folder");
    #[cfg(unix)]
    {
        let mode = |path: &std::path::Path| {
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions())
        };
        let usual = folder.path().join("usual");
        std::fs::write(&usual, "").unwrap();
        assert_eq!(mode(&path), mode(&usual), "as readable as any file of this process");
    }
}

#[tokio::test]
async fn a_job_is_found_again_by_its_id() {
    let (sim, heygen) = pair().await;
    let id = heygen.submit(VideoAgent::prompt("Say hello")).await.unwrap().id().to_owned();
    sim.advance(Duration::from_secs(600));
    let video = heygen.video_agent_job(&id).wait().await.unwrap();
    assert!(video.video_url.is_some());
}

#[tokio::test]
async fn a_deadline_loses_no_job() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(VideoAgent::prompt("Say hello")).await.unwrap();
    let id = job.id().to_owned();
    let error = job.deadline(Duration::ZERO).wait().await.unwrap_err();
    assert_eq!((error.kind(), error.job_id()), (ErrorKind::Deadline, Some(id.as_str())));
    sim.advance(Duration::from_secs(600));
    assert!(heygen.video_agent_job(error.job_id().unwrap()).wait().await.is_ok());
}

#[tokio::test]
async fn refusals_are_told_in_the_services_words() {
    let (_sim, heygen) = pair().await;
    let error = heygen.submit(VideoAgent::prompt("")).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Refused, Some(ErrorCode::InvalidParameter)));
    assert!(error.to_string().starts_with("create_video_agent: 400 invalid_parameter: "), "{error}");
    let error = heygen.video_agent_job("unknown").wait().await.unwrap_err();
    assert_eq!((error.code(), error.job_id()), (Some(ErrorCode::ResourceNotFound), Some("unknown")));
}

#[tokio::test]
async fn a_link_that_has_expired_leaves_no_file() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(VideoAgent::prompt("Say hello")).await.unwrap();
    sim.advance(Duration::from_secs(600));
    let video = job.wait().await.unwrap();
    sim.advance(Duration::from_secs(7200));
    let folder = tempfile::tempdir().unwrap();
    let error = heygen.download(&video).to_path(folder.path().join("late.mp4")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Download);
    assert_eq!(error.status().unwrap(), 403);
    assert!(error.to_string().contains("403") && !format!("{error:?}").contains("Signature"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let error = heygen.download(&video).to_path("/nowhere/at/all.mp4").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Download);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(VideoAgent::prompt("Say hello")).await.unwrap();
    sim.advance(Duration::from_secs(600));
    let video = job.wait().await.unwrap();
    let error = heygen.download(&video).to_path("/nowhere/at/all.mp4").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    assert!(error.to_string().contains("/nowhere/at/all.mp4"), "{error}");
}
