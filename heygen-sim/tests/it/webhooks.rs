//! Tests of webhooks: subscriptions, signatures, retries, order, payloads and probes.

use heygen_sim::{SignatureGeneration, Sim};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::program::Program;
use crate::receiver::{Received, Receiver};

async fn register(program: &Program, body: Value) -> (String, String) {
    let endpoint = program.post("/v3/webhooks/endpoints", body).await;
    let text = |name: &str| endpoint[name].as_str().unwrap().to_owned();
    (text("endpoint_id"), text("secret"))
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    const_hex::encode(mac.finalize().into_bytes())
}

fn types(received: &[Received]) -> Vec<String> {
    received.iter().map(|item| item.json()["event_type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_end_of_a_job_is_delivered_with_a_signature() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    let (_, secret) = register(&program, json!({"url": receiver.url})).await;
    assert!(secret.starts_with("whsec_"));
    let video = program.video("one").await;
    program.advance(299);
    program.sim.idle().await;
    assert_eq!(receiver.received().len(), 0);
    program.advance(1);
    program.sim.idle().await;
    let received = receiver.received();
    let event = received[0].json();
    assert_eq!(
        (&event["event_type"], &event["event_data"]["video_id"]),
        (&json!("avatar_video.success"), &json!(video))
    );
    assert_eq!(received[0].header("signature"), Some(signature(&secret, &received[0].body).as_str()));
    assert_eq!(received[0].header("heygen-signature"), None);
    assert_eq!(program.sim.deliveries()[0].body, event);
    let link = &event["event_data"]["url"];
    assert_eq!(program.fetch(link).await.0, 200);

    program.sim.sign_as(SignatureGeneration::A);
    program.video("two [sim:fail=avatar_unavailable]").await;
    program.advance(30);
    program.sim.idle().await;
    let second = &receiver.received()[1];
    assert_eq!(second.json()["event_type"], "avatar_video.fail");
    assert_eq!(second.header("heygen-signature"), Some(signature(&secret, &second.body).as_str()));
    assert_eq!(second.header("heygen-timestamp"), Some((program.sim.now() / 1000).to_string().as_str()));
    assert_eq!(second.header("heygen-event-id").map(str::len), Some(32));
    assert_eq!(second.header("signature"), None);
}

#[tokio::test]
async fn a_callback_receives_only_its_job_without_a_signature() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    let body = json!({"prompt": "Say hello", "callback_url": receiver.url, "callback_id": "mine"});
    let session = program.post("/v3/video-agents", body).await;
    program.video("another").await;
    program.advance(600);
    program.sim.idle().await;
    let received = receiver.received();
    assert_eq!(types(&received), ["video_agent.success"]);
    let data = &received[0].json()["event_data"];
    assert_eq!((&data["session_id"], &data["callback_id"]), (&session["session_id"], &json!("mine")));
    assert!(received[0].headers.keys().all(|name| !name.as_str().contains("signature")));
    assert!(!program.sim.deliveries()[0].signed);
}

#[tokio::test]
async fn a_failed_delivery_is_retried_for_a_day_with_exponential_delays() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    register(&program, json!({"url": receiver.url})).await;
    program.video("one").await;
    receiver.answer(&[500, 301, 404]);
    program.advance(300);
    program.sim.idle().await;
    assert_eq!(receiver.received().len(), 1);
    program.advance(59);
    program.sim.idle().await;
    assert_eq!(receiver.received().len(), 1);
    program.advance(1);
    program.sim.idle().await;
    assert_eq!(receiver.received().len(), 2);
    program.advance(120 + 240);
    program.sim.idle().await;
    let received = receiver.received();
    assert_eq!(received.len(), 4);
    assert!(received.iter().all(|item| item.body == received[0].body));
    let attempts: Vec<_> = program.sim.deliveries().iter().map(|item| (item.attempt, item.status)).collect();
    assert_eq!(attempts, [(1, Some(500)), (2, Some(301)), (3, Some(404)), (4, Some(200))]);
    program.advance(7 * 24 * 3600);
    program.sim.idle().await;
    assert_eq!(receiver.received().len(), 4);

    receiver.answer(&[503; 100]);
    program.video("two").await;
    program.advance(7 * 24 * 3600);
    program.sim.idle().await;
    // Delays of 1, 2, 4, … 256 minutes, then of six hours, within a day.
    assert_eq!(receiver.received().len() - 4, 1 + 9 + 2);
}

