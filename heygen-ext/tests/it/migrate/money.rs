//! Calls that cost more than they did, and calls that a program repeats.

use std::time::Duration;

use heygen_ext::http::Method;
use heygen_ext::migrate::{self, LegacyRequest, LegacyService, MigrateError, MigrateOptions, Policy};
use heygen_sim::{Clock, Fault, Sim};
use serde_json::{Value, json};

use super::gateway::{Gateway, PNG, heygen};

#[test]
fn a_call_that_was_free_of_charge_creates_an_avatar_only_with_the_option() {
    let key = "image/0123456789abcdef0123456789abcdef/original.jpg";
    let upload = LegacyRequest::new(&Method::POST, "/v1/talking_photo").unwrap();
    let group = LegacyRequest::new(&Method::POST, "/v2/photo_avatar/avatar_group/create").unwrap();
    let look = LegacyRequest::new(&Method::POST, "/v2/photo_avatar/avatar_group/add").unwrap();
    for request in [
        upload.body(Some("image/png"), PNG).unwrap(),
        group.json(json!({"name": "Me", "image_key": key})),
        look.json(json!({"group_id": "g", "image_keys": [key]})),
    ] {
        let plan = |options: MigrateOptions| request.plan(&migrate::LookUps::new(), &options);
        let error = plan(MigrateOptions::new()).unwrap_err();
        assert!(
            matches!(&error, MigrateError::Refused(_)) && error.code() == "charge_not_accepted",
            "{error}"
        );
        for part in ["https://developers.heygen.com", "`MigrateOptions::accept_avatar_charges`"] {
            assert!(error.to_string().contains(part), "{error}");
        }
        for options in
            [MigrateOptions::new().accept_avatar_charges(true), MigrateOptions::new().policy(Policy::Lenient)]
        {
            let plan = plan(options).unwrap();
            assert_eq!(plan.costs()[0].change, migrate::CostChange::More, "{plan}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_cost_is_in_the_warning_of_the_answer() {
    let (sim, strict) = Gateway::with_sim(MigrateOptions::new()).await;
    let refused = strict.send_bytes("POST /v1/talking_photo", Some(("image/png", PNG.to_vec()))).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body["message"].as_str().unwrap().contains("`--accept-avatar-charges`"));
    assert!(sim.requests().is_empty());

    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new().accept_avatar_charges(true)).await;
    let upload = gateway.send_bytes("POST /v1/talking_photo", Some(("image/png", PNG.to_vec())));
    let uploaded = sim.drive(Duration::from_secs(1), upload).await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.body);
    let costs = uploaded.body["warning"]["costs"].as_array().unwrap();
    assert_eq!((costs.len(), &costs[0]["change"]), (1, &json!("more")));
    assert!(costs[0]["reason"].as_str().unwrap().contains("was free of charge"));
}

fn video() -> Value {
    json!({"video_inputs": [{
        "character": {"type": "avatar", "avatar_id": "Anna_sitting_public"},
        "voice": {"type": "text", "voice_id": "en-us-clara", "input_text": "Hello."},
    }]})
}

/// The id of a video that a program makes with this header.
async fn make(gateway: &Gateway, headers: &[(&str, &str)], body: &Value) -> String {
    let made = gateway.send_with("POST /v2/video/generate", headers, body).await;
    assert_eq!(made.status, 200, "{}", made.body);
    made.body["data"]["video_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_that_is_repeated_with_a_key_makes_one_video() {
    let (_sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let key = [("Idempotency-Key", "order-7")];
    let first = make(&gateway, &key, &video()).await;
    assert_eq!(make(&gateway, &key, &video()).await, first);
    assert_ne!(make(&gateway, &[], &video()).await, first);
}

#[tokio::test]
async fn a_service_with_a_window_makes_one_video_of_repeated_requests() {
    let sim = Sim::builder().clock(Clock::manual()).concurrency(100).start().await.unwrap();
    let service =
        LegacyService::new(heygen(sim.base_url()).legacy()).repeat_window(Duration::from_secs(3600));
    let gateway = Gateway::of(service, sim.api_key()).await;
    let first = make(&gateway, &[], &video()).await;
    assert_eq!(make(&gateway, &[], &video()).await, first);
    let mut other = video();
    other["title"] = json!("Another");
    assert_ne!(make(&gateway, &[], &other).await, first);
    assert_ne!(make(&gateway, &[("Idempotency-Key", "order-7")], &video()).await, first);

    // A request that was refused has not made a video, so the next one is a new one.
    other["title"] = json!("Refused once");
    sim.inject(Fault::refuse(402, "insufficient_credit", "no").on("createVideo").times(1)).unwrap();
    assert_eq!(gateway.post("/v2/video/generate", &other).await.status, 402);
    make(&gateway, &[], &other).await;
    let keys: Vec<String> =
        sim.requests().iter().filter_map(|one| one.headers.get("idempotency-key").cloned()).collect();
    assert!(matches!(&keys[..], [.., refused, made] if refused != made), "{keys:?}");
}
