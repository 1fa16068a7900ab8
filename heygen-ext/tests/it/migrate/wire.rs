//! Programs of v1 and v2, by plain HTTP, against the service and the simulator.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, Method};
use axum::routing::any;
use heygen_ext::migrate::{LegacyEvent, LegacyService, MigrateOptions, Policy};
use heygen_ext::reqwest;
use heygen_ext::secrecy::SecretString;
use heygen_ext::webhook::Verifier;
use serde_json::{Value, json};

use super::gateway::{Gateway, PNG, heygen, serve};

const TEMPLATE: &str = "d0000000000000000000000000000001";

pub(crate) fn video(avatar: &str) -> Value {
    json!({
        "caption": true,
        "callback_id": "order 7",
        "dimension": {"width": 1280, "height": 720},
        "video_inputs": [{
            "character": {"type": "avatar", "avatar_id": avatar, "avatar_style": "normal"},
            "voice": {"type": "text", "voice_id": "en-us-clara", "input_text": "Hello.", "speed": "1.1"},
            "background": {"type": "color", "value": "#FAFAFA"},
        }],
    })
}

#[tokio::test]
async fn a_program_makes_a_video_and_polls_it_and_downloads_it() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let made = gateway.post("/v2/video/generate", &video("Anna_sitting_public")).await;
    assert_eq!((made.status, &made.body["code"], &made.body["error"]), (200, &json!(100), &Value::Null));
    let id = made.body["data"]["video_id"].as_str().unwrap().to_owned();
    assert_eq!(made.headers["deprecation"], "true");
    let warning = "POST /v2/video/generate is retired; use POST /v3/videos";
    assert_eq!(made.body["warning"], json!({"message": warning}));

    // The default of v3 costs several times as much.
    let requests = sim.requests();
    let created = requests.iter().find(|one| one.path == "/v3/videos").unwrap();
    assert_eq!(created.body.as_ref().unwrap()["engine"], json!({"type": "avatar_iii"}));
    assert!(created.headers.contains_key("idempotency-key"));

    let status = format!("/v1/video_status.get?video_id={id}");
    let mut words = Vec::new();
    let finished = loop {
        let polled = gateway.get(&status).await.body;
        assert_eq!((&polled["code"], &polled["message"]), (&json!(100), &json!("Success")));
        let word = polled["data"]["status"].as_str().unwrap().to_owned();
        if words.last() != Some(&word) {
            words.push(word.clone());
        }
        if word == "completed" {
            break polled["data"].clone();
        }
        sim.advance(Duration::from_secs(20));
    };
    assert_eq!(words, ["pending", "processing", "completed"]);
    assert_eq!(finished["callback_id"], "order 7");
    assert!(finished["caption_url"].is_string() && finished["video_url_caption"].is_string(), "{finished}");
    assert!(finished["created_at"].is_i64() && finished["error"].is_null());
    let film = reqwest::get(finished["video_url"].as_str().unwrap()).await.unwrap();
    assert!(film.status().is_success() && !film.bytes().await.unwrap().is_empty());

    let listed = gateway.get("/v1/video.list?limit=10").await.body;
    assert_eq!(listed["data"]["videos"][0]["video_id"], id);
    assert_eq!(listed["data"]["token"], Value::Null);
    let deleted = gateway.send(&format!("DELETE /v1/video.delete?video_id={id}"), None).await;
    assert_eq!(
        (deleted.status, &deleted.body["code"], &deleted.body["data"]),
        (200, &json!(100), &Value::Null)
    );
    let gone = gateway.get(&status).await;
    assert_eq!((gone.status, &gone.body["code"]), (404, &json!(40_104)));
}

