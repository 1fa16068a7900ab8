//! Tests of the responses to deliveries, and of how often the handler of an inbox in memory runs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use http::HeaderValue;
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;
use crate::box_error::BoxError;
use crate::webhook::event::Outcome;
use crate::webhook::event_key::Identity;
use crate::webhook::inbox::{Handler, Inserted, KnownKey};
use crate::webhook::key_ring::KeyRing;
use crate::webhook::memory::MemoryInbox;
use crate::webhook::route::{BODY_TIMEOUT, RESPONSE_TIMEOUT};
use crate::webhook::testing::{Generation, Signer};

fn body(kind: &str, video: &str) -> String {
    json!({"event_type": kind, "event_data": {"video_id": video}}).to_string()
}

fn delivery(video: &str) -> Request<Bytes> {
    Signer::new("s").unwrap().deliver(Generation::Signature, body("avatar_video.success", video))
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
    contradictions: Mutex<Vec<Option<Outcome>>>,
    failures: AtomicUsize,
    panics: AtomicUsize,
    waits: AtomicUsize,
    gate: Notify,
}

impl Harness {
    fn handled(&self) -> Vec<String> {
        self.0.handled.lock().unwrap().clone()
    }

    fn receiver(&self) -> (Receiver, MemoryInbox) {
        let inbox = MemoryInbox::new(self.clone());
        (Receiver::new(verifier(), inbox.clone()), inbox)
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
            harness.contradictions.lock().unwrap().push(event.contradicts());
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
    let (receiver, _) = harness.receiver();
    for _ in 0..3 {
        assert_eq!(status(&receiver, delivery("v1")).await, 200);
    }
    assert_eq!(status(&receiver, delivery("v2")).await, 200);
    // The same body in the form with an id, and then under another id.
    let body = delivery("v1").into_body();
    let mut other = Signer::new("s").unwrap().deliver(Generation::HeygenSignature, body);
    assert_eq!(status(&receiver, other.clone()).await, 200);
    other.headers_mut().insert("heygen-event-id", HeaderValue::from_static("next"));
    assert_eq!(status(&receiver, other).await, 200);
    assert_eq!(harness.handled(), ["v1", "v2"]);
}

#[tokio::test]
async fn a_replayed_event_suppresses_no_other() {
    let harness = Harness::default();
    let (receiver, _) = harness.receiver();
    let with_id = |video: &str| {
        let mut delivery = delivery(video);
        delivery.headers_mut().insert("heygen-event-id", HeaderValue::from_static("one"));
        delivery
    };
    let videos: Vec<String> = (0..20).map(|number| format!("v{number}")).collect();
    for video in &videos {
        assert_eq!(status(&receiver, with_id(video)).await, 200);
    }
    assert_eq!(harness.handled(), videos);
}

#[tokio::test]
async fn one_account_cannot_suppress_the_events_of_another() {
    let harness = Harness::default();
    let keys = KeyRing::new();
    for name in ["a", "b"] {
        keys.add(name, format!("secret of {name}")).unwrap();
    }
    let receiver = Receiver::new(Verifier::with_keys(keys), MemoryInbox::new(harness.clone()));
    let signed = |name: &str, path: &str| {
        let signer = Signer::new(format!("secret of {name}")).unwrap();
        let mut delivery = signer.deliver(Generation::Signature, body("avatar_video.success", "v1"));
        *delivery.uri_mut() = path.parse().unwrap();
        delivery
    };
    for name in ["a", "b", "a"] {
        assert_eq!(status(&receiver, signed(name, "/hooks")).await, 200);
    }
    assert_eq!(harness.handled(), ["v1", "v1"]);
    // With the endpoint in the path, only its own secrets count.
    let receiver = receiver.endpoint_in_path();
    for (name, path, expected) in [
        ("a", "/hooks/a", 200),
        ("a", "/hooks/%61/", 200),
        ("a", "/hooks/b", 401),
        ("a", "/hooks/c", 401),
        ("a", "/", 401),
    ] {
        assert_eq!(status(&receiver, signed(name, path)).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_probe_is_answered_and_a_refusal_is_counted_and_does_not_contain_the_reason() {
    let harness = Harness::default();
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&reasons);
    let receiver = Receiver::new(verifier().max_body(100), MemoryInbox::new(harness.clone()))
        .on_refusal(move |problem| record.lock().unwrap().push(*problem));
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
    assert_eq!(receiver.refused(), 4);
    let reasons = reasons.lock().unwrap().clone();
    assert_eq!(reasons[..2], [VerifyError::Mismatch, VerifyError::MissingSignature]);
    let without_secret =
        Receiver::new(Verifier::with_keys(KeyRing::new()), MemoryInbox::new(harness.clone()));
    assert_eq!(status(&without_secret, delivery("v1")).await, 503);
    let probe = Request::builder().method("OPTIONS").body(Bytes::new()).unwrap();
    assert_eq!(status(&without_secret, probe).await, 204);
    assert!(harness.handled().is_empty());
}

#[tokio::test]
async fn a_wrong_clock_loses_no_event() {
    let harness = Harness::default();
    let later = || SystemTime::now() + Duration::from_secs(360);
    let delivery = || Signer::new("s").unwrap().deliver(Generation::HeygenSignature, body("a.success", "v"));
    let receiver =
        |verifier: Verifier| Receiver::new(verifier.clock(later), MemoryInbox::new(harness.clone()));
    assert_eq!(status(&receiver(verifier()), delivery()).await, 200);
    assert_eq!(status(&receiver(verifier().strict_timestamps(true)), delivery()).await, 401);
}

#[tokio::test]
async fn an_event_that_runs_under_another_key_is_not_kept() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    harness.0.failures.store(1, Ordering::SeqCst);
    let (receiver, inbox) = harness.receiver();
    // Reconciliation takes it from the service's list.
    let raw = serde_json::from_str(&body("avatar_video.success", "v1")).unwrap();
    let listed = Event::new(raw, None, "".into(), Identity::Listed("e".to_owned()));
    let mut inserting = Box::pin(inbox.insert(listed));
    assert!(inserting.as_mut().now_or_never().is_none());
    assert_eq!(status(&receiver, delivery("v1")).await, 503);
    harness.0.gate.notify_one();
    assert!(inserting.await.is_err(), "the handler fails");
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled(), ["v1", "v1"]);
}

#[tokio::test]
async fn after_a_failure_or_a_panic_the_event_is_new() {
    let harness = Harness::default();
    harness.0.failures.store(2, Ordering::SeqCst);
    harness.0.panics.store(1, Ordering::SeqCst);
    let (receiver, _) = harness.receiver();
    for expected in [503, 503, 503, 200, 200] {
        assert_eq!(status(&receiver, delivery("v1")).await, expected);
    }
    assert_eq!(harness.handled(), ["v1"; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_goes_on_and_the_next_delivery_finds_it() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let (receiver, inbox) = harness.receiver();
    let began = Instant::now();
    assert_eq!(status(&receiver, delivery("v1")).await, 503);
    assert_eq!(began.elapsed(), RESPONSE_TIMEOUT);
    // A second delivery of the event while its handler is running is answered at once.
    assert_eq!((status(&receiver, delivery("v1")).await, began.elapsed()), (503, RESPONSE_TIMEOUT));
    harness.0.gate.notify_one();
    inbox.finish().await;
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_end_is_stopped_after_30_seconds() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let (receiver, inbox) = harness.receiver();
    let began = Instant::now();
    assert_eq!(status(&receiver, delivery("v1")).await, 503);
    inbox.finish().await;
    assert_eq!(began.elapsed(), Duration::from_secs(30));
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled(), ["v1", "v1"]);
}

#[tokio::test]
async fn of_fifty_copies_at_once_one_is_handled() {
    let harness = Harness::default();
    let (receiver, inbox) = harness.receiver();
    let copies = (0..50).map(|_| status(&receiver, delivery("v1")));
    let statuses = futures_util::future::join_all(copies).await;
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&200));
    inbox.finish().await;
    assert_eq!(harness.handled(), ["v1"]);
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "panic of the test");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_when_it_is_stopped_has_failed() {
    let (calls, count) = (Arc::new(AtomicUsize::new(0)), |calls: &AtomicUsize| calls.load(Ordering::SeqCst));
    let counter = Arc::clone(&calls);
    let inbox = MemoryInbox::new(move |_| {
        let first = counter.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if first {
                let _held = PanicsWhenDropped;
                std::future::pending::<()>().await;
            }
            Ok::<_, BoxError>(())
        }
    });
    let inbox = inbox.handler_timeout(Duration::from_secs(1));
    let receiver = Receiver::new(verifier(), inbox.clone());
    assert_eq!(status(&receiver, delivery("v1")).await, 503);
    inbox.finish().await;
    assert_eq!((status(&receiver, delivery("v1")).await, count(&calls)), (200, 2));
}

fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(std::task::Waker::noop()))
}

#[tokio::test]
async fn a_closed_connection_stops_no_handler() {
    let harness = Harness::default();
    harness.0.waits.store(1, Ordering::SeqCst);
    let (receiver, inbox) = harness.receiver();
    let mut request = Box::pin(receiver.receive(delivery("v1")));
    assert!(poll_once(&mut request).is_pending());
    while harness.handled().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(request);
    harness.0.gate.notify_one();
    inbox.finish().await;
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test]
async fn a_failure_after_a_success_of_the_same_job_is_reported() {
    let harness = Harness::default();
    let (receiver, _) = harness.receiver();
    for kind in ["avatar_video.success", "avatar_video.fail", "avatar_video_gif.fail"] {
        let signed = Signer::new("s").unwrap().deliver(Generation::Signature, body(kind, "v1"));
        assert_eq!(status(&receiver, signed).await, 200);
    }
    let told = harness.0.contradictions.lock().unwrap().clone();
    assert_eq!(told, [None, Some(Outcome::Succeeded), None]);
}

/// An inbox that fails, or never answers.
struct Broken {
    hangs: bool,
}

impl Inbox for Broken {
    fn insert(&self, _: Event) -> BoxFuture<'_, Result<Inserted, BoxError>> {
        match self.hangs {
            true => Box::pin(std::future::pending()),
            false => Box::pin(async { Err("the disk is full".into()) }),
        }
    }

    fn keys<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<KnownKey>, BoxError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