#[tokio::test]
async fn a_receiver_must_respond_within_ten_seconds() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    register(&program, json!({"url": receiver.url})).await;
    receiver.answer(&[0]);
    program.video("one").await;
    program.advance(300);
    receiver.wait_for(1).await;
    assert_eq!(program.sim.deliveries().len(), 0);
    program.advance(10);
    program.sim.idle().await;
    assert_eq!(program.sim.deliveries()[0].status, None);
    program.advance(50);
    program.sim.idle().await;
    assert_eq!(program.sim.deliveries()[1].status, Some(200));
}

#[tokio::test]
async fn an_endpoint_receives_its_event_types_and_the_events_of_its_entity() {
    let program = Program::start().await;
    let (all, fails, one) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    let video = program.video("one").await;
    register(&program, json!({"url": all.url})).await;
    let (id, _) = register(&program, json!({"url": fails.url, "events": ["avatar_video.fail"]})).await;
    register(&program, json!({"url": one.url, "entity_id": video})).await;
    program.video("two [sim:fail]").await;
    program.advance(300);
    program.sim.idle().await;
    assert_eq!(types(&all.received()), ["avatar_video.fail", "avatar_video.success"]);
    assert_eq!(types(&fails.received()), ["avatar_video.fail"]);
    assert_eq!(types(&one.received()), ["avatar_video.success"]);

    let path = format!("/v3/webhooks/endpoints/{id}");
    let body = json!({"events": ["avatar_video.success"]});
    let changed = program.call(Method::PATCH, &path, Some(body)).await;
    assert_eq!((&changed["events"], &changed["secret"]), (&json!(["avatar_video.success"]), &Value::Null));
    program.call(Method::DELETE, &path, None).await;
    assert_eq!(program.refused(Method::DELETE, &path, None).await, (404, "webhook_not_found".into()));
    program.video("three").await;
    program.advance(300);
    program.sim.idle().await;
    assert_eq!((all.received().len(), fails.received().len()), (3, 1));
}

#[tokio::test]
async fn a_rotated_secret_signs_later_deliveries_including_retries() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    let (id, old) = register(&program, json!({"url": receiver.url})).await;
    receiver.answer(&[500]);
    program.video("one").await;
    program.advance(300);
    program.sim.idle().await;
    let rotated = program.post(&format!("/v3/webhooks/endpoints/{id}/rotate-secret"), json!(null)).await;
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(new, old);
    program.advance(60);
    program.sim.idle().await;
    let received = receiver.received();
    assert_eq!(received[0].header("signature"), Some(signature(&old, &received[0].body).as_str()));
    assert_eq!(received[1].header("signature"), Some(signature(new, &received[1].body).as_str()));
    let listed = program.get("/v3/webhooks/endpoints").await;
    assert_eq!(listed[0]["secret"], Value::Null);
}

#[tokio::test]
async fn deliveries_are_duplicated_and_reversed_on_request() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    register(&program, json!({"url": receiver.url})).await;
    program.sim.duplicate_deliveries(1);
    program.sim.send_event("instant_avatar.success").unwrap();
    program.sim.idle().await;
    assert_eq!(types(&receiver.received()), ["instant_avatar.success"; 2]);
    program.sim.reverse_deliveries(3);
    for event in ["live_avatar.success", "batch.finished", "personalized_video", "podcast.fail"] {
        program.sim.send_event(event).unwrap();
    }
    program.sim.idle().await;
    let received = types(&receiver.received());
    assert_eq!(
        received[2..],
        ["personalized_video", "batch.finished", "live_avatar.success", "podcast.fail"]
    );
    assert!(program.sim.send_event("video.completed").is_err());

    // Held deliveries are not lost if the number is reduced, or set to 0.
    for count in [2, 0] {
        let before = receiver.received().len();
        program.sim.reverse_deliveries(5);
        program.sim.send_event("podcast.success").unwrap();
        program.sim.send_event("podcast.fail").unwrap();
        program.sim.idle().await;
        assert_eq!(receiver.received().len(), before);
        program.sim.reverse_deliveries(count);
        program.sim.idle().await;
        assert_eq!(types(&receiver.received())[before..], ["podcast.fail", "podcast.success"]);
    }
}

