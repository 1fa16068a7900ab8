//! What the service is told, and how often the handler is run.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::sync::Notify;

use super::*;
use crate::box_error::BoxError;
use crate::webhook::delivery_body::BODY_TIMEOUT;
use crate::webhook::dispatch::RETRY_DELAYS;
use crate::webhook::testing::{Generation, Signer};

mod memory;

fn delivery(video: &str) -> Request<Bytes> {
    let body = json!({"event_type": "avatar_video.success", "event_data": {"video_id": video}}).to_string();
    Signer::new("s").unwrap().deliver(Generation::Signature, body)
}

fn verifier() -> Verifier {
    Verifier::new("s").unwrap()
}

/// Notes each event, and does what the test says: fail so often, wait to be let go, panic.
#[derive(Clone, Default)]
struct Harness(Arc<HarnessInner>);

#[derive(Default)]
struct HarnessInner {
    seen: Mutex<Vec<String>>,
    failures: AtomicUsize,
    panics: AtomicUsize,
    waits: AtomicUsize,
    gate: Notify,
}

impl Harness {
    fn handled(&self) -> Vec<String> {
        self.0.seen.lock().unwrap().clone()
    }
}

fn take(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Handler for Harness {
    fn handle(&self, event: Event) -> BoxFuture<'static, Result<(), BoxError>> {
        let harness = Arc::clone(&self.0);
        Box::pin(async move {
            harness.seen.lock().unwrap().push(event.job_id().unwrap_or_default().to_owned());
            if take(&harness.waits) {
                harness.gate.notified().await;
            }
            assert!(!take(&harness.panics), "as the test says");
            if take(&harness.failures) { Err("as the test says".into()) } else { Ok(()) }
        })
    }
}

async fn status(receiver: &Receiver, request: Request<Bytes>) -> u16 {
    receiver.receive(request).await.status().as_u16()
}

#[tokio::test]
async fn an_event_is_handled_once_however_often_it_comes() {
    let harness = Harness::default();
    let receiver = Receiver::new(verifier(), harness.clone());
    for _ in 0..3 {
        assert_eq!(status(&receiver, delivery("v1")).await, 200);
    }
    assert_eq!(status(&receiver, delivery("v2")).await, 200);
    // The same event in the other form, with an id.
    let body = delivery("v1").into_body();
    let other = Signer::new("s").unwrap().deliver(Generation::HeygenSignature, body);
    assert_eq!(status(&receiver, other).await, 200);
    assert_eq!(harness.handled(), ["v1", "v2"]);
}

#[tokio::test]
async fn whoever_looks_is_answered_and_whoever_forges_is_not_told_why() {
    let harness = Harness::default();
    let receiver = Receiver::new(verifier().max_body(100), harness.clone());
    for (method, expected) in [("OPTIONS", 204), ("GET", 200), ("HEAD", 200), ("PUT", 405), ("DELETE", 405)] {
        let request = Request::builder().method(method).body(Bytes::new()).unwrap();
        assert_eq!(status(&receiver, request).await, expected, "{method}");
    }
    let forged = Signer::new("other").unwrap().deliver(Generation::Signature, "{}");
    let unsigned = Request::post("/").body(Bytes::from("{}")).unwrap();
    let large = Signer::new("s").unwrap().deliver(Generation::Signature, vec![b' '; 101]);
    let no_event = Signer::new("s").unwrap().deliver(Generation::Signature, "[]");
    for (request, expected) in [(forged, 401), (unsigned, 401), (large, 413), (no_event, 400)] {
        let answer = receiver.receive(request).await;
        assert_eq!(answer.status().as_u16(), expected);
        assert!(answer.body().is_empty() && answer.headers().is_empty());
    }
    let unconfigured = Receiver::new(Verifier::with_keys(Default::default()), harness.clone());
    assert_eq!(status(&unconfigured, delivery("v1")).await, 503);
    let probe = Request::builder().method("OPTIONS").body(Bytes::new()).unwrap();
    assert_eq!(status(&unconfigured, probe).await, 204);
    assert!(harness.handled().is_empty());
}

