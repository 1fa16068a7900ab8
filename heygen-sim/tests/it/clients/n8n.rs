//! HeyGen's node for n8n, which sends members that the API does not have. The simulator ignores them in its lenient mode.
//!
//! Source: heygen-com/n8n-integration-heygen-node, version 0.1.9 (May 2026): `nodes/Heygen/shared/*.ts`,
//! `nodes/Heygen/operations/**/api_requests.ts`, and `nodes/Heygen/operations/oauth/api_requests.ts`.

use std::time::Duration;

use heygen_sim::{Sim, SimBuilder};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, answer, data, text};

const PNG: &[u8] = include_bytes!("../../../assets/thumbnail.png");

async fn node(builder: SimBuilder) -> Client {
    Client::start(builder, "x-api-key", &[("accept", "application/json"), ("user-agent", "n8n")]).await
}

/// "Create Avatar Video". `test` is in every body, and captions have the name that they had in v2.
fn avatar_video() -> Value {
    json!({"test": false, "title": "Weekly news", "aspect_ratio": "16:9", "resolution": "720p", "type": "avatar",
        "avatar_id": "Anna_sitting_public", "script": "Hello", "voice_id": "en-us-clara", "voice_settings": {"speed": 1.0},
        "background": {"type": "color", "value": "#f6f6fc"}, "enable_caption": true})
}

/// "Create Video (advanced)", with a picture behind the avatar.
fn advanced_video() -> Value {
    json!({"test": false, "aspect_ratio": "9:16", "resolution": "1080p", "avatar_id": "Anna_sitting_public", "type": "avatar",
        "audio_url": "https://example.com/voice.mp3", "background": {"type": "image", "url": "https://example.com/desk.png"}})
}

/// "Create Video Agent Session", with a duration.
fn session() -> Value {
    json!({"prompt": "Our launch", "duration_sec": 30, "orientation": "portrait", "avatar_id": "Anna_sitting_public"})
}

/// "Translate Video", with the options of v2 that its form still has.
fn translation() -> Value {
    json!({"video": {"type": "url", "url": "https://example.com/talk.mp4"}, "output_languages": ["Spanish (Spain)", "German"],
        "title": "Talk", "translate_audio_only": false, "speaker_num": 1, "mode": "precision", "enable_dynamic_duration": true,
        "check_credits_sync": true, "validate_only": false, "use_disguised_voice": false, "create_collection": false,
        "srt_url": "https://example.com/talk.srt"})
}

/// Reads a resource until its status is this one.
async fn wait_until(client: &Client, path: &str, status: &str) -> Value {
    for _ in 0..100 {
        let resource = client.get(path).await;
        if resource["status"] == status {
            return resource;
        }
        client.wait(Duration::from_secs(30));
    }
    panic!("{path} is not {status}");
}

#[tokio::test]
async fn the_bodies_of_the_node_are_taken_in_lenient_mode() {
    let client = node(Sim::builder().lenient(true)).await;
    for body in [avatar_video(), advanced_video()] {
        let created = data(client.post("/v3/videos", &body).await);
        let path = format!("/v3/videos/{}", text(&created["video_id"]));
        let video = wait_until(&client, &path, "completed").await;
        client.download(&video["video_url"]).await;
    }
    let created = data(client.post("/v3/video-agents", &session()).await);
    wait_until(&client, &format!("/v3/video-agents/{}", text(&created["session_id"])), "completed").await;
    let created = data(client.post("/v3/video-translations", &translation()).await);
    for id in created["video_translation_ids"].as_array().unwrap() {
        wait_until(&client, &format!("/v3/video-translations/{}", text(id)), "completed").await;
    }
    let source = |name: &str| json!({"type": "url", "url": format!("https://example.com/{name}")});
    let lipsync = json!({"video": source("a.mp4"), "audio": source("a.mp3"), "mode": "speed"});
    let path =
        format!("/v3/lipsyncs/{}", text(&data(client.post("/v3/lipsyncs", &lipsync).await)["lipsync_id"]));
    wait_until(&client, &path, "completed").await;
    let rename = client.request(Method::PATCH, &path).header("content-type", "application/json");
    assert_eq!(data(answer(rename.body(json!({"title": "New"}).to_string())).await)["title"], "New");
}

/// The default follows the document, which closes these bodies. The refusal names the first member that it does not have.
#[tokio::test]
async fn the_same_bodies_are_refused_by_default() {
    let client = node(Sim::builder()).await;
    for (path, body, members) in [
        ("/v3/videos", avatar_video(), ["test", "enable_caption"].as_slice()),
        ("/v3/videos", advanced_video(), &["test"]),
        ("/v3/video-agents", session(), &["duration_sec"]),
        (
            "/v3/video-translations",
            translation(),
            &["check_credits_sync", "validate_only", "use_disguised_voice", "create_collection", "srt_url"],
        ),
    ] {
        let refused = client.post(path, &body).await;
        assert_eq!((refused.status, &refused.body["error"]["code"]), (400, &json!("invalid_parameter")));
        assert!(members.contains(&text(&refused.body["error"]["param"])), "{}", refused.body);
    }
}

/// The lists that fill the node's forms. It sends no body with a GET, and reads the voices by engine.
#[tokio::test]
async fn the_lists_of_the_node_are_read_to_their_ends() {
    let client = node(Sim::builder().lenient(true)).await;
    for path in [
        "/v3/avatars?limit=20&ownership=public",
        "/v3/avatars/looks?limit=20&avatar_type=studio_avatar",
        "/v3/voices?type=public&engine=starfish&limit=20&language=English&gender=female",
        "/v3/video-agents/styles?limit=20",
        "/v3/video-agents?limit=20",
        "/v3/videos?limit=20",
        "/v3/lipsyncs?limit=20",
    ] {
        let list = answer(client.request(Method::GET, path)).await;
        assert_eq!(list.status, 200, "{path}: {}", list.body);
        assert!(list.body["data"].is_array() && list.body["has_more"].is_boolean(), "{path}: {}", list.body);
    }
    // Templates are still read by the path of v2, which is retired.
    let retired = answer(client.request(Method::GET, "/v2/templates")).await;
    assert_eq!(retired.status, 410, "{}", retired.body);
}

#[tokio::test]
async fn a_file_is_uploaded_as_a_form() {
    let client = node(Sim::builder()).await;
    let head = "--n8n\r\nContent-Disposition: form-data; name=\"file\"; filename=\"logo.png\"\r\nContent-Type: image/png\r\n\r\n";
    let form = [head.as_bytes(), PNG, b"\r\n--n8n--\r\n"].concat();
    let upload = client.request(Method::POST, "/v3/assets");
    let upload = upload.header("content-type", "multipart/form-data; boundary=n8n").body(form);
    text(&data(answer(upload).await)["asset_id"]);
}

/// The node registers itself as a client with an empty object, and then a person signs in.
#[tokio::test]
async fn the_node_registers_itself_and_calls_with_a_token() {
    let client = node(Sim::builder()).await;
    let register = client.program.client.post(client.program.url("/v1/oauth/register"));
    let registered = answer(register.header("content-type", "application/json").body("{}")).await;
    assert!((200..300).contains(&registered.status), "{}", registered.body);
    text(&registered.body["client_id"]);
    let voices = client.program.client.get(client.program.url("/v3/voices?type=public"));
    let token = client.program.sim.access_token();
    assert_eq!(answer(voices.bearer_auth(token)).await.status, 200);
}
