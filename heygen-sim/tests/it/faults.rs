//! Tests of faults as the client sees them, set through the Rust handle and over HTTP.

use std::io::ErrorKind;
use std::time::Duration;

use heygen_sim::Fault;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::program::Program;

async fn status(program: &Program) -> Result<u16, reqwest::Error> {
    let request = program.client.get(program.url("/v3/users/me")).header("x-api-key", program.sim.api_key());
    let response = request.send().await?;
    let status = response.status().as_u16();
    response.bytes().await?;
    Ok(status)
}

async fn videos(program: &Program) -> usize {
    program.get("/v3/videos").await.as_array().unwrap().len()
}

fn create(program: &Program) -> reqwest::RequestBuilder {
    let body = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello"});
    let request = program.client.post(program.url("/v3/videos")).header("x-api-key", program.sim.api_key());
    request.header("content-type", "application/json").body(body.to_string())
}

#[tokio::test]
async fn a_fault_replaces_the_response() {
    let program = Program::start().await;
    let fault = Fault::answer(502, "text/html", "<h1>Bad Gateway</h1>")
        .header("retry-after", "7")
        .on("createVideo")
        .times(1);
    let named = Fault::status(500).header("X-Request-Id", "mine").on("getCurrentUserV3");
    program.sim.inject(named).unwrap();
    let request = program.client.get(program.url("/v3/users/me")).header("x-api-key", program.sim.api_key());
    assert_eq!(request.send().await.unwrap().headers()["x-request-id"], "mine");
    program.sim.clear_faults();
    program.sim.inject(fault).unwrap();
    let answer = create(&program).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (502, "7"));
    assert_eq!(answer.headers()["x-request-id"].len(), 32);
    assert_eq!(answer.text().await.unwrap(), "<h1>Bad Gateway</h1>");
    assert_eq!(videos(&program).await, 0);
    assert_eq!(create(&program).send().await.unwrap().status(), 200);
    assert_eq!(program.sim.faults()[0].1, 1);
}

#[tokio::test]
async fn a_connection_closes_before_or_after_the_request_is_executed() {
    let program = Program::start().await;
    for (fault, created) in [(Fault::close_before(), 0), (Fault::reset(), 0), (Fault::close_after(), 1)] {
        program.sim.inject(fault.on("createVideo").times(1)).unwrap();
        assert!(create(&program).send().await.is_err());
        assert_eq!(videos(&program).await, created);
    }
    // The client can distinguish a reset from a close.
    for (fault, end) in [(Fault::close_before(), Ok(0)), (Fault::reset(), Err(ErrorKind::ConnectionReset))] {
        program.sim.inject(fault.on("getCurrentUserV3").times(1)).unwrap();
        let address = program.sim.base_url().trim_start_matches("http://").to_owned();
        let mut connection = TcpStream::connect(&address).await.unwrap();
        let request = format!("GET /v3/users/me HTTP/1.1\r\nhost: {address}\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let read = connection.read(&mut [0; 100]).await;
        assert_eq!(read.map_err(|error| error.kind()), end);
    }
    let requests = program.sim.requests();
    let faults: Vec<_> =
        requests.iter().filter_map(|request| Some((request.fault.as_deref()?, request.status))).collect();
    let expected = ["close_before", "reset", "close_after", "close_before", "reset"];
    assert_eq!(faults, expected.map(|fault| (fault, None)));
}

#[tokio::test]
async fn a_body_is_cut_off_and_a_content_length_is_wrong() {
    let program = Program::start().await;
    let me = || {
        let request = program.client.get(program.url("/v3/users/me"));
        request.header("x-api-key", program.sim.api_key()).send()
    };
    let whole = me().await.unwrap().bytes().await.unwrap().len();
    program.sim.inject(Fault::half_body().on("getCurrentUserV3").times(1)).unwrap();
    assert_eq!(read_until_error(me().await.unwrap()).await, Some(whole / 2));
    program.sim.inject(Fault::wrong_length().on("getCurrentUserV3").times(1)).unwrap();
    let request = program.client.get(program.url("/v3/users/me")).header("x-api-key", program.sim.api_key());
    let bytes = request.send().await.unwrap().bytes().await.unwrap();
    assert!(serde_json::from_slice::<Value>(&bytes).is_err() && bytes.len() > 50);
    assert_eq!(status(&program).await.unwrap(), 200);

    program.video("one [sim:size=1000000]").await;
    program.advance(300);
    let link = program.get("/v3/videos").await[0]["video_url"].clone();
    program.sim.inject(Fault::half_body().on("files").times(1)).unwrap();
    let response = program.client.get(link.as_str().unwrap()).send().await.unwrap();
    assert_eq!(response.content_length(), Some(1_000_000));
    let read = read_until_error(response).await;
    assert!(read.is_some_and(|read| (1..=500_000).contains(&read)), "{read:?}");
}

/// Reads a body. Returns the number of bytes before an error; `None` if the body is complete.
async fn read_until_error(mut response: reqwest::Response) -> Option<usize> {
    let mut read = 0;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) => return None,
            Err(_) => return Some(read),
        }
    }
}

