//! What the service answers when a call of v3 fails.

use heygen_ext::migrate::MigrateOptions;
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
