//! What the simulator answers is what the document promises: the two are made by different code from the same document.

use std::time::Duration;

use heygen_sim::{Clock, Sim};
use heygen_tests::canonical;
use serde_json::{Value, json};
use xtask::walk;

async fn get(sim: &Sim, path: &str) -> Value {
    let request =
        reqwest::Client::new().get(format!("{}{path}", sim.base_url())).header("x-api-key", sim.api_key());
    serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
}

/// Makes the members of an envelope required: the document forgets to say that they are.
fn schema(document: &Value, operation: &str) -> Value {
    let operation = walk::operations(document).into_iter().find(|one| one.id() == operation).unwrap();
    let mut schema = operation.success_media().next().unwrap().2["schema"].clone();
    schema["required"] = schema["properties"].as_object().unwrap().keys().cloned().collect();
    schema
}

#[tokio::test]
async fn every_simulated_answer_fits_the_document_at_every_step() {
    let document = super::overlaid();
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let made = reqwest::Client::new()
        .post(format!("{}/v3/video-agents", sim.base_url()))
        .header("x-api-key", sim.api_key())
        .header("content-type", "application/json")
        .body(json!({"prompt": "Say hello"}).to_string());
    let made: Value = serde_json::from_slice(&made.send().await.unwrap().bytes().await.unwrap()).unwrap();
    let check = |operation: &str, answer: &Value| {
        assert_eq!(
            canonical::first_problem(&document, &schema(&document, operation), answer),
            None,
            "{operation}: {answer}"
        );
    };
    check("createVideoAgentV3", &made);
    let session = format!("/v3/video-agents/{}", made["data"]["session_id"].as_str().unwrap());
    for _ in 0..6 {
        let answer = get(&sim, &session).await;
        check("getVideoAgentSession", &answer);
        check("listVideoAgentSessions", &get(&sim, "/v3/video-agents").await);
        check("listVideosV3", &get(&sim, "/v3/videos").await);
        if let Some(video) = answer["data"]["video_id"].as_str() {
            check("getVideoV3", &get(&sim, &format!("/v3/videos/{video}")).await);
        }
        sim.advance(Duration::from_secs(120));
    }
    let refused = get(&sim, "/v3/videos/unknown").await;
    let envelope = json!({"required": ["error"], "properties": {"error": {"$ref": "#/components/schemas/StandardAPIError"}}});
    assert_eq!(canonical::first_problem(&document, &envelope, &refused), None, "{refused}");
}
