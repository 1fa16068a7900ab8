//! Tests that responses have times of the other program's clock, whatever the speed of the simulator.

use std::time::{SystemTime, UNIX_EPOCH};

use heygen_sim::{Clock, SignatureGeneration, Sim};
use reqwest::Method;
use serde_json::{Value, json};

use crate::program::{Answer, Program};
use crate::receiver::Receiver;

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A parameter of a URL that is a number.
fn number(url: &Value, name: &str) -> u64 {
    let url = reqwest::Url::parse(url.as_str().unwrap()).unwrap();
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.parse().unwrap()
}

/// The seconds since 1970 of an HTTP date.
fn http_date(value: &reqwest::header::HeaderValue) -> u64 {
    let time = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value.to_str().unwrap()).unwrap();
    time.as_second().try_into().unwrap()
}

/// The response to the beginning of a sign-in on a device.
async fn device_grant(program: &Program) -> Value {
    let request = program.client.post(program.url("/v1/oauth/device_authorization"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body("client_id=tool");
    serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn times_for_other_programs_are_real_at_every_speed() {
    for (speed, retry_after) in [(1.0, 60), (60.0, 1), (10_000.0, 1)] {
        let started = seconds_since_1970();
        let builder = Sim::builder().clock(Clock::scaled(speed)).concurrency(1);
        let sim = builder.start().await.unwrap();
        let program = Program { sim, client: reqwest::Client::new() };
        // The simulator's clock is far ahead of real time when it responds.
        while speed > 1_000.0 && program.sim.now() / 1000 < started + 1_000 {
            tokio::task::yield_now().await;
        }

        let told = async |answer: &Answer| {
            let text = answer.headers.get("retry-after").unwrap().to_str().unwrap();
            text.parse::<u64>().unwrap()
        };
        program.video("[sim:hang]").await;
        let body = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello"});
        let refused = program.send(Method::POST, "/v3/videos", &[], Some(body)).await;
        assert_eq!((refused.status, told(&refused).await), (429, retry_after), "{speed}");

        let file = json!({"filename": "a.png", "content_type": "image/png", "size_bytes": 4});
        let slot = program.post("/v3/assets/direct-uploads", file).await;
        assert_eq!(slot["expires_in_seconds"], 3600);
        let files = json!({"files": [{"filename": "a.png", "content_type": "image/png", "size_bytes": 4}]});
        let slots = program.post("/v3/assets/direct-uploads/batches", files).await;
        let grant = device_grant(&program).await;
        let voice = program.get("/v3/voices?limit=1").await[0]["preview_audio_url"].clone();
        let file = program.client.get(voice.as_str().unwrap()).send().await.unwrap();
        let modified = http_date(&file.headers()["last-modified"]);
        let receiver = Receiver::start().await;
        program.post("/v3/webhooks/endpoints", json!({"url": receiver.url})).await;
        program.sim.sign_as(SignatureGeneration::A);
        program.sim.send_event("batch.finished").unwrap();
        program.sim.idle().await;
        let timestamp: u64 = receiver.received()[0].header("heygen-timestamp").unwrap().parse().unwrap();

        let ended = seconds_since_1970();
        let around = |told: u64, after: u64| (started + after..=ended + after + 1).contains(&told);
        assert!(around(timestamp, 0), "{speed}: a webhook of {timestamp}, between {started} and {ended}");
        assert!(around(number(&voice, "Expires"), 3600), "{speed}: {voice}");
        assert!(around(number(&slot["upload_url"], "X-Amz-Expires"), 3600), "{speed}: {slot}");
        let of_batch = &slots["items"][0];
        assert_eq!(of_batch["expires_in_seconds"], 3600, "{slots}");
        assert!(around(number(&of_batch["upload_url"], "X-Amz-Expires"), 3600), "{speed}: {slots}");
        // HTTP forbids that a file was modified after the response was sent.
        assert!(modified <= ended, "{speed}: modified at {modified}, read until {ended}");
        assert_eq!((&grant["expires_in"], &grant["interval"]), (&json!(900), &json!(5)), "{speed}");
        // The links are still valid, although the simulator's clock has passed their lifetime at the highest speed.
        while speed > 1_000.0 && program.sim.now() / 1000 < started + 10_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(program.fetch(&voice).await.0, 200, "{speed}");
        let put =
            program.client.put(slot["upload_url"].as_str().unwrap()).header("content-type", "image/png");
        assert_eq!(put.body("four").send().await.unwrap().status(), 200, "{speed}");
        let token = program.sim.access_token();
        let me = program.client.get(program.url("/v3/users/me")).bearer_auth(token).send().await.unwrap();
        assert_eq!(me.status(), 200, "{speed}");
    }
}
