//! Tests of the basics: a session and its file, keys, the checks of requests, lists and seeds.

use std::time::Duration;

use heygen_sim::{Clock, Sim};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

async fn sim() -> Sim {
    Sim::builder().clock(Clock::manual()).api_key("key").start().await.unwrap()
}

async fn call(sim: &Sim, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let mut request =
        Client::new().request(method, format!("{}{path}", sim.base_url())).header("x-api-key", sim.api_key());
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"].len(), 32);
    let status = response.status();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

async fn get(sim: &Sim, path: &str) -> Value {
    let (status, body) = call(sim, Method::GET, path, None).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

async fn session(sim: &Sim) -> String {
    let (status, body) =
        call(sim, Method::POST, "/v3/video-agents", Some(json!({"prompt": "Say hello [sim:late-video]"})))
            .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["data"]["status"], "thinking");
    assert_eq!(body["data"]["video_id"], Value::Null);
    body["data"]["session_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_passes_from_thinking_to_a_video_file() {
    let sim = sim().await;
    let id = session(&sim).await;
    let path = format!("/v3/video-agents/{id}");
    assert_eq!(get(&sim, &path).await["data"]["status"], "thinking");

    sim.advance(Duration::from_secs(30));
    let generating = get(&sim, &path).await;
    assert_eq!(generating["data"]["status"], "generating");
    let video = format!("/v3/videos/{}", generating["data"]["video_id"].as_str().unwrap());
    assert_eq!(get(&sim, &video).await["data"]["status"], "pending");

    sim.advance(Duration::from_secs(60));
    let processing = get(&sim, &video).await;
    assert_eq!(processing["data"]["status"], "processing");
    assert_eq!(processing["data"].get("video_url"), None);

    sim.advance(Duration::from_secs(510));
    assert_eq!(get(&sim, &path).await["data"]["status"], "completed");
    let completed = get(&sim, &video).await;
    assert_eq!(completed["data"]["status"], "completed");
    let url = completed["data"]["video_url"].as_str().unwrap();
    let response = reqwest::get(url).await.unwrap();
    assert_eq!(response.headers()["content-type"], "video/mp4");
    let bytes = response.bytes().await.unwrap();
    assert_eq!(&bytes[4..8], b"ftyp");
    assert!(bytes.windows(4).any(|four| four == b"moov") && bytes.windows(4).any(|four| four == b"mdat"));
}

#[tokio::test]
async fn a_link_is_verified_and_expires_and_the_resource_returns_a_new_one() {
    let sim = sim().await;
    session(&sim).await;
    sim.advance(Duration::from_secs(600));
    let link =
        || async { get(&sim, "/v3/videos").await["data"][0]["video_url"].as_str().unwrap().to_owned() };
    let status = |url: String| async move { reqwest::get(url).await.unwrap().status().as_u16() };
    let url = link().await;
    assert_eq!(status(url.clone()).await, 200);
    assert_eq!(status(url.replace(".mp4", ".mp5")).await, 403);
    assert_eq!(status(url.replace("Signature=", "Signature=0")).await, 403);
    assert_eq!(status(url.split('?').next().unwrap().to_owned()).await, 403);
    let with_key = Client::new().get(&url).header("authorization", "Bearer key").send().await.unwrap();
    assert_eq!(with_key.status(), 400);
    sim.advance(Duration::from_secs(3601));
    assert_eq!(status(url.clone()).await, 403);
    let fresh = link().await;
    assert_ne!(fresh, url);
    assert_eq!(status(fresh).await, 200);
}

#[tokio::test]
async fn an_invalid_request_is_refused() {
    let sim = sim().await;
    let agents = "/v3/video-agents";
    let refusal = |body: &Value| (body["error"]["code"].clone(), body["error"]["param"].clone());
    for (body, param) in [
        (json!({}), json!("prompt")),
        (json!({"prompt": 7}), json!("prompt")),
        (json!({"prompt": ""}), json!("prompt")),
        (json!({"prompt": "x".repeat(10_001)}), json!("prompt")),
        (json!({"prompt": "x", "promt": "y"}), json!("promt")),
        (json!({"prompt": "x", "files": [{"type": "url"}]}), json!("files.0.url")),
        (json!([]), Value::Null),
    ] {
        let (status, answer) = call(&sim, Method::POST, agents, Some(body.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        let (code, named) = refusal(&answer);
        assert_eq!((code, named), (json!("invalid_parameter"), param), "{answer}");
    }
    for (method, path, expected) in [
        (Method::GET, "/v3/nothing", (404, "not_found")),
        (Method::PUT, agents, (405, "method_not_allowed")),
        (Method::GET, "/v3/videos/unknown", (404, "video_not_found")),
        (Method::GET, "/v3/video-agents/unknown", (404, "resource_not_found")),
        (Method::GET, "/v3/videos?limit=1000", (400, "invalid_parameter")),
        (Method::GET, "/v3/videos?token=nonsense", (400, "invalid_parameter")),
        (Method::POST, "/v3/webhooks/endpoints/e/rotate-secret", (404, "webhook_not_found")),
        (Method::GET, "/v2/videos", (410, "endpoint_retired")),
    ] {
        let (status, answer) = call(&sim, method, path, None).await;
        assert_eq!((status.as_u16(), answer["error"]["code"].as_str().unwrap()), expected, "{path}");
    }
}

#[tokio::test]
async fn only_valid_credentials_are_accepted() {
    let sim = sim().await;
    let status = |name: &'static str, value: &'static str| {
        let request = Client::new().get(format!("{}/v3/videos", sim.base_url())).header(name, value);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(status("x-api-key", "key").await, 200);
    assert_eq!(status("authorization", "Bearer access-0-0").await, 200);
    // A credential in the scheme of the other is refused.
    assert_eq!(status("authorization", "Bearer key").await, 401);
    assert_eq!(status("x-api-key", "access-0-0").await, 401);
    assert_eq!(status("x-api-key", "other").await, 401);
    assert_eq!(status("authorization", "Basic key").await, 401);
    assert_eq!(status("accept", "*/*").await, 401);
}

#[tokio::test]
async fn a_missing_required_header_is_refused() {
    let sim = sim().await;
    let (status, answer) = call(&sim, Method::POST, "/v3/workflow-runs", Some(json!({}))).await;
    assert_eq!((status.as_u16(), &answer["error"]["param"]), (400, &json!("Idempotency-Key")), "{answer}");
}

#[tokio::test]
async fn a_body_must_be_json_with_a_json_content_type() {
    let sim = sim().await;
    let post = |media: &'static str, body: &'static str| {
        let request =
            Client::new().post(format!("{}/v3/video-agents", sim.base_url())).header("x-api-key", "key");
        async move { request.header("content-type", media).body(body).send().await.unwrap().status().as_u16() }
    };
    assert_eq!(post("application/json; charset=utf-8", r#"{"prompt":"x"}"#).await, 200);
    assert_eq!(post("application/json", "{").await, 400);
    assert_eq!(post("text/plain", r#"{"prompt":"x"}"#).await, 400);
}

#[tokio::test]
async fn the_size_of_a_body_is_limited_with_and_without_a_content_length() {
    let sim = sim().await;
    let megabyte = 1024 * 1024;
    let post = async |path: &str, media: &str, size: usize, chunked: bool| {
        let content = bytes::Bytes::from(vec![b' '; size]);
        let body = match chunked {
            // Without a length, the server finds out only while it reads.
            true => reqwest::Body::wrap_stream(futures_util::stream::iter(
                (0..size)
                    .step_by(megabyte)
                    .map(move |at| Ok::<_, std::io::Error>(content.slice(at..(at + megabyte).min(size)))),
            )),
            false => content.into(),
        };
        let request = Client::new().post(format!("{}{path}", sim.base_url())).header("x-api-key", "key");
        let request = request.header("content-type", media).header("idempotency-key", "k").body(body);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        let body: Value = serde_json::from_str(&text).unwrap();
        (status, body["error"]["code"].as_str().unwrap().to_owned())
    };
    let (json, form) = ("application/json", "multipart/form-data; boundary=edge");
    for (path, media, limit) in
        [("/v3/videos", json, 32 * megabyte + 64 * 1024), ("/v3/workflow-runs", json, megabyte)]
    {
        for chunked in [false, true] {
            // Spaces are not JSON, but the body is read to its end.
            let at_limit = post(path, media, limit, chunked).await;
            assert_eq!(at_limit, (400, "invalid_parameter".into()), "{path} {chunked}");
            let large = post(path, media, limit + 1, chunked).await;
            assert_eq!(large, (413, "payload_too_large".into()), "{path} {chunked}");
        }
    }
    let large = post("/v3/assets", form, 33 * megabyte, false).await;
    assert_eq!(large, (413, "payload_too_large".into()));
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    let sim = sim().await;
    let mut created = Vec::new();
    for _ in 0..5 {
        created.insert(0, session(&sim).await);
    }
    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let page = get(&sim, &format!("/v3/video-agents?limit=2{token}")).await;
        listed.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["session_id"].as_str().unwrap().to_owned()),
        );
        match page["next_token"].as_str() {
            Some(next) => token = format!("&token={next}"),
            None => break assert_eq!(page["has_more"], false),
        }
    }
    assert_eq!(listed, created);
}

#[tokio::test]
async fn two_simulators_with_the_same_seed_create_the_same_ids_and_share_no_state() {
    let (one, two) = (sim().await, sim().await);
    assert_eq!(session(&one).await, session(&two).await);
    session(&one).await;
    assert_eq!(get(&two, "/v3/video-agents").await["data"].as_array().unwrap().len(), 1);
    let url = one.base_url().to_owned();
    one.shutdown().await;
    assert!(Client::new().get(url).send().await.is_err());
}

#[tokio::test]
async fn responses_are_identical_with_the_same_seed_and_clock() {
    let run = async |seed: u64| {
        let sim = Sim::builder().clock(Clock::manual()).seed(seed).probe(false).start().await.unwrap();
        let mut responses = String::new();
        let video = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello"});
        for (method, path, body) in [
            (Method::POST, "/v3/videos", Some(video)),
            (Method::POST, "/v3/video-agents", Some(json!({"prompt": "Launch", "mode": "chat"}))),
            (Method::POST, "/v3/webhooks/endpoints", Some(json!({"url": "https://example.com/hook"}))),
            (Method::GET, "/v3/videos", None),
            (Method::GET, "/v3/voices?limit=3", None),
            (Method::GET, "/v3/avatars/looks", None),
            (Method::GET, "/v3/nothing", None),
        ] {
            let (status, body) = call(&sim, method, path, body).await;
            responses += &format!("{status} {body}\n");
            sim.advance(Duration::from_secs(400));
        }
        responses.replace(sim.base_url(), "")
    };
    assert_eq!(run(7).await, run(7).await);
    assert_ne!(run(7).await, run(8).await);
}
