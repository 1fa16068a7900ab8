//! Tests of uploads by form, and directly to a signed slot.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::program::{Answer, Program};

const PNG: &[u8] = include_bytes!("../../assets/thumbnail.png");

async fn form(program: &Program, content_type: &str, body: Vec<u8>) -> Answer {
    let request = program.client.post(program.url("/v3/assets")).header("x-api-key", program.sim.api_key());
    let response = request.header("content-type", content_type).body(body).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: serde_json::from_slice(&response.bytes().await.unwrap()).unwrap() }
}

fn field(name: &str, content: &[u8]) -> Vec<u8> {
    let head =
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\n\r\n");
    [head.as_bytes(), content, b"\r\n--edge--\r\n"].concat()
}

const FORM: &str = "multipart/form-data; boundary=edge";

#[tokio::test]
async fn an_uploaded_file_is_served_unchanged() {
    let program = Program::start().await;
    let created = form(&program, FORM, field("file", PNG)).await;
    assert_eq!(
        (created.status, &created.body["data"]["mime_type"]),
        (200, &json!("image/png")),
        "{}",
        created.body
    );
    assert_eq!(created.body["data"]["size_bytes"], PNG.len());
    let (_, bytes) = program.fetch(&created.body["data"]["url"]).await;
    assert_eq!(bytes, PNG);
    let path = format!("/v3/assets/{}", created.body["data"]["asset_id"].as_str().unwrap());
    let asset = program.get(&path).await;
    assert_eq!((&asset["name"], &asset["type"]), (&json!("a.png"), &json!("image")));
    let owner = asset["owner"].as_str().unwrap();
    let mut listed = program.get(&format!("/v3/assets?username={owner}")).await[0].take();
    // Each response has a different link.
    assert_ne!(listed["url"], asset["url"]);
    listed["url"] = asset["url"].clone();
    assert_eq!(listed, asset);
    assert_eq!(program.get("/v3/assets?username=other").await, json!([]));
    program.call(Method::DELETE, &path, None).await;
    assert_eq!(program.refused(Method::GET, &path, None).await, (404, "asset_not_found".into()));
    assert_eq!(program.fetch(&created.body["data"]["url"]).await.0, 404);
}

#[tokio::test]
async fn an_invalid_form_is_refused() {
    let program = Program::start().await;
    let code = |answer: Answer| (answer.status, answer.body["error"]["code"].as_str().unwrap().to_owned());
    let invalid = (400, "invalid_parameter".to_owned());
    assert_eq!(code(form(&program, FORM, field("file", b"")).await), invalid);
    assert_eq!(code(form(&program, FORM, field("other", PNG)).await), invalid);
    assert_eq!(code(form(&program, FORM, field("file", &[0; 100])).await), invalid);
    assert_eq!(code(form(&program, FORM, b"--edge--\r\n".to_vec()).await), invalid);
    assert_eq!(code(form(&program, FORM, b"--edge\r\nbroken".to_vec()).await), invalid);
    assert_eq!(code(form(&program, "image/png", PNG.to_vec()).await), invalid);
    let large = [PNG, &vec![0; 32 * 1024 * 1024]].concat();
    assert_eq!(code(form(&program, FORM, field("file", &large)).await), (413, "payload_too_large".into()));
}

struct Slot {
    id: String,
    url: String,
    headers: Vec<(String, String)>,
}

async fn open(program: &Program, size: usize, digest: Option<String>) -> Slot {
    let body = json!({"filename": "a.png", "content_type": "image/png", "size_bytes": size, "checksum_sha256": digest});
    let slot = program.post("/v3/assets/direct-uploads", body).await;
    assert_eq!(slot["status"], "pending_upload");
    let headers = slot["upload_headers"].as_object().unwrap();
    Slot {
        id: slot["asset_id"].as_str().unwrap().to_owned(),
        url: slot["upload_url"].as_str().unwrap().to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect(),
    }
}

async fn put(program: &Program, slot: &Slot, more: Option<(&str, &str)>, body: &[u8]) -> u16 {
    let mut request = program.client.put(&slot.url);
    let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, value) in slot.headers.iter().cloned().chain(more) {
        request = request.header(name, value);
    }
    request.body(body.to_vec()).send().await.unwrap().status().as_u16()
}

async fn complete(program: &Program, slot: &Slot) -> Answer {
    program.send(Method::POST, &format!("/v3/assets/{}/complete", slot.id), &[], Some(json!({}))).await
}