#[tokio::test]
async fn a_request_that_would_cost_or_show_something_else_is_not_sent() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let mut scaled = video("Anna_sitting_public");
    scaled["video_inputs"][0]["character"]["scale"] = json!(1.5);
    let mut test = video("Anna_sitting_public");
    test["test"] = json!(true);
    for (body, status, text) in [
        (video("Vera_legacy_public"), 400, "the service lists no engine for this look"),
        (scaled, 400, "video_inputs[0].character.scale: 1.5 is lost (shown)"),
        (test, 400, "test: v3 has no test videos"),
        (video("nobody"), 404, "the service has no look `nobody`"),
    ] {
        let refused = gateway.post("/v2/video/generate", &body).await;
        assert_eq!(refused.status, status, "{}", refused.body);
        let message = refused.body["error"]["message"].as_str().unwrap();
        assert!(message.contains(text), "{message}");
        assert!(refused.body["code"].is_i64() && refused.body["data"].is_null());
    }
    assert!(sim.requests().iter().all(|one| one.method == "GET"));
}

#[tokio::test]
async fn the_losses_of_a_lenient_service_are_in_the_warning() {
    let (_sim, gateway) = Gateway::with_sim(MigrateOptions::new().policy(Policy::Lenient)).await;
    let mut body = video("Anna_sitting_public");
    body["video_inputs"][0]["character"]["scale"] = json!(1.5);
    let made = gateway.post("/v2/video/generate", &body).await;
    assert_eq!(made.status, 200);
    let losses = made.body["warning"]["losses"].as_array().unwrap();
    assert_eq!((losses.len(), &losses[0]["path"]), (1, &json!("video_inputs[0].character.scale")));
}

#[tokio::test]
async fn a_program_makes_a_video_from_a_template() {
    let (_sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let listed = gateway.get("/v2/templates").await.body;
    assert_eq!(listed["data"]["templates"][0]["template_id"], TEMPLATE);
    let template = gateway.get(&format!("/v2/template/{TEMPLATE}")).await.body;
    let mut variables = template["data"]["variables"].clone();
    variables["product"]["properties"]["content"] = json!("a lamp");
    // Programs send back what they read, with the values that they change.
    let body = json!({"title": "Launch", "caption": false, "variables": variables});
    let made = gateway.post(&format!("/v2/template/{TEMPLATE}/generate"), &body).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let id = made.body["data"]["video_id"].as_str().unwrap();
    let status = gateway.get(&format!("/v1/video_status.get?video_id={id}")).await.body;
    assert_eq!(status["data"]["id"], id);
    let unknown = gateway.post("/v2/template/unknown/generate", &body).await;
    assert_eq!((unknown.status, &unknown.body["error"]["code"]), (404, &json!("template_not_found")));
}

#[tokio::test]
async fn a_program_translates_a_video() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let languages = gateway.get("/v2/video_translate/target_languages").await.body;
    assert!(languages["data"]["languages"].as_array().unwrap().contains(&json!("French")));
    let body =
        json!({"video_url": "https://example.com/talk.mp4", "output_language": "French", "mode": "quality"});
    let started = gateway.post("/v2/video_translate", &body).await.body;
    let id = started["data"]["video_translate_id"].as_str().unwrap().to_owned();
    let status = format!("/v2/video_translate/{id}");
    assert_ne!(gateway.get(&status).await.body["data"]["status"], "success");
    let caption = format!("/v2/video_translate/caption?video_translate_id={id}&caption_type=srt");
    assert_eq!(gateway.get(&caption).await.status, 400, "the translation runs");
    sim.advance(Duration::from_secs(3_600));
    let finished = gateway.get(&status).await.body;
    assert_eq!(finished["data"]["status"], "success");
    assert!(finished["data"]["url"].is_string());
    assert!(gateway.get(&caption).await.body["data"]["caption_url"].is_string());
    let check = json!({"video_url": "https://example.com/talk.mp4", "output_language": "French", "validate_only": true});
    assert_eq!(gateway.post("/v2/video_translate", &check).await.status, 400);
    let jobs = sim.requests().iter().filter(|one| one.method == "POST").count();
    assert_eq!(jobs, 1, "the check started no job");
}

