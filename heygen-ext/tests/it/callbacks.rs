//! Callbacks of requests, which the service does not sign: checked by their address, confirmed by their resource.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use heygen_ext::heygen_api::types::{
    CreateLipsyncBatchRequest, CreateVideoAgentRequest, CreateVideoBatchRequest, CreateVideoFromAvatar,
    CreateVideoTranslationBatchRequest,
};
use heygen_ext::webhook::{
    CallbackGuard, CallbackReceiver, ConfirmError, Inbox, Inserted, MemoryInbox, Outcome,
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::webhooks::{HOUR, Harness, Recorder, sorted};

/// The targets and the bodies of the received callbacks.
type Callbacks = Arc<Mutex<Vec<(http::Uri, axum::body::Bytes)>>>;

async fn record_callback(State(callbacks): State<Callbacks>, request: Request) -> StatusCode {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    callbacks.lock().unwrap().push((head.uri, body));
    StatusCode::OK
}

/// Starts a server for callbacks. Returns a guard for its URL, and the callbacks that it receives.
async fn callbacks(harness: &Harness) -> (CallbackGuard, Callbacks) {
    let callbacks = Callbacks::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/callback", listener.local_addr().unwrap());
    let app = Router::new().fallback(record_callback).with_state(Arc::clone(&callbacks));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (CallbackGuard::new("own", base).unwrap().clock(harness.clock()), callbacks)
}

#[tokio::test]
async fn callbacks_of_batches_of_every_kind_are_confirmed() {
    let harness = Harness::start().await;
    let (guard, callbacks) = callbacks(&harness).await;
    let (video, audio) =
        (json!({"type": "url", "url": "https://example.com/video.mp4"}), "https://example.com/a.mp3");
    let lipsync = json!({"video": video, "audio": {"type": "url", "url": audio}});
    let translation = json!({"video": video, "output_languages": ["German"]});
    let avatar = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello"});
    let url = || guard.url("batch").unwrap();
    let videos = json!({"videos": [avatar], "callback_url": url()});
    let translations = json!({"video_translations": [translation], "callback_url": url()});
    let lipsyncs = json!({"lipsyncs": [lipsync], "callback_url": url()});
    let api = harness.heygen.api();
    let videos: CreateVideoBatchRequest = serde_json::from_value(videos).unwrap();
    let translations: CreateVideoTranslationBatchRequest = serde_json::from_value(translations).unwrap();
    let lipsyncs: CreateLipsyncBatchRequest = serde_json::from_value(lipsyncs).unwrap();
    let mut ids = vec![
        api.create_video_batch().body(videos).await.unwrap().into_inner().batch_id,
        api.create_video_translation_batch().body(translations).await.unwrap().into_inner().batch_id,
        api.create_lipsync_batch().body(lipsyncs).await.unwrap().into_inner().batch_id,
    ];
    harness.advance(24 * HOUR).await;
    let callbacks = callbacks.lock().unwrap().clone();
    let mut confirmed = Vec::new();
    for (target, body) in callbacks {
        let unconfirmed = guard.check(&target, body).unwrap();
        let id = unconfirmed.job_id().unwrap().to_owned();
        let event = unconfirmed.confirm(&harness.heygen, &id).await.unwrap();
        assert_eq!((event.kind().as_str(), event.outcome()), ("batch.finished", Outcome::Finished));
        confirmed.push(event.job_id().unwrap().to_owned());
    }
    ids.sort_unstable();
    assert_eq!(sorted(confirmed), ids);
    let body = r#"{"event_type":"batch.finished","event_data":{"batch_id":"unknown"}}"#;
    let forged = guard.check(&url().parse().unwrap(), body).unwrap();
    let unknown = forged.confirm(&harness.heygen, "unknown").await.unwrap_err();
    assert!(matches!(unknown, ConfirmError::Call(error) if error.status().unwrap().as_u16() == 404));
}

#[tokio::test]
async fn a_callback_is_inserted_under_what_is_confirmed() {
    let harness = Harness::start().await;
    let (guard, callbacks) = callbacks(&harness).await;
    let body = json!({"prompt": "A launch", "callback_url": guard.url("launch").unwrap()});
    let body: CreateVideoAgentRequest = serde_json::from_value(body).unwrap();
    let created = harness.heygen.api().create_video_agent().body(body).await.unwrap().into_inner();
    harness.advance(HOUR).await;
    assert_eq!(harness.recorder.kinds(), ["video_agent.success"]);
    let (target, body) = callbacks.lock().unwrap()[0].clone();
    let unconfirmed = guard.check(&target, body.clone()).unwrap();
    let event = unconfirmed.confirm(&harness.heygen, &created.session_id).await.unwrap();
    assert!(event.data().contains_key("video_id"));
    // The same body with other unconfirmed members is the same event.
    let altered = String::from_utf8(body.to_vec()).unwrap().replacen('{', r#"{"added": 1, "#, 1);
    let again = guard.check(&target, altered).unwrap();
    let again = again.confirm(&harness.heygen, &created.session_id).await.unwrap();
    assert_eq!(harness.inbox.insert(event).await.unwrap(), Inserted::New);
    assert_eq!(harness.inbox.insert(again).await.unwrap(), Inserted::Known);
    // A callback with a video that does not belong to the session.
    let video = serde_json::from_slice::<serde_json::Value>(&body).unwrap()["event_data"]["video_id"].clone();
    let other = String::from_utf8(body.to_vec()).unwrap().replace(video.as_str().unwrap(), "another");
    let forged = guard.check(&target, other).unwrap();
    let refused = forged.confirm(&harness.heygen, &created.session_id).await.unwrap_err();
    assert!(matches!(refused, ConfirmError::OtherJob));
}

#[tokio::test]
async fn a_callback_is_checked_by_its_url_and_confirmed_by_its_video() {
    let harness = Harness::start().await;
    let (guard, callbacks) = callbacks(&harness).await;
    let body = CreateVideoFromAvatar::builder()
        .avatar_id("Anna_sitting_public")
        .script("Hello")
        .callback_id("order 7")
        .callback_url(guard.url("order 7").unwrap());
    let created = harness.heygen.api().create_video().body(body).await.unwrap().into_inner();
    let other = harness.video().await;
    harness.advance(Duration::from_secs(600)).await;
    let (target, body) = callbacks.lock().unwrap()[0].clone();
    let unconfirmed = guard.check(&target, body.clone()).unwrap();
    let video_id = created.video_id.as_str();
    assert_eq!((unconfirmed.callback_id(), unconfirmed.job_id()), ("order 7", Some(video_id)));
    let event = unconfirmed.confirm(&harness.heygen, video_id).await.unwrap();
    assert_eq!((event.outcome(), event.callback_id().as_deref()), (Outcome::Succeeded, Some("order 7")));
    // The event contains only confirmed members.
    assert_eq!((event.job_id(), event.data().len()), (Some(video_id), 2));

    // Anyone who knows the URL can send any body. The resource contradicts it.
    let forged = |kind: &str, id: &str| {
        let body = format!(r#"{{"event_type":"{kind}","event_data":{{"video_id":"{id}"}}}}"#);
        guard.check(&target, body).unwrap()
    };
    let failed = forged("avatar_video.fail", &other).confirm(&harness.heygen, &other).await.unwrap_err();
    assert!(matches!(failed, ConfirmError::Contradicted { status } if status == "completed"));
    let running = harness.video().await;
    let early =
        forged("avatar_video.success", &running).confirm(&harness.heygen, &running).await.unwrap_err();
    assert!(matches!(early, ConfirmError::NotYet { .. }));
    let unknown =
        forged("avatar_video.success", "unknown").confirm(&harness.heygen, "unknown").await.unwrap_err();
    assert!(matches!(unknown, ConfirmError::Call(error) if error.status().unwrap().as_u16() == 404));
    let another =
        forged("avatar_video.success", &other).confirm(&harness.heygen, video_id).await.unwrap_err();
    assert!(matches!(another, ConfirmError::OtherJob));
    // A video does not report that its captions or its GIF failed.
    for kind in ["avatar_video_caption.fail", "avatar_video_gif.fail"] {
        let unreadable = forged(kind, &other).confirm(&harness.heygen, &other).await.unwrap_err();
        assert!(matches!(unreadable, ConfirmError::NothingToRead), "{kind}");
    }
    let unknown_type = forged("hologram.success", &other).confirm(&harness.heygen, &other).await.unwrap_err();
    assert!(matches!(unknown_type, ConfirmError::NothingToRead));
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_callback_receiver_answers_by_what_the_resource_says() {
    let harness = Harness::start().await;
    let guard = CallbackGuard::new("own", "https://example.com/callback").unwrap();
    let guard = guard.clock(harness.clock());
    let video = harness.video().await;
    let handled = Recorder::default();
    let receiver =
        CallbackReceiver::new(guard.clone(), harness.heygen.clone(), MemoryInbox::new(handled.clone()));
    let url = guard.url("order 7").unwrap();
    let send = async |url: &str, kind: &str, id: &str| {
        let body = json!({"event_type": kind, "event_data": {"video_id": id, "callback_id": "order 7"}});
        let request = Request::post(url).body(body.to_string().into()).unwrap();
        receiver.receive(request).await.status().as_u16()
    };
    // The job has not ended yet: the service sends the callback again.
    assert_eq!(send(&url, "avatar_video.success", &video).await, 503);
    harness.advance(HOUR).await;
    let url = guard.url("order 7").unwrap();
    for (url, kind, id, expected) in [
        (url.as_str(), "avatar_video.success", video.as_str(), 200),
        (&url.replace("order%207", "order+7"), "avatar_video.success", &video, 200),
        (&url, "avatar_video.fail", &video, 403),
        (&url, "avatar_video.success", "unknown", 403),
        (&url, "avatar_video.success", "un\nknown", 403),
        (&url, "lipsync.progress", &video, 422),
        (&url, "personalized_video", &video, 422),
        (&url.replace("token=", "token=0"), "avatar_video.success", &video, 401),
    ] {
        assert_eq!(send(url, kind, id).await, expected, "{url} {kind} {id}");
    }
    assert_eq!(handled.ids(), std::slice::from_ref(&video));
    assert_eq!(receiver.refused(), 6);
    // A program that knows its jobs refuses every other, and waits until it knows them.
    for (job, expected) in [(Some("another"), 403), (None, 503), (Some(video.as_str()), 200)] {
        let job = job.map(str::to_owned);
        let receiver = receiver.clone().expected_job(move |id| {
            assert_eq!(id, "order 7");
            std::future::ready(job.clone())
        });
        let body = json!({"event_type": "avatar_video.success", "event_data": {"video_id": video}});
        let request = Request::post(&url).body(body.to_string().into()).unwrap();
        assert_eq!(receiver.receive(request).await.status().as_u16(), expected);
    }
}
