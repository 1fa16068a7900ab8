//! Tests that hostile requests are refused, and harm neither the simulator nor other systems.

use std::io::Write as _;

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::program::Program;
use crate::receiver::Receiver;

/// Sends bytes to the simulator, and returns the status of the response.
async fn raw(program: &Program, request: &str) -> u16 {
    raw_or_reset(program, request).await.unwrap()
}

/// The same, or `None` if the connection was reset before the response was read.
async fn raw_or_reset(program: &Program, request: &str) -> Option<u16> {
    let address = program.sim.base_url().trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(request.replace("{host}", address).as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    connection.read_exact(&mut answer).await.ok()?;
    Some(String::from_utf8_lossy(&answer)[9..12].parse().unwrap())
}

#[tokio::test]
async fn hosts_and_origins_are_checked() {
    let program = Program::with(Sim::builder().allow_host("sim.internal")).await;
    let (api, control) = ("/v3/voices", "/__sim/");
    for (path, headers, status) in [
        // HTTP requires exactly one host.
        (api, "", 400),
        (control, "", 400),
        (api, "host: {host}\r\nhost: {host}\r\n", 400),
        (control, "host: {host}\r\nhost: evil.example\r\n", 400),
        (api, "host: a b\r\n", 400),
        (api, "host: {host}/x\r\n", 400),
        (api, "host: user@{host}\r\n", 400),
        // Requests of the API may name any host, and need a key.
        (api, "host: evil.example\r\n", 401),
        (api, "host: {host}\r\norigin: https://evil.example\r\n", 401),
        // Only this machine may control the simulator, and the hosts that are allowed.
        (control, "host: {host}\r\n", 200),
        (control, "host: localhost\r\n", 200),
        (control, "host: LOCALHOST:8080\r\n", 200),
        (control, "host: [::1]:8080\r\n", 200),
        (control, "host: sim.internal:8080\r\n", 200),
        (control, "host: SIM.internal\r\n", 200),
        (control, "host: evil.example\r\n", 403),
        (control, "host: 127.0.0.1.evil.example\r\n", 403),
        (control, "host: localhost.evil.example\r\n", 403),
        (control, "host: 192.168.0.1\r\n", 403),
        (control, "host: 0.0.0.0\r\n", 403),
        (control, "host: other.internal\r\n", 403),
        // A page of the simulator may control it, a page of another origin may not.
        (control, "host: {host}\r\norigin: http://{host}\r\nsec-fetch-site: same-origin\r\n", 200),
        (control, "host: {host}\r\nsec-fetch-site: none\r\n", 200),
        (control, "host: {host}\r\norigin: https://evil.example\r\n", 403),
        (control, "host: {host}\r\norigin: https://{host}\r\n", 403),
        (control, "host: {host}\r\norigin: http://127.0.0.1:1\r\n", 403),
        (control, "host: {host}\r\norigin: null\r\n", 403),
        (control, "host: {host}\r\norigin: \r\n", 403),
        (control, "host: {host}\r\nsec-fetch-site: cross-site\r\n", 403),
        (control, "host: {host}\r\nsec-fetch-site: same-site\r\n", 403),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\n{headers}\r\n");
        assert_eq!(raw(&program, &request).await, status, "{request}");
    }
    // The target of a request may name a host, too.
    for (target, status) in [("http://{host}/__sim/", 200), ("http://evil.example/__sim/", 403)] {
        let request = format!("GET {target} HTTP/1.1\r\nhost: {{host}}\r\n\r\n");
        assert_eq!(raw(&program, &request).await, status, "{request}");
    }
    // A page of another origin can neither set a fault nor read the log.
    for (method, place) in [(Method::POST, "faults"), (Method::DELETE, "requests"), (Method::GET, "requests")]
    {
        let origin = [("origin", "https://evil.example")];
        let body = Some(json!({"effect": {"type": "reset"}}));
        let answer = program.send(method, &format!("/__sim/{place}"), &origin, body).await;
        assert_eq!((answer.status, &answer.body["error"]["code"]), (403, &json!("forbidden")), "{place}");
    }
    assert!(program.sim.faults().is_empty());
}

/// Other sites lead a person to the consent page, but the consent itself is given on the page.
#[tokio::test]
async fn other_sites_may_lead_to_the_consent_page_but_not_agree() {
    let program = Program::start().await;
    let file = json!({"type": "url", "url": "https://example.com/me.mp4"});
    let twin = json!({"type": "digital_twin", "name": "Me", "file": file});
    let group = program.post("/v3/avatars", twin).await["avatar_group"]["id"].as_str().unwrap().to_owned();
    let link = program.post(&format!("/v3/avatars/{group}/consent"), json!({})).await["url"].clone();
    let send = async |method: Method, origin: &str, site: &str| {
        let request = program.client.request(method, link.as_str().unwrap()).header("sec-fetch-site", site);
        request.header("origin", origin).send().await.unwrap().status().as_u16()
    };
    assert_eq!(send(Method::GET, "https://app.example", "cross-site").await, 200);
    assert_eq!(send(Method::POST, "https://app.example", "cross-site").await, 403);
    assert_eq!(send(Method::POST, program.sim.base_url(), "same-origin").await, 200);
}

#[tokio::test]
async fn large_and_hostile_bodies_are_refused_with_a_short_error() {
    let program = Program::start().await;
    let text = "é".repeat(500_000);
    let files = vec![json!({"type": "url"}); 60_000];
    let deep = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
    for (label, path, body, status) in [
        ("a long prompt", "/v3/video-agents", json!({"prompt": text}).to_string(), 400),
        ("many wrong elements", "/v3/video-agents", json!({"prompt": "x", "files": files}).to_string(), 400),
        ("a long unknown name", "/v3/video-agents", json!({"prompt": "x", text.clone(): 1}).to_string(), 400),
        ("a deep body", "/v3/video-agents", deep, 400),
        ("a long id", "/v3/videos", json!({"type": "avatar", "avatar_id": text, "script": "x"}).to_string(), 404),
        ("many values", "/v3/videos", format!("[{}0]", "{\"a\":0},".repeat(400_000)), 413),
        (
            "many wrong nodes",
            "/v3/workflows",
            json!({"name": "x", "product_graph": {"schema_version": "1", "nodes": vec![json!({"id": "a", "type": text.get(..2_000)}); 200]}})
                .to_string(),
            422,
        ),
    ] {
        let request = program.client.post(program.url(path)).header("x-api-key", program.sim.api_key());
        let request = request.header("content-type", "application/json").header("idempotency-key", "k");
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{label}");
        let answer = answer.text().await.unwrap();
        assert!(answer.len() < 100_000, "{label}: {} bytes", answer.len());
        let error: Value = serde_json::from_str(&answer).unwrap();
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.chars().count() <= 401, "{label}: {message}");
    }
    // The bodies are not in the log, and the log of their requests is short.
    assert!(format!("{:?}", program.sim.requests()).len() < 50_000);
}