#[tokio::test]
async fn a_program_reads_its_account() {
    let (_sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let me = gateway.get("/v1/user/me").await.body;
    assert!(me["data"]["username"].is_string() && me["code"] == 100);
    // The simulator's wallet is in dollars, which no number of seconds can stand for.
    let quota = gateway.get("/v2/user/remaining_quota").await;
    assert_eq!((quota.status, &quota.body["error"]["code"]), (501, &json!("quota_not_convertible")));
    assert!(quota.body["error"]["message"].as_str().unwrap().contains("US dollars"));
}

#[tokio::test]
async fn a_program_receives_and_verifies_its_webhooks() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let deliveries: Arc<Mutex<Vec<(HeaderMap, Bytes)>>> = Arc::default();
    let recorder = Arc::clone(&deliveries);
    let receive = move |request: Request| {
        let recorder = Arc::clone(&recorder);
        async move {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            if head.method == Method::POST {
                recorder.lock().unwrap().push((head.headers, body));
            }
        }
    };
    let (hook, _server) = serve(Router::new().route("/hook", any(receive))).await;
    let registration = json!({"url": format!("{hook}/hook"), "events": ["avatar_video.success"]});
    let added = gateway.post("/v1/webhook/endpoint.add", &registration).await;
    assert_eq!(added.status, 200, "{}", added.body);
    let secret = added.body["data"]["secret"].as_str().unwrap().to_owned();
    let id = added.body["data"]["endpoint_id"].as_str().unwrap().to_owned();
    assert!(!added.body["data"]["created_at"].as_str().unwrap().ends_with('Z'));
    let listed = gateway.get("/v1/webhook/endpoint.list").await.body;
    assert_eq!((&listed["data"][0]["endpoint_id"], &listed["data"][0]["secret"]), (&json!(id), &Value::Null));
    let events = gateway.get("/v1/webhook/webhook.list").await.body;
    assert!(events["data"].as_array().unwrap().contains(&json!("avatar_video.fail")));

    sim.sign_as(heygen_sim::SignatureGeneration::B);
    let made = gateway.post("/v2/video/generate", &video("Anna_sitting_public")).await.body;
    sim.advance(Duration::from_secs(600));
    sim.idle().await;
    let (headers, body) = deliveries.lock().unwrap()[0].clone();
    let verified = Verifier::new(secret.as_str()).unwrap().verify(&headers, body.clone()).unwrap();
    let event = verified.event().unwrap();
    assert_eq!(event.job_id(), made["data"]["video_id"].as_str());
    let read: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(read["event_type"], "avatar_video.success");
    assert!(read["event_data"]["url"].is_string() && read["event_data"]["callback_id"] == "order 7");

    // Forwarded to a program that keeps the secret of its old endpoint.
    let old = SecretString::from("the secret of 2024");
    let forwarded = LegacyEvent::new(&event);
    let sent: Value = serde_json::from_slice(forwarded.body()).unwrap();
    assert_eq!(sent["event_data"]["video_url"], read["event_data"]["url"], "some programs read this name");
    assert!(forwarded.is_known_to_v1());
    let request = forwarded.request("http://old.example/hook".parse().unwrap(), &old).unwrap();
    let verified =
        Verifier::new("the secret of 2024").unwrap().verify(request.headers(), request.body().clone());
    assert_eq!(verified.unwrap().event().unwrap().data()["url"], read["event_data"]["url"]);

    let changed = json!({"endpoint_id": id, "events": ["avatar_video.fail"]});
    let changed = gateway.send("PATCH /v1/webhook/endpoint.update", Some(&changed)).await.body;
    assert_eq!(changed["data"]["events"], json!(["avatar_video.fail"]));
    let target = format!("DELETE /v1/webhook/endpoint.delete?endpoint_id={id}");
    assert_eq!(gateway.send(&target, None).await.status, 200);
    let gone = gateway.send(&target, None).await;
    assert_eq!((gone.status, &gone.body["code"]), (404, &json!(400_131)));
}

