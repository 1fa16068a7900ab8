//! What the service answers when a call of v3 fails, or takes longer than a program waits.

use std::time::Duration;

use heygen_ext::migrate::{LegacyService, MigrateOptions};
use heygen_sim::Fault;
use serde_json::json;

use super::gateway::{Gateway, heygen};

#[tokio::test]
async fn a_twin_of_a_plan_without_recorded_consents_has_a_link_for_the_person() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let footage = "https://example.com/me.mp4";
    let body = json!({"avatar_name": "Me", "training_footage_url": footage, "video_consent_url": footage});
    let made = gateway.post("/v2/video_avatar", &body).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.body["data"]["avatar_id"].is_string() && made.body["data"]["consent_url"].is_string());
    let paths: Vec<String> =
        sim.requests().into_iter().filter(|one| one.method == "POST").map(|one| one.path).collect();
    assert_eq!(paths.iter().filter(|path| *path == "/v3/avatars").count(), 1);
    assert_eq!(paths.iter().filter(|path| path.ends_with("/consent")).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_id_of_a_session_stands_for_its_video_until_it_is_named() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let prompt = json!({"prompt": "Our launch [sim:late-video]"});
    let started = gateway.post("/v1/video_agent/generate", &prompt).await;
    assert_eq!(started.status, 200, "{}", started.body);
    let data = &started.body["data"];
    assert_eq!(data["video_id"], data["session_id"]);
    let status = format!("/v1/video_status.get?video_id={}", data["session_id"].as_str().unwrap());
    let waiting = gateway.get(&status).await.body;
    assert_eq!(
        (&waiting["data"]["status"], &waiting["data"]["id"]),
        (&json!("pending"), &data["session_id"])
    );
    sim.advance(Duration::from_secs(3_600));
    let finished = gateway.get(&status).await.body;
    assert_eq!(finished["data"]["status"], "completed", "{finished}");
    assert!(finished["data"]["video_url"].is_string());
    let sessions = sim.requests().iter().filter(|one| one.method == "POST").count();
    assert_eq!(sessions, 1);
    assert_eq!(gateway.get("/v1/video_status.get?video_id=unknown").await.status, 404);
}

#[tokio::test]
async fn errors_of_v2_are_a_text_if_the_operator_says_so() {
    let (sim, _) = Gateway::with_sim(MigrateOptions::new()).await;
    let service = LegacyService::new(heygen(sim.base_url()).legacy()).error_as_text(true);
    let gateway = Gateway::of(service, sim.api_key()).await;
    let unknown = gateway.get("/v2/template/unknown").await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.body["error"].is_string() && unknown.body["data"].is_null(), "{}", unknown.body);
    let first = gateway.get("/v1/video_status.get?video_id=unknown").await;
    assert_eq!(first.body["code"], 40_104);
    let later = gateway.get("/v2/videos/unknown").await;
    assert!(later.body["error"]["code"].is_string(), "{}", later.body);
}

#[tokio::test]
async fn refusals_of_the_service_keep_their_status_and_code() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    for (status, code, number) in [
        (429, "rate_limit_exceeded", 400_123),
        (402, "insufficient_credit", 402),
        (500, "internal_error", 500),
        (503, "service_unavailable", 503),
    ] {
        sim.inject(Fault::refuse(status, code, "no").on("listVideosV3").times(1)).unwrap();
        let refused = gateway.get("/v1/video.list").await;
        assert_eq!((refused.status, &refused.body["code"]), (status, &json!(number)), "{}", refused.body);
        assert_eq!(refused.body["message"], "no");
        sim.inject(Fault::refuse(status, code, "no").on("listTemplatesV3").times(1)).unwrap();
        let refused = gateway.get("/v2/templates").await;
        assert_eq!((refused.status, &refused.body["error"]["code"]), (status, &json!(code)));
    }
    assert_eq!(gateway.get("/v1/video.list").await.status, 200, "it goes on");
}