#[tokio::test]
async fn a_request_with_a_large_head_is_refused() {
    let program = Program::start().await;
    let head = |header: String| format!("GET /v3/voices HTTP/1.1\r\nhost: {{host}}\r\n{header}\r\n");
    // The rest of the head is not read, so the response may get lost.
    let large = raw_or_reset(&program, &head(format!("x: {}\r\n", "v".repeat(1_000_000)))).await;
    assert!(matches!(large, None | Some(431)), "{large:?}");
    assert_eq!(raw(&program, &head(format!("x: {}\r\n", "v".repeat(30_000)))).await, 401);
}

/// The time is that of the runtime, which moves it forward when nothing else happens.
#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_refused() {
    let program = Program::start().await;
    for (path, media) in [
        ("/v3/videos", "application/json"),
        ("/v3/assets", "multipart/form-data; boundary=edge"),
        ("/__sim/faults", "application/json"),
    ] {
        let key = program.sim.api_key();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {{host}}\r\nx-api-key: {key}\r\ncontent-type: {media}\r\ncontent-length: 9\r\n\r\n{{"
        );
        let status = raw(&program, &request).await;
        assert_eq!(status, if path == "/v3/assets" { 400 } else { 408 }, "{path}");
    }
}

#[tokio::test]
async fn webhooks_callbacks_and_probes_go_to_this_machine_only() {
    let program = Program::start().await;
    let receiver = Receiver::start().await;
    let port = receiver.url.rsplit(':').next().unwrap().to_owned();
    // The host does not matter: these names do not exist, and the addresses belong to others.
    let remote =
        ["https://example.com/hook", "https://169.254.169.254/latest", "https://10.0.0.1/", "https://[::]/"];
    for url in remote {
        let body = Some(json!({"url": url}));
        let registered = program.send(Method::POST, "/v3/webhooks/endpoints", &[], body).await;
        assert_eq!(registered.status, 200, "{url}: {}", registered.body);
        let notice = registered.headers["x-heygen-sim-notice"].to_str().unwrap();
        assert!(
            notice.contains("is not this machine") && notice.contains("--allow-remote-receivers"),
            "{notice}"
        );
    }
    let local = program.send(
        Method::POST,
        "/v3/webhooks/endpoints",
        &[],
        Some(json!({"url": format!("http://localhost:{port}")})),
    );
    let local = local.await;
    assert_eq!((local.status, local.headers.get("x-heygen-sim-notice")), (200, None), "{}", local.body);
    let video = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello",
        "callback_url": "https://production.example/callback"});
    program.post("/v3/videos", video).await;
    program.advance(300);
    program.sim.idle().await;
    let deliveries = program.sim.deliveries();
    assert_eq!((deliveries.len(), receiver.received().len()), (6, 1));
    for delivery in deliveries.iter().filter(|delivery| !delivery.url.contains("localhost")) {
        let reason = delivery.reason.as_deref().unwrap();
        assert!(reason.starts_with("not sent: ") && delivery.status.is_none(), "{delivery:?}");
    }
    // What is not sent is not repeated.
    program.advance(24 * 3600);
    program.sim.idle().await;
    assert_eq!(program.sim.deliveries().len(), 6);
    // A receiver that does not respond is in the log with another reason.
    let unprobed = Program::with(Sim::builder().probe(false)).await;
    unprobed.post("/v3/webhooks/endpoints", json!({"url": "http://127.0.0.1:1/"})).await;
    unprobed.sim.send_event("batch.finished").unwrap();
    unprobed.sim.idle().await;
    let failed = unprobed.sim.deliveries()[0].reason.clone().unwrap();
    assert!(!failed.contains("not sent") && !failed.is_empty(), "{failed}");
}