#[tokio::test]
async fn a_program_uploads_a_picture_and_animates_it() {
    let (_sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let uploaded = gateway.send_bytes("POST /v1/asset", Some(("image/png", PNG.to_vec()))).await;
    assert_eq!((uploaded.status, &uploaded.body["code"]), (200, &json!(100)), "{}", uploaded.body);
    let asset = &uploaded.body["data"];
    assert_eq!((&asset["file_type"], asset["created_ts"].is_i64()), (&json!("image"), true));
    let body = json!({"image_key": asset["image_key"], "video_title": "T", "script": "Hello.", "voice_id": "en-us-clara",
        "video_orientation": "portrait"});
    let made = gateway.post("/v2/video/av4/generate", &body).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let listed = gateway.get("/v1/asset/list?file_type=image").await.body;
    assert_eq!(listed["data"]["assets"][0]["id"], asset["id"]);
    let id = asset["id"].as_str().unwrap();
    assert_eq!(gateway.send(&format!("POST /v1/asset/{id}/delete"), None).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn an_uploaded_talking_photo_can_be_used_at_once() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new().accept_avatar_charges(true)).await;
    let upload = gateway.send_bytes("POST /v1/talking_photo", Some(("image/png", PNG.to_vec())));
    let uploaded = sim.drive(Duration::from_secs(1), upload).await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.body);
    let photo = uploaded.body["data"]["talking_photo_id"].as_str().unwrap();
    assert!(uploaded.body["data"]["talking_photo_url"].is_string());
    assert_eq!(uploaded.body["warning"]["costs"][0]["change"], "more");
    let body = json!({"video_inputs": [{
        "character": {"type": "talking_photo", "talking_photo_id": photo, "use_avatar_iv_model": true},
        "voice": {"type": "text", "voice_id": "en-us-clara", "input_text": "Hello."},
    }]});
    let made = gateway.post("/v2/video/generate", &body).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let listed = gateway.get("/v1/talking_photo.list").await.body;
    assert!(listed["data"].as_array().unwrap().iter().any(|one| one["id"] == photo));
    let deleted = gateway.send(&format!("DELETE /v2/talking_photo/{photo}"), None).await;
    assert_eq!(deleted.status, 200);
    let again = gateway.get("/v1/talking_photo.list").await.body;
    assert!(!again["data"].as_array().unwrap().iter().any(|one| one["id"] == photo));
}

#[tokio::test]
async fn lists_are_complete_whatever_their_length() {
    // An upstream with 10,000 looks and 1,234 voices, on pages of the size that was asked for.
    let pages = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&pages);
    let list = move |request: Request| {
        *counted.lock().unwrap() += 1;
        let query: std::collections::HashMap<String, String> = request
            .uri()
            .query()
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let is_private = query.values().any(|value| value == "private");
        let is_voice = request.uri().path() == "/v3/voices";
        let all = match (is_voice, is_private) {
            (_, true) => 3,
            (true, false) => 1_234,
            (false, false) => 10_000,
        };
        let limit: usize = query["limit"].parse().unwrap();
        let start: usize = query.get("token").map_or(0, |token| token.parse().unwrap());
        let items: Vec<Value> = (start..all.min(start + limit))
            .map(|number| match is_voice {
                true => json!({"voice_id": format!("{is_private}{number}"), "name": "N", "language": "English"}),
                false => json!({"id": format!("{is_private}{number}"), "name": "N", "avatar_type": "studio_avatar"}),
            })
            .collect();
        let next = (start + limit < all).then(|| (start + limit).to_string());
        let body = json!({"data": items, "has_more": next.is_some(), "next_token": next});
        async move { axum::response::Response::new(axum::body::Body::from(body.to_string())) }
    };
    let (upstream, _server) = serve(Router::new().fallback(any(list))).await;
    let gateway = Gateway::of(LegacyService::new(heygen(&upstream).legacy()), "k").await;
    let ids = |list: &Value, name: &str| -> std::collections::BTreeSet<String> {
        list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
    };
    let avatars = gateway.get("/v2/avatars").await.body;
    assert_eq!(ids(&avatars["data"]["avatars"], "avatar_id").len(), 10_003);
    assert_eq!(*pages.lock().unwrap(), 201);
    let voices = gateway.get("/v2/voices").await.body;
    assert_eq!(ids(&voices["data"]["voices"], "voice_id").len(), 1_237);
    // What the provider offers to everyone is kept for some time; the looks of the account are read again.
    let before = *pages.lock().unwrap();
    let again = gateway.get("/v2/avatars").await.body;
    assert_eq!(again["data"]["avatars"].as_array().unwrap().len(), 10_003);
    assert_eq!(*pages.lock().unwrap() - before, 1);
}