#[tokio::test]
async fn a_slot_accepts_only_the_declared_file_and_is_completed_a_second_later() {
    let program = Program::start().await;
    let slot = open(&program, PNG.len(), Some(const_hex::encode(Sha256::digest(PNG)))).await;
    assert_eq!(complete(&program, &slot).await.status, 409);
    assert_eq!(put(&program, &slot, Some(("x-api-key", "key")), PNG).await, 403);
    assert_eq!(put(&program, &slot, Some(("authorization", "Bearer key")), PNG).await, 403);
    assert_eq!(put(&program, &slot, None, &PNG[1..]).await, 403);
    assert_eq!(put(&program, &slot, None, &vec![0; PNG.len()]).await, 400);
    let bare = Slot { headers: Vec::new(), id: slot.id.clone(), url: slot.url.clone() };
    assert_eq!(put(&program, &bare, None, PNG).await, 403);
    let forged = Slot {
        url: slot.url.replace("Signature=", "Signature=0"),
        headers: slot.headers.clone(),
        id: slot.id.clone(),
    };
    assert_eq!(put(&program, &forged, None, PNG).await, 403);
    assert_eq!(put(&program, &slot, None, PNG).await, 200);
    let early = complete(&program, &slot).await;
    assert_eq!(
        (early.status, &early.body["error"]["message"]),
        (409, &json!("uploaded object not found yet"))
    );
    program.advance(1);
    let done = complete(&program, &slot).await;
    assert_eq!((done.status, &done.body["data"]["status"]), (200, &json!("processing")));
    assert_eq!(complete(&program, &slot).await.status, 200);
    let status = |id: String| {
        let program = &program;
        async move { program.get(&format!("/v3/assets/statuses?asset_ids={id}")).await[0]["status"].clone() }
    };
    assert_eq!(status(slot.id.clone()).await, "processing");
    program.advance(5);
    assert_eq!(status(slot.id.clone()).await, "completed");
    assert_eq!(program.fetch(&done.body["data"]["url"]).await.1, PNG);
}

#[tokio::test]
async fn a_slot_expires_after_an_hour_and_limits_sizes_and_types() {
    let program = Program::with(Sim::builder().upload_limit(1000)).await;
    let slot = open(&program, PNG.len(), None).await;
    program.advance(3601);
    assert_eq!(put(&program, &slot, None, PNG).await, 403);
    let open = |content_type: &str, size: Value| {
        let body = json!({"filename": "a", "content_type": content_type, "size_bytes": size});
        program.refused(Method::POST, "/v3/assets/direct-uploads", Some(body))
    };
    let invalid = (400, "invalid_parameter".to_owned());
    assert_eq!(open("image/png", json!(1001)).await, invalid);
    assert_eq!(open("image/png", json!(0)).await, invalid);
    assert_eq!(open("text/html", json!(10)).await, invalid);
}

#[tokio::test]
async fn large_uploads_are_served_unchanged_and_a_wrong_type_is_refused() {
    let program = Program::start().await;
    let mut large = PNG.to_vec();
    large.resize(3_000_000, 7);
    let slot = open(&program, large.len(), None).await;
    assert_eq!(put(&program, &slot, None, &large).await, 200);
    program.advance(1);
    let done = complete(&program, &slot).await;
    assert_eq!(program.fetch(&done.body["data"]["url"]).await.1, large);

    let body = json!({"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": PNG.len()});
    let answer = program.post("/v3/assets/direct-uploads", body).await;
    let request =
        program.client.put(answer["upload_url"].as_str().unwrap()).header("content-type", "video/mp4");
    assert_eq!(request.body(PNG).send().await.unwrap().status(), 200);
    program.advance(1);
    let path = format!("/v3/assets/{}/complete", answer["asset_id"].as_str().unwrap());
    let refused = program.send(Method::POST, &path, &[], Some(json!({}))).await;
    assert_eq!((refused.status, &refused.body["error"]["param"]), (400, &json!("content_type")));
}