fn zip(method: CompressionMethod, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The project of a zip, inline.
fn project(zip: &[u8], variables: Value) -> Value {
    use base64::Engine as _;
    let data = base64::prelude::BASE64_STANDARD.encode(zip);
    json!({"project": {"type": "base64", "media_type": "application/zip", "data": data}, "variables": variables})
}

#[tokio::test]
async fn hostile_projects_are_refused_and_large_ones_read() {
    let program = Program::start().await;
    let declared = b"<div data-composition-variables='{\"title\": \"x\"}'>";
    let deflated = CompressionMethod::Deflated;
    // A composition may be larger than any buffer, and its variables may be declared at its end.
    let large = [vec![b'x'; 20 * 1024 * 1024], declared.to_vec()].concat();
    for (label, content) in [
        ("small", declared.to_vec()),
        ("large", large),
        ("not UTF-8", [b"\xff".as_slice(), declared].concat()),
    ] {
        let zip = zip(deflated, &[("index.html", &content)]);
        program.post("/v3/hyperframes/renders", project(&zip, json!({"title": "y"}))).await;
        let wrong = project(&zip, json!({"tilte": "y"}));
        let refused = program.refused(Method::POST, "/v3/hyperframes/renders", Some(wrong)).await;
        assert_eq!(refused, (400, "hyperframes_project_invalid".into()), "{label}");
    }
    let stored = zip(CompressionMethod::Stored, &[("index.html", declared)]);
    let mut unsupported = stored.clone();
    // The compression method is at offset 8 of the local header and at offset 10 of the central one.
    let central = unsupported.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    (unsupported[8], unsupported[central + 10]) = (93, 93);
    let truncated = stored[..stored.len() - 30].to_vec();
    for (label, zip, message) in [
        ("an unsupported method", unsupported, "index.html is compressed with zstd; store it"),
        ("no composition", zip(deflated, &[("other.html", declared)]), "the project has no index.html"),
        ("a file that is cut off", truncated, "the project is not a zip file"),
        ("no zip", b"hello".to_vec(), "the project is not a zip file"),
    ] {
        let body = Some(project(&zip, json!({})));
        let answer = program.send(Method::POST, "/v3/hyperframes/renders", &[], body).await;
        let text = answer.body["error"]["message"].as_str().unwrap_or_default();
        assert!(answer.status == 400 && text.contains(message), "{label}: {} {}", answer.status, answer.body);
    }
}

/// The largest versions of a workflow are removed before they fill the memory.
#[tokio::test]
async fn large_literals_do_not_accumulate() {
    let program = Program::start().await;
    let graph = |number: usize| {
        let literal = json!({"kind": "literal", "value": vec![json!([]); 300_000 + number]});
        let node = json!({"id": "one", "type": "compose_json", "bindings": {"value": literal}});
        json!({"schema_version": "1.0.0", "nodes": [node]})
    };
    let key = |key: String| [("idempotency-key", key)];
    let send = async |path: &str, key: [(&'static str, String); 1], body: Value| {
        let headers = key.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
        program.send(Method::POST, path, &headers, Some(body)).await
    };
    let body = json!({"name": "w", "product_graph": graph(0)});
    let created = send("/v3/workflows", key("first".into()), body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = format!("/v3/workflows/{}/versions", created.body["data"]["id"].as_str().unwrap());
    for number in 1..=3 {
        let answer = send(&path, key(number.to_string()), json!({"product_graph": graph(number)})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
    let versions = program.get(&path).await;
    let numbers: Vec<u64> = versions
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["version_number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [4], "the older versions would occupy more than 32 MB");
}
