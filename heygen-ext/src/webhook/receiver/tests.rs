//! Tests of the responses to deliveries, and of how often the handler runs.

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

mod store;

fn delivery(video: &str) -> Request<Bytes> {
    let body = json!({"event_type": "avatar_video.success", "event_data": {"video_id": video}}).to_string();
    Signer::new("s").unwrap().deliver(Generation::Signature, body)
}

fn verifier() -> Verifier {
    Verifier::new("s").unwrap()
}

/// A handler that records the events, and fails, waits or panics as often as the test says.
#[derive(Clone, Default)]
struct Harness(Arc<HarnessInner>);

#[derive(Default)]
struct HarnessInner {
    handled: Mutex<Vec<String>>,
    failures: AtomicUsize,
    panics: AtomicUsize,
    waits: AtomicUsize,
    gate: Notify,
}

impl Harness {
    fn handled(&self) -> Vec<String> {
        self.0.handled.lock().unwrap().clone()
    }
}

/// Counts down. Returns whether the counter was above zero.
fn count_down(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Handler for Harness {
    fn handle(&self, event: Event) -> BoxFuture<'static, Result<(), BoxError>> {
        let harness = Arc::clone(&self.0);
        Box::pin(async move {
            harness.handled.lock().unwrap().push(event.job_id().unwrap_or_default().to_owned());
            if count_down(&harness.waits) {
                harness.gate.notified().await;
            }
            assert!(!count_down(&harness.panics), "panic of the test");
            if count_down(&harness.failures) { Err("failure of the test".into()) } else { Ok(()) }
        })
    }
}

async fn status(receiver: &Receiver, request: Request<Bytes>) -> u16 {
    receiver.receive(request).await.status().as_u16()
}

#[tokio::test]
async fn a_repeated_event_is_handled_once() {
    let harness = Harness::default();
    let receiver = Receiver::new(verifier(), harness.clone());
    for _ in 0..3 {
        assert_eq!(status(&receiver, delivery("v1")).await, 200);
    }
    assert_eq!(status(&receiver, delivery("v2")).await, 200);
    // The same event in the form with an id.
    let body = delivery("v1").into_body();
    let other = Signer::new("s").unwrap().deliver(Generation::HeygenSignature, body);
    assert_eq!(status(&receiver, other).await, 200);
    assert_eq!(harness.handled(), ["v1", "v2"]);
}

#[tokio::test]
async fn a_probe_is_answered_and_a_refusal_does_not_contain_the_reason() {
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
        let response = receiver.receive(request).await;
        assert_eq!(response.status().as_u16(), expected);
        assert!(response.body().is_empty() && response.headers().is_empty());
    }
    let without_secret = Receiver::new(Verifier::with_keys(Default::default()), harness.clone());
    assert_eq!(status(&without_secret, delivery("v1")).await, 503);
    let probe = Request::builder().method("OPTIONS").body(Bytes::new()).unwrap();
    assert_eq!(status(&without_secret, probe).await, 204);
    assert!(harness.handled().is_empty());
}

