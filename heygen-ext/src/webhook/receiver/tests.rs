//! What the service is told, and how often the handler is run.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::sync::Notify;

use super::*;
use crate::BoxError;
use crate::webhook::reading::BODY;
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
struct Desk(Arc<DeskInner>);

#[derive(Default)]
struct DeskInner {
    seen: Mutex<Vec<String>>,
    failures: AtomicUsize,
    panics: AtomicUsize,
    waits: AtomicUsize,
    gate: Notify,
}

impl Desk {
    fn seen(&self) -> Vec<String> {
        self.0.seen.lock().unwrap().clone()
    }
}

fn take(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Handler for Desk {
    fn handle(&self, event: Event) -> BoxFuture<'static, Result<(), BoxError>> {
        let desk = Arc::clone(&self.0);
        Box::pin(async move {
            desk.seen.lock().unwrap().push(event.job_id().unwrap_or_default().to_owned());
            if take(&desk.waits) {
                desk.gate.notified().await;
            }
            assert!(!take(&desk.panics), "as the test says");
            if take(&desk.failures) { Err("as the test says".into()) } else { Ok(()) }
        })
    }
}

async fn status(receiver: &Receiver, request: Request<Bytes>) -> u16 {
    receiver.receive(request).await.status().as_u16()
}

#[tokio::test]
async fn an_event_is_handled_once_however_often_it_comes() {
    let desk = Desk::default();
    let receiver = Receiver::new(verifier(), desk.clone());
    for _ in 0..3 {
        assert_eq!(status(&receiver, delivery("v1")).await, 200);
    }
    assert_eq!(status(&receiver, delivery("v2")).await, 200);
    // The same event in the other form, with an id.
    let body = delivery("v1").into_body();
    let other = Signer::new("s").unwrap().deliver(Generation::HeygenSignature, body);
    assert_eq!(status(&receiver, other).await, 200);
    assert_eq!(desk.seen(), ["v1", "v2"]);
}

#[tokio::test]
async fn whoever_looks_is_answered_and_whoever_forges_is_not_told_why() {
    let desk = Desk::default();
    let receiver = Receiver::new(verifier().max_body(100), desk.clone());
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
    let unconfigured = Receiver::new(Verifier::with_keys(Default::default()), desk.clone());
    assert_eq!(status(&unconfigured, delivery("v1")).await, 503);
    let probe = Request::builder().method("OPTIONS").body(Bytes::new()).unwrap();
    assert_eq!(status(&unconfigured, probe).await, 204);
    assert!(desk.seen().is_empty());
}

#[tokio::test]
async fn what_the_handler_fails_at_comes_again() {
    let desk = Desk::default();
    desk.0.failures.store(2, Ordering::SeqCst);
    desk.0.panics.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), desk.clone());
    for expected in [500, 500, 500, 200, 200] {
        assert_eq!(status(&receiver, delivery("v1")).await, expected);
    }
    assert_eq!(desk.seen(), ["v1"; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_goes_on_after_the_answer() {
    let desk = Desk::default();
    desk.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), desk.clone());
    let began = Instant::now();
    assert_eq!(status(&receiver, delivery("v1")).await, 202);
    assert_eq!((began.elapsed(), receiver.under_way()), (ANSWER, 1));
    // It comes again meanwhile: not now, and not twice.
    assert_eq!(status(&receiver, delivery("v1")).await, 503);
    desk.0.gate.notify_one();
    receiver.drain().await;
    assert_eq!((receiver.under_way(), status(&receiver, delivery("v1")).await), (0, 200));
    assert_eq!(desk.seen(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_the_answer_is_tried_again_here() {
    let desk = Desk::default();
    desk.0.waits.store(1, Ordering::SeqCst);
    desk.0.failures.store(2, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), desk.clone());
    assert_eq!(status(&receiver, delivery("v1")).await, 202);
    desk.0.gate.notify_one();
    receiver.drain().await;
    assert_eq!(desk.seen(), ["v1"; 3]);
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(desk.seen().len(), 3);

    // Three times in vain, and it is new to whoever brings it next.
    desk.0.waits.store(1, Ordering::SeqCst);
    desk.0.failures.store(3, Ordering::SeqCst);
    assert_eq!(status(&receiver, delivery("v2")).await, 202);
    desk.0.gate.notify_one();
    receiver.drain().await;
    assert_eq!(status(&receiver, delivery("v2")).await, 200);
    assert_eq!(desk.seen()[3..], ["v2"; 4]);
}

#[tokio::test]
async fn a_request_that_is_given_up_loses_no_event() {
    let desk = Desk::default();
    desk.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), desk.clone());
    let (own, request) = (receiver.clone(), delivery("v1"));
    let connection = tokio::spawn(async move { own.receive(request).await });
    while desk.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    connection.abort();
    connection.await.unwrap_err();
    desk.0.gate.notify_one();
    receiver.drain().await;
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(desk.seen(), ["v1"]);
}