#[tokio::test]
async fn a_batch_of_slots_is_completed_in_one_call() {
    let program = Program::start().await;
    let file = |name: &str| json!({"filename": name, "content_type": "image/png", "size_bytes": PNG.len()});
    let batch =
        program.post("/v3/assets/direct-uploads/batches", json!({"files": [file("a"), file("b")]})).await;
    let id = batch["batch_id"].as_str().unwrap();
    let upload = |item: Value| {
        let request =
            program.client.put(item["upload_url"].as_str().unwrap()).header("content-type", "image/png");
        async move { request.body(PNG).send().await.unwrap().status().as_u16() }
    };
    assert_eq!(upload(batch["items"][0].clone()).await, 200);
    program.advance(1);
    let complete = || program.post("/v3/assets/complete/batches", json!({"batch_id": id}));
    complete().await;
    program.advance(5);
    let path = format!("/v3/assets/batches/{id}");
    assert_eq!(program.get(&path).await["counts_by_status"], json!({"completed": 1, "queued": 1}));
    assert_eq!(upload(batch["items"][1].clone()).await, 200);
    program.advance(1);
    complete().await;
    program.advance(5);
    let done = program.get(&path).await;
    assert_eq!((&done["status"], &done["counts_by_status"]), (&json!("completed"), &json!({"completed": 2})));
}

/// The item stays failed after the new upload, until the upload is visible.
#[tokio::test]
async fn a_failed_file_of_a_batch_can_be_uploaded_again() {
    let program = Program::start().await;
    let file = json!({"filename": "a", "content_type": "image/png", "size_bytes": PNG.len()});
    let batch = program.post("/v3/assets/direct-uploads/batches", json!({"files": [file]})).await;
    let id = batch["batch_id"].as_str().unwrap();
    let put = async |content: Vec<u8>| {
        let url = batch["items"][0]["upload_url"].as_str().unwrap();
        let request = program.client.put(url).header("content-type", "image/png");
        assert_eq!(request.body(content).send().await.unwrap().status(), 200);
    };
    let complete = async || {
        program.post("/v3/assets/complete/batches", json!({"batch_id": id})).await;
        let batch = program.get(&format!("/v3/assets/batches/{id}")).await;
        batch["items"][0]["status"].as_str().unwrap().to_owned()
    };
    put(vec![0; PNG.len()]).await;
    program.advance(1);
    assert_eq!(complete().await, "failed");
    put(PNG.to_vec()).await;
    assert_eq!(complete().await, "failed");
    program.advance(1);
    assert_eq!(complete().await, "processing");
    program.advance(5);
    assert_eq!(complete().await, "completed");
}

/// Ids are sequential: if the next id differs from that of an untouched simulator, the upload was stored in part.
#[tokio::test]
async fn an_upload_that_breaks_off_is_not_stored() {
    let program = Program::start().await;
    let slot = open(&program, PNG.len(), None).await;
    let untouched = Program::start().await;
    open(&untouched, PNG.len(), None).await;
    let address = program.sim.base_url().trim_start_matches("http://");
    let head =
        format!("POST /v3/assets HTTP/1.1\r\nhost: {address}\r\nx-api-key: {}\r\n", program.sim.api_key());
    let form = format!("{head}content-type: {FORM}\r\ncontent-length: 100000\r\n\r\n");
    let part = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
    let place = slot.url.split_once(address).unwrap().1;
    let put = format!(
        "PUT {place} HTTP/1.1\r\nhost: {address}\r\ncontent-type: image/png\r\ncontent-length: {}\r\n\r\n",
        PNG.len()
    );
    for beginning in [form + part, put] {
        let before = program.sim.requests().len();
        let mut connection = TcpStream::connect(address).await.unwrap();
        let half = [beginning.as_bytes(), &PNG[..PNG.len() / 2]].concat();
        connection.write_all(&half).await.unwrap();
        // Wait until the part that was sent has arrived.
        while program.sim.requests().len() == before {
            tokio::task::yield_now().await;
        }
        drop(connection);
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(program.get("/v3/assets?username=simulated-user").await, json!([]));
    let created = form_id(&program).await;
    assert_eq!(created, form_id(&untouched).await);
    let path = format!("/v3/assets/{}/complete", slot.id);
    assert_eq!(program.refused(Method::POST, &path, Some(json!({}))).await, (409, "conflict".into()));
}

async fn form_id(program: &Program) -> String {
    let created = form(program, FORM, field("file", PNG)).await;
    created.body["data"]["asset_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_unsigned_amz_header_is_refused() {
    let program = Program::start().await;
    let slot = open(&program, PNG.len(), None).await;
    let request = || {
        let request = program.client.put(&slot.url).body(PNG);
        slot.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    };
    for name in ["x-amz-acl", "X-Amz-Meta-Owner", "x-amz-checksum-sha256"] {
        let answer = request().header(name, "x").send().await.unwrap();
        assert_eq!(answer.status(), 403, "{name}");
        assert!(answer.text().await.unwrap().contains("SignatureDoesNotMatch"), "{name}");
    }
    assert_eq!(request().send().await.unwrap().status(), 200);
}