#[tokio::test]
async fn a_callback_receives_event_types_that_endpoints_do_not() {
    let program = Program::start().await;
    let (all, mine) = (Receiver::start().await, Receiver::start().await);
    register(&program, json!({"url": all.url})).await;
    let url = |file: &str| json!({"type": "url", "url": format!("https://example.com/{file}")});
    let lipsync = |title: &str| json!({"video": url("a.mp4"), "audio": url("a.mp3"), "title": title, "callback_url": mine.url, "callback_id": "c"});
    let model = |prompt: &str| {
        json!({"mode": "text_to_video", "model": "heygen-video-1", "prompt": prompt, "callback_url": mine.url,
            "callback_id": "c"})
    };
    for (path, body, event, id) in [
        ("/v3/lipsyncs", lipsync("one"), "lipsync.success", "id"),
        ("/v3/lipsyncs", lipsync("[sim:fail]"), "lipsync.fail", "id"),
        ("/v3/models/videos", model("Bees"), "model_video.success", "video_id"),
        ("/v3/models/videos", model("[sim:fail]"), "model_video.fail", "video_id"),
    ] {
        let created = program.post(path, body).await;
        program.advance(300);
        program.sim.idle().await;
        let last = mine.received().pop().unwrap();
        let data = last.json()["event_data"].clone();
        assert_eq!((last.json()["event_type"].as_str(), &data["callback_id"]), (Some(event), &json!("c")));
        assert!(
            created.as_object().unwrap().values().any(|created| *created == data[id]),
            "{created} {data}"
        );
    }
    assert_eq!((mine.received().len(), all.received().len()), (4, 0));
    assert_eq!(program.get("/v3/webhooks/events").await, json!([]));
}

/// The OpenAPI document says that a running generation is not cancelled.
#[tokio::test]
async fn a_deleted_podcast_still_sends_its_callback() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    let body = json!({"topic": "Bees", "host_avatar_id": "Anna_sitting_public", "host_voice_id": "en-us-clara",
        "guest_avatar_id": "Marcus_office_public", "guest_voice_id": "en-gb-henry", "callback_url": receiver.url});
    let created = program.post("/v3/podcasts", body).await;
    let path = format!("/v3/podcasts/{}", created["podcast_id"].as_str().unwrap());
    program.call(Method::DELETE, &path, None).await;
    program.advance(300);
    program.sim.idle().await;
    assert_eq!(types(&receiver.received()), ["podcast.success"]);
    assert_eq!(program.refused(Method::GET, &path, None).await.0, 404);
}

#[tokio::test]
async fn the_event_of_a_template_has_a_gif_if_requested() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    register(&program, json!({"url": receiver.url})).await;
    for expected in [true, false] {
        let body = json!({"variables": {}, "include_gif": expected});
        program.post("/v3/templates/d0000000000000000000000000000002", body).await;
        program.advance(300);
        program.sim.idle().await;
        let event = receiver.received().pop().unwrap().json();
        let link = &event["event_data"]["gif_download_url"];
        match expected {
            true => assert!(program.fetch(link).await.1.starts_with(b"GIF8")),
            false => assert_eq!(link, &Value::Null),
        }
    }
}

#[tokio::test]
async fn an_event_has_the_same_file_as_the_resource() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    register(&program, json!({"url": receiver.url})).await;
    let url = |file: &str| json!({"type": "url", "url": format!("https://example.com/{file}")});
    let alpha = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello", "output_format": "webm"});
    let translation =
        json!({"video": url("a.mp4"), "output_languages": ["German"], "translate_audio_only": true});
    let render = json!({"project": url("a.zip"), "format": "mov"});
    for (path, body, id, read, link, media, event_link) in [
        ("/v3/videos", alpha, "/video_id", "/v3/videos/", "video_url", "video/webm", "url"),
        (
            "/v3/video-translations",
            translation,
            "/video_translation_ids/0",
            "/v3/video-translations/",
            "audio_url",
            "audio/mpeg",
            "url",
        ),
        (
            "/v3/hyperframes/renders",
            render,
            "/render_id",
            "/v3/hyperframes/renders/",
            "video_url",
            "video/quicktime",
            "video_url",
        ),
        (
            "/v3/video-agents",
            json!({"prompt": "Launch [sim:size=70000]"}),
            "/session_id",
            "",
            "video_url",
            "video/mp4",
            "video_url",
        ),
        (
            "/v3/video-agents",
            json!({"prompt": "Launch [sim:late-link]"}),
            "/session_id",
            "",
            "video_url",
            "",
            "video_url",
        ),
    ] {
        let created = program.post(path, body).await;
        program.advance(600);
        program.sim.idle().await;
        let data = receiver.received().pop().unwrap().json()["event_data"].clone();
        let id = created.pointer(id).unwrap();
        let (id, read) = if read.is_empty() { (&data["video_id"], "/v3/videos/") } else { (id, read) };
        let resource = program.get(&format!("{read}{}", id.as_str().unwrap())).await;
        let file = |link: &Value| link.as_str().map(|link| link.split('?').next().unwrap().to_owned());
        assert_eq!(file(&data[event_link]), file(&resource[link]), "{path}: {data}");
        let Some(url) = data[event_link].as_str() else {
            assert_eq!(media, "", "{data}");
            continue;
        };
        let response = program.client.get(url).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], media, "{path}");
    }
}

