//! Waits against a scripted service. The clock moves only while a wait pauses.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use heygen_api::{BoxFuture, Client, Operation, RawResponse, Request, Transport, TransportError};
use http::StatusCode;
use serde_json::{Value, json};

use super::facts::{self, Facts};
use super::handle::JobHandle;
use super::poller::{Bulks, Poller};
use super::wait::{GRACE_AFTER_CREATE, MAX_FAILED_LOOKS, Start, Step, Wait, WaitContext};
use crate::error::{Error, ErrorKind};
use crate::runtime::Runtime as _;
use crate::runtime::tests::ManualRuntime;

/// Responds to the n-th request of an operation.
type Script = dyn Fn(&str, usize) -> (u16, Value) + Send + Sync;

struct Service {
    script: Box<Script>,
    seen: Mutex<Vec<String>>,
}

#[derive(Clone)]
struct Scripted(Arc<Service>);

impl Transport for Scripted {
    fn send<'a>(
        &'a self,
        _: Request,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        let mut seen = self.0.seen.lock().unwrap();
        let before = seen.iter().filter(|id| *id == operation.id()).count();
        seen.push(operation.id().to_owned());
        let (status, body) = (self.0.script)(operation.id(), before);
        let mut response = http::Response::builder().status(status);
        if status == 429 {
            response = response.header("Retry-After", "90");
        }
        let response = response.body(body.to_string()).unwrap();
        Box::pin(async move { Ok(response.into()) })
    }
}

struct Scene {
    service: Arc<Service>,
    runtime: Arc<ManualRuntime>,
    wait: Wait,
}

fn scene(
    facts: &'static Facts,
    is_new: bool,
    script: impl Fn(&str, usize) -> (u16, Value) + Send + Sync + 'static,
) -> Scene {
    let service = Arc::new(Service { script: Box::new(script), seen: Mutex::default() });
    let runtime = Arc::new(ManualRuntime::new());
    let api = Client::new(Scripted(Arc::clone(&service)));
    let bulks = Arc::new(Mutex::new(Bulks::new(runtime.now())));
    let poller = Poller::new(api.clone(), Arc::<ManualRuntime>::clone(&runtime), bulks);
    let context =
        WaitContext { api, runtime: Arc::<ManualRuntime>::clone(&runtime), poller, wakes: Arc::default() };
    let start = Start { is_new, ..Start::of(JobHandle::new(facts, "j")) };
    Scene { service, wait: Wait::new(context, start, None, Some(Duration::from_secs(600))), runtime }
}

impl Scene {
    async fn end(&mut self) -> Result<Value, Error> {
        loop {
            if let Step::Done(data) = self.wait.next().await? {
                return Ok(data);
            }
        }
    }

    fn requests(&self) -> usize {
        self.service.seen.lock().unwrap().len()
    }

    fn elapsed(&self) -> u64 {
        self.runtime.slept.lock().unwrap().iter().sum::<Duration>().as_secs()
    }
}

fn data(data: Value) -> (u16, Value) {
    (200, json!({ "data": data }))
}

fn refusal(status: u16) -> (u16, Value) {
    (status, json!({"error": {"code": "resource_not_found", "message": "m"}}))
}

/// A render, so that no bulk request is involved.
const KIND: &Facts = &facts::HYPERFRAMES_RENDER;

fn completed() -> (u16, Value) {
    data(json!({"status": "completed", "video_url": "https://example.com/v.mp4"}))
}

#[tokio::test]
async fn the_first_look_is_at_once_and_the_last_at_the_deadline() {
    let mut scene = scene(KIND, true, |_, _| data(json!({"status": "rendering"})));
    let error = scene.end().await.unwrap_err();
    assert_eq!((error.kind(), error.job_status()), (ErrorKind::Deadline, Some("rendering")));
    assert_eq!(
        error.to_string(),
        "hyperframes-render:j: not finished after 600 s; the job goes on: wait again with its id"
    );
    assert_eq!(scene.elapsed(), 600);
    assert_eq!(scene.requests(), 61);
}

#[tokio::test]
async fn an_unknown_status_is_reported_and_goes_on() {
    let mut scene =
        scene(KIND, true, |_, n| if n == 0 { data(json!({"status": "warming_up"})) } else { completed() });
    let Ok(Step::Running(progress)) = scene.wait.next().await else { unreachable!("the job has ended") };
    assert_eq!((progress.status.as_str(), progress.is_known), ("warming_up", false));
    assert!(scene.end().await.is_ok());
}

