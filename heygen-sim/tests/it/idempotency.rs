//! Tests of idempotency keys, and of the pages of lists.

use std::time::Duration;

use heygen_sim::Fault;
use reqwest::Method;
use serde_json::{Value, json};

use crate::program::{Answer, Program};

async fn create(program: &Program, key: &str, title: &str) -> Answer {
    let body =
        json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello", "title": title});
    program.send(Method::POST, "/v3/videos", &[("idempotency-key", key)], Some(body)).await
}

#[tokio::test]
async fn a_key_replays_the_response_for_a_day_even_if_the_body_differs() {
    let program = Program::start().await;
    let first = create(&program, "k", "one").await;
    program.advance(24 * 3600 - 1);
    let again = create(&program, "k", "two").await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_ne!(again.headers["x-request-id"], first.headers["x-request-id"]);
    assert!(program.sim.requests().last().unwrap().replayed);
    let other_path = json!({"variables": {"name": {"type": "text", "content": "Ada"}}});
    let template = "/v3/templates/d0000000000000000000000000000002";
    let other = program.send(Method::POST, template, &[("idempotency-key", "k")], Some(other_path)).await;
    assert_ne!(other.body["data"]["id"], first.body["data"]["video_id"]);
    program.advance(1);
    assert_ne!(create(&program, "k", "two").await.body, first.body);
    assert_eq!(program.get("/v3/videos").await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_key_in_progress_is_a_conflict_and_the_job_is_created_although_its_client_disconnects() {
    let program = Program::start().await;
    program.sim.inject(Fault::delay(Duration::from_secs(60)).on("createVideo").times(1)).unwrap();
    // The first client disconnects after its request has arrived.
    let request = program.client.post(program.url("/v3/videos")).header("x-api-key", program.sim.api_key());
    let request = request.header("idempotency-key", "k").header("content-type", "application/json");
    let body = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello"}).to_string();
    let first = tokio::spawn(request.body(body).send());
    let has_arrived = || {
        let requests = program.sim.requests();
        requests.iter().any(|request| request.fault.is_some() && request.body.is_some())
    };
    while !has_arrived() {
        tokio::task::yield_now().await;
    }
    let second = create(&program, "k", "two").await;
    assert_eq!((second.status, &second.body["error"]["code"]), (409, &json!("request_in_progress")));
    first.abort();
    assert!(first.await.is_err());
    program.advance(60);
    let again = loop {
        let answer = create(&program, "k", "two").await;
        if answer.status == 200 {
            break answer;
        }
        tokio::task::yield_now().await;
    };
    let videos = program.get("/v3/videos").await;
    assert_eq!((videos.as_array().unwrap().len(), &videos[0]["id"]), (1, &again.body["data"]["video_id"]));
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key_and_a_lost_response_is_replayed() {
    let program = Program::start().await;
    let wrong = json!({"type": "avatar", "avatar_id": "unknown", "script": "Hello"});
    let refused = program.send(Method::POST, "/v3/videos", &[("idempotency-key", "k")], Some(wrong)).await;
    assert_eq!(refused.status, 404);
    program.sim.inject(Fault::close_after().on("createVideo").times(1)).unwrap();
    let request = program.client.post(program.url("/v3/videos")).header("x-api-key", program.sim.api_key());
    let request = request.header("idempotency-key", "k").header("content-type", "application/json");
    let body = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello"}).to_string();
    assert!(request.body(body).send().await.is_err());
    let again = create(&program, "k", "one").await;
    let videos = program.get("/v3/videos").await;
    assert_eq!((videos.as_array().unwrap().len(), &videos[0]["id"]), (1, &again.body["data"]["video_id"]));
}

#[tokio::test]
async fn background_removals_use_request_id_as_their_key() {
    let program = Program::start().await;
    let body = |request: &str| json!({"video": {"type": "url", "url": "https://example.com/a.mp4"}, "request_id": request});
    let path = "/v3/background-removals";
    let header = [("idempotency-key", "k")];
    let first = program.send(Method::POST, path, &header, Some(body("r1"))).await.body;
    let second = program.send(Method::POST, path, &header, Some(body("r2"))).await.body;
    assert_ne!(first["data"]["id"], second["data"]["id"]);
    program.advance(100 * 24 * 3600);
    let again = program.post(path, body("r1")).await;
    assert_eq!((&again["id"], &again["status"]), (&first["data"]["id"], &json!("completed")));
    // The `request_id` decides, even if the rest of the body differs.
    let other =
        json!({"video": {"type": "asset_id", "asset_id": "gone"}, "layers": ["hat"], "request_id": "r1"});
    assert_eq!(program.post(path, other).await["id"], first["data"]["id"]);
    // After a deletion, the same `request_id` returns the deleted job instead of a new one.
    let job = format!("{path}/{}", again["id"].as_str().unwrap());
    program.call(Method::DELETE, &job, None).await;
    let again = program.post(path, body("r1")).await;
    assert_eq!((&again["id"], &again["status"]), (&first["data"]["id"], &json!("deleted")));
    assert_eq!(program.get(&job).await, again);
    assert_eq!(program.get(path).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_run_needs_a_key_and_compares_bodies() {
    let program = Program::start().await;
    let graph = json!({"schema_version": "1.0.0", "inputs": {"topic": {"type": "text"}},
        "nodes": [{"id": "speak", "type": "text_to_speech", "bindings": {"text": {"kind": "run_input", "name": "topic"}}}],
        "outputs": {"speech": {"node_id": "speak", "port": "audio"}}});
    let workflow = program.post("/v3/workflows", json!({"name": "w", "product_graph": graph})).await;
    let id = workflow["id"].as_str().unwrap();
    let run = |topic: &str| Some(json!({"workflow_id": id, "inputs": {"topic": topic}}));
    let create = |key: &'static str, body: Option<Value>| {
        let program = &program;
        async move { program.send(Method::POST, "/v3/workflow-runs", &[("idempotency-key", key)], body).await }
    };
    let without = program.send(Method::POST, "/v3/workflow-runs", &[], run("bees")).await;
    assert_eq!((without.status, &without.body["error"]["param"]), (400, &json!("Idempotency-Key")));
    let first = create("k", run("bees")).await;
    assert_eq!(first.status, 201);
    program.advance(1_000 * 24 * 3600);
    let again = create("k", run("bees")).await;
    assert_eq!((again.status, &again.body["data"]["id"]), (200, &first.body["data"]["id"]));
    let other = create("k", run("ants")).await;
    assert_eq!((other.status, &other.body["error"]["code"]), (409, &json!("conflict")));
    let path = format!("/v3/workflow-runs/{}", first.body["data"]["id"].as_str().unwrap());
    let done = program.get(&path).await;
    assert_eq!(done["status"], "succeeded");
    assert_eq!(program.fetch(&done["outputs"][0]["url"]).await.0, 200);
    let partial = create("p", run("bees [sim:partial]")).await;
    program.advance(120);
    let path = format!("/v3/workflow-runs/{}", partial.body["data"]["id"].as_str().unwrap());
    assert_eq!(program.get(&path).await["status"], "partial");
}

#[tokio::test]
async fn pages_are_stable_while_items_are_added() {
    let program = Program::start().await;
    let mut created = Vec::new();
    for number in 0..5 {
        created.insert(0, program.video(&format!("video {number}")).await);
    }
    let page = |token: String| {
        let program = &program;
        async move { program.send(Method::GET, &format!("/v3/videos?limit=2{token}"), &[], None).await.body }
    };
    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let page = page(token).await;
        let ids = page["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
        listed.extend(ids);
        program.video("newer").await;
        match page["next_token"].as_str() {
            Some(next) => token = format!("&token={next}"),
            None => break assert_eq!(page["has_more"], false),
        }
    }
    assert_eq!(listed, created);
    let token = page(String::new()).await["next_token"].as_str().unwrap().to_owned();
    let other_list = program.refused(Method::GET, &format!("/v3/voices?token={token}"), None).await;
    assert_eq!(other_list, (400, "invalid_parameter".into()));
}

/// Requests within which the simulator notices that a connection was closed.
const ATTEMPTS: usize = 1_000;

#[tokio::test]
async fn a_client_that_disconnects_releases_its_key() {
    let program = Program::start().await;
    // A receiver that accepts connections and never answers the probe.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let body = json!({"url": format!("http://{}/hook", silent.local_addr().unwrap())});
    let send = || {
        let request = program.client.post(program.url("/v3/webhooks/endpoints"));
        let request = request.header("x-api-key", program.sim.api_key()).header("idempotency-key", "k");
        request.header("content-type", "application/json").body(body.to_string()).send()
    };
    let first = tokio::spawn(send());
    let (probe, _) = silent.accept().await.unwrap();
    assert_eq!(send().await.unwrap().status(), 409);
    first.abort();
    assert!(first.await.is_err());
    // Once the simulator has noticed that the connection was closed, the key is free, and the next request sends a probe.
    let mut probed = None;
    for _ in 0..ATTEMPTS {
        let mut second = tokio::spawn(send());
        tokio::select! {
            _ = silent.accept() => {
                probed = Some(second);
                break;
            }
            answer = &mut second => assert_eq!(answer.unwrap().unwrap().status(), 409),
        }
    }
    program.advance(1);
    assert_eq!(probed.expect("the key is free").await.unwrap().unwrap().status(), 400);
    drop(probe);
}