#[tokio::test(start_paused = true)]
async fn an_inbox_that_cannot_write_answers_503() {
    for hangs in [false, true] {
        let receiver = Receiver::new(verifier(), Broken { hangs });
        let response = receiver.receive(delivery("v1")).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &HeaderValue::from_static("30"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_receiver_refuses_before_it_reads_the_body() {
    let receiver = Receiver::new(verifier(), Broken { hangs: true });
    let mut waiting: Vec<_> =
        (0..CAPACITY).map(|number| Box::pin(receiver.receive(delivery(&number.to_string())))).collect();
    for request in &mut waiting {
        assert!(poll_once(request).is_pending());
    }
    let unread = Request::from_parts(delivery("more").into_parts().0, StalledBody);
    let response = receiver.clone().call(unread).await.unwrap();
    assert_eq!(response.status().as_u16(), 503);
    drop(waiting);
    assert_eq!(receiver.0.permits.available_permits(), CAPACITY);
}

/// A body that never arrives.
struct StalledBody;

impl Body for StalledBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_given_up_and_a_large_one_is_refused() {
    let (receiver, _) = Harness::default().receiver();
    let began = Instant::now();
    let stalled = Request::from_parts(delivery("v1").into_parts().0, StalledBody);
    let response = receiver.clone().call(stalled).await.unwrap();
    assert_eq!((response.status().as_u16(), began.elapsed()), (408, BODY_TIMEOUT));
    let (mut head, _) = delivery("v1").into_parts();
    head.headers.insert("content-length", HeaderValue::from_static("131073"));
    let response = receiver.clone().call(Request::from_parts(head, StalledBody)).await.unwrap();
    assert_eq!((response.status().as_u16(), began.elapsed()), (413, BODY_TIMEOUT));
    assert_eq!(receiver.refused(), 1);
}

#[tokio::test(start_paused = true)]
async fn stalled_bodies_do_not_displace_deliveries() {
    let harness = Harness::default();
    let (receiver, _) = harness.receiver();
    let stalled: Vec<_> = (0..300)
        .map(|_| {
            let request = Request::from_parts(delivery("stalled").into_parts().0, StalledBody);
            tokio::spawn(receiver.clone().call(request))
        })
        .collect();
    tokio::task::yield_now().await;
    for number in 0..10 {
        let request = delivery(&number.to_string()).map(Full::new);
        assert_eq!(receiver.clone().call(request).await.unwrap().status().as_u16(), 200);
    }
    assert_eq!(harness.handled().len(), 10);
    for task in stalled {
        assert_eq!(task.await.unwrap().unwrap().status().as_u16(), 408);
    }
}