#[tokio::test]
async fn what_the_handler_fails_at_comes_again() {
    let harness = Harness::default();
    harness.0.failures.store(2, Ordering::SeqCst);
    harness.0.panics.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), harness.clone());
    for expected in [500, 500, 500, 200, 200] {
        assert_eq!(status(&receiver, delivery("v1")).await, expected);
    }
    assert_eq!(harness.handled(), ["v1"; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_goes_on_after_the_answer() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), harness.clone());
    let began = Instant::now();
    assert_eq!(status(&receiver, delivery("v1")).await, 202);
    assert_eq!((began.elapsed(), receiver.under_way()), (RESPONSE_TIMEOUT, 1));
    // It comes again meanwhile: not now, and not twice.
    assert_eq!(status(&receiver, delivery("v1")).await, 503);
    harness.0.gate.notify_one();
    receiver.drain().await;
    assert_eq!((receiver.under_way(), status(&receiver, delivery("v1")).await), (0, 200));
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_the_answer_is_tried_again_here() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    harness.0.failures.store(2, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), harness.clone());
    assert_eq!(status(&receiver, delivery("v1")).await, 202);
    harness.0.gate.notify_one();
    for (pause, runs) in RETRY_DELAYS.into_iter().zip([1, 2, 3]) {
        tokio::time::sleep(pause - Duration::from_secs(1)).await;
        assert_eq!(harness.handled().len(), runs);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!((harness.handled().len(), receiver.under_way()), (3, 0));
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_fails_time_and_again_is_given_up_and_new() {
    let (harness, told) = (Harness::default(), Arc::new(Mutex::new(Vec::new())));
    harness.0.waits.store(1, Ordering::SeqCst);
    harness.0.failures.store(5, Ordering::SeqCst);
    let tell = Arc::clone(&told);
    let receiver = Receiver::builder(verifier(), harness.clone())
        .on_give_up(move |event, problem| {
            let id = event.job_id().unwrap_or_default();
            tell.lock().unwrap().push(format!("{id}: {problem}"));
        })
        .build();
    assert_eq!(status(&receiver, delivery("v1")).await, 202);
    harness.0.gate.notify_one();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // A program that ends pauses no more.
    let began = Instant::now();
    receiver.drain().await;
    assert_eq!((harness.handled().len(), began.elapsed()), (5, Duration::ZERO));
    assert_eq!(*told.lock().unwrap(), ["v1: as the test says"]);
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_ended_and_one_that_panics_at_once_leaves_no_claim() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let builder = Receiver::builder(verifier(), harness.clone());
    let receiver = builder.handler_timeout(Duration::from_secs(3)).build();
    assert_eq!(status(&receiver, delivery("v1")).await, 500);
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    let panics = AtomicUsize::new(1);
    let receiver = Receiver::new(verifier(), move |_: Event| {
        // Before there is a future.
        assert!(!take(&panics), "as the test says");
        std::future::ready(Ok::<_, BoxError>(()))
    });
    assert_eq!(status(&receiver, delivery("v1")).await, 500);
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
}

#[tokio::test]
async fn a_request_that_is_given_up_loses_no_event() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), harness.clone());
    let (own, request) = (receiver.clone(), delivery("v1"));
    let connection = tokio::spawn(async move { own.receive(request).await });
    while harness.handled().is_empty() {
        tokio::task::yield_now().await;
    }
    connection.abort();
    connection.await.unwrap_err();
    harness.0.gate.notify_one();
    receiver.drain().await;
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test]
async fn more_than_it_can_take_is_turned_away_at_once() {
    let harness = Harness::default();
    harness.0.waits.store(2, Ordering::SeqCst);
    let receiver = Receiver::builder(verifier(), harness.clone()).capacity(2).concurrency(1).build();
    let first: Vec<_> = ["v1", "v2"]
        .map(|video| {
            let (own, request) = (receiver.clone(), delivery(video));
            tokio::spawn(async move { own.receive(request).await.status().as_u16() })
        })
        .into();
    while receiver.under_way() < 2 || harness.handled().is_empty() {
        tokio::task::yield_now().await;
    }
    let answer = receiver.receive(delivery("v3")).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &OVERLOADED_RETRY_AFTER));
    // One at a time, as was asked for.
    assert_eq!(harness.handled().len(), 1);
    for one in first {
        harness.0.gate.notify_one();
        assert_eq!(one.await.unwrap(), 200);
    }
    assert_eq!(status(&receiver, delivery("v3")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn as_a_service_it_reads_no_more_than_it_takes_and_no_longer() {
    use futures_util::stream;
    use tower_service::Service;
    let harness = Harness::default();
    let mut receiver = Receiver::new(verifier().max_body(1000), harness.clone());
    let good = delivery("v1").map(http_body_util::Full::new);
    assert_eq!(receiver.call(good).await.unwrap().status(), 200);
    let body = |chunks: usize| {
        let chunk = || Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::from(vec![b' '; 400])));
        http_body_util::StreamBody::new(stream::iter((0..chunks).map(move |_| chunk())))
    };
    let forged = || Request::post("/").header("signature", "0".repeat(64));
    let post = |body| forged().body(body).unwrap();
    assert_eq!(receiver.call(post(body(3))).await.unwrap().status(), 413);
    assert_eq!(receiver.call(post(body(2))).await.unwrap().status(), 401);
    let announced = forged().header("content-length", 1001).body(body(0)).unwrap();
    assert_eq!(receiver.call(announced).await.unwrap().status(), 413);
    let stalls = || {
        http_body_util::StreamBody::new(stream::pending::<Result<http_body::Frame<Bytes>, std::io::Error>>())
    };
    let began = Instant::now();
    // What has no signature is not waited for.
    let unsigned = Request::post("/").body(stalls()).unwrap();
    assert_eq!(receiver.call(unsigned).await.unwrap().status(), 401);
    assert_eq!(began.elapsed(), Duration::ZERO);
    let stalls = forged().body(stalls()).unwrap();
    assert_eq!(receiver.call(stalls).await.unwrap().status(), 408);
    assert_eq!((began.elapsed(), receiver.under_way()), (BODY_TIMEOUT, 0));
    assert_eq!(harness.handled(), ["v1"]);
}

