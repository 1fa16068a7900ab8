//! Video Agent, whose sessions name their video later than those of v1.

use std::time::Duration;

use heygen_ext::migrate::MigrateOptions;
use heygen_sim::{Fault, Sim};
use serde_json::{Value, json};

use super::gateway::{Gateway, Reply};

async fn start(sim: &Sim, gateway: &Gateway, prompt: &str) -> Reply {
    let body = json!({"prompt": prompt});
    let started = gateway.post("/v1/video_agent/generate", &body);
    sim.drive(Duration::from_secs(1), started).await
}

fn sessions(sim: &Sim) -> usize {
    sim.requests().iter().filter(|one| one.method == "POST" && one.path == "/v3/video-agents").count()
}

async fn status(gateway: &Gateway, id: &str) -> (Value, Value) {
    let first = gateway.get(&format!("/v1/video_status.get?video_id={id}")).await;
    let later = gateway.get(&format!("/v2/videos/{id}")).await;
    assert_eq!((first.status, later.status), (200, 200), "{} {}", first.body, later.body);
    assert_eq!(first.body["data"]["status"], later.body["data"]["status"]);
    (first.body["data"].clone(), later.body["data"].clone())
}

#[tokio::test(start_paused = true)]
async fn the_id_of_a_slow_session_stands_for_that_of_its_video() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let started = start(&sim, &gateway, "Our launch [sim:late-video]").await;
    assert_eq!(started.status, 200, "{}", started.body);
    let id = started.body["data"]["video_id"].as_str().unwrap();
    assert_eq!(started.body["data"]["session_id"], id);
    let (pending, _) = status(&gateway, id).await;
    assert_eq!((&pending["status"], &pending["id"]), (&json!("pending"), &json!(id)));
    sim.advance(Duration::from_secs(3600));
    let (finished, later) = status(&gateway, id).await;
    assert_eq!(finished["status"], "completed");
    assert!(finished["video_url"].is_string() && finished["id"] != id, "{finished}");
    assert_eq!(finished["id"], later["id"]);
    assert_eq!(sessions(&sim), 1);
    let unknown = gateway.get("/v1/video_status.get?video_id=unknown").await;
    assert_eq!((unknown.status, &unknown.body["code"]), (404, &json!(40_104)));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_fails_is_reported_as_failed() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let failed = start(&sim, &gateway, "Our launch [sim:late-video] [sim:fail] [sim:takes=8]").await;
    assert_eq!((failed.status, &failed.body["error"]["code"]), (400, &json!("session_failed")));
    let message = failed.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("of Video Agent failed"), "{message}");

    let started = start(&sim, &gateway, "Our launch [sim:late-video] [sim:fail]").await;
    assert_eq!(started.status, 200, "{}", started.body);
    sim.advance(Duration::from_secs(60));
    let (first, later) = status(&gateway, started.body["data"]["video_id"].as_str().unwrap()).await;
    assert_eq!(first["status"], "failed");
    assert!(first["error"]["message"].is_string() && later["failure_code"].is_string(), "{first} {later}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_has_started_is_answered_when_it_cannot_be_read() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    sim.inject(Fault::refuse(503, "service_unavailable", "no").on("getVideoAgentSession")).unwrap();
    let started = start(&sim, &gateway, "Our launch [sim:late-video]").await;
    assert_eq!(started.status, 200, "{}", started.body);
    assert_eq!(started.body["data"]["video_id"], started.body["data"]["session_id"]);
}
