//! Integration tests against the simulator.

mod batches;
#[cfg(feature = "webhook")]
mod callbacks;
mod credentials;
mod downloads;
mod examples;
mod http_client;
mod jobs;
mod ledger;
#[cfg(feature = "migrate")]
mod migrate;
mod pages;
#[cfg(feature = "preview")]
mod streams;
mod uploads;
#[cfg(feature = "webhook")]
mod webhooks;

use heygen_ext::jobs::VideoAgentSession;
use heygen_ext::{ErrorCode, ErrorKind, HeyGen, VideoAgent};
use heygen_sim::{Clock, Sim};

async fn pair() -> (Sim, HeyGen) {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    (sim, heygen)
}

#[tokio::test]
async fn refusals_have_the_message_of_the_service() {
    let (_sim, heygen) = pair().await;
    let error = heygen.submit(VideoAgent::prompt("")).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Refused, Some(ErrorCode::InvalidParameter)));
    assert!(error.to_string().starts_with("create_video_agent: 400 invalid_parameter: "), "{error}");
    let error = heygen.job::<VideoAgentSession>("unknown").wait().await.unwrap_err();
    assert_eq!((error.code(), error.job_id()), (Some(ErrorCode::ResourceNotFound), Some("unknown")));
}