/// A request that looks signed, sends so many bytes, and stalls.
fn stalls(receiver: &Receiver, bytes: usize) -> tokio::task::JoinHandle<u16> {
    use futures_util::{StreamExt, stream};
    use tower_service::Service;
    let chunk = http_body::Frame::data(Bytes::from(vec![b' '; bytes]));
    let body = stream::iter([Ok::<_, std::io::Error>(chunk)]).chain(stream::pending());
    let body = http_body_util::StreamBody::new(body.boxed());
    let request = Request::post("/").header("signature", "0".repeat(64)).body(body).unwrap();
    let answer = receiver.clone().call(request);
    tokio::spawn(async move { answer.await.unwrap().status().as_u16() })
}

#[tokio::test(start_paused = true)]
async fn whoever_stalls_holds_no_place_and_the_room_of_what_he_has_sent() {
    use tower_service::Service;
    let harness = Harness::default();
    let receiver = Receiver::builder(verifier(), harness.clone()).capacity(2).build();
    let all = receiver.read_budget().available_permits();
    assert_eq!(all, 64 << 20);
    let few: Vec<_> = (0..500).map(|_| stalls(&receiver, 1)).collect();
    while receiver.read_budget().available_permits() > all - 500 {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.under_way(), 0);
    let good = delivery("v1").map(http_body_util::Full::new);
    assert_eq!(receiver.clone().call(good).await.unwrap().status(), 200);
    let much: Vec<_> = (0..64).map(|_| stalls(&receiver, 1 << 20)).collect();
    let mut statuses = Vec::new();
    for one in few.into_iter().chain(much) {
        statuses.push(one.await.unwrap());
    }
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(408), count(503)), (500 + 63, 1));
    assert_eq!(receiver.read_budget().available_permits(), all);
    // The room does not shrink with the bodies that are taken.
    assert_eq!(Receiver::new(verifier().max_body(1000), harness).read_budget().available_permits(), all);
}

#[tokio::test(start_paused = true)]
async fn a_full_receiver_reads_nothing_and_what_is_handled_takes_no_room() {
    use tower_service::Service;
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::builder(verifier(), harness.clone()).capacity(1).build();
    let all = receiver.read_budget().available_permits();
    let mut own = receiver.clone();
    let under_way = tokio::spawn(own.call(delivery("v1").map(http_body_util::Full::new)));
    while harness.handled().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.read_budget().available_permits(), all);
    let began = Instant::now();
    assert_eq!(stalls(&receiver, 1).await.unwrap(), 503);
    assert_eq!(began.elapsed(), Duration::ZERO);
    harness.0.gate.notify_one();
    assert_eq!(under_way.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn whoever_gives_up_handing_an_event_over_loses_it_not() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), harness.clone());
    let event = || Event::of(delivery("v1").body(), None).unwrap();
    let (own, given) = (receiver.clone(), event());
    let handing = tokio::spawn(async move { own.handle(given).await });
    while harness.handled().is_empty() {
        tokio::task::yield_now().await;
    }
    handing.abort();
    handing.await.unwrap_err();
    harness.0.gate.notify_one();
    while status(&receiver, delivery("v1")).await != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.handle(event()).await.unwrap(), Claim::Handled);
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_takes_its_time_leaves_less_for_the_handler() {
    use futures_util::{StreamExt, stream};
    use tower_service::Service;
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let mut receiver = Receiver::new(verifier(), harness.clone());
    let late = delivery("v1").map(|body| {
        let body = stream::once(async move {
            tokio::time::sleep(Duration::from_secs(4)).await;
            Ok::<_, std::io::Error>(http_body::Frame::data(body))
        });
        http_body_util::StreamBody::new(body.boxed())
    });
    let began = Instant::now();
    assert_eq!(receiver.call(late).await.unwrap().status(), 202);
    assert_eq!(began.elapsed(), RESPONSE_TIMEOUT);
    harness.0.gate.notify_one();
    receiver.drain().await;
}

#[tokio::test(start_paused = true)]
async fn draining_waits_for_what_was_handed_over_too() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), harness.clone());
    let (own, event) = (receiver.clone(), Event::of(delivery("v1").body(), None).unwrap());
    let handing = tokio::spawn(async move { own.handle(event).await });
    while harness.handled().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.under_way(), 1);
    let waits = tokio::time::timeout(Duration::from_secs(3600), receiver.drain()).await;
    assert!(waits.is_err() && !handing.is_finished());
    harness.0.gate.notify_one();
    receiver.drain().await;
    assert_eq!(handing.await.unwrap().unwrap(), Claim::New);
    assert_eq!(receiver.under_way(), 0);
}