#[tokio::test]
async fn requests_are_sent_with_the_key_of_the_caller_or_of_the_operator() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    assert_eq!(gateway.get("/v1/user/me").await.status, 200);
    let stranger = Gateway::of(LegacyService::new(heygen(sim.base_url()).legacy()), "of-nobody").await;
    let refused = stranger.get("/v1/user/me").await;
    assert_eq!((refused.status, &refused.body["code"]), (401, &json!(400_112)));
    let bare = reqwest::get(format!("{}/v1/user/me", gateway.url)).await.unwrap();
    assert_eq!(bare.status().as_u16(), 401);

    let operator =
        heygen_ext::HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let service = LegacyService::new(operator.legacy()).operator_key(SecretString::from("for-our-programs"));
    let ours = Gateway::of(service.clone(), "for-our-programs").await;
    assert_eq!(ours.get("/v1/user/me").await.status, 200);
    let theirs = Gateway::of(service, sim.api_key()).await;
    assert_eq!(theirs.get("/v1/user/me").await.status, 401);
}

#[tokio::test]
async fn bad_input_is_answered_in_the_legacy_form() {
    let (sim, gateway) = Gateway::with_sim(MigrateOptions::new()).await;
    let number = json!(404);
    let unknown = gateway.get("/v1/video.magic").await;
    assert_eq!((unknown.status, &unknown.body["code"]), (404, &number));
    assert!(unknown.body["message"].as_str().unwrap().contains("; similar paths: /v"), "{}", unknown.body);
    let wrong = gateway.get("/v2/video/generate").await;
    assert_eq!((wrong.status, &wrong.headers["allow"]), (405, &"POST".parse().unwrap()));
    let broken =
        gateway.send_bytes("POST /v2/video/generate", Some(("application/json", b"{\"a\":".to_vec()))).await;
    assert_eq!(broken.status, 400);
    assert!(
        broken.body["message"].as_str().unwrap().starts_with("the body is not JSON: "),
        "{}",
        broken.body
    );
    let newer = json!({"type": "avatar", "avatar_id": "A", "script": "Hello."});
    let newer = gateway.post("/v2/video/generate", &newer).await;
    assert!(newer.body["message"].as_str().unwrap().contains("this is a body of v3"), "{}", newer.body);
    let answer = json!({"code": 100, "error": null, "data": {"video_id": "v"}});
    let answer = gateway.post("/v2/video/generate", &answer).await;
    assert!(answer.body["message"].as_str().unwrap().contains("this is an answer"), "{}", answer.body);
    let shared = gateway.post("/v1/video/share", &json!({"video_id": "v"})).await;
    assert_eq!((shared.status, &shared.body["code"]), (410, &json!(410)));
    assert!(shared.body["message"].as_str().unwrap().contains("enable_sharing"));
    let key = [("Idempotency-Key", "a b")];
    let wrong_key = gateway.send_with("POST /v2/video/generate", &key, &json!({})).await;
    assert_eq!((wrong_key.status, &wrong_key.body["error"]["code"]), (400, &json!("invalid_parameter")));
    assert!(wrong_key.body["error"]["message"].as_str().unwrap().contains("`Idempotency-Key`"));
    assert_eq!(gateway.get("//v2/templates").await.status, 200, "a base URL that ends with a slash");
    let huge =
        gateway.send_bytes("POST /v2/video/generate", Some(("application/json", vec![b' '; 5 << 20]))).await;
    assert_eq!((huge.status, &huge.body["error"]["code"]), (413, &json!("payload_too_large")));
    let film = gateway.send_bytes("POST /v1/asset", Some(("text/html", b"<html>".to_vec()))).await;
    assert_eq!((film.status, &film.body["code"]), (400, &json!(400_175)), "{}", film.body);
    let form = Some(("multipart/form-data; boundary=b", b"--b".to_vec()));
    for endpoint in ["POST /v1/asset", "POST /v1/talking_photo"] {
        let form = gateway.send_bytes(endpoint, form.clone()).await;
        assert_eq!((form.status, &form.body["code"]), (400, &json!(400_175)), "{}", form.body);
        assert!(
            form.body["message"].as_str().unwrap().contains("send its bytes as the body"),
            "{}",
            form.body
        );
    }
    assert!(sim.requests().iter().all(|one| one.method == "GET"), "nothing was sent");
}

