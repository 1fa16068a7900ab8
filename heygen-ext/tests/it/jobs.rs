//! Jobs against the simulator. Both clocks are manual: time passes only while a wait pauses.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use heygen_ext::heygen_api::types::{
    AssetInput, AssetReference, CloneVoiceRequest, CreateDigitalTwinRequest, CreateLipsyncRequest,
    CreateVideoFromImage, CreateVideoTranslationRequest, SessionMode,
};
use heygen_ext::jobs::{
    self, Cadence, Job, JobHandle, JobKind, JobState, Question, Video, VideoAgentSession,
};
use heygen_ext::{ErrorKind, HeyGen, VideoAgent};
use heygen_sim::{Clock, Fault, Sim};

async fn pair() -> (Sim, HeyGen) {
    let sim = Sim::builder().clock(Clock::manual()).concurrency(100).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    (sim, heygen)
}

/// Lets time pass in the simulator as it passes for the future.
pub(crate) async fn drive<F: Future>(sim: &Sim, future: F) -> F::Output {
    sim.drive(Duration::from_secs(1), future).await
}

pub(crate) fn video(text: &str) -> CreateVideoFromImage {
    CreateVideoFromImage::builder()
        .image(AssetInput::url("https://example.com/face.png"))
        .script(text)
        .voice_id("en-us-clara")
        .build()
        .unwrap()
}