/// Lets the other tasks run, often enough for everything that is ready.
async fn yield_often() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_slow_body_arrives_in_four_parts() {
    let program = Program::start().await;
    program.sim.inject(Fault::slow_body(Duration::from_secs(10)).on("getCurrentUserV3").times(1)).unwrap();
    let request = program.client.get(program.url("/v3/users/me")).header("x-api-key", program.sim.api_key());
    let mut response = request.send().await.unwrap();
    let whole = response.content_length().unwrap() as usize;
    let mut read = Vec::new();
    for quarter in 1..=4 {
        // Nothing arrives before its time, however often the tasks run.
        tokio::select! {
            biased;
            chunk = response.chunk() => panic!("{chunk:?} before its time"),
            () = yield_often() => {}
        }
        program.advance(10);
        while read.len() < whole / 4 * quarter {
            read.extend(response.chunk().await.unwrap().unwrap());
        }
    }
    program.advance(10);
    while let Some(chunk) = response.chunk().await.unwrap() {
        read.extend(chunk);
    }
    assert!(serde_json::from_slice::<Value>(&read).is_ok());
}

#[tokio::test]
async fn every_request_can_be_delayed() {
    let program = Program::start().await;
    program.video("one").await;
    program.advance(300);
    let link = program.get("/v3/videos").await[0]["video_url"].as_str().unwrap().to_owned();
    let body = json!({"filename": "a.png", "content_type": "image/png", "size_bytes": 4});
    let slot = program.post("/v3/assets/direct-uploads", body).await["upload_url"].clone();
    let slot = program.client.put(slot.as_str().unwrap()).header("content-type", "image/png").body("four");
    let token = program.client.post(program.url("/v1/oauth/token")).body("grant_type=none");
    let key = program.sim.api_key();
    let unknown = program.client.get(program.url("/v3/videos/unknown")).header("x-api-key", key);
    assert_eq!(create(&program).header("idempotency-key", "k").send().await.unwrap().status(), 200);
    for (operation, status, request) in [
        ("files", 200, program.client.get(link)),
        ("uploads", 200, slot),
        ("oauth", 400, token),
        ("getVideoV3", 404, unknown),
        ("createVideo", 401, program.client.post(program.url("/v3/videos"))),
        ("createVideo", 200, create(&program).header("idempotency-key", "k")),
    ] {
        program.sim.inject(Fault::delay(Duration::from_secs(10)).on(operation).times(1)).unwrap();
        let before = program.sim.now();
        let mut answer = std::pin::pin!(request.send());
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut answer => break answer.unwrap(),
                () = tokio::task::yield_now() => {}
            }
            // The request waits for the clock. Advance it once the request has arrived.
            let is_delayed =
                |request: &heygen_sim::LoggedRequest| request.at == before && request.fault.is_some();
            if program.sim.requests().iter().any(is_delayed) {
                program.sim.advance(Duration::from_secs(1));
            }
        };
        assert_eq!(answer.status(), status, "{operation}");
        assert!(program.sim.now() - before >= 10_000, "{operation}");
    }
    assert_eq!(videos(&program).await, 2);
}

#[tokio::test]
async fn probabilities_depend_on_the_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let program = Program::start().await;
        program.sim.inject(Fault::status(503).with_probability(0.3).on("getCurrentUserV3")).unwrap();
        let mut run = Vec::new();
        for _ in 0..100 {
            run.push(status(&program).await.unwrap());
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    let struck = runs[0].iter().filter(|status| **status == 503).count();
    assert!((15..45).contains(&struck), "{struck}");
}

