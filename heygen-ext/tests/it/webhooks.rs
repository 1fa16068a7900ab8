//! Deliveries from the simulator to a receiver, with failures in between. Each event is handled once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use heygen_ext::heygen_api::types::{
    CreateLipsyncBatchRequest, CreateVideoAgentRequest, CreateVideoBatchRequest, CreateVideoFromAvatar,
    CreateVideoTranslationBatchRequest, WebhookEventType,
};
use heygen_ext::webhook::{
    CallbackGuard, CallbackReceiver, ConfirmError, EnsuredEndpoint, Event, Handler, Inbox, Inserted, KeyRing,
    MemoryInbox, Outcome, Receiver, Verifier, testing,
};
use heygen_ext::{BoxError, HeyGen};
use heygen_sim::{Clock, SignatureGeneration, Sim};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const HOUR: Duration = Duration::from_secs(3600);

/// A handler that records the events that it handles, and fails as often as the test says.
#[derive(Clone, Default)]
struct Recorder(Arc<RecorderInner>);

#[derive(Default)]
struct RecorderInner {
    /// Type and job id of each event.
    events: Mutex<Vec<(String, String)>>,
    failures: AtomicUsize,
}

impl Recorder {
    /// The job ids, in the order of handling.
    fn ids(&self) -> Vec<String> {
        self.0.events.lock().unwrap().iter().map(|(_, id)| id.clone()).collect()
    }

    fn kinds(&self) -> Vec<String> {
        self.0.events.lock().unwrap().iter().map(|(kind, _)| kind.clone()).collect()
    }

    fn fail(&self, times: usize) {
        self.0.failures.store(times, Ordering::SeqCst);
    }
}

impl Handler for Recorder {
    fn handle(&self, event: Event) -> BoxFuture<'static, Result<(), BoxError>> {
        let recorder = Arc::clone(&self.0);
        Box::pin(async move {
            let decrement = |left: usize| left.checked_sub(1);
            if recorder.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, decrement).is_ok() {
                return Err("failure of the test".into());
            }
            let id = event.job_id().unwrap_or_default().to_owned();
            recorder.events.lock().unwrap().push((event.kind().to_string(), id));
            Ok(())
        })
    }
}

/// A simulator, a client, and a receiver behind an HTTP server.
struct Harness {
    sim: Arc<Sim>,
    heygen: HeyGen,
    keys: KeyRing,
    recorder: Recorder,
    receiver: Receiver,
    inbox: MemoryInbox,
    url: String,
    serving: JoinHandle<()>,
}

fn receiver(sim: &Arc<Sim>, keys: &KeyRing, recorder: &Recorder) -> (Receiver, MemoryInbox) {
    let sim = Arc::clone(sim);
    let now = move || SystemTime::UNIX_EPOCH + Duration::from_millis(sim.now());
    let inbox = MemoryInbox::new(recorder.clone());
    (Receiver::new(Verifier::with_keys(keys.clone()), inbox.clone()).clock(now), inbox)
}

fn serve(listener: TcpListener, receiver: &Receiver) -> JoinHandle<()> {
    let app = Router::new().route_service("/heygen", receiver.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() })
}

impl Harness {
    async fn start() -> Self {
        let sim = Arc::new(Sim::builder().clock(Clock::manual()).concurrency(1000).start().await.unwrap());
        let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
        let (keys, recorder) = (KeyRing::new(), Recorder::default());
        let (receiver, inbox) = receiver(&sim, &keys, &recorder);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/heygen", listener.local_addr().unwrap());
        let serving = serve(listener, &receiver);
        let harness = Self { sim, heygen, keys, recorder, receiver, inbox, url, serving };
        let ensured = harness.heygen.webhooks().ensure_endpoint(&harness.url, None).await.unwrap();
        let EnsuredEndpoint::Created { endpoint, secret } = ensured else { panic!("{ensured:?}") };
        harness.keys.add(&endpoint.endpoint_id, secret).unwrap();
        harness
    }

