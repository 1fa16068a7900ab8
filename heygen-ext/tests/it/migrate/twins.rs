//! Digital twins, whose consent needs another way on most plans.

use std::time::Duration;

use heygen_ext::http::Method;
use heygen_ext::migrate::types::CreateVideoAvatar;
use heygen_ext::migrate::{Legacy, LegacyRequest, Severity};
use heygen_ext::reqwest;
use heygen_ext::{CallOptions, HeyGen};
use heygen_sim::{Clock, Fault, Sim};
use serde_json::json;

const FOOTAGE: &str = "https://example.com/me.mp4";

/// A simulator of an account without Enterprise features.
async fn pair() -> (Sim, Legacy) {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url());
    (sim, heygen.options(CallOptions::new().max_attempts(1)).build().unwrap().legacy())
}

fn twin() -> CreateVideoAvatar {
    CreateVideoAvatar {
        training_footage_url: Some(FOOTAGE.to_owned()),
        video_consent_url: Some(FOOTAGE.to_owned()),
        avatar_name: Some("Me".to_owned()),
        ..CreateVideoAvatar::default()
    }
}

fn created(sim: &Sim) -> usize {
    sim.requests().iter().filter(|one| one.path == "/v3/avatars").count()
}

#[tokio::test]
async fn a_twin_without_an_enterprise_plan_gets_a_link_for_its_consent() {
    let (sim, legacy) = pair().await;
    let made = legacy.create_video_avatar(&twin()).await.unwrap();
    assert!(made.avatar_group_id.is_some());
    let [loss] = made.losses.as_slice() else { panic!("{:?}", made.losses) };
    assert_eq!((loss.path.to_string().as_str(), loss.severity), ("video_consent_url", Severity::Reported));
    assert_eq!(created(&sim), 1);
    let status = async || {
        let read = legacy.video_avatar(made.avatar_id.as_deref().unwrap()).await.unwrap();
        read.status.clone().unwrap()
    };
    sim.advance(Duration::from_secs(3600));
    assert_eq!(status().await, "in_progress");
    let link = made.consent_url.as_deref().unwrap();
    assert!(reqwest::Client::new().post(link).send().await.unwrap().status().is_success());
    sim.advance(Duration::from_secs(24 * 3600));
    assert_eq!(status().await, "completed");
}

#[tokio::test]
async fn a_twin_whose_consent_fails_is_answered_all_the_same() {
    let (sim, legacy) = pair().await;
    sim.inject(Fault::refuse(503, "service_unavailable", "try later").on("createAvatarConsent")).unwrap();
    let made = legacy.create_video_avatar(&twin()).await.unwrap();
    assert!(made.avatar_id.is_some() && made.consent_url.is_none());
    let [loss] = made.losses.as_slice() else { panic!("{:?}", made.losses) };
    assert_eq!(loss.reason, "v3 did not take the recorded consent: try later");
    assert!(loss.alternative.contains("do not create it again"), "{}", loss.alternative);
    assert_eq!(created(&sim), 1);
}

#[tokio::test]
async fn a_twin_that_is_created_again_with_its_key_is_the_same() {
    let (sim, legacy) = pair().await;
    let request = LegacyRequest::new(&Method::POST, "/v2/video_avatar").unwrap().json(json!(twin()));
    let mut ids = Vec::new();
    for _ in 0..2 {
        let made = legacy.run_with_key(&request, Some("order-7")).await.unwrap().value;
        assert!(made["data"]["consent_url"].is_string(), "{made}");
        ids.push(made["data"]["avatar_id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    let keys: Vec<String> =
        sim.requests().iter().filter_map(|one| one.headers.get("idempotency-key").cloned()).collect();
    assert_eq!(keys[..3], ["order-7:1", "order-7:2", "order-7:2:again"]);
}