#[tokio::test]
async fn after_a_failure_the_event_is_new() {
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
async fn a_slow_handler_continues_after_the_response() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), harness.clone());
    let began = Instant::now();
    assert_eq!(status(&receiver, delivery("v1")).await, 202);
    assert_eq!((began.elapsed(), receiver.under_way()), (RESPONSE_TIMEOUT, 1));
    // A second delivery of the event while it is being handled.
    assert_eq!(status(&receiver, delivery("v1")).await, 503);
    harness.0.gate.notify_one();
    receiver.drain().await;
    assert_eq!((receiver.under_way(), status(&receiver, delivery("v1")).await), (0, 200));
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_the_response_is_retried() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    harness.0.failures.store(2, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), harness.clone());
    assert_eq!(status(&receiver, delivery("v1")).await, 202);
    harness.0.gate.notify_one();
    for (delay, runs) in RETRY_DELAYS.into_iter().zip([1, 2, 3]) {
        tokio::time::sleep(delay - Duration::from_secs(1)).await;
        assert_eq!(harness.handled().len(), runs);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!((harness.handled().len(), receiver.under_way()), (3, 0));
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_retries_are_exhausted_is_reported_and_new_again() {
    let (harness, given_up) = (Harness::default(), Arc::new(Mutex::new(Vec::new())));
    harness.0.waits.store(1, Ordering::SeqCst);
    harness.0.failures.store(5, Ordering::SeqCst);
    let record = Arc::clone(&given_up);
    let receiver = Receiver::builder(verifier(), harness.clone())
        .on_give_up(move |event, problem| {
            let id = event.job_id().unwrap_or_default();
            record.lock().unwrap().push(format!("{id}: {problem}"));
        })
        .build();
    assert_eq!(status(&receiver, delivery("v1")).await, 202);
    harness.0.gate.notify_one();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // `drain` skips the retry delays.
    let began = Instant::now();
    receiver.drain().await;
    assert_eq!((harness.handled().len(), began.elapsed()), (5, Duration::ZERO));
    assert_eq!(*given_up.lock().unwrap(), ["v1: failure of the test"]);
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn after_a_timeout_or_a_panic_of_the_handler_the_event_is_new() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let builder = Receiver::builder(verifier(), harness.clone());
    let receiver = builder.handler_timeout(Duration::from_secs(3)).build();
    assert_eq!(status(&receiver, delivery("v1")).await, 500);
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    let panics = AtomicUsize::new(1);
    let receiver = Receiver::new(verifier(), move |_: Event| {
        // Panics before it returns a future.
        assert!(!count_down(&panics), "panic of the test");
        std::future::ready(Ok::<_, BoxError>(()))
    });
    assert_eq!(status(&receiver, delivery("v1")).await, 500);
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
}

#[tokio::test]
async fn a_closed_connection_loses_no_event() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), harness.clone());
    let (cloned, request) = (receiver.clone(), delivery("v1"));
    let connection = tokio::spawn(async move { cloned.receive(request).await });
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
async fn a_delivery_above_the_capacity_is_refused_at_once() {
    let harness = Harness::default();
    harness.0.waits.store(2, Ordering::SeqCst);
    let receiver = Receiver::builder(verifier(), harness.clone()).capacity(2).concurrency(1).build();
    let first: Vec<_> = ["v1", "v2"]
        .map(|video| {
            let (cloned, request) = (receiver.clone(), delivery(video));
            tokio::spawn(async move { cloned.receive(request).await.status().as_u16() })
        })
        .into();
    while receiver.under_way() < 2 || harness.handled().is_empty() {
        tokio::task::yield_now().await;
    }
    let response = receiver.receive(delivery("v3")).await;
    let retry_after = &response.headers()["retry-after"];
    assert_eq!((response.status().as_u16(), retry_after), (503, &OVERLOADED_RETRY_AFTER));
    // The concurrency is one.
    assert_eq!(harness.handled().len(), 1);
    for task in first {
        harness.0.gate.notify_one();
        assert_eq!(task.await.unwrap(), 200);
    }
    assert_eq!(status(&receiver, delivery("v3")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn the_service_limits_the_size_and_the_time_of_a_body() {
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
    let with_signature = || Request::post("/").header("signature", "0".repeat(64));
    let post = |body| with_signature().body(body).unwrap();
    assert_eq!(receiver.call(post(body(3))).await.unwrap().status(), 413);
    assert_eq!(receiver.call(post(body(2))).await.unwrap().status(), 401);
    let with_length = with_signature().header("content-length", 1001).body(body(0)).unwrap();
    assert_eq!(receiver.call(with_length).await.unwrap().status(), 413);
    let stalled = || {
        http_body_util::StreamBody::new(stream::pending::<Result<http_body::Frame<Bytes>, std::io::Error>>())
    };
    let began = Instant::now();
    // Without a signature, the body is not read.
    let unsigned = Request::post("/").body(stalled()).unwrap();
    assert_eq!(receiver.call(unsigned).await.unwrap().status(), 401);
    assert_eq!(began.elapsed(), Duration::ZERO);
    let stalled = with_signature().body(stalled()).unwrap();
    assert_eq!(receiver.call(stalled).await.unwrap().status(), 408);
    assert_eq!((began.elapsed(), receiver.under_way()), (BODY_TIMEOUT, 0));
    assert_eq!(harness.handled(), ["v1"]);
}

/// Starts a request that has a well-formed signature, sends `bytes` bytes, and then stalls. Returns its status.
fn stall(receiver: &Receiver, bytes: usize) -> tokio::task::JoinHandle<u16> {
    use futures_util::{StreamExt, stream};
    use tower_service::Service;
    let chunk = http_body::Frame::data(Bytes::from(vec![b' '; bytes]));
    let body = stream::iter([Ok::<_, std::io::Error>(chunk)]).chain(stream::pending());
    let body = http_body_util::StreamBody::new(body.boxed());
    let request = Request::post("/").header("signature", "0".repeat(64)).body(body).unwrap();
    let response = receiver.clone().call(request);
    tokio::spawn(async move { response.await.unwrap().status().as_u16() })
}

#[tokio::test(start_paused = true)]
async fn a_stalled_request_takes_only_its_bytes_from_the_read_budget() {
    use tower_service::Service;
    let harness = Harness::default();
    let receiver = Receiver::builder(verifier(), harness.clone()).capacity(2).build();
    let all = receiver.read_budget().available_permits();
    assert_eq!(all, 64 << 20);
    let small: Vec<_> = (0..500).map(|_| stall(&receiver, 1)).collect();
    while receiver.read_budget().available_permits() > all - 500 {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.under_way(), 0);
    let good = delivery("v1").map(http_body_util::Full::new);
    assert_eq!(receiver.clone().call(good).await.unwrap().status(), 200);
    let large: Vec<_> = (0..64).map(|_| stall(&receiver, 1 << 20)).collect();
    let mut statuses = Vec::new();
    for task in small.into_iter().chain(large) {
        statuses.push(task.await.unwrap());
    }
    let count = |expected| statuses.iter().filter(|status| **status == expected).count();
    assert_eq!((count(408), count(503)), (500 + 63, 1));
    assert_eq!(receiver.read_budget().available_permits(), all);
    // A smaller limit for bodies does not reduce the budget.
    assert_eq!(Receiver::new(verifier().max_body(1000), harness).read_budget().available_permits(), all);
}

#[tokio::test(start_paused = true)]
async fn an_overloaded_receiver_reads_no_body_and_a_handled_body_is_not_in_the_read_budget() {
    use tower_service::Service;
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::builder(verifier(), harness.clone()).capacity(1).build();
    let all = receiver.read_budget().available_permits();
    let mut cloned = receiver.clone();
    let under_way = tokio::spawn(cloned.call(delivery("v1").map(http_body_util::Full::new)));
    while harness.handled().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.read_budget().available_permits(), all);
    let began = Instant::now();
    assert_eq!(stall(&receiver, 1).await.unwrap(), 503);
    assert_eq!(began.elapsed(), Duration::ZERO);
    harness.0.gate.notify_one();
    assert_eq!(under_way.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_dropped_call_of_handle_loses_no_event() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), harness.clone());
    let event = || Event::of(delivery("v1").body(), None).unwrap();
    let (cloned, given) = (receiver.clone(), event());
    let call = tokio::spawn(async move { cloned.handle(given).await });
    while harness.handled().is_empty() {
        tokio::task::yield_now().await;
    }
    call.abort();
    call.await.unwrap_err();
    harness.0.gate.notify_one();
    while status(&receiver, delivery("v1")).await != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.handle(event()).await.unwrap(), Claim::Handled);
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn the_response_timeout_includes_the_time_to_read_the_body() {
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
async fn drain_waits_for_events_that_were_passed_to_handle() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), harness.clone());
    let (cloned, event) = (receiver.clone(), Event::of(delivery("v1").body(), None).unwrap());
    let call = tokio::spawn(async move { cloned.handle(event).await });
    while harness.handled().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.under_way(), 1);
    let drained = tokio::time::timeout(Duration::from_secs(3600), receiver.drain()).await;
    assert!(drained.is_err() && !call.is_finished());
    harness.0.gate.notify_one();
    receiver.drain().await;
    assert_eq!(call.await.unwrap().unwrap(), Claim::New);
    assert_eq!(receiver.under_way(), 0);
}