    /// The time of the simulator, which is also the clock of the receiver.
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.sim.now())
    }

    async fn endpoint_id(&self) -> String {
        let ensured = self.heygen.webhooks().ensure_endpoint(&self.url, None).await.unwrap();
        ensured.endpoint().endpoint_id.clone()
    }

    async fn video(&self) -> String {
        let body = CreateVideoFromAvatar::builder().avatar_id("Anna_sitting_public").script("Hello");
        let created = self.heygen.api().create_video().body(body).send().await.unwrap();
        created.into_inner().video_id
    }

    /// Creates videos, one each second. They are completed ten minutes later.
    async fn videos(&self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.video().await);
            self.sim.advance(Duration::from_secs(1));
        }
        ids
    }

    /// Advances the clock, and waits until all deliveries are handled.
    async fn advance(&self, time: Duration) {
        self.sim.advance(time);
        self.sim.idle().await;
        self.inbox.finish().await;
    }
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn events_that_are_delivered_twice_and_out_of_order_are_handled_once() {
    for generation in [SignatureGeneration::A, SignatureGeneration::B] {
        let harness = Harness::start().await;
        harness.sim.sign_as(generation);
        harness.sim.duplicate_deliveries(6);
        let ids = harness.videos(6).await;
        harness.advance(HOUR).await;
        harness.sim.reverse_deliveries(4);
        let more = harness.videos(4).await;
        harness.advance(HOUR).await;
        assert_eq!(harness.sim.deliveries().len(), 16);
        assert!(harness.sim.deliveries().iter().all(|delivery| delivery.status == Some(200)));
        let handled = harness.recorder.ids();
        assert_eq!(sorted(handled[..6].to_vec()), sorted(ids), "{generation:?}");
        assert_eq!(handled[6..], more.into_iter().rev().collect::<Vec<_>>(), "{generation:?}");
    }
}

#[tokio::test]
async fn an_event_whose_handler_fails_is_delivered_again_and_handled_once() {
    let harness = Harness::start().await;
    harness.recorder.fail(7);
    let ids = harness.videos(5).await;
    for _ in 0..24 {
        harness.advance(HOUR).await;
    }
    assert_eq!(sorted(harness.recorder.ids()), sorted(ids));
    let deliveries = harness.sim.deliveries();
    let failed = deliveries.iter().filter(|delivery| delivery.status == Some(503)).count();
    assert_eq!(failed, 7);
}

