//! The command line tool of HeyGen, which is written in Go: `heygen … create --wait`, and `heygen video-agent stop`.
//!
//! Sources: heygen-com/heygen-cli, `internal/client/{client,executor,retry}.go` and `cmd/heygen/poll_configs.go`, as of July 2026.
//! `gen/video-agent.go` has the request that stops a session: a POST without a body, and so without a `Content-Type`.

use std::time::Duration;

use heygen_sim::{Fault, Sim};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{Client, answer, data, text};
use crate::program::Answer;

/// The window of `--wait`. It includes the request that creates the job.
const WINDOW: Duration = Duration::from_secs(20 * 60);

/// What the tool knows of a command with `--wait`.
struct Wait {
    create: &'static str,
    /// Pointer to the id in the response.
    id: &'static str,
    status: &'static str,
}

const VIDEO: Wait = Wait { create: "/v3/videos", id: "/data/video_id", status: "/v3/videos" };
const AGENT: Wait = Wait { create: "/v3/video-agents", id: "/data/video_id", status: "/v3/videos" };
const TRANSLATION: Wait = Wait {
    create: "/v3/video-translations",
    id: "/data/video_translation_ids/0",
    status: "/v3/video-translations",
};
const LIPSYNC: Wait = Wait { create: "/v3/lipsyncs", id: "/data/lipsync_id", status: "/v3/lipsyncs" };

async fn tool() -> Client {
    let headers =
        [("user-agent", "heygen-cli/v0.5.0"), ("x-heygen-source", "cli"), ("accept-encoding", "gzip")];
    Client::start(Sim::builder(), "x-api-key", &headers).await
}

/// Sends a request, and repeats it as the tool does: twice, and only where the request was not processed or is safe.
async fn send(request: RequestBuilder, is_read: bool) -> Answer {
    for attempt in 0..3 {
        let response = answer(request.try_clone().unwrap()).await;
        let repeats = response.status == 429 || (is_read && matches!(response.status, 500 | 502..=504));
        if !repeats || attempt == 2 {
            return response;
        }
        let stated =
            response.headers.get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
        sleep(Duration::from_secs(1 << attempt).max(Duration::from_secs(stated.unwrap_or(0).min(30)))).await;
    }
    unreachable!("the third response is returned")
}

/// Creates a job, and waits for its end: at first without a pause, then with pauses that double from 2 to 30 seconds.
async fn create_and_wait(client: &Client, command: &Wait, body: &Value) -> Value {
    let request = client.request(Method::POST, command.create).header("content-type", "application/json");
    let created = send(request.body(body.to_string()), false).await;
    assert!((200..300).contains(&created.status), "{}: {}", created.status, created.body);
    let id = text(created.body.pointer(command.id).unwrap()).to_owned();
    let mut pause = Duration::from_secs(2);
    loop {
        let read = client.request(Method::GET, &format!("{}/{id}", command.status));
        let job = data(send(read, true).await);
        match text(&job["status"]) {
            "completed" | "failed" => return job,
            _ => sleep(pause).await,
        }
        pause = (pause * 2).min(Duration::from_secs(30));
    }
}

/// The same, within the window of the tool, while the simulator's clock follows tokio's.
async fn run(client: &Client, command: &Wait, body: &Value) -> Value {
    let work = timeout(WINDOW, create_and_wait(client, command, body));
    client.program.sim.drive(Duration::from_secs(1), work).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn four_kinds_are_created_and_waited_for() {
    let client = tool().await;
    let video = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello", "voice_id": "en-us-clara"});
    let agent = json!({"prompt": "A presenter explains our launch in 30 seconds"});
    let source = |name: &str| json!({"type": "url", "url": format!("https://example.com/{name}")});
    let translation = json!({"video": source("a.mp4"), "output_languages": ["Spanish (Spain)"]});
    let lipsync = json!({"video": source("a.mp4"), "audio": source("a.mp3")});
    for (command, body, link) in [
        (VIDEO, video, "video_url"),
        (AGENT, agent, "video_url"),
        (TRANSLATION, translation, "video_url"),
        (LIPSYNC, lipsync, "video_url"),
    ] {
        let done = run(&client, &command, &body).await;
        assert_eq!(done["status"], "completed", "{}", command.create);
        client.download(&done[link]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_job_ends_the_wait() {
    let client = tool().await;
    let body = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello", "title": "[sim:fail]"});
    let failed = run(&client, &VIDEO, &body).await;
    assert_eq!(failed["status"], "failed");
    text(&failed["failure_code"]);
    text(&failed["failure_message"]);
    // The video of a session fails with its session, so a wait for the video ends.
    let failed = run(&client, &AGENT, &json!({"prompt": "[sim:fail]"})).await;
    assert_eq!(failed["status"], "failed");
}

/// The tool repeats a refused create as often as it may, and then the wait goes on.
#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_waited_for() {
    let client = tool().await;
    let refusal =
        Fault::refuse(429, "rate_limit_exceeded", "please reduce the rate").header("Retry-After", "5");
    client.program.sim.inject(refusal.on("create_lipsync").times(2)).unwrap();
    let source = |name: &str| json!({"type": "url", "url": format!("https://example.com/{name}")});
    let body = json!({"video": source("a.mp4"), "audio": source("a.mp3")});
    assert_eq!(run(&client, &LIPSYNC, &body).await["status"], "completed");
    let creates = client.program.sim.requests();
    let creates = creates.iter().filter(|request| request.operation.as_deref() == Some("createLipsyncV3"));
    assert_eq!(creates.map(|request| request.status).collect::<Vec<_>>(), [Some(429), Some(429), Some(200)]);
}

#[tokio::test]
async fn a_session_is_stopped_by_a_request_without_a_body() {
    let client = tool().await;
    let session = data(client.post("/v3/video-agents", &json!({"prompt": "Launch", "mode": "chat"})).await);
    let path = format!("/v3/video-agents/{}", text(&session["session_id"]));
    let stop = client.request(Method::POST, &format!("{path}/stop"));
    // Go names the length of a body that is not there.
    let stopped = data(answer(stop.header("content-length", "0")).await);
    assert_eq!(stopped["session_id"], session["session_id"]);
    client.wait(Duration::from_secs(10));
    assert_eq!(client.get(&path).await["status"], "completed");
    let request = client.program.sim.requests().into_iter().find(|one| one.path.ends_with("/stop")).unwrap();
    assert!(!request.headers.contains_key("content-type"), "{request:?}");
}
