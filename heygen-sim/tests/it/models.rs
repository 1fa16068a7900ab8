//! Tests of the video models and the image models.

use reqwest::Method;
use serde_json::{Value, json};

use crate::program::Program;

fn url(file: &str) -> Value {
    json!({"type": "url", "url": format!("https://example.com/{file}")})
}

#[tokio::test]
async fn a_model_video_has_the_frame_of_its_format() {
    let program = Program::start().await;
    let path = "/v3/models/videos";
    let text = |resolution: &str, ratio: &str| {
        json!({"mode": "text_to_video", "model": "heygen-video-1", "prompt": "Bees", "resolution": resolution,
            "aspect_ratio": ratio, "duration": 7, "seed": 42})
    };
    let created = program.post(path, text("480p", "21:9")).await;
    let path_of = |created: &Value| format!("{path}/{}", created["video_id"].as_str().unwrap());
    let pending = program.get(&path_of(&created)).await;
    // What is not known yet is null.
    for member in ["video_url", "duration", "width", "height", "seed", "timings", "failure_code"] {
        assert_eq!(pending.get(member), Some(&Value::Null), "{member}");
    }
    program.advance(120);
    let done = program.get(&path_of(&created)).await;
    let frame = (&done["width"], &done["height"], &done["aspect_ratio"], &done["duration"], &done["seed"]);
    assert_eq!(frame, (&json!(960), &json!(416), &json!("21:9"), &json!(7), &json!(42)));

    let from_image = json!({"mode": "image_to_video", "model": "heygen-video-1", "prompt": "Bees", "image": url("a.png"),
        "resolution": "2k", "aspect_ratio": "1:1"});
    let references = |resolution: &str, ratio: &str| {
        json!({"mode": "reference_to_video", "model": "heygen-video-1", "prompt": "Bees", "resolution": resolution,
            "aspect_ratio": ratio, "reference_images": [url("a.png")]})
    };
    for fine in [
        text("2k", "9:16"),
        text("1080p", "16:9"),
        from_image,
        references("1080p", "9:16"),
        references("768p", "adaptive"),
    ] {
        program.post(path, fine).await;
    }
    for wrong in [text("1080p", "1:1"), text("2k", "4:3"), references("1080p", "adaptive")] {
        let refused = program.send(Method::POST, path, &[], Some(wrong)).await;
        assert_eq!((refused.status, &refused.body["error"]["param"]), (400, &json!("resolution")));
    }
    // The price is for each second, and double with reference files.
    let cost = async |body: Value| {
        let before = program.sim.balance();
        program.post(path, body).await;
        before - program.sim.balance()
    };
    assert!((cost(text("768p", "16:9")).await - 0.21).abs() < 1e-9);
    assert!((cost(references("480p", "16:9")).await - 0.2).abs() < 1e-9);
    for (marker, status, code) in [
        ("[sim:fail]", "failed", "generation_failed"),
        ("[sim:fail=generation_cancelled]", "cancelled", "generation_cancelled"),
        ("[sim:fail=unknown]", "failed", "generation_failed"),
    ] {
        let mut body = text("768p", "16:9");
        body["prompt"] = json!(marker);
        let created = program.post(path, body).await;
        program.advance(30);
        let failed = program.get(&path_of(&created)).await;
        assert_eq!((&failed["status"], &failed["failure_code"]), (&json!(status), &json!(code)), "{marker}");
    }
}

#[tokio::test]
async fn an_image_model_makes_all_images_or_none() {
    let program = Program::start().await;
    let path = "/v3/models/images";
    let order = |file: &str| {
        json!({"model": "heygen-image-1", "identity_images": [url(file)], "reference_images": [url("b.png")],
            "num_images": 3, "aspect_ratio": "16:9", "seed": 7})
    };
    let before = program.sim.balance();
    let created = program.post(path, order("a.png")).await;
    assert!((before - program.sim.balance() - 3.0 * 0.28).abs() < 1e-9);
    let job = format!("{path}/{}", created["generation_id"].as_str().unwrap());
    let pending = program.get(&job).await;
    assert_eq!((&pending["status"], &pending["images"]), (&json!("pending"), &json!([])));
    program.advance(30);
    let done = program.get(&job).await;
    let images = done["images"].as_array().unwrap();
    assert_eq!((&done["status"], images.len()), (&json!("completed"), 3));
    let seeds: Vec<&Value> = images.iter().map(|image| &image["seed"]).collect();
    assert_eq!((seeds, &images[0]["width"]), (vec![&json!(7), &json!(8), &json!(9)], &json!(1280)));
    assert_eq!(program.fetch(&images[2]["image_url"]).await.0, 200);

    let created = program.post(path, order("[sim:fail=no_face_detected].png")).await;
    program.advance(30);
    let failed = program.get(&format!("{path}/{}", created["generation_id"].as_str().unwrap())).await;
    assert_eq!((&failed["status"], &failed["failure_code"]), (&json!("failed"), &json!("no_face_detected")));
    let missing = program.send(Method::GET, &format!("{path}/x"), &[], None).await;
    assert_eq!((missing.status, missing.body["error"].get("param")), (404, None));
}