/// The handle as another process reads it.
fn stored(handle: &JobHandle) -> JobHandle {
    serde_json::from_str(&serde_json::to_string(handle).unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_session_reports_each_change_and_returns_its_video() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(VideoAgent::prompt("Say hello")).await.unwrap();
    assert!(job.to_string().starts_with("video-agent:"), "{job}");
    let states: Vec<_> = drive(&sim, job.watch().try_collect()).await.unwrap();
    let Some(JobState::Completed(video)) = states.last() else { panic!("{states:?}") };
    assert!(video.video_url.is_some());
    let mut words: Vec<&str> = states
        .iter()
        .filter_map(|state| match state {
            JobState::Running(progress) => Some(progress.status.as_str()),
            _ => None,
        })
        .collect();
    words.dedup();
    assert!(words.ends_with(&["processing"]), "{words:?}");
    assert!(words.len() >= 2, "{words:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_resumes_from_its_stored_handle() {
    let (sim, heygen) = pair().await;
    let handle = stored(heygen.submit(video("Hello")).await.unwrap().handle());
    let other = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let job = other.job_of(handle.clone());
    assert!(job.downcast::<VideoAgentSession>().is_none(), "another kind");
    let typed: Job<Video> = job.downcast().unwrap();
    let result = drive(&sim, typed.wait()).await.unwrap();
    assert_eq!(result.id, handle.id());
    assert_eq!(drive(&sim, job.wait()).await.unwrap()["id"], handle.id());
}

#[tokio::test(start_paused = true)]
async fn one_request_for_three_languages_starts_three_jobs() {
    let (sim, heygen) = pair().await;
    let request = CreateVideoTranslationRequest::builder()
        .video(AssetReference::url("https://example.com/talk.mp4"))
        .output_languages(["German", "French", "Italian"]);
    let jobs = heygen.submit(request).await.unwrap();
    assert_eq!(jobs.len(), 3);
    let outcomes = drive(&sim, jobs.wait_all()).await;
    assert!(
        outcomes.iter().all(|outcome| outcome.as_ref().is_ok_and(|one| one.video_url.is_some())),
        "{outcomes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn many_waits_share_requests() {
    let (sim, heygen) = pair().await;
    let mut jobs = Vec::new();
    for number in 0..40 {
        jobs.push(heygen.submit(video(&format!("Hello {number}"))).await.unwrap());
    }
    let before = sim.requests().len();
    let outcomes = drive(&sim, jobs::wait_all(jobs)).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let requests = sim.requests().len() - before;
    // Each job is read once on its own, when it has completed; the rest are bulk requests.
    assert!((40..40 + 70).contains(&requests), "{requests}");
}

#[tokio::test(start_paused = true)]
async fn outcomes_come_as_jobs_end() {
    let (sim, heygen) = pair().await;
    let slow = heygen.submit(video("[sim:takes=1200] A longer one")).await.unwrap();
    let quick = heygen.submit(video("Hello")).await.unwrap();
    let outcomes: Vec<_> = drive(&sim, jobs::as_completed([slow, quick]).collect()).await;
    assert_eq!(outcomes.len(), 2);
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_failed_job_has_code_message_and_last_body() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(video("[sim:fail] Hello")).await.unwrap();
    let id = job.id().to_owned();
    let error = drive(&sim, job.wait()).await.unwrap_err();
    assert_eq!((error.kind(), error.job_id()), (ErrorKind::Failed, Some(id.as_str())));
    assert_eq!(error.job_status(), Some("failed"));
    assert_eq!(error.job_body().unwrap()["id"], id.as_str());
    assert!(error.to_string().starts_with(&format!("video:{id}: the job failed: ")), "{error}");
    assert!(error.may_have_executed());
}

#[tokio::test(start_paused = true)]
async fn the_deadline_leaves_a_job_that_another_wait_resumes() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(video("Hello")).await.unwrap();
    for deadline in [0, 20] {
        let wait = job.clone().deadline(Duration::from_secs(deadline)).wait();
        let error = drive(&sim, wait).await.unwrap_err();
        assert_eq!((error.kind(), error.job()), (ErrorKind::Deadline, Some(job.handle())));
        assert!(error.job_status().is_some(), "{error}");
    }
    assert!(drive(&sim, job.wait()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_sends_no_more_requests() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(video("Hello")).await.unwrap();
    let wait = tokio::time::timeout(Duration::from_secs(12), job.wait());
    assert!(drive(&sim, wait).await.is_err());
    let before = sim.requests().len();
    drive(&sim, tokio::time::sleep(Duration::from_secs(120))).await;
    assert_eq!(sim.requests().len(), before);
}

#[tokio::test(start_paused = true)]
async fn trouble_that_passes_does_not_end_a_wait() {
    for fault in [
        Fault::status(502).on("get_video").times(9),
        Fault::close_before().on("get_video").times(9),
        Fault::status(404).on("get_video").times(2),
    ] {
        let (sim, heygen) = pair().await;
        let job = heygen.submit(video("Hello")).await.unwrap();
        let described = format!("{fault:?}");
        sim.inject(fault).unwrap();
        let outcome = drive(&sim, job.wait()).await;
        assert!(outcome.is_ok(), "{described}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_that_does_not_pass_ends_at_the_deadline_with_the_last_status() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(video("Hello")).await.unwrap().deadline(Duration::from_secs(600));
    let mut states = job.watch();
    let first = drive(&sim, states.next()).await.unwrap().unwrap();
    assert!(matches!(first, JobState::Running(_)), "{first:?}");
    sim.inject(Fault::status(502).on("get_video")).unwrap();
    let error = drive(&sim, states.try_collect::<Vec<_>>()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert!(error.job_status().is_some(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_and_the_same_job_goes_on() {
    let (sim, heygen) = pair().await;
    let request = VideoAgent::prompt("[sim:ask] Say hello").with(|options| options.mode(SessionMode::Chat));
    let job = heygen.submit(request).await.unwrap();
    let error = drive(&sim, job.clone().wait()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NeedsPerson, "{error}");
    assert!(matches!(error.question(), Some(Question::Input { .. })), "{error:?}");
    let job = job.answer("Yes, please.").await.unwrap();
    // The session has a storyboard now.
    let error = drive(&sim, job.clone().wait()).await.unwrap_err();
    assert!(matches!(error.question(), Some(Question::Review { text }) if !text.is_empty()), "{error:?}");
    let job = job.answer("Go on.").await.unwrap();
    let first = drive(&sim, job.clone().wait()).await.unwrap();
    assert!(first.video_url.is_some());
    // A revision makes a new video; the wait is not for the old one.
    let job = job.answer("[sim:no-review] Make it shorter.").await.unwrap();
    let second = drive(&sim, job.wait()).await.unwrap();
    assert_ne!(first.id, second.id);
}

#[tokio::test(start_paused = true)]
async fn other_kinds_complete_too() {
    async fn complete<K: JobKind>(sim: &Sim, job: Job<K>) {
        let name = job.to_string();
        let outcome = drive(sim, job.wait()).await;
        if let Err(error) = outcome {
            panic!("{name}: {error}");
        }
    }
    let (sim, heygen) = pair().await;
    let lipsync = CreateLipsyncRequest::builder()
        .video(AssetReference::url("https://example.com/talk.mp4"))
        .audio(AssetReference::url("https://example.com/talk.mp3"));
    complete(&sim, heygen.submit(lipsync).await.unwrap()).await;
    let voice = CloneVoiceRequest::builder()
        .audio(AssetInput::url("https://example.com/voice.mp3"))
        .voice_name("Ada");
    complete(&sim, heygen.submit(voice).await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_zero_reads_the_job_once() {
    let (sim, heygen) = pair().await;
    let job = heygen.submit(video("Hello")).await.unwrap();
    let wait = || heygen.job::<Video>(job.id()).deadline(Duration::ZERO).wait();
    let before = sim.requests().len();
    let error = wait().await.unwrap_err();
    assert_eq!((error.kind(), error.job()), (ErrorKind::Deadline, Some(job.handle())));
    assert_eq!(sim.requests().len(), before + 1);
    sim.advance(Duration::from_secs(3600));
    assert!(wait().await.unwrap().video_url.is_some());
}

#[tokio::test(start_paused = true)]
async fn many_submissions_keep_a_pace_and_repeat_refusals_for_the_rate() {
    let (sim, heygen) = pair().await;
    sim.inject(Fault::status(429).on("create_video_agent").after(5).times(9)).unwrap();
    let requests = (0..20).map(|number| VideoAgent::prompt(format!("Hello {number}")));
    let outcomes = drive(&sim, heygen.submit_many(requests)).await;
    assert_eq!(outcomes.len(), 20);
    let ids: std::collections::BTreeSet<_> =
        outcomes.into_iter().map(|job| job.unwrap().id().to_owned()).collect();
    assert_eq!(ids.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_request_among_many_is_an_error_at_its_place() {
    let (sim, heygen) = pair().await;
    let requests = ["Hello", "", "Hello again"].map(VideoAgent::prompt);
    let outcomes = drive(&sim, heygen.submit_many(requests)).await;
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}

/// A verified event about a video.
#[cfg(feature = "webhook")]
pub(crate) fn event(id: &str) -> heygen_ext::webhook::Event {
    event_of("avatar_video.success", "video_id", id)
}

/// A verified event of this type, whose job is named by this member.
#[cfg(feature = "webhook")]
pub(crate) fn event_of(kind: &str, member: &str, id: &str) -> heygen_ext::webhook::Event {
    use heygen_ext::webhook::testing::{Generation, Signer};
    let body = serde_json::json!({"event_type": kind, "event_data": {member: id}});
    let delivery = Signer::new("secret").unwrap().deliver(Generation::Signature, body.to_string());
    let verifier = heygen_ext::webhook::Verifier::new("secret").unwrap();
    verifier.verify(delivery.headers(), delivery.body().clone()).unwrap().event().unwrap()
}

#[cfg(feature = "webhook")]
#[tokio::test(start_paused = true)]
async fn an_event_that_another_process_received_wakes_the_wait_through_the_ledger() {
    let ledger = super::ledger::Shared::default();
    let (sim, heygen) = pair().await;
    let job = heygen.submit(video("Hello")).await.unwrap().cadence(Cadence::every(Duration::from_secs(3600)));
    let id = job.id().to_owned();
    let hub = heygen.hub();
    let wait = async {
        tokio::select! {
            outcome = job.wait() => outcome.unwrap(),
            error = hub.follow(&ledger) => panic!("{error}"),
        }
    };
    let signal = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        sim.advance(Duration::from_secs(600));
        ledger.0.lock().unwrap().push(id.clone());
    };
    let start = tokio::time::Instant::now();
    let (video, ()) = tokio::join!(wait, signal);
    assert_eq!(video.id, id);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[cfg(feature = "webhook")]
#[tokio::test(start_paused = true)]
async fn an_event_wakes_the_wait_for_its_job() {
    let (sim, heygen) = pair().await;
    let hub = heygen.hub();
    let job = heygen.submit(video("Hello")).await.unwrap();
    let id = job.id().to_owned();
    let mut states = job.watch();
    assert!(matches!(states.next().await, Some(Ok(JobState::Running(_)))));
    sim.advance(Duration::from_secs(3600));
    let before = sim.requests().len();
    let woken = hub.notify(&event(&id));
    assert_eq!(woken, 0, "the stream is not polled yet, so nobody waits");
    let next = tokio::spawn(async move { states.next().await });
    // The wait begins its pause, and the event ends it, without any time passing.
    while hub.notify(&event(&id)) == 0 {
        tokio::task::yield_now().await;
    }
    let start = tokio::time::Instant::now();
    assert!(matches!(next.await.unwrap(), Some(Ok(JobState::Completed(_)))));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(sim.requests().len() > before);
}

#[tokio::test(start_paused = true)]
async fn waits_survive_a_service_that_fails_at_random() {
    const COUNT: usize = 2_000;
    let sim =
        Sim::builder().clock(Clock::manual()).concurrency(COUNT).balance(100_000.0).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let mut jobs = Vec::new();
    for number in 0..COUNT {
        let text = if number % 10 == 0 { format!("[sim:fail] {number}") } else { format!("Hello {number}") };
        jobs.push(heygen.submit(video(&text)).await.unwrap());
    }
    for fault in [Fault::status(429), Fault::status(503), Fault::close_before(), Fault::half_body()] {
        sim.inject(fault.with_probability(0.1)).unwrap();
    }
    let before = sim.requests().len();
    let outcomes = drive(&sim, jobs::wait_all(jobs)).await;
    for (number, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Ok(_) => assert_ne!(number % 10, 0),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Failed, "{number}: {error}");
                assert_eq!(number % 10, 0);
            }
        }
    }
    let requests = sim.requests().len() - before;
    // One read for each end, the bulk requests, and the repetitions of what failed.
    assert!(requests < COUNT * 6, "{requests}");
}

#[tokio::test(start_paused = true)]
async fn a_training_that_needs_consent_returns_the_link_and_goes_on_after_it() {
    let (sim, heygen) = pair().await;
    let request =
        CreateDigitalTwinRequest::builder().name("Ada").file(AssetInput::url("https://example.com/ada.mp4"));
    let job = heygen.submit(request).await.unwrap();
    // A single read creates no link.
    let error = loop {
        match job.poll_once().await {
            Ok(_) => drive(&sim, tokio::time::sleep(Duration::from_secs(10))).await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.question(), Some(&Question::Consent { link: None }), "{error}");
    assert_eq!(error.job(), Some(job.handle()));
    let consents = || {
        sim.requests().iter().filter(|one| one.operation.as_deref() == Some("createAvatarConsent")).count()
    };
    assert_eq!(consents(), 0);
    let error = drive(&sim, job.clone().wait()).await.unwrap_err();
    assert_eq!((error.kind(), consents()), (ErrorKind::NeedsPerson, 1), "{error}");
    let Some(Question::Consent { link: Some(link) }) = error.question() else { panic!("{error:?}") };
    assert!(!error.to_string().contains(link), "{error}");
    // The person agrees.
    let page = reqwest::Client::new().post(link).send().await.unwrap();
    assert!(page.status().is_success(), "{}", page.status());
    assert!(drive(&sim, job.wait()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_empty_id_is_an_invalid_request() {
    let (_sim, heygen) = pair().await;
    let error = heygen.job::<Video>("").wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
}

#[cfg(feature = "webhook")]
#[tokio::test(start_paused = true)]
async fn an_event_does_not_shorten_a_pause_that_the_service_asks_for() {
    let (sim, heygen) = pair().await;
    let hub = heygen.hub();
    let job = heygen.submit(video("Hello")).await.unwrap();
    let id = job.id().to_owned();
    let fault = Fault::refuse(429, "rate_limit_exceeded", "m").on("get_video").header("Retry-After", "70");
    sim.inject(fault).unwrap();
    let wait = tokio::spawn(job.deadline(Duration::from_secs(600)).wait());
    for _ in 0..100 {
        hub.notify(&event(&id));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let reads = sim.requests().iter().filter(|one| one.operation.as_deref() == Some("getVideoV3")).count();
    assert!((1..=3).contains(&reads), "{reads}");
    wait.abort();
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_any_length_is_taken() {
    let (_sim, heygen) = pair().await;
    #[cfg(feature = "webhook")]
    let _hub = heygen.hub();
    let job = heygen.submit(video("Hello")).await.unwrap().cadence(Cadence::every(Duration::MAX));
    let error = job.deadline(Duration::from_secs(5)).wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
}