#[tokio::test]
async fn a_rotation_during_deliveries_loses_no_event() {
    let harness = Harness::start().await;
    let endpoint = harness.endpoint_id().await;
    let mut ids = harness.videos(3).await;
    harness.advance(HOUR).await;
    // The key ring of the receiver does not contain the new secret yet: deliveries are refused, and repeated later.
    let other_keys = KeyRing::new();
    let secret = harness.heygen.webhooks().rotate(&endpoint, &other_keys, HOUR).await.unwrap();
    ids.extend(harness.videos(3).await);
    harness.advance(Duration::from_secs(600)).await;
    assert!(harness.sim.deliveries().iter().any(|delivery| delivery.status == Some(401)));
    harness.keys.rotate_at(&endpoint, secret.clone(), HOUR, harness.now()).unwrap();
    harness.advance(HOUR).await;
    // `rotate_at` adds the new secret to the key ring, and the old one stays valid for the window.
    ids.extend(harness.videos(3).await);
    let signer = testing::Signer::new(secret).unwrap();
    let queued = |video: &str| {
        let body =
            format!(r#"{{"event_type":"avatar_video.success","event_data":{{"video_id":"{video}"}}}}"#);
        signer.deliver(testing::Generation::Signature, body)
    };
    harness.heygen.webhooks().rotate_at(&endpoint, &harness.keys, 2 * HOUR, harness.now()).await.unwrap();
    harness.advance(HOUR).await;
    assert_eq!(harness.receiver.receive(queued("within the window")).await.status(), 200);
    ids.push("within the window".to_owned());
    harness.advance(HOUR).await;
    assert_eq!(harness.receiver.receive(queued("after the window")).await.status(), 401);
    ids.extend(harness.videos(1).await);
    harness.advance(HOUR).await;
    assert_eq!(sorted(harness.recorder.ids()), sorted(ids));
}

#[tokio::test]
async fn reconcile_after_a_downtime_handles_missed_events_in_order_and_once() {
    let harness = Harness::start().await;
    let before = harness.videos(2).await;
    harness.advance(HOUR).await;
    let since = harness.now();
    harness.serving.abort();
    let missed = harness.videos(120).await;
    harness.advance(HOUR).await;
    assert_eq!(harness.recorder.ids().len(), 2);

    // Restart at the URL of the endpoint, with an empty inbox.
    let (receiver, inbox) = receiver(&harness.sim, &harness.keys, &harness.recorder);
    let address = harness.url.strip_prefix("http://").unwrap().strip_suffix("/heygen").unwrap();
    let listener = loop {
        match TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let serving = serve(listener, &receiver);
    harness.recorder.fail(1);
    let endpoint = harness.endpoint_id().await;
    let reconcile = || harness.heygen.webhooks().reconcile(&inbox, &endpoint, since);
    let report = reconcile().await.unwrap();
    assert_eq!((report.inserted, report.known, report.failed.len(), report.unreadable), (119, 0, 1, 0));
    assert_eq!(harness.recorder.ids()[2..], missed[1..]);
    let again = reconcile().await.unwrap();
    assert_eq!((again.inserted, again.known, again.failed.len()), (1, 119, 0));
    // The service repeats the failed deliveries, whose events are known now.
    for _ in 0..24 {
        harness.sim.advance(HOUR);
        harness.sim.idle().await;
    }
    inbox.finish().await;
    assert_eq!(sorted(harness.recorder.ids()), sorted([before, missed].concat()));
    let deliveries = harness.sim.deliveries();
    assert!(deliveries.iter().filter(|delivery| delivery.status == Some(200)).count() >= 122);
    serving.abort();
}

#[tokio::test]
async fn events_of_every_type_are_handled() {
    let harness = Harness::start().await;
    let types = testing::types();
    for kind in &types {
        harness.sim.send_event(kind).unwrap();
    }
    harness.advance(HOUR).await;
    let expected = types.iter().map(|kind| (*kind).to_owned()).collect();
    assert_eq!(sorted(harness.recorder.kinds()), sorted(expected));
}

#[tokio::test]
async fn repeated_calls_of_ensure_endpoint_use_one_endpoint() {
    let harness = Harness::start().await;
    let webhooks = harness.heygen.webhooks();
    let some = [WebhookEventType::AvatarVideoFail, WebhookEventType::AvatarVideoSuccess];
    let reversed = [some[1].clone(), some[0].clone(), some[0].clone()];
    let ensure = |events| webhooks.ensure_endpoint(&harness.url, events);
    assert!(matches!(ensure(None).await.unwrap(), EnsuredEndpoint::Unchanged(_)));
    let updated = ensure(Some(&some[..])).await.unwrap();
    assert!(
        matches!(&updated, EnsuredEndpoint::Updated(endpoint) if endpoint.events.as_ref().unwrap().len() == 2)
    );
    assert!(matches!(ensure(Some(&reversed[..])).await.unwrap(), EnsuredEndpoint::Unchanged(_)));
    let all = ensure(None).await.unwrap();
    assert!(matches!(&all, EnsuredEndpoint::Updated(endpoint) if endpoint.events.is_none()));
    assert!(all.secret().is_none());
    let endpoints = harness.heygen.api().list_webhook_endpoints().await.unwrap().into_inner().items;
    assert_eq!(endpoints.len(), 1);
    let wrong = webhooks.ensure_endpoint("ftp://example.com", None).await.unwrap_err();
    assert_eq!(wrong.status().unwrap().as_u16(), 400);
}

/// The targets and the bodies of the received callbacks.
type Callbacks = Arc<Mutex<Vec<(http::Uri, axum::body::Bytes)>>>;

async fn record_callback(State(callbacks): State<Callbacks>, request: Request) -> StatusCode {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    callbacks.lock().unwrap().push((head.uri, body));
    StatusCode::OK
}

/// Starts a server for callbacks. Returns a guard for its URL, and the callbacks that it receives.
async fn callbacks() -> (CallbackGuard, Callbacks) {
    let callbacks = Callbacks::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/callback", listener.local_addr().unwrap());
    let app = Router::new().fallback(record_callback).with_state(Arc::clone(&callbacks));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (CallbackGuard::new("own", base).unwrap(), callbacks)
}

#[tokio::test]
async fn callbacks_of_batches_of_every_kind_are_confirmed() {
    let harness = Harness::start().await;
    let (guard, callbacks) = callbacks().await;
    let (video, audio) =
        (json!({"type": "url", "url": "https://example.com/video.mp4"}), "https://example.com/a.mp3");
    let lipsync = json!({"video": video, "audio": {"type": "url", "url": audio}});
    let translation = json!({"video": video, "output_languages": ["German"]});
    let avatar = json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello"});
    let url = || guard.url_at("batch", harness.now()).unwrap();
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
        let unconfirmed = guard.check_at(&target, body, harness.now()).unwrap();
        let id = unconfirmed.job_id().unwrap().to_owned();
        let event = unconfirmed.confirm(&harness.heygen, &id).await.unwrap();
        assert_eq!((event.kind().as_str(), event.outcome()), ("batch.finished", Outcome::Finished));
        confirmed.push(event.job_id().unwrap().to_owned());
    }
    ids.sort_unstable();
    assert_eq!(sorted(confirmed), ids);
    let body = r#"{"event_type":"batch.finished","event_data":{"batch_id":"unknown"}}"#;
    let forged = guard.check_at(&url().parse().unwrap(), body, harness.now()).unwrap();
    let unknown = forged.confirm(&harness.heygen, "unknown").await.unwrap_err();
    assert!(matches!(unknown, ConfirmError::Call(error) if error.status().unwrap().as_u16() == 404));
}

#[tokio::test]
async fn a_callback_is_inserted_under_what_is_confirmed() {
    let harness = Harness::start().await;
    let (guard, callbacks) = callbacks().await;
    let body = json!({"prompt": "A launch", "callback_url": guard.url_at("launch", harness.now()).unwrap()});
    let body: CreateVideoAgentRequest = serde_json::from_value(body).unwrap();
    let created = harness.heygen.api().create_video_agent().body(body).await.unwrap().into_inner();
    harness.advance(HOUR).await;
    assert_eq!(harness.recorder.kinds(), ["video_agent.success"]);
    let (target, body) = callbacks.lock().unwrap()[0].clone();
    let unconfirmed = guard.check_at(&target, body.clone(), harness.now()).unwrap();
    let event = unconfirmed.confirm(&harness.heygen, &created.session_id).await.unwrap();
    assert!(event.data().contains_key("video_id"));
    // The same body with other unconfirmed members is the same event.
    let altered = String::from_utf8(body.to_vec()).unwrap().replacen('{', r#"{"added": 1, "#, 1);
    let again = guard.check_at(&target, altered, harness.now()).unwrap();
    let again = again.confirm(&harness.heygen, &created.session_id).await.unwrap();
    assert_eq!(harness.inbox.insert(event).await.unwrap(), Inserted::New);
    assert_eq!(harness.inbox.insert(again).await.unwrap(), Inserted::Known);
    // A callback with a video that does not belong to the session.
    let video = serde_json::from_slice::<serde_json::Value>(&body).unwrap()["event_data"]["video_id"].clone();
    let other = String::from_utf8(body.to_vec()).unwrap().replace(video.as_str().unwrap(), "another");
    let forged = guard.check_at(&target, other, harness.now()).unwrap();
    let refused = forged.confirm(&harness.heygen, &created.session_id).await.unwrap_err();
    assert!(matches!(refused, ConfirmError::OtherJob));
}

#[tokio::test]
async fn a_callback_is_checked_by_its_url_and_confirmed_by_its_video() {
    let harness = Harness::start().await;
    let (guard, callbacks) = callbacks().await;
    let body = CreateVideoFromAvatar::builder()
        .avatar_id("Anna_sitting_public")
        .script("Hello")
        .callback_id("order 7")
        .callback_url(guard.url_at("order 7", harness.now()).unwrap());
    let created = harness.heygen.api().create_video().body(body).await.unwrap().into_inner();
    let other = harness.video().await;
    harness.advance(Duration::from_secs(600)).await;
    let (target, body) = callbacks.lock().unwrap()[0].clone();
    let unconfirmed = guard.check_at(&target, body.clone(), harness.now()).unwrap();
    let video_id = created.video_id.as_str();
    assert_eq!((unconfirmed.callback_id(), unconfirmed.job_id()), ("order 7", Some(video_id)));
    let event = unconfirmed.confirm(&harness.heygen, video_id).await.unwrap();
    assert_eq!((event.outcome(), event.callback_id().as_deref()), (Outcome::Succeeded, Some("order 7")));
    // The event contains only confirmed members.
    assert_eq!((event.job_id(), event.data().len()), (Some(video_id), 2));

    // Anyone who knows the URL can send any body. The resource contradicts it.
    let forged = |kind: &str, id: &str| {
        let body = format!(r#"{{"event_type":"{kind}","event_data":{{"video_id":"{id}"}}}}"#);
        guard.check_at(&target, body, harness.now()).unwrap()
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
async fn the_extractor_accepts_signed_deliveries() {
    use heygen_ext::webhook::VerifiedEvent;
    use heygen_ext::webhook::testing::{Generation, Signer};
    use tower::ServiceExt;
    async fn ended(VerifiedEvent(event): VerifiedEvent) -> String {
        event.kind().to_string()
    }
    let verifier = Verifier::new("whsec_own").unwrap().max_body(10_000);
    let app = Router::new().route("/heygen", axum::routing::post(ended)).with_state(verifier);
    let body = testing::event("podcast.success").unwrap();
    let send = async |secret: &str, body: Vec<u8>| {
        let mut delivery = Signer::new(secret).unwrap().deliver(Generation::HeygenSignature, body);
        *delivery.uri_mut() = "/heygen".parse().unwrap();
        app.clone().oneshot(delivery.map(axum::body::Body::from)).await.unwrap()
    };
    let accepted = send("whsec_own", body.clone()).await;
    assert_eq!(accepted.status(), 200);
    assert_eq!(axum::body::to_bytes(accepted.into_body(), 100).await.unwrap(), "podcast.success");
    assert_eq!(send("whsec_other", body).await.status(), 401);
    assert_eq!(send("whsec_own", vec![b' '; 10_001]).await.status(), 413);
    assert_eq!(send("whsec_own", b"[]".to_vec()).await.status(), 400);
}

#[tokio::test]
async fn the_callback_receiver_answers_by_what_the_resource_says() {
    let harness = Harness::start().await;
    let guard = CallbackGuard::new("own", "https://example.com/callback").unwrap();
    let video = harness.video().await;
    let handled = Recorder::default();
    let sim = Arc::clone(&harness.sim);
    let now = move || SystemTime::UNIX_EPOCH + Duration::from_millis(sim.now());
    let receiver =
        CallbackReceiver::new(guard.clone(), harness.heygen.clone(), MemoryInbox::new(handled.clone()))
            .clock(now);
    let url = guard.url_at("order 7", harness.now()).unwrap();
    let send = async |url: &str, kind: &str, id: &str| {
        let body = json!({"event_type": kind, "event_data": {"video_id": id, "callback_id": "order 7"}});
        let request = axum::http::Request::post(url).body(body.to_string().into()).unwrap();
        receiver.receive(request).await.status().as_u16()
    };
    // The job has not ended yet: the service sends the callback again.
    assert_eq!(send(&url, "avatar_video.success", &video).await, 503);
    harness.advance(HOUR).await;
    let url = guard.url_at("order 7", harness.now()).unwrap();
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
    assert_eq!(handled.ids(), [video.clone()]);
    assert_eq!(receiver.refused(), 6);
    // A program that knows its jobs refuses every other, and waits until it knows them.
    for (job, expected) in [(Some("another"), 403), (None, 503), (Some(video.as_str()), 200)] {
        let job = job.map(str::to_owned);
        let receiver = receiver.clone().expected_job(move |id| {
            assert_eq!(id, "order 7");
            std::future::ready(job.clone())
        });
        let body = json!({"event_type": "avatar_video.success", "event_data": {"video_id": video}});
        let request = axum::http::Request::post(&url).body(body.to_string().into()).unwrap();
        assert_eq!(receiver.receive(request).await.status().as_u16(), expected);
    }
}

#[tokio::test]
async fn reconcile_knows_what_was_delivered() {
    let harness = Harness::start().await;
    for generation in [SignatureGeneration::A, SignatureGeneration::B] {
        harness.sim.sign_as(generation);
        harness.videos(3).await;
        harness.advance(HOUR).await;
    }
    let endpoint = harness.endpoint_id().await;
    let since = harness.now() - 24 * HOUR;
    let report = harness.heygen.webhooks().reconcile(&harness.inbox, &endpoint, since).await.unwrap();
    assert_eq!((report.inserted, report.known, report.running), (0, 6, 0));
    // Deliveries of another endpoint do not count.
    let other = harness.heygen.webhooks().reconcile(&harness.inbox, "other", since).await.unwrap();
    assert_eq!((other.inserted, other.known), (6, 0));
}
