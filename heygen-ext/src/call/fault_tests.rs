//! Tests calls under random faults: every call creates at most one job, and errors report correctly whether it exists.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use heygen_api::types::{CreateVideoAgentRequest, CreateVideoFromAvatar};
use heygen_sim::{Clock, Fault, Sim};

use crate::call_options::CallOptions;
use crate::client::HeyGen;
use crate::error::Error;
use crate::pages::Paged;
use crate::runtime::tests::ManualRuntime;

/// The number of calls of each operation for each seed.
const CALLS: usize = 400;

/// The answer of the service while it executes the first attempt with the key.
const IN_PROGRESS: &str = r#"{"error":{"code":"request_in_progress","message":"m"}}"#;

/// A final refusal.
const CONFLICT: &str = r#"{"error":{"code":"conflict","message":"m"}}"#;

/// Starts a simulator in which about half of the requests fail.
async fn start_faulty(seed: u64) -> Sim {
    let sim = Sim::builder()
        .seed(seed)
        .clock(Clock::manual())
        .concurrency(usize::MAX)
        .balance(1e9)
        .start()
        .await
        .unwrap();
    for (fault, probability) in [
        (Fault::close_before(), 0.07),
        (Fault::close_after(), 0.07),
        (Fault::reset(), 0.05),
        (Fault::half_body(), 0.07),
        (Fault::wrong_length(), 0.04),
        (Fault::status(503), 0.07),
        (Fault::answer(502, "text/html", "<h1>Bad Gateway</h1>"), 0.05),
        (Fault::status(429).header("retry-after", "3"), 0.07),
        (Fault::answer(409, "application/json", IN_PROGRESS), 0.05),
        (Fault::answer(409, "application/json", CONFLICT), 0.02),
        // Executed when the clock advances, after the call has timed out.
        (Fault::delay(Duration::from_secs(30)), 0.05),
    ] {
        for operation in ["createVideo", "createVideoAgentV3"] {
            sim.inject(fault.clone().on(operation).with_probability(probability)).unwrap();
        }
    }
    sim
}

/// Creates a video and a session. Returns the unique title and the outcome of each call.
async fn submit(heygen: &HeyGen, number: usize) -> [(String, Result<String, Error>); 2] {
    let (video, session) = (format!("video{number:05}"), format!("session{number:05}"));
    let body =
        CreateVideoFromAvatar::builder().avatar_id("Anna_sitting_public").script("Hello").title(&*video);
    let keyed = heygen.api().create_video().body(body).send().await;
    let body = CreateVideoAgentRequest::builder().prompt(&*session);
    let unkeyed = heygen.api().create_video_agent().body(body).send().await;
    [
        (video, keyed.map(|made| made.into_inner().video_id).map_err(Error::from)),
        (session, unkeyed.map(|made| made.into_inner().session_id).map_err(Error::from)),
    ]
}

#[tokio::test]
async fn a_call_creates_at_most_one_job_and_errors_are_correct() {
    let (mut succeeded, mut failed, mut maybe_executed, mut conflicts) = (0, 0, 0, 0);
    for seed in 0..3 {
        let sim = start_faulty(seed).await;
        let time = Arc::new(ManualRuntime::new());
        let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).runtime(time);
        let heygen = heygen.options(CallOptions::new().timeout(Duration::from_millis(50))).build().unwrap();
        let calls = stream::iter(0..CALLS).map(|number| submit(&heygen, number)).buffer_unordered(8);
        let outcomes: Vec<_> = calls.collect::<Vec<_>>().await.into_iter().flatten().collect();
        conflicts += sim.requests().iter().filter(|request| request.status == Some(409)).count();
        // Executes the delayed requests.
        sim.clear_faults();
        sim.advance(Duration::from_secs(60));
        tokio::task::yield_now().await;
        let reader = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
        let mut jobs: HashMap<String, Vec<String>> = HashMap::new();
        let mut videos = reader.api().list_videos().title("video").items();
        while let Some(video) = videos.try_next().await.unwrap() {
            jobs.entry(video.title.unwrap()).or_default().push(video.id);
        }
        let mut sessions = reader.api().list_video_agent_sessions().items();
        while let Some(session) = sessions.try_next().await.unwrap() {
            jobs.entry(session.title.unwrap()).or_default().push(session.session_id);
        }
        for (title, outcome) in outcomes {
            let jobs = jobs.get(&title).map(Vec::as_slice).unwrap_or_default();
            assert!(jobs.len() <= 1, "seed {seed}: {title} was created {} times: {outcome:?}", jobs.len());
            match outcome {
                Ok(id) => {
                    assert_eq!(jobs, [id], "seed {seed}: {title}");
                    succeeded += 1;
                }
                Err(error) => {
                    let may_exist = error.may_have_executed();
                    assert!(may_exist || jobs.is_empty(), "seed {seed}: {title} was created, but: {error}");
                    failed += 1;
                    maybe_executed += usize::from(may_exist);
                }
            }
        }
    }
    // Every case occurred, and not every error reports a possible execution.
    let counts = format!("{succeeded} {failed} {maybe_executed} {conflicts}");
    assert!(succeeded > 1_000 && failed > 100 && maybe_executed > 50 && conflicts > 50, "{counts}");
    assert!(failed > maybe_executed, "{counts}");
}