#[tokio::test]
async fn every_event_type_has_a_payload_and_is_listed() {
    let program = Program::start().await;
    let types = program.get("/v3/webhooks/event-types").await;
    let types: Vec<&str> =
        types.as_array().unwrap().iter().map(|item| item["event_type"].as_str().unwrap()).collect();
    assert!(types.len() > 30);
    for event_type in &types {
        program.sim.send_event(event_type).unwrap();
        let log = program.get(&format!("/v3/webhooks/events?event_type={event_type}")).await;
        let event = &log[0];
        assert!(event["event_data"].as_object().is_some_and(|data| !data.is_empty()), "{event}");
        assert!(event["created_at"].as_str().unwrap().ends_with('Z'));
    }
    let video = program.video("one").await;
    program.advance(300);
    let about = program.get(&format!("/v3/webhooks/events?entity_id={video}")).await;
    assert_eq!(about.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_endpoint_is_probed_when_it_is_registered() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    let create =
        |url: String| program.refused(Method::POST, "/v3/webhooks/endpoints", Some(json!({"url": url})));
    let invalid = (400, "invalid_parameter".to_owned());
    assert_eq!(create("http://127.0.0.1:1/hook".into()).await, invalid);
    assert_eq!(create("http://example.com/hook".into()).await, invalid);
    assert_eq!(create("not a url".into()).await, invalid);
    receiver.answer_probes(&[500, 405]);
    assert_eq!(create(receiver.url.clone()).await, invalid);
    // A receiver that accepts only POST passes the probe, too.
    let (id, _) = register(&program, json!({"url": receiver.url})).await;
    assert_eq!(receiver.probes(), [Method::OPTIONS; 2]);
    assert_eq!(receiver.received().len(), 0);
    assert_eq!(create(receiver.url.clone()).await, (409, "conflict".into()));

    let change = |id: &str, url: &str| {
        let (path, body) = (format!("/v3/webhooks/endpoints/{id}"), json!({"url": url}));
        let program = &program;
        async move {
            let answer = program.send(Method::PATCH, &path, &[], Some(body)).await;
            (answer.status, answer.body["error"]["code"].as_str().unwrap_or_default().to_owned())
        }
    };
    let (other, dead) = (Receiver::start().await, "http://127.0.0.1:1/hook");
    assert_eq!(change(&id, dead).await, invalid);
    other.answer_probes(&[503]);
    assert_eq!(change(&id, &other.url).await, invalid);
    assert_eq!(change(&id, &other.url).await, (200, String::new()));
    assert_eq!(other.probes(), [Method::OPTIONS; 2]);
    // An unknown endpoint is not probed.
    for url in [dead, &other.url] {
        assert_eq!(change("unknown", url).await, (404, "webhook_not_found".into()));
    }
    assert_eq!(other.probes().len(), 2);
    let unprobed = Program::with(Sim::builder().probe(false)).await;
    register(&unprobed, json!({"url": "https://example.com/hook"})).await;
}

#[tokio::test]
async fn a_batch_sends_one_callback_when_all_items_have_ended() {
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    let video = |title: &str| json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello", "title": title});
    let body = json!({"callback_url": receiver.url, "videos": [video("a"), video("b [sim:fail]"), video("c [sim:takes=900]")]});
    let batch = program.post("/v3/videos/batches", body).await;
    let path = format!("/v3/videos/batches/{}", batch["batch_id"].as_str().unwrap());
    program.advance(800);
    program.sim.idle().await;
    assert_eq!(receiver.received().len(), 0);
    // An item that was deleted since counts as completed, in the batch and in the event.
    let first = program.get(&path).await["items"][0]["video_id"].as_str().unwrap().to_owned();
    program.call(Method::DELETE, &format!("/v3/videos/{first}"), None).await;
    program.advance(200);
    program.sim.idle().await;
    let received = receiver.received();
    assert_eq!(types(&received), ["batch.finished"]);
    let data = &received[0].json()["event_data"];
    assert_eq!(data["batch_id"], batch["batch_id"]);
    assert_eq!(data["counts_by_status"], json!({"completed": 2, "failed": 1}));
    assert_eq!(program.get(&path).await["counts_by_status"], data["counts_by_status"]);
}