#[tokio::test]
async fn more_than_it_can_take_is_turned_away_at_once() {
    let desk = Desk::default();
    desk.0.waits.store(2, Ordering::SeqCst);
    let receiver = Receiver::builder(verifier(), desk.clone()).capacity(2).parallel(1).build();
    let first: Vec<_> = ["v1", "v2"]
        .map(|video| {
            let (own, request) = (receiver.clone(), delivery(video));
            tokio::spawn(async move { own.receive(request).await.status().as_u16() })
        })
        .into();
    while receiver.under_way() < 2 || desk.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let answer = receiver.receive(delivery("v3")).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &FULL));
    // One at a time, as was asked for.
    assert_eq!(desk.seen().len(), 1);
    for one in first {
        desk.0.gate.notify_one();
        assert_eq!(one.await.unwrap(), 200);
    }
    assert_eq!(status(&receiver, delivery("v3")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn as_a_service_it_reads_no_more_than_it_takes_and_no_longer() {
    use futures_util::stream;
    use tower_service::Service;
    let desk = Desk::default();
    let mut receiver = Receiver::new(verifier().max_body(1000), desk.clone());
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
    assert_eq!((began.elapsed(), receiver.under_way()), (BODY, 0));
    assert_eq!(desk.seen(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_stalls_keeps_nobody_out_and_memory_has_an_end() {
    use futures_util::{StreamExt, stream};
    use tower_service::Service;
    let desk = Desk::default();
    let receiver = Receiver::builder(verifier().max_body(1000), desk.clone()).capacity(2).build();
    let stalls = |bytes: usize| {
        let chunk = http_body::Frame::data(Bytes::from(vec![b' '; bytes]));
        let body = stream::iter([Ok::<_, std::io::Error>(chunk)]).chain(stream::pending());
        let body = http_body_util::StreamBody::new(body.boxed());
        let request = Request::post("/").header("signature", "0".repeat(64)).body(body).unwrap();
        tokio::spawn(receiver.clone().call(request))
    };
    // Each has sent a signature and a byte; they hold no place.
    let few: Vec<_> = (0..500).map(|_| stalls(1)).collect();
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(receiver.under_way(), 0);
    let good = delivery("v1").map(http_body_util::Full::new);
    assert_eq!(receiver.clone().call(good).await.unwrap().status(), 200);
    // What they have sent is kept within bounds: 64 bodies of the greatest length.
    let much: Vec<_> = (0..64).map(|_| stalls(1000)).collect();
    let mut statuses = Vec::new();
    for one in few.into_iter().chain(much) {
        statuses.push(one.await.unwrap().unwrap().status().as_u16());
    }
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(408), count(503)), (500 + 63, 1));
    // All of the room is given back.
    assert_eq!(receiver.room().available_permits(), 64 * 1000);
    let good = delivery("v2").map(http_body_util::Full::new);
    assert_eq!(receiver.clone().call(good).await.unwrap().status(), 200);
    assert_eq!(receiver.room().available_permits(), 64 * 1000);
}

#[tokio::test]
async fn whoever_gives_up_handing_an_event_over_loses_it_not() {
    let desk = Desk::default();
    desk.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), desk.clone());
    let event = || Event::of(delivery("v1").body(), None).unwrap();
    let (own, given) = (receiver.clone(), event());
    let handing = tokio::spawn(async move { own.handle(given).await });
    while desk.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    handing.abort();
    handing.await.unwrap_err();
    desk.0.gate.notify_one();
    while status(&receiver, delivery("v1")).await != 200 {
        tokio::task::yield_now().await;
    }
    assert!(!receiver.handle(event()).await.unwrap());
    assert_eq!(desk.seen(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_takes_its_time_leaves_less_for_the_handler() {
    use futures_util::{StreamExt, stream};
    use tower_service::Service;
    let desk = Desk::default();
    desk.0.waits.store(1, Ordering::SeqCst);
    let mut receiver = Receiver::new(verifier(), desk.clone());
    let late = delivery("v1").map(|body| {
        let body = stream::once(async move {
            tokio::time::sleep(Duration::from_secs(4)).await;
            Ok::<_, std::io::Error>(http_body::Frame::data(body))
        });
        http_body_util::StreamBody::new(body.boxed())
    });
    let began = Instant::now();
    assert_eq!(receiver.call(late).await.unwrap().status(), 202);
    assert_eq!(began.elapsed(), ANSWER);
    desk.0.gate.notify_one();
    receiver.drain().await;
}

#[tokio::test(start_paused = true)]
async fn draining_waits_for_what_was_handed_over_too() {
    let desk = Desk::default();
    desk.0.waits.store(1, Ordering::SeqCst);
    let receiver = Receiver::new(verifier(), desk.clone());
    let (own, event) = (receiver.clone(), Event::of(delivery("v1").body(), None).unwrap());
    let handing = tokio::spawn(async move { own.handle(event).await });
    while desk.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.under_way(), 1);
    let waits = tokio::time::timeout(Duration::from_secs(3600), receiver.drain()).await;
    assert!(waits.is_err() && !handing.is_finished());
    desk.0.gate.notify_one();
    receiver.drain().await;
    assert!(handing.await.unwrap().unwrap());
    assert_eq!(receiver.under_way(), 0);
}
