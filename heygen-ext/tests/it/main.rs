//! Integration tests against the simulator.

mod credentials;
mod downloads;
mod examples;
mod http_client;
mod pages;
#[cfg(feature = "preview")]
mod streams;
mod uploads;
#[cfg(feature = "webhook")]
mod webhooks;

use std::time::Duration;

use heygen_ext::{ErrorCode, ErrorKind, HeyGen, JobProgress, VideoAgent};
use heygen_sim::{Clock, Sim};

async fn pair() -> (Sim, HeyGen) {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    (sim, heygen)
}

/// Each step of a job advances the clock of the simulator, so the wait does not have to pause.
const NO_PAUSE: Duration = Duration::ZERO;

#[tokio::test]
async fn a_job_reports_its_progress_and_returns_the_video() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(VideoAgent::prompt("Say hello")).await.unwrap().poll_every(NO_PAUSE);
    let mut steps = Vec::new();
    let video = job.watch(|step| {
        steps.push(match step {
            JobProgress::Session { status, .. } => status.to_string(),
            JobProgress::Video { status, .. } => status.to_string(),
            _ => "other".to_owned(),
        });
        // Advances to the next change: the video exists, is rendered, is completed.
        sim.advance(Duration::from_secs([120, 0, 60, 420][steps.len() - 1]));
    });
    let video = video.await.unwrap();
    assert_eq!(steps, ["thinking", "generating", "pending", "processing"]);

    assert!(video.video_url.is_some());
}

#[tokio::test]
async fn a_job_resumes_by_its_id() {
    let (sim, heygen) = pair().await;
    let id = heygen.submit(VideoAgent::prompt("Say hello")).await.unwrap().id().to_owned();
    sim.advance(Duration::from_secs(600));
    let video = heygen.video_agent_job(&id).wait().await.unwrap();
    assert!(video.video_url.is_some());
}

#[tokio::test]
async fn a_wait_resumes_after_its_deadline() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(VideoAgent::prompt("Say hello")).await.unwrap();
    let id = job.id().to_owned();
    let error = job.deadline(Duration::ZERO).wait().await.unwrap_err();
    assert_eq!((error.kind(), error.job_id()), (ErrorKind::Deadline, Some(id.as_str())));
    sim.advance(Duration::from_secs(600));
    assert!(heygen.video_agent_job(error.job_id().unwrap()).wait().await.is_ok());
}

#[tokio::test]
async fn refusals_have_the_message_of_the_service() {
    let (_sim, heygen) = pair().await;
    let error = heygen.submit(VideoAgent::prompt("")).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Refused, Some(ErrorCode::InvalidParameter)));
    assert!(error.to_string().starts_with("create_video_agent: 400 invalid_parameter: "), "{error}");
    let error = heygen.video_agent_job("unknown").wait().await.unwrap_err();
    assert_eq!((error.code(), error.job_id()), (Some(ErrorCode::ResourceNotFound), Some("unknown")));
}