/// The simulator still serves what the document has of v1 and v2. The service answers these in the same form.
#[tokio::test]
async fn answers_have_the_form_of_the_retired_operations() {
    use heygen_sim::{Clock, Sim};
    fn names(value: &Value) -> Vec<String> {
        let mut names: Vec<String> =
            value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }
    let sim = Sim::builder().clock(Clock::manual()).concurrency(100).legacy(true).start().await.unwrap();
    let gateway = Gateway::of(LegacyService::new(heygen(sim.base_url()).legacy()), sim.api_key()).await;
    let retired = Gateway::to(sim.base_url(), sim.api_key());
    let body = json!({"avatar_id": "Anna_sitting_public", "script": "Hello.", "title": "T"});
    let speech = json!({"text": "Hello.", "voice_id": "en-us-clara"});
    let translation = json!({"video_url": "https://example.com/talk.mp4", "output_language": "French"});
    let prompt = json!({"prompt": "Our launch"});
    let made = retired.post("/v2/videos", &body).await.body["data"]["video_id"].as_str().unwrap().to_owned();
    let read = format!("GET /v2/videos/{made}");
    for (request, body) in [
        ("POST /v2/videos", Some(&body)),
        (read.as_str(), None),
        ("GET /v2/videos?limit=1", None),
        ("GET /v1/user/me", None),
        ("GET /v1/audio/voices?limit=1", None),
        ("POST /v1/audio/text_to_speech", Some(&speech)),
        ("GET /v2/video_translate/target_languages", None),
        ("POST /v1/video_agent/generate", Some(&prompt)),
    ] {
        let (ours, theirs) = (gateway.send(request, body).await, retired.send(request, body).await);
        assert_eq!((ours.status, theirs.status), (200, 200), "{request}: {} {}", ours.body, theirs.body);
        let (our, their) = (names(&ours.body), names(&theirs.body));
        assert!(their.iter().all(|name| our.contains(name)), "{request}: {our:?}, {their:?}");
        let item = |value: &Value| value["data"].get(0).unwrap_or(&value["data"]).clone();
        assert_eq!(names(&item(&ours.body)), names(&item(&theirs.body)), "{request}");
        for header in ["deprecation", "content-type"] {
            assert_eq!(ours.headers[header], theirs.headers[header], "{request}");
        }
    }
    let (ours, theirs) = (
        gateway.post("/v2/video_translate", &translation).await.body,
        retired.post("/v2/video_translate", &translation).await.body,
    );
    assert!(
        ours["data"]["video_translate_id"].is_string() && theirs["data"]["video_translate_id"].is_string()
    );
    let (ours, theirs) = (gateway.get("/v2/videos/unknown").await, retired.get("/v2/videos/unknown").await);
    assert_eq!((ours.status, &ours.body["error"]["code"]), (theirs.status, &theirs.body["error"]["code"]));
}