#[tokio::test]
async fn faults_clock_wallet_and_webhooks_are_controlled_over_http() {
    let program = Program::start().await;
    let send = |method: Method, place: &'static str, body: Value| {
        let program = &program;
        async move {
            let answer = program.send(method, &format!("/__sim/{place}"), &[], Some(body)).await;
            (answer.status, answer.body)
        }
    };
    let fault = json!({"operation": "getCurrentUserV3", "times": 1,
        "effect": {"type": "answer", "status": 503, "content_type": "text/plain", "body": "later"}});
    assert_eq!(send(Method::POST, "faults", fault.clone()).await.0, 200);
    assert_eq!(status(&program).await.unwrap(), 503);
    let (_, listed) = send(Method::GET, "faults", Value::Null).await;
    assert_eq!(
        (&listed["faults"][0]["struck"], &listed["faults"][0]["fault"]["operation"]),
        (&json!(1), &fault["operation"])
    );
    for wrong in [
        json!({"operation": "getUsr", "effect": {"type": "reset"}}),
        json!({"effect": {"type": "explode"}}),
        json!({"effect": {"type": "reset"}, "tmies": 1}),
        json!({}),
    ] {
        let (status, body) = send(Method::POST, "faults", wrong).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("invalid_parameter")), "{body}");
    }
    assert_eq!(send(Method::DELETE, "faults", Value::Null).await.0, 200);
    let before = program.sim.now();
    assert_eq!(send(Method::POST, "clock", json!({"seconds": 60})).await.1["now"], before + 60_000);
    assert_eq!(send(Method::POST, "clock", json!({"seconds": -1})).await.0, 400);
    assert_eq!(send(Method::POST, "wallet", json!({"balance": 5})).await.0, 200);
    assert_eq!(program.get("/v3/users/me").await["wallet"]["remaining_balance"], 5.0);
    assert_eq!(send(Method::POST, "events", json!({"event_type": "batch.finished"})).await.0, 200);
    assert_eq!(send(Method::POST, "events", json!({"event_type": "nothing"})).await.0, 400);
    assert_eq!(send(Method::POST, "webhooks", json!({"generation": "A", "duplicate": 1})).await.0, 200);
    assert_eq!(send(Method::POST, "idle", Value::Null).await.0, 200);
    assert_eq!(send(Method::GET, "deliveries", Value::Null).await.1, json!({"deliveries": []}));
    assert_eq!(send(Method::GET, "nothing", Value::Null).await.0, 404);
    let (_, requests) = send(Method::GET, "requests", Value::Null).await;
    let first = &requests["requests"][0];
    assert_eq!(
        (&first["status"], &first["fault"], &first["headers"]["x-api-key"]),
        (&json!(503), &json!("answer"), &json!("[hidden]"))
    );
    assert!(!requests.to_string().contains(program.sim.api_key()));
}

#[tokio::test]
async fn tokens_expire_and_are_refreshed() {
    let program = Program::start().await;
    let me = |token: String| {
        let request = program.client.get(program.url("/v3/users/me")).bearer_auth(token);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let old = program.sim.access_token();
    assert_eq!(me(old.clone()).await, 200);
    program.advance(864_000);
    assert_eq!(me(old.clone()).await, 401);
    let refresh = |token: String| {
        let form = format!("grant_type=refresh_token&client_id=mine&refresh_token={token}");
        let request = program.client.post(program.url("/v1/oauth/token"));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        async move {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            (status, serde_json::from_slice::<Value>(&response.bytes().await.unwrap()).unwrap())
        }
    };
    assert_eq!(refresh("wrong".into()).await, (400, json!({"error": "invalid_grant"})));
    let (status, fresh) = refresh(program.sim.refresh_token()).await;
    assert_eq!((status, &fresh["expires_in"]), (200, &json!(864_000)));
    assert_eq!(me(fresh["access_token"].as_str().unwrap().to_owned()).await, 200);
    program.sim.expire_tokens();
    assert_eq!(me(program.sim.access_token()).await, 401);
}

/// A typing error would otherwise set a fault that applies to other requests, or more often.
#[tokio::test]
async fn unknown_members_of_a_fault_are_refused() {
    let program = Program::start().await;
    for fault in [
        json!({"operation": "createVideo", "time": 1, "effect": {"type": "reset"}}),
        json!({"opertion": "createVideo", "effect": {"type": "reset"}}),
        json!({"effect": {"type": "delay", "seconds": 1, "second": 2}}),
        json!({"effect": {"type": "answer", "status": 503, "header": {}}}),
        json!({"effect": {"type": "explode"}}),
        json!({"operation": "createVideo"}),
    ] {
        let refused = program.send(Method::POST, "/__sim/faults", &[], Some(fault.clone())).await;
        assert_eq!(refused.status, 400, "{fault}: {}", refused.body);
    }
    assert!(program.sim.faults().is_empty());
}
