//! The AI SDK of Vercel, package `@ai-sdk/heygen`: a model video.
//!
//! Source: vercel/ai, `packages/heygen/src/heygen-video-model.ts`, `heygen-provider.ts` and `heygen-error.ts` (autumn of 2026).

use std::time::Duration;

use heygen_sim::Sim;
use serde_json::{Value, json};

use super::{Client, data, text};

/// The frame sizes that the SDK knows, with the resolution and the aspect ratio that it sends for each.
const FRAMES: [(u64, u64, &str, &str); 16] = [
    (960, 416, "480p", "21:9"),
    (832, 480, "480p", "16:9"),
    (640, 480, "480p", "4:3"),
    (480, 480, "480p", "1:1"),
    (480, 640, "480p", "3:4"),
    (480, 832, "480p", "9:16"),
    (1536, 672, "768p", "21:9"),
    (1344, 768, "768p", "16:9"),
    (1024, 768, "768p", "4:3"),
    (768, 768, "768p", "1:1"),
    (768, 1024, "768p", "3:4"),
    (768, 1344, "768p", "9:16"),
    (1890, 1080, "1080p", "16:9"),
    (1080, 1890, "1080p", "9:16"),
    (2688, 1536, "2k", "16:9"),
    (1536, 2688, "2k", "9:16"),
];

async fn sdk(speed: u64) -> Client {
    let client = Client::start(Sim::builder(), "x-api-key", &[("user-agent", "ai-sdk-heygen/1.0.0")]).await;
    Client { speed, ..client }
}

/// Checks the types of what the SDK parses. A member of another type would make it fail.
fn check_types(video: &Value) {
    for name in ["duration", "width", "height", "seed"] {
        assert!(video[name].is_null() || video[name].is_number(), "{name}: {video}");
    }
    for name in ["video_url", "aspect_ratio", "failure_code", "failure_message"] {
        assert!(video[name].is_null() || video[name].is_string(), "{name}: {video}");
    }
    let timings = &video["timings"];
    assert!(
        timings.is_null() || timings["inference"].is_null() || timings["inference"].is_number(),
        "{video}"
    );
}

/// Starts a video and reads its state every five seconds, for at most ten minutes.
async fn generate(client: &Client, body: &Value) -> Result<Value, String> {
    let created = data(client.post("/v3/models/videos", body).await);
    let path = format!("/v3/models/videos/{}", text(&created["video_id"]));
    let started = client.waited.get();
    loop {
        let video = client.get(&path).await;
        check_types(&video);
        match text(&video["status"]) {
            "pending" | "processing" => {}
            "failed" | "cancelled" => return Err(text(&video["failure_code"]).to_owned()),
            "completed" => {
                assert_eq!(client.download(&video["video_url"]).await, "video/mp4");
                return Ok(video);
            }
            other => panic!("the SDK does not know {other}: {video}"),
        }
        assert!(client.waited.get() - started < Duration::from_secs(600), "the SDK has given up");
        client.wait(Duration::from_secs(5));
    }
}

fn from_text(prompt: &str) -> Value {
    json!({"model": "heygen-video-1", "mode": "text_to_video", "prompt": prompt, "duration": 5, "resolution": "768p",
        "aspect_ratio": "16:9"})
}

#[tokio::test]
async fn a_video_is_generated_from_each_kind_of_input() {
    for speed in [1, 60] {
        let client = sdk(speed).await;
        let defaults = generate(&client, &from_text("Bees")).await.unwrap();
        assert_eq!((&defaults["width"], &defaults["height"]), (&json!(1344), &json!(768)));
        let picture = json!({"type": "url", "url": "https://example.com/face.png"});
        let inline = json!({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="});
        // The ratio of a first frame is its own, so the SDK sends none.
        let from_image = json!({"model": "heygen-video-1", "mode": "image_to_video", "prompt": "She waves", "duration": 8,
            "resolution": "1080p", "seed": 4_294_967_295_u64, "prompt_enhancement": "disabled", "image": inline});
        let seeded = generate(&client, &from_image).await.unwrap();
        assert_eq!(seeded["seed"], json!(4_294_967_295_u64));
        let from_references = json!({"model": "heygen-video-1", "mode": "reference_to_video", "prompt": "They meet", "duration": 15,
            "resolution": "768p", "aspect_ratio": "adaptive", "reference_images": [picture, inline],
            "reference_videos": [{"type": "url", "url": "https://example.com/walk.mp4"}],
            "reference_audio": [{"type": "url", "url": "https://example.com/voice.mp3"}]});
        generate(&client, &from_references).await.unwrap();
    }
}

#[tokio::test]
async fn each_frame_size_of_the_sdk_is_what_the_video_has() {
    let client = sdk(60).await;
    for (width, height, resolution, ratio) in FRAMES {
        let mut body = from_text("Bees");
        (body["resolution"], body["aspect_ratio"]) = (json!(resolution), json!(ratio));
        let video = generate(&client, &body).await.unwrap();
        assert_eq!((&video["width"], &video["height"]), (&json!(width), &json!(height)), "{body}");
    }
}

#[tokio::test]
async fn failures_and_refusals_have_the_form_that_the_sdk_parses() {
    let client = sdk(1).await;
    assert_eq!(generate(&client, &from_text("[sim:fail]")).await, Err("generation_failed".to_owned()));
    let cancelled = from_text("[sim:fail=generation_cancelled]");
    assert_eq!(generate(&client, &cancelled).await, Err("generation_cancelled".to_owned()));
    let refused = client.post("/v3/models/videos", &from_text("")).await;
    assert_eq!(refused.status, 400);
    let error = &refused.body["error"];
    assert_eq!((text(&error["code"]), text(&error["param"])), ("invalid_parameter", "prompt"));
    text(&error["message"]);
}
