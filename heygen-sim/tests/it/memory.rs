//! Tests of the limit of resources: what is removed, and how that affects the rest.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::json;

use crate::program::Program;

fn video(title: &str) -> serde_json::Value {
    json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello", "title": title})
}

#[tokio::test]
async fn a_running_job_that_is_removed_frees_its_slot() {
    let program = Program::with(Sim::builder().keep(3).concurrency(3)).await;
    for _ in 0..3 {
        program.video("[sim:hang]").await;
    }
    assert_eq!(program.refused(Method::POST, "/v3/videos", Some(video("one"))).await.0, 429);
    let batch = json!({"videos": vec![video("two"); 3]});
    program.post("/v3/videos/batches", batch).await;
    program.video("one").await;
}

#[tokio::test]
async fn ended_jobs_are_removed_before_running_ones() {
    let program = Program::with(Sim::builder().keep(3)).await;
    let hangs = program.video("[sim:hang]").await;
    for number in 0..6 {
        program.video(&format!("{number} [sim:takes=1]")).await;
        program.advance(1);
    }
    assert_eq!(program.get(&format!("/v3/videos/{hangs}")).await["status"], "pending");
    assert_eq!(program.get("/v3/videos").await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_batch_keeps_the_statuses_of_removed_items() {
    let program = Program::with(Sim::builder().keep(2)).await;
    let videos = [video("[sim:fail]"), video("one"), video("two"), video("three")];
    let created = program.post("/v3/videos/batches", json!({"videos": videos})).await;
    let path = format!("/v3/videos/batches/{}", created["batch_id"].as_str().unwrap());
    assert_eq!(program.get(&path).await["counts_by_status"], json!({"queued": 4}));
    program.advance(5);
    assert_eq!(program.get(&path).await["counts_by_status"], json!({"processing": 4}));
    program.advance(300);
    let counts = json!({"completed": 3, "failed": 1});
    assert_eq!(program.get(&path).await["counts_by_status"], counts);
    let events = program.get("/v3/webhooks/events?event_type=batch.finished").await;
    assert_eq!(events[0]["event_data"]["counts_by_status"], counts);
}
