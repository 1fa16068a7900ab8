//! What the service answers when a call of v3 fails.

use std::time::SystemTime;

use heygen_ext::http::Method;
use heygen_ext::migrate::{LegacyRequest, LookUps, MigrateOptions};
use heygen_sim::Fault;
use serde_json::json;

use super::gateway::Gateway;

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

/// A program that checks only the status must not take these for a success.
#[tokio::test]
async fn an_answer_of_the_service_that_cannot_be_read_is_a_failure() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    for (status, media, text) in [
        (200, "text/html", "<html>login</html>"),
        (200, "application/json", "{}"),
        (200, "application/json", r#"{"data": null}"#),
        (204, "", ""),
        (301, "text/html", "moved"),
    ] {
        let make = json!({"video_inputs": [{
            "character": {"type": "avatar", "avatar_id": "Anna_sitting_public"},
            "voice": {"type": "text", "voice_id": "en-us-clara", "input_text": "Hello."},
        }]});
        sim.inject(Fault::answer(status, media, text).on("createVideo").times(1)).unwrap();
        let failed = gateway.post("/v2/video/generate", &make).await;
        assert_eq!(failed.status, 502, "{status} {text}: {}", failed.body);
        assert!(failed.body["error"]["message"].is_string() && failed.body["data"].is_null());
    }
}

#[test]
fn a_plan_takes_only_whole_answers() {
    let request = LegacyRequest::new(&Method::GET, "/v1/video_status.get?video_id=v").unwrap();
    let plan = request.plan(&LookUps::new(), &MigrateOptions::new()).unwrap();
    for answers in [vec![], vec![json!({})], vec![json!({"id": "v", "status": "completed"})]] {
        let error = plan.answer(&answers, SystemTime::UNIX_EPOCH).unwrap_err();
        assert!(error.to_string().contains("pass the whole body"), "{error}");
    }
    let whole = json!({"data": {"id": "v", "status": "completed", "video_url": "https://x.example/v.mp4"}});
    assert_eq!(plan.answer(&[whole], SystemTime::UNIX_EPOCH).unwrap()["data"]["status"], "completed");
}
