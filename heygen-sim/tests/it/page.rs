//! Tests of the page at `/__sim/` over HTTP.

use heygen_sim::{Fault, SignatureGeneration};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::program::Program;
use crate::receiver::Receiver;

/// What Chromium sends when a person opens a page.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

async fn get(program: &Program, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, String) {
    let mut request = program.client.get(program.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.text().await.unwrap())
}

async fn page(program: &Program) -> String {
    let (status, _, page) = get(program, "/__sim/", &[("accept", BROWSER)]).await;
    assert_eq!(status, 200);
    page
}

#[tokio::test]
async fn browsers_get_a_page_and_other_clients_json() {
    let program = Program::start().await;
    for accept in [BROWSER, "text/html", "application/json;q=0.5, TEXT/HTML;q=0.9"] {
        let (status, headers, page) = get(&program, "/__sim/", &[("accept", accept)]).await;
        assert_eq!((status, &headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{accept}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
        let fixed = ["x-content-type-options", "referrer-policy", "cache-control", "vary"];
        let fixed = fixed.map(|name| headers[name].to_str().unwrap());
        assert_eq!(fixed, ["nosniff", "no-referrer", "no-store", "accept"]);
        // Nothing is loaded from elsewhere: the only URL with a host is that of the simulator.
        assert_eq!(page.replace(program.sim.base_url(), "").matches("://").count(), 0);
    }
    for accept in ["*/*", "application/json"] {
        let (_, headers, body) = get(&program, "/__sim/", &[("accept", accept)]).await;
        assert_eq!(
            (&headers["content-type"], &headers["vary"]),
            (&"application/json".parse().unwrap(), &"accept".parse().unwrap())
        );
        assert!(body.contains("base_url"), "{accept}");
    }
    let head = program.client.head(program.url("/__sim/")).header("accept", BROWSER).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), head.headers()["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn the_page_is_protected_like_the_rest() {
    let program = Program::start().await;
    for (name, value) in [
        ("host", "evil.example"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for path in ["/__sim/", "/__sim/results/ID/video.mp4"] {
            let (status, headers, body) = get(&program, path, &[("accept", BROWSER), (name, value)]).await;
            assert_eq!(status, 403, "{path} with {name}: {value}");
            assert!(!headers.contains_key("location") && !body.contains("<html"), "{body}");
        }
    }
    let (status, ..) = get(&program, "/__sim/", &[("accept", BROWSER), ("sec-fetch-site", "none")]).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn the_page_shows_jobs_deliveries_requests_and_faults() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    program.post("/v3/webhooks/endpoints", json!({"url": receiver.url})).await;
    program.post("/v3/webhooks/endpoints", json!({"url": "https://production.example/hook"})).await;
    let (done, runs) = (program.video("first").await, program.video("second [sim:takes=1000]").await);
    program.sim.sign_as(SignatureGeneration::A);
    program
        .sim
        .inject(Fault::refuse(503, "internal_error", "Try again").on("create_video").times(2))
        .unwrap();
    program.refused(Method::POST, "/v3/videos", Some(json!({"type": "avatar"}))).await;
    program.advance(505);
    program.sim.idle().await;
    let page = page(&program).await;
    let deliveries = program.sim.deliveries();
    let delivery = deliveries.iter().find(|delivery| delivery.url == receiver.url).unwrap();
    let signature = &delivery.signature_headers["heygen-signature"];
    assert_eq!(receiver.received()[0].header("heygen-signature"), Some(signature.as_str()));
    for text in [
        // The clock, and what is due next.
        "<time datetime=\"2026-11-01T00:08:25Z\">2026-11-01 00:08:25</time>",
        "in 495 seconds",
        // Jobs.
        &format!("id=\"job-{done}\""),
        "<td>video</td>",
        "<span class=\"state\">completed</span>",
        &format!("<video controls preload=\"none\" src=\"results/{done}/video.mp4\">"),
        &format!("id=\"job-{runs}\""),
        "<span class=\"state\">processing</span>",
        "<progress max=\"100\" value=\"50\"",
        // Deliveries.
        "<th scope=\"row\">avatar_video.success</th>",
        &receiver.url,
        signature,
        "<dt>heygen-timestamp</dt>",
        "<summary>signed</summary>",
        "<td><code>https://production.example/hook</code></td><td>1</td><td>not sent: ",
        // Requests.
        "POST <code>/v3/videos</code>",
        "&quot;title&quot;: &quot;first&quot;",
        &format!("&quot;video_id&quot;: &quot;{done}&quot;"),
        "&quot;message&quot;: &quot;Try again&quot;",
        "503<br>fault: answer",
        // Faults.
        "<tr id=\"fault-0\" data-version=\"1\"><th scope=\"row\">createVideo</th>",
        "after 0 requests, at most 2 times, probability 1.0",
    ] {
        assert!(page.contains(text), "{text}\n{page}");
    }
}

#[tokio::test]
async fn texts_of_requests_are_escaped() {
    let program = Program::start().await;
    let hostile = "\"'><script>window.injected = 1</script>";
    program.video(hostile).await;
    let path = "/v3/videos/%3Cscript%3E'\"><script>window.injected=1</script>".replace('>', "%3E");
    let headers = [("x-hostile", hostile), ("user-agent", hostile)];
    program.send(Method::GET, &path, &headers, None).await;
    program.send(Method::GET, &format!("/v3/videos?title={hostile}"), &[], None).await;
    program.send(Method::POST, "/v3/videos", &[], Some(json!({hostile: [hostile]}))).await;
    let fault = Fault::answer(502, "text/html", hostile).header("x-hostile", hostile);
    program.sim.inject(fault.times(1)).unwrap();
    program.send(Method::GET, "/v3/voices", &[], None).await;
    let body = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": hostile,
        "callback_url": "http://127.0.0.1:1/", "callback_id": hostile});
    program.post("/v3/videos", body).await;
    program.advance(300);
    program.sim.idle().await;
    let page = page(&program).await;
    assert_eq!(page.matches("<script>").count(), 1, "only the page's own script");
    assert!(page.matches("&lt;script&gt;window.injected").count() >= 8, "{page}");
    assert!(!page.contains("\"'>") && !page.contains("'\"><"), "{page}");
}

#[tokio::test]
async fn secrets_do_not_show() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    let endpoint = program.post("/v3/webhooks/endpoints", json!({"url": receiver.url})).await;
    program.video("one").await;
    let file = json!({"filename": "a.png", "content_type": "image/png", "size_bytes": 10});
    let upload = program.send(Method::POST, "/v3/assets/direct-uploads", &[], Some(file)).await;
    let refresh = program.sim.refresh_token();
    let form = format!("grant_type=refresh_token&client_id=mine&refresh_token={refresh}");
    let token = program.client.post(program.url("/v1/oauth/token")).body(form);
    let token = token.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!(token.status().as_u16(), 200);
    program.advance(300);
    program.sim.idle().await;
    let links = program.get("/v3/videos").await;
    let link = links[0]["video_url"].as_str().unwrap();
    program.fetch(&links[0]["video_url"]).await;
    program.client.get(link.replace("Signature=", "Signature=0")).send().await.unwrap();
    let page = page(&program).await;
    let signature =
        |link: &str| link.split("Signature=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let upload = upload.body["data"]["upload_url"].as_str().unwrap_or_default().to_owned();
    for (what, secret) in [
        ("API key", program.sim.api_key().to_owned()),
        ("webhook secret", endpoint["secret"].as_str().unwrap().to_owned()),
        ("access token", program.sim.access_token()),
        ("refresh token", refresh),
        ("signature of a file", signature(link)),
        ("signature of an upload", signature(&upload)),
        (
            "signature in a delivery",
            signature(program.sim.deliveries()[0].body["event_data"]["url"].as_str().unwrap()),
        ),
    ] {
        assert!(!page.contains(&secret), "{what} {secret}\n{page}");
    }
    // The entries themselves are on the page.
    for text in [
        "/v1/oauth/token",
        "/v3/webhooks/endpoints",
        "&quot;secret&quot;: &quot;[hidden]&quot;",
        "Signature=[hidden]",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[tokio::test]
async fn results_lead_to_files_that_play_and_do_not_expire() {
    let program = Program::start().await;
    let id = program.video("one [sim:size=5000000]").await;
    program.advance(300);
    let page = page(&program).await;
    let start = page.find("results/").unwrap();
    let path = page[start..].split('"').next().unwrap().to_owned();
    assert_eq!(path, format!("results/{id}/size-5000000/video.mp4"));
    program.advance(24 * 3600);
    let (status, headers, _) = get(&program, &format!("/__sim/{path}"), &[("range", "bytes=0-1")]).await;
    assert_eq!((status, headers["content-range"].to_str().unwrap()), (206, "bytes 0-1/5000000"));
    // The page changes neither the numbers of links nor the ids of requests.
    let other = Program::start().await;
    other.video("one [sim:size=5000000]").await;
    other.advance(300);
    other.advance(24 * 3600);
    let get = async |program: &Program| {
        let answer = program.send(Method::GET, &format!("/v3/videos/{id}"), &[], None).await;
        let link = answer.body["data"]["video_url"].as_str().unwrap().to_owned();
        (answer.headers["x-request-id"].clone(), link.replace(program.sim.base_url(), ""))
    };
    // The request of the file has an id, too.
    other.client.get(other.url("/files/x")).send().await.unwrap();
    assert_eq!(get(&program).await, get(&other).await);
}

#[tokio::test]
async fn one_fault_is_removed_by_its_number() {
    let program = Program::start().await;
    for status in [500, 501, 502] {
        program.sim.inject(Fault::status(status)).unwrap();
    }
    let delete = async |path: &str| program.send(Method::DELETE, path, &[], None).await.status;
    assert_eq!(delete("/__sim/faults/1").await, 200);
    for wrong in ["/__sim/faults/1", "/__sim/faults/7", "/__sim/faults/x", "/__sim/faults/"] {
        assert_eq!(delete(wrong).await, 404, "{wrong}");
    }
    program.sim.inject(Fault::status(503)).unwrap();
    let listed = program.send(Method::GET, "/__sim/faults", &[], None).await.body;
    let numbers: Vec<_> =
        listed["faults"].as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [0, 2, 3]);
}
