//! The rendering CLI of HyperFrames: `hyperframes cloud render`.
//!
//! Sources: heygen-com/hyperframes, `packages/cli/src/cloud/{upload,poll,download}.ts`, `packages/cli/src/cloud/_gen/client.ts`
//! and `packages/cli/src/commands/cloud/render.ts`, as of August 2026. An earlier edition of the first file set its own
//! `content-type` beside the `upload_headers`, without comparing the case of their names.

use std::io::Write as _;
use std::time::Duration;

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Client, answer, data, text};
use crate::program::Answer;

/// How often the CLI finishes an upload before it gives up.
const ATTEMPTS: u32 = 5;

fn project() -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [
        (
            "index.html",
            "<div data-composition-id=\"main\" data-composition-variables='{\"title\":\"Hello\"}'></div>",
        ),
        ("assets/style.css", "body { margin: 0 }"),
    ] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

async fn cli(speed: u64) -> Client {
    let client = Client::start(Sim::builder(), "x-api-key", &[("x-heygen-source", "cli")]).await;
    Client { speed, ..client }
}

async fn post(client: &Client, path: &str, key: Option<&str>, body: &Value) -> Answer {
    let mut request = client.request(Method::POST, path).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    answer(request.body(body.to_string())).await
}

/// Uploads a project in three steps, and returns the id of its asset.
async fn upload(client: &Client, key: Option<&str>) -> String {
    let zip = project();
    let digest = const_hex::encode(Sha256::digest(&zip));
    let slot = json!({"filename": "launch.zip", "content_type": "application/zip", "size_bytes": zip.len(), "checksum_sha256": digest});
    let slot = data(post(client, "/v3/assets/direct-uploads", key, &slot).await);
    // The headers go into an object, beside a content type of the CLI's own. So a name in another case would be sent twice.
    let mut headers = vec![("content-type".to_owned(), "application/zip".to_owned())];
    for (name, value) in slot["upload_headers"].as_object().unwrap() {
        headers.retain(|(own, _)| own != name);
        headers.push((name.clone(), text(value).to_owned()));
    }
    let mut put = client.program.client.put(text(&slot["upload_url"]));
    for (name, value) in headers {
        put = put.header(name, value);
    }
    let put = put.body(zip).send().await.unwrap();
    assert_eq!(put.status().as_u16(), 200, "{}", put.text().await.unwrap());
    // A 409 is expected while the storage service has not seen the object.
    let path = format!("/v3/assets/{}/complete", text(&slot["asset_id"]));
    for attempt in 1..=ATTEMPTS {
        let completed = post(client, &path, None, &json!({"checksum_sha256": digest})).await;
        if completed.status != 409 {
            return text(&data(completed)["asset_id"]).to_owned();
        }
        client.wait(Duration::from_millis(500) * attempt);
    }
    panic!("the CLI has given up after {ATTEMPTS} attempts");
}

/// Renders an uploaded project, waits, and downloads the video. Returns the media type and the minutes.
async fn render(client: &Client, body: &Value, key: Option<&str>) -> String {
    let submitted = data(post(client, "/v3/hyperframes/renders", key, body).await);
    let path = format!("/v3/hyperframes/renders/{}", text(&submitted["render_id"]));
    let limit = client.waited.get() + Duration::from_secs(3600);
    let done = loop {
        let detail = client.get(&path).await;
        assert_eq!(detail["render_id"], submitted["render_id"]);
        match text(&detail["status"]) {
            "completed" => break detail,
            "queued" | "rendering" => {}
            other => panic!("{other}: {detail}"),
        }
        assert!(client.waited.get() < limit, "the CLI has given up after an hour");
        client.wait(Duration::from_secs(10));
    };
    // The name of the file that the CLI writes ends with the format.
    let format = text(&done["format"]).to_owned();
    assert!(["mp4", "webm", "mov"].contains(&format.as_str()));
    client.download(&done["video_url"]).await;
    format
}

#[tokio::test]
async fn a_project_is_uploaded_rendered_and_downloaded() {
    for speed in [1, 60] {
        let client = cli(speed).await;
        let asset = upload(&client, None).await;
        let project = json!({"type": "asset_id", "asset_id": asset});
        assert_eq!(render(&client, &json!({"project": project}), None).await, "mp4");
        // The same asset is rendered again, with every option of the CLI.
        let options = json!({"project": project, "fps": 60, "quality": "high", "format": "webm", "resolution": "1080p",
            "aspect_ratio": "9:16", "composition": "index.html", "variables": {"title": "Again"}, "title": "Launch"});
        assert_eq!(render(&client, &options, None).await, "webm");
    }
}

/// The CLI sends one idempotency key for the upload and for the render.
#[tokio::test]
async fn one_idempotency_key_serves_the_upload_and_the_render() {
    let client = cli(1).await;
    let mut renders = Vec::new();
    for _ in 0..2 {
        let asset = upload(&client, Some("run-1")).await;
        let body = json!({"project": {"type": "asset_id", "asset_id": asset}});
        let submitted = data(post(&client, "/v3/hyperframes/renders", Some("run-1"), &body).await);
        renders.push((asset, submitted["render_id"].clone()));
    }
    assert_eq!(renders[0], renders[1]);
}

#[tokio::test]
async fn a_failed_render_and_an_invalid_project_are_reported() {
    let client = cli(1).await;
    let asset = upload(&client, None).await;
    let body = |title: &str, variables: Value| json!({"project": {"type": "asset_id", "asset_id": asset}, "title": title, "variables": variables});
    let submitted =
        data(post(&client, "/v3/hyperframes/renders", None, &body("[sim:fail]", json!({}))).await);
    client.wait(Duration::from_secs(60));
    let path = format!("/v3/hyperframes/renders/{}", text(&submitted["render_id"]));
    let failed = client.get(&path).await;
    assert_eq!(failed["status"], "failed");
    text(&failed["failure_message"]);
    // The CLI has a hint for this code.
    let refused = post(&client, "/v3/hyperframes/renders", None, &body("x", json!({"tilte": "x"}))).await;
    assert_eq!(
        (refused.status, &refused.body["error"]["code"]),
        (400, &json!("hyperframes_project_invalid"))
    );
}
