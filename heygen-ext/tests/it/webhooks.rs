//! Deliveries from the simulator to a receiver, with failures in between. Each event is handled once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use futures_util::future::BoxFuture;
use heygen_ext::heygen_api::types::{CreateVideoFromAvatar, WebhookEventType};
use heygen_ext::webhook::{
    EnsuredEndpoint, Event, Handler, KeyRing, MemoryInbox, Receiver, Verifier, testing,
};
use heygen_ext::{BoxError, HeyGen};
use heygen_sim::{Clock, SignatureGeneration, Sim};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// A handler that records the events that it handles, and fails as often as the test says.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<RecorderInner>);

#[derive(Default)]
struct RecorderInner {
    /// Type and job id of each event.
    events: Mutex<Vec<(String, String)>>,
    failures: AtomicUsize,
}

impl Recorder {
    /// The job ids, in the order of handling.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.0.events.lock().unwrap().iter().map(|(_, id)| id.clone()).collect()
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
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
pub(crate) struct Harness {
    pub(crate) sim: Arc<Sim>,
    pub(crate) heygen: HeyGen,
    keys: KeyRing,
    pub(crate) recorder: Recorder,
    receiver: Receiver,
    pub(crate) inbox: MemoryInbox,
    url: String,
    serving: JoinHandle<()>,
}

fn receiver(sim: &Arc<Sim>, keys: &KeyRing, recorder: &Recorder) -> (Receiver, MemoryInbox) {
    let inbox = MemoryInbox::new(recorder.clone());
    (Receiver::new(Verifier::with_keys(keys.clone()).clock(clock(sim)), inbox.clone()), inbox)
}

/// The time of the simulator.
fn clock(sim: &Arc<Sim>) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    let sim = Arc::clone(sim);
    move || SystemTime::UNIX_EPOCH + Duration::from_millis(sim.now())
}

fn serve(listener: TcpListener, receiver: &Receiver) -> JoinHandle<()> {
    let app = Router::new().route_service("/heygen", receiver.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() })
}

impl Harness {
    pub(crate) async fn start() -> Self {
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
    pub(crate) fn now(&self) -> SystemTime {
        self.clock()()
    }

    pub(crate) fn clock(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        clock(&self.sim)
    }

    async fn endpoint_id(&self) -> String {
        let ensured = self.heygen.webhooks().ensure_endpoint(&self.url, None).await.unwrap();
        ensured.endpoint().endpoint_id.clone()
    }

    pub(crate) async fn video(&self) -> String {
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
    pub(crate) async fn advance(&self, time: Duration) {
        self.sim.advance(time);
        self.sim.idle().await;
        self.inbox.finish().await;
    }
}

pub(crate) fn sorted(mut ids: Vec<String>) -> Vec<String> {
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
    let secret = harness.heygen.webhooks().rotate(&endpoint, &other_keys, harness.now()).await.unwrap();
    ids.extend(harness.videos(3).await);
    harness.advance(Duration::from_secs(600)).await;
    assert!(harness.sim.deliveries().iter().any(|delivery| delivery.status == Some(401)));
    harness.keys.rotate(&endpoint, secret.clone(), harness.now() + HOUR).unwrap();
    harness.advance(HOUR).await;
    // `rotate_at` adds the new secret to the key ring, and the old one stays valid for the window.
    ids.extend(harness.videos(3).await);
    let signer = testing::Signer::new(secret).unwrap();
    let queued = |video: &str| {
        let body =
            format!(r#"{{"event_type":"avatar_video.success","event_data":{{"video_id":"{video}"}}}}"#);
        signer.deliver(testing::Generation::Signature, body)
    };
    harness.heygen.webhooks().rotate(&endpoint, &harness.keys, harness.now() + 2 * HOUR).await.unwrap();
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
    let webhooks = harness.heygen.webhooks();
    let report = webhooks.reconcile(&inbox, &endpoint, since).await.unwrap();
    assert_eq!((report.inserted, report.known, report.failed.len(), report.unreadable), (119, 0, 1, 0));
    assert_eq!(harness.recorder.ids()[2..], missed[1..]);
    let again = webhooks.reconcile(&inbox, &endpoint, since).await.unwrap();
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
