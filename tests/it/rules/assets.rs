//! Rules for assets: which files are accepted, how direct uploads are validated, and where an asset may be used.

use heygen_api::operations::API_KEY_HEADER;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Harness, INVALID, Refusal, invalid};

const SLOTS: &str = "/v3/assets/direct-uploads";

fn picture() -> Vec<u8> {
    std::fs::read(xtask::generate::workspace_root().join("heygen-sim/assets/thumbnail.png")).unwrap()
}

/// Uploads bytes to an upload slot. Returns the path of the asset and the status of the PUT.
async fn put(
    harness: &Harness,
    slot: Value,
    content: Vec<u8>,
    header: Option<(&str, &str)>,
) -> (String, u16) {
    let slot = harness.post(SLOTS, slot).await;
    let mut request = harness.client.put(slot.text("/data/upload_url"));
    for (name, value) in slot.body["data"]["upload_headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let status = request.body(content).send().await.unwrap().status().as_u16();
    (format!("/v3/assets/{}", slot.text("/data/asset_id")), status)
}

#[tokio::test]
async fn a_form_must_contain_a_file_of_a_known_type() {
    let mut harness = Harness::new().await;
    let refusal = Refusal(400, INVALID, "file");
    let zeros = harness.form("zeros.png", &[0; 100]).await;
    harness.check_refusal("content of an unknown type", &zeros, refusal);
    let empty = harness.form("empty.png", &[]).await;
    harness.check_refusal("an empty file", &empty, refusal);
    let named_otherwise = harness.form("page.html", &picture()).await;
    assert_eq!(named_otherwise.text("/data/mime_type"), "image/png");
    harness.finish();
}

#[tokio::test]
async fn an_upload_slot_needs_a_type_and_a_size() {
    let mut harness = Harness::new().await;
    let base = json!({"filename": "a.png", "content_type": "image/png", "size_bytes": 630});
    let most = 200 * 1024 * 1024;
    let rules = vec![
        invalid("a type that is not taken", json!({"content_type": "text/html"}), "content_type"),
        invalid("no bytes", json!({"size_bytes": 0}), "size_bytes"),
        invalid("too many bytes", json!({"size_bytes": most + 1}), "size_bytes"),
        invalid("an invalid checksum", json!({"checksum_sha256": "abc"}), "checksum_sha256"),
    ];
    let allowed = [json!({"size_bytes": most}), json!({"content_type": "application/zip"})];
    harness.check_rules(SLOTS, &base, &allowed, rules).await;
    // As the document says, the error for a batch names the indexes of the invalid files.
    let wrong = |change: Value| super::changed(&base, &change);
    let page = wrong(json!({"content_type": "text/html"}));
    let batch = json!({"files": [base, page, base, wrong(json!({"size_bytes": most + 1})), page]});
    let path = "/v3/assets/direct-uploads/batches";
    let reply = harness.send(Method::POST, path, Some("key"), Some(&batch)).await;
    harness.check_refusal("a batch with bad files", &reply, Refusal(400, INVALID, "files"));
    let message = reply.text("/error/message");
    assert!(
        message.starts_with("files 1, 3, 4: Content type not supported text/html; a file must have"),
        "{message}"
    );
    let one = json!({"files": [base, wrong(json!({"filename": "[sim:fial]"}))]});
    let reply = harness.send(Method::POST, path, Some("key"), Some(&one)).await;
    harness.check_refusal("a batch with a bad marker", &reply, Refusal(400, INVALID, "files"));
    assert!(reply.text("/error/message").starts_with("files 1: [sim:fial] is not a marker"));
    let unknown = json!({"batch_id": "x"});
    let refusal = (404, "resource_not_found", "");
    harness.expect_post_refusal("an unknown batch", "/v3/assets/complete/batches", unknown, refusal).await;
    harness.finish();
}

#[tokio::test]
async fn an_upload_must_match_its_slot() {
    let mut harness = Harness::new().await;
    let content = picture();
    let slot = json!({"filename": "a.png", "content_type": "image/png", "size_bytes": content.len()});
    let complete = |asset: &str| format!("{asset}/complete");
    let early = harness.post(SLOTS, slot.clone()).await.text("/data/asset_id");
    let refusal = (409, "conflict", "");
    harness
        .expect_post_refusal("nothing put", &complete(&format!("/v3/assets/{early}")), json!({}), refusal)
        .await;
    let image = json!({"type": "image", "image": {"type": "asset_id", "asset_id": early},
        "audio_url": "https://example.com/a.mp3"});
    let refusal = (409, "asset_not_available", "image.asset_id");
    harness.expect_post_refusal("an asset that is not there yet", "/v3/videos", image, refusal).await;

    let (asset, status) = put(&harness, slot.clone(), content.clone(), None).await;
    assert_eq!(status, 200);
    let path = complete(&asset);
    harness.expect_post_refusal("the bytes are not seen yet", &path, json!({}), (409, "conflict", "")).await;
    harness.advance(1);
    let wrong = json!({"checksum_sha256": "0".repeat(64)});
    harness.expect_post_refusal("another checksum", &path, wrong, (400, INVALID, "checksum_sha256")).await;
    for _ in 0..2 {
        assert_eq!(harness.post(&path, json!({})).await.body["data"]["size_bytes"], content.len());
    }

    let film = super::changed(&slot, &json!({"content_type": "video/mp4"}));
    let (asset, status) = put(&harness, film, content.clone(), None).await;
    assert_eq!(status, 200);
    harness.advance(1);
    harness
        .expect_post_refusal("another type", &complete(&asset), json!({}), (400, INVALID, "content_type"))
        .await;

    // The upload must match what the URL signs.
    let longer = [content.clone(), vec![0]].concat();
    assert_eq!(put(&harness, slot.clone(), longer, None).await.1, 403);
    let key = (API_KEY_HEADER, harness.sim.api_key());
    assert_eq!(put(&harness, slot.clone(), content.clone(), Some(key)).await.1, 403);
    let digest = super::changed(&slot, &json!({"checksum_sha256": "0".repeat(64)}));
    assert_eq!(put(&harness, digest, content, None).await.1, 400);
    harness.finish();
}

#[tokio::test]
async fn a_deleted_asset_cannot_be_used() {
    let mut harness = Harness::new().await;
    let asset = format!("/v3/assets/{}", harness.upload("thumbnail.png").await);
    let link = harness.get(&asset).await.text("/data/url");
    assert_eq!(harness.client.get(&link).send().await.unwrap().status(), 200);
    assert_eq!(harness.send(Method::DELETE, &asset, None, None).await.status, 200);
    assert_eq!(harness.client.get(&link).send().await.unwrap().status(), 404);
    for method in [Method::GET, Method::DELETE] {
        harness.expect_refusal("a deleted asset", method, &asset, None, (404, "asset_not_found", "")).await;
    }
    harness.finish();
}

#[tokio::test]
async fn each_place_accepts_certain_kinds_of_files() {
    let mut harness = Harness::of(heygen_sim::Sim::builder().concurrency(100).legacy(true)).await;
    let (picture, film) = (harness.upload("thumbnail.png").await, harness.upload("video.mp4").await);
    let (sound, words) = (harness.upload("speech.mp3").await, harness.upload("captions.srt").await);
    let file = |id: &str| json!({"type": "asset_id", "asset_id": id});
    let scene = |kind: &str, id: &str| json!({"type": kind, "source": file(id), "duration": (kind == "image").then_some(2)});
    let studio = |scene: Value| {
        let mut scene = scene;
        scene.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        json!({"type": "studio", "scenes": [scene]})
    };
    let variable =
        |name: &str, kind: &str, id: &str| json!({"variables": {name: {"type": kind, "asset": file(id)}}});
    let model = |place: &str, id: &str| {
        let picture = json!({"type": "url", "url": "https://example.com/a.png"});
        super::changed(
            &json!({"mode": "reference_to_video", "model": "heygen-video-1", "prompt": "A cat", "reference_images": [picture]}),
            &json!({place: [file(id)]}),
        )
    };
    let cinema = |id: &str| json!({"type": "cinematic_avatar", "prompt": "A walk", "avatar_id": ["Anna_sitting_public"], "references": [file(id)]});
    let podcast = |id: &str| {
        json!({"host_avatar_id": "Anna_sitting_public", "host_voice_id": "en-us-clara", "topic": "Bees",
            "guest_avatar_id": "Marcus_office_public", "guest_voice_id": "en-gb-henry", "source_files": [file(id)]})
    };
    let agent = |id: &str| json!({"prompt": "Bees", "files": [file(id)]});
    let drawing = |id: &str| json!({"type": "prompt", "name": "A drawing", "prompt": "Blue", "reference_images": [file(id)]});
    let old_agent = |id: &str| json!({"prompt": "Bees", "files": [{"asset_id": id}]});
    let (videos, template) = ("/v3/videos", "/v3/templates/d0000000000000000000000000000001");
    for (path, good, bad, place) in [
        (
            videos,
            studio(scene("image", &picture)),
            studio(scene("image", &sound)),
            "scenes.0.source.asset_id",
        ),
        (videos, studio(scene("video", &film)), studio(scene("video", &picture)), "scenes.0.source.asset_id"),
        (videos, cinema(&sound), cinema(&words), "references.0.asset_id"),
        (
            template,
            variable("screenshot", "image", &picture),
            variable("screenshot", "image", &film),
            "variables.screenshot.asset.asset_id",
        ),
        (
            template,
            variable("clip", "video", &film),
            variable("clip", "video", &sound),
            "variables.clip.asset.asset_id",
        ),
        (
            template,
            variable("jingle", "audio", &sound),
            variable("jingle", "audio", &words),
            "variables.jingle.asset.asset_id",
        ),
        (
            "/v3/models/videos",
            model("reference_images", &picture),
            model("reference_images", &film),
            "reference_images.0.asset_id",
        ),
        (
            "/v3/models/videos",
            model("reference_videos", &film),
            model("reference_videos", &picture),
            "reference_videos.0.asset_id",
        ),
        (
            "/v3/models/videos",
            model("reference_audio", &sound),
            model("reference_audio", &film),
            "reference_audio.0.asset_id",
        ),
        ("/v3/podcasts", podcast(&picture), podcast(&sound), "source_files.0.asset_id"),
        ("/v3/video-agents", agent(&sound), agent(&words), "files.0.asset_id"),
        ("/v3/avatars", drawing(&picture), drawing(&film), "reference_images.0.asset_id"),
    ] {
        harness.post(path, good).await;
        harness.expect_post_refusal(&format!("{path} {place}"), path, bad, (400, INVALID, place)).await;
    }
    // Errors of the v1 agent have another envelope, without `param`.
    harness.post("/v1/video_agent/generate", old_agent(&picture)).await;
    let refused =
        harness.send(Method::POST, "/v1/video_agent/generate", None, Some(&old_agent(&words))).await;
    assert_eq!((refused.status, refused.text("/error/code")), (400, INVALID.to_owned()));
    harness.finish();
}

#[tokio::test]
async fn a_failed_asset_cannot_be_used() {
    let mut harness = Harness::new().await;
    let content = picture();
    let slot =
        json!({"filename": "[sim:fail].png", "content_type": "image/png", "size_bytes": content.len()});
    let (asset, _) = put(&harness, slot, content, None).await;
    harness.advance(1);
    harness.post(&format!("{asset}/complete"), json!({})).await;
    harness.advance(30);
    let id = asset.rsplit('/').next().unwrap();
    let image = json!({"type": "image", "image": {"type": "asset_id", "asset_id": id},
        "audio_url": "https://example.com/a.mp3"});
    let refusal = (409, "asset_not_available", "image.asset_id");
    harness.expect_post_refusal("an asset that has failed", "/v3/videos", image, refusal).await;
    assert_eq!(harness.get(&asset).await.body["data"]["url"], Value::Null);
    assert_eq!(harness.get("/v3/assets?username=simulated-user").await.body["data"], json!([]));
    harness.finish();
}
