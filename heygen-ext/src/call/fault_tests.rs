//! What must hold whatever goes wrong: at most one job for each call, and errors that are true.

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

/// Calls of each kind under each seed.
const CALLS: usize = 400;

/// What the service says while the first attempt with a key is under way.
const IN_PROGRESS: &str = r#"{"error":{"code":"request_in_progress","message":"m"}}"#;

/// A refusal that no other attempt mends.
const CONFLICT: &str = r#"{"error":{"code":"conflict","message":"m"}}"#;

/// A simulator in which half of the requests meet with something.
async fn faulty(seed: u64) -> Sim {
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
        // Carried out when the clock is moved, long after the caller has given up.
        (Fault::delay(Duration::from_secs(30)), 0.05),
    ] {
        for operation in ["createVideo", "createVideoAgentV3"] {
            sim.inject(fault.clone().on(operation).with_probability(probability)).unwrap();
        }
    }
    sim
}

/// The outcome of each call, by the title that it alone has.
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
async fn no_call_makes_two_jobs_and_every_error_is_true() {
    let (mut succeeded, mut failed, mut maybe_executed, mut questions) = (0, 0, 0, 0);
    for seed in 0..3 {
        let sim = faulty(seed).await;
        let time = Arc::new(ManualRuntime::new());
        let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).runtime(time);
        let heygen = heygen.options(CallOptions::new().timeout(Duration::from_millis(50))).build().unwrap();
        let calls = stream::iter(0..CALLS).map(|number| submit(&heygen, number)).buffer_unordered(8);
        let outcomes: Vec<_> = calls.collect::<Vec<_>>().await.into_iter().flatten().collect();
        questions += sim.requests().iter().filter(|request| request.status == Some(409)).count();
        // What was delayed is carried out now.
        sim.clear_faults();
        sim.advance(Duration::from_secs(60));
        tokio::task::yield_now().await;
        let calm = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
        let mut made: HashMap<String, Vec<String>> = HashMap::new();
        let mut videos = calm.api().list_videos().title("video").items();
        while let Some(video) = videos.try_next().await.unwrap() {
            made.entry(video.title.unwrap()).or_default().push(video.id);
        }
        let mut sessions = calm.api().list_video_agent_sessions().items();
        while let Some(session) = sessions.try_next().await.unwrap() {
            made.entry(session.title.unwrap()).or_default().push(session.session_id);
        }
        for (title, outcome) in outcomes {
            let jobs = made.get(&title).map(Vec::as_slice).unwrap_or_default();
            assert!(jobs.len() <= 1, "seed {seed}: {title} was made {} times: {outcome:?}", jobs.len());
            match outcome {
                Ok(id) => {
                    assert_eq!(jobs, [id], "seed {seed}: {title}");
                    succeeded += 1;
                }
                Err(error) => {
                    let may = error.may_have_executed();
                    assert!(may || jobs.is_empty(), "seed {seed}: {title} was made, and {error}");
                    failed += 1;
                    maybe_executed += usize::from(may);
                }
            }
        }
    }
    // All of it happened, or the test shows nothing; and errors do not all say that anything may have been.
    let counts = format!("{succeeded} {failed} {maybe_executed} {questions}");
    assert!(succeeded > 1_000 && failed > 100 && maybe_executed > 50 && questions > 50, "{counts}");
    assert!(failed > maybe_executed, "{counts}");
}
