//! The form of errors, and what a status reports about a video of another process.

use std::time::Duration;

use heygen_ext::migrate::{LegacyService, MigrateOptions};
use serde_json::json;

use super::gateway::{Gateway, heygen};
use super::wire::video;

#[tokio::test]
async fn an_error_of_v2_is_a_text_if_an_option_says_so() {
    let (_sim, gateway) = Gateway::with_sim(MigrateOptions::new().error_as_text(true)).await;
    let both = gateway.post("/v2/video/generate", &video("nobody")).await.body;
    assert_eq!(both["error"], both["message"]);
    assert!(both["error"].as_str().unwrap().contains("the service has no look `nobody`"), "{both}");
    let v2 = gateway.get("/v2/template/unknown").await.body;
    assert!(v2["error"].is_string() && v2["data"].is_null(), "{v2}");
    assert!(gateway.get("/v2/unknown").await.body["error"].is_string());
    let v1 = gateway.get("/v1/video_status.get?video_id=unknown").await.body;
    assert!(v1.get("error").is_none() && v1["message"].is_string(), "{v1}");
    // The newest endpoints of v2 always answered an object.
    assert!(gateway.get("/v2/videos/unknown").await.body["error"]["code"].is_string());
}

#[tokio::test]
async fn the_captions_of_a_video_are_reported_by_another_process() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let made = gateway.post("/v2/video/generate", &video("Anna_sitting_public")).await.body;
    let mut plain = video("Anna_sitting_public");
    plain["caption"] = json!(false);
    let plain = gateway.post("/v2/video/generate", &plain).await.body;
    sim.advance(Duration::from_secs(600));
    let other = Gateway::of(LegacyService::new(heygen(sim.base_url()).legacy()), sim.api_key()).await;
    for (made, with_captions) in [(made, true), (plain, false)] {
        let id = made["data"]["video_id"].as_str().unwrap();
        let status = other.get(&format!("/v1/video_status.get?video_id={id}")).await.body;
        assert_eq!(status["data"]["status"], "completed");
        assert_eq!(status["data"]["caption_url"].is_string(), with_captions, "{status}");
    }
}