#[tokio::test]
async fn a_job_may_be_unknown_for_a_minute_after_its_creation() {
    let unknown_twice = |_: &str, n: usize| if n < 2 { refusal(404) } else { completed() };
    assert!(scene(KIND, true, unknown_twice).end().await.is_ok());
    let mut old = scene(KIND, false, unknown_twice);
    let error = old.end().await.unwrap_err();
    assert_eq!((error.status(), old.requests()), (Some(StatusCode::NOT_FOUND), 1));
    let mut never = scene(KIND, true, |_, _| refusal(404));
    let error = never.end().await.unwrap_err();
    assert_eq!((error.kind(), error.job_id()), (ErrorKind::Refused, Some("j")));
    assert!(never.elapsed() >= GRACE_AFTER_CREATE.as_secs());
}

#[tokio::test]
async fn failed_looks_are_borne_with_growing_pauses() {
    let mut scene = scene(KIND, true, |_, n| if n < 6 { refusal(502) } else { completed() });
    assert!(scene.end().await.is_ok());
    let pauses: Vec<u64> = scene.runtime.slept.lock().unwrap().iter().map(Duration::as_secs).collect();
    assert_eq!(pauses, [10, 20, 40, 60, 60, 60]);
}

#[tokio::test]
async fn failed_looks_have_a_limit() {
    let mut scene = scene(KIND, true, |_, _| refusal(503));
    scene.wait = Wait::new(
        scene.wait.context().clone(),
        Start::of(JobHandle::new(KIND, "j")),
        None,
        Some(Duration::from_secs(1_000_000)),
    );
    let error = scene.end().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(scene.requests(), MAX_FAILED_LOOKS as usize + 1);
}

#[tokio::test]
async fn a_refusal_that_does_not_pass_ends_the_wait() {
    let mut scene = scene(KIND, true, |_, _| refusal(403));
    assert_eq!(scene.end().await.unwrap_err().status(), Some(StatusCode::FORBIDDEN));
    assert_eq!(scene.requests(), 1);
}

#[tokio::test]
async fn a_job_without_its_link_for_ever_ends_at_the_deadline() {
    let mut scene = scene(KIND, true, |_, _| data(json!({"status": "completed", "video_url": null})));
    let error = scene.end().await.unwrap_err();
    assert_eq!((error.kind(), error.job_status()), (ErrorKind::Deadline, Some("completed")));
}

#[tokio::test]
async fn a_stopped_job_is_an_error_of_its_own() {
    let mut scene = scene(&facts::AI_CLIPPING, true, |_, _| data(json!({"status": "cancelled"})));
    let error = scene.end().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stopped);
    assert_eq!(
        error.to_string(),
        "ai-clipping:j: the job was stopped or deleted: its status is `cancelled`; submit it again if you need it"
    );
}

#[tokio::test]
async fn a_session_that_has_named_its_video_is_not_read_again() {
    let mut scene = scene(&facts::VIDEO_AGENT_SESSION, true, |operation, n| match (operation, n) {
        ("get_video_agent_session", 0) => {
            data(json!({"session_id": "j", "status": "generating", "created_at": 0, "video_id": "v"}))
        }
        ("get_video_agent_session", _) => refusal(404),
        ("get_video", 0) => data(json!({"id": "v", "status": "processing"})),
        _ => completed(),
    });
    assert!(scene.end().await.is_ok());
    let sessions =
        scene.service.seen.lock().unwrap().iter().filter(|id| *id == "get_video_agent_session").count();
    assert_eq!(sessions, 1);
}

#[tokio::test]
async fn a_failed_video_of_a_session_that_asks_is_a_question() {
    let mut scene = scene(&facts::VIDEO_AGENT_SESSION, true, |operation, n| match (operation, n) {
        ("get_video_agent_session", 0) => {
            data(json!({"session_id": "j", "status": "generating", "created_at": 0, "video_id": "v"}))
        }
        ("get_video_agent_session", _) => data(json!({"session_id": "j", "status": "waiting_for_input",
            "created_at": 0, "messages": [{"role": "model", "type": "text", "content": "Which voice?", "created_at": 0}]})),
        _ => data(json!({"id": "v", "status": "failed"})),
    });
    let error = scene.end().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NeedsPerson);
    assert!(error.to_string().contains("the session asks: Which voice?"), "{error}");
    assert_eq!(error.video_id(), Some("v"));
}

#[tokio::test]
async fn progress_is_the_service_s_or_an_estimate() {
    let mut scene = scene(KIND, true, |_, n| match n {
        0 => data(json!({"status": "rendering", "progress": 40})),
        1..=9 => data(json!({"status": "rendering"})),
        _ => completed(),
    });
    let mut shown = Vec::new();
    while let Step::Running(progress) = scene.wait.next().await.unwrap() {
        shown.push((progress.percent.unwrap(), progress.is_estimate));
    }
    assert_eq!(shown.first(), Some(&(40, false)));
    assert_eq!(shown.last(), Some(&(30, true)), "{shown:?}");
}

#[tokio::test]
async fn retry_after_is_kept() {
    let mut scene = scene(KIND, true, |_, n| if n == 0 { refusal(429) } else { completed() });
    assert!(scene.end().await.is_ok());
    assert_eq!((scene.requests(), scene.elapsed()), (2, 90));
}

/// What each kind answers while it runs, and at its end.
fn answer(facts: &Facts, status: &str) -> Value {
    let mut data = json!({"session_id": "j", "created_at": 0, "status": status, "video_id": null});
    if facts.is_batch() {
        let ended = !facts.statuses.running.contains(&status);
        let (failed, completed) = (usize::from(status == "failed"), usize::from(status == "completed"));
        data["counts_by_status"] =
            json!({"processing": usize::from(!ended), "failed": failed, "completed": completed});
    }
    if let Some(result) = facts.result {
        data[result] = json!("https://example.com/result");
    }
    // The entry of a bulk request has the id in this member, in every kind.
    data["video_id"] =
        if facts.bulk.as_ref().is_some_and(|bulk| bulk.only) { json!("j") } else { Value::Null };
    data
}

/// A service in which the job runs for three reads, and then has this status.
fn runs_then(facts: &'static Facts, status: &'static str) -> Scene {
    scene(facts, true, move |operation, n| {
        let running = facts.statuses.running.first().copied().unwrap_or_default();
        let answer = answer(facts, if n < 3 { running } else { status });
        // Only the operation for several jobs returns a list.
        if operation.starts_with("bulk_") { data(json!([answer])) } else { data(answer) }
    })
}

#[tokio::test]
async fn every_kind_completes_fails_stops_and_asks_as_its_table_says() {
    for facts in facts::ALL {
        let name = facts.name;
        for status in facts.statuses.completed {
            let outcome = runs_then(facts, status).end().await;
            match name {
                // The result of a session is a video, which this service does not have.
                "video-agent" => assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Failed),
                _ => assert!(outcome.is_ok(), "{name} {status}: {outcome:?}"),
            }
        }
        let ends = [
            (facts.statuses.failed, ErrorKind::Failed),
            (facts.statuses.stopped, ErrorKind::Stopped),
            (facts.statuses.person, ErrorKind::NeedsPerson),
        ];
        // A batch ends by its items.
        let ends = ends.into_iter().filter(|(_, kind)| !facts.is_batch() || *kind == ErrorKind::Failed);
        for (statuses, kind) in ends {
            for status in statuses {
                let error = runs_then(facts, status).end().await.unwrap_err();
                assert_eq!((error.kind(), error.job().unwrap().kind()), (kind, name), "{status}: {error}");
            }
        }
        let error = runs_then(facts, "a_status_of_the_future").end().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadline, "{name}: {error}");
        assert!(error.to_string().starts_with(&format!("{name}:j: not finished after 600 s")), "{error}");
    }
}

#[tokio::test]
async fn a_session_that_answers_without_a_new_video_has_ended() {
    let mut scene = scene(&facts::VIDEO_AGENT_SESSION, false, |_, _| {
        data(json!({"session_id": "j", "status": "completed", "created_at": 0, "video_id": "old"}))
    });
    let start = Start {
        older_videos: vec!["old".to_owned()],
        ..Start::of(JobHandle::new(&facts::VIDEO_AGENT_SESSION, "j"))
    };
    scene.wait = Wait::new(scene.wait.context().clone(), start, None, None);
    let error = scene.end().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
    assert!((60..120).contains(&scene.elapsed()), "{}", scene.elapsed());
}
