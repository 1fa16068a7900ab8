//! Tests of the examples: the gateway of v1 and v2, the event store in SQLite, and the receiver with actix-web.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use actix_web::{App, HttpServer};
use bytes::Bytes;
use heygen_ext::BoxError;
use heygen_ext::webhook::testing::{Generation, Signer, event};
use heygen_ext::webhook::{
    Claim, Claimant, Event, EventKey, EventStore, Receiver, ReceiverBuilder, Verifier,
};
use http::{Method, Request};
use tokio::sync::Semaphore;
use webhook_sqlite::SqliteEventStore;

mod gateway;
#[allow(dead_code, reason = "the tests do not call its `main`")]
#[path = "../legacy_gateway.rs"]
mod legacy_gateway;
#[allow(dead_code, reason = "the tests do not call its `main`")]
#[path = "../webhook_actix.rs"]
mod webhook_actix;
#[allow(dead_code, reason = "the tests do not call its `main`")]
#[path = "../webhook_sqlite.rs"]
mod webhook_sqlite;

const SECRET: &str = "whsec_test";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// An arbitrary start time.
fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + 500_000 * HOUR
}

fn delivery(generation: Generation) -> Request<Bytes> {
    let body = event("avatar_video.success").unwrap();
    Signer::new(SECRET).unwrap().deliver(generation, body)
}

fn key(id: Option<&str>, content: &str) -> EventKey {
    EventKey::new(id.map(str::to_owned), content)
}

async fn open(folder: &tempfile::TempDir) -> SqliteEventStore {
    SqliteEventStore::open(folder.path().join("events.sqlite")).await.unwrap()
}

/// Claims an event for a new claimant.
async fn claim(store: &SqliteEventStore, key: &EventKey, now: SystemTime) -> Claim {
    claim_as(store, key, Claimant::new(), now).await
}

async fn claim_as(store: &SqliteEventStore, key: &EventKey, claimant: Claimant, now: SystemTime) -> Claim {
    store.claim(key, claimant, now).await.unwrap()
}

/// A receiver whose handler counts its calls.
fn counting(handled: &Arc<AtomicUsize>) -> ReceiverBuilder {
    let handled = Arc::clone(handled);
    Receiver::builder(Verifier::new(SECRET).unwrap(), move |_: Event| {
        handled.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, BoxError>(()) }
    })
}

#[test]
fn the_table_is_the_one_in_the_documentation_of_event_store() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../heygen-ext/src/webhook/event_store.rs");
    let text = std::fs::read_to_string(source).unwrap();
    let documented = text.split("/// ```sql\n").nth(1).unwrap().split("/// ```").next().unwrap();
    let documented = documented.replace("/// ", "");
    assert_eq!(webhook_sqlite::SCHEMA.replace("IF NOT EXISTS ", "").trim(), documented.trim());
}

#[tokio::test]
async fn sqlite_recognizes_an_event_by_its_id_or_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let (store, now, claimant) = (open(&folder).await, start(), Claimant::new());
    let first = key(Some("e1"), "a");
    let same = [key(Some("e1"), "a"), key(None, "a"), key(Some("e2"), "a"), key(Some("e1"), "b")];
    assert_eq!(claim_as(&store, &first, claimant, now).await, Claim::New);
    for key in &same {
        assert_eq!(claim(&store, key, now).await, Claim::UnderWay, "{key}");
    }
    store.settle(&first, claimant, true, now).await.unwrap();
    for key in &same {
        assert_eq!(claim(&store, key, now).await, Claim::Handled, "{key}");
    }
    // The id and the content belong to two events, one of which was handled.
    let other = key(None, "c");
    assert_eq!(claim_as(&store, &other, claimant, now).await, Claim::New);
    assert_eq!(claim(&store, &key(Some("e1"), "c"), now).await, Claim::Handled);
    // A failed event is new again, and so is another event without an id.
    store.settle(&other, claimant, false, now).await.unwrap();
    assert_eq!(claim(&store, &other, now).await, Claim::New);
    assert_eq!(claim(&store, &key(None, "d"), now).await, Claim::New);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_grants_one_of_several_concurrent_claims() {
    let folder = tempfile::tempdir().unwrap();
    // Two stores on one file, each with its own connection, as in two processes.
    let both = [Arc::new(open(&folder).await), Arc::new(open(&folder).await)];
    for round in 0..10 {
        let key = key(Some(&format!("e{round}")), &format!("{round}"));
        let tasks = (0..8).map(|number: usize| {
            let (store, key) = (Arc::clone(&both[number % 2]), key.clone());
            tokio::spawn(async move { claim(&store, &key, start()).await })
        });
        let mut claims = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            claims.push(task.await.unwrap());
        }
        assert_eq!(claims.iter().filter(|claim| **claim == Claim::New).count(), 1, "{claims:?}");
        assert!(!claims.contains(&Claim::Handled), "{claims:?}");
    }
}

#[tokio::test]
async fn sqlite_keeps_handled_events_for_48_hours_across_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let (handled, failed) = (key(Some("e1"), "a"), key(Some("e2"), "b"));
    let store = open(&folder).await;
    for (key, is_handled) in [(&handled, true), (&failed, false)] {
        let claimant = Claimant::new();
        assert_eq!(claim_as(&store, key, claimant, start()).await, Claim::New);
        store.settle(key, claimant, is_handled, start()).await.unwrap();
    }
    drop(store);
    let store = open(&folder).await;
    assert_eq!(claim(&store, &handled, start() + 47 * HOUR).await, Claim::Handled);
    assert_eq!(claim(&store, &failed, start() + 47 * HOUR).await, Claim::New);
    assert_eq!(claim(&store, &handled, start() + 49 * HOUR).await, Claim::New);
}

#[tokio::test]
async fn a_claim_that_is_not_renewed_expires_after_ten_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let (store, both, first, second) =
        (open(&folder).await, key(Some("e1"), "a"), Claimant::new(), Claimant::new());
    assert_eq!(claim_as(&store, &both, first, start()).await, Claim::New);
    drop(store);
    let store = open(&folder).await;
    assert_eq!(claim(&store, &both, start() + 9 * MINUTE).await, Claim::UnderWay);
    // The content alone is sufficient.
    assert_eq!(claim_as(&store, &key(None, "a"), second, start() + 10 * MINUTE).await, Claim::New);
    // The first claimant cannot release the claim any more.
    store.settle(&both, first, false, start() + 11 * MINUTE).await.unwrap();
    assert_eq!(claim_as(&store, &both, first, start() + 11 * MINUTE).await, Claim::UnderWay);
    // The second one renews it several times.
    for minutes in [19, 28, 37] {
        assert_eq!(claim_as(&store, &both, second, start() + minutes * MINUTE).await, Claim::New);
        assert_eq!(claim(&store, &both, start() + (minutes + 9) * MINUTE).await, Claim::UnderWay);
    }
    // If the first claimant has handled the event, it stays handled, although the second one has the claim and fails.
    store.settle(&both, first, true, start() + 40 * MINUTE).await.unwrap();
    store.settle(&both, second, false, start() + 41 * MINUTE).await.unwrap();
    assert_eq!(claim_as(&store, &both, second, start() + HOUR).await, Claim::Handled);
    // The same if no claimant has the claim any more.
    let other = key(Some("e2"), "b");
    assert_eq!(claim_as(&store, &other, first, start()).await, Claim::New);
    assert_eq!(claim_as(&store, &other, second, start() + 10 * MINUTE).await, Claim::New);
    store.settle(&other, second, false, start() + 11 * MINUTE).await.unwrap();
    store.settle(&other, first, true, start() + 12 * MINUTE).await.unwrap();
    assert_eq!(claim(&store, &other, start() + 47 * HOUR).await, Claim::Handled);
}

#[tokio::test]
async fn a_repeated_delivery_is_handled_once_across_restarts() {
    let (folder, handled) = (tempfile::tempdir().unwrap(), Arc::new(AtomicUsize::new(0)));
    for _ in 0..2 {
        let receiver = counting(&handled).event_store(open(&folder).await).build();
        for generation in [Generation::HeygenSignature, Generation::Signature, Generation::HeygenSignature] {
            assert_eq!(receiver.receive(delivery(generation)).await.status(), 200);
        }
        receiver.drain().await;
        assert_eq!(handled.load(Ordering::SeqCst), 1);
    }
}

/// Starts the server of the example on a free port, and returns it with its URL.
fn serve(receiver: Receiver) -> (actix_web::dev::Server, String) {
    let routes = webhook_actix::routes(receiver);
    let server = HttpServer::new(move || App::new().configure(routes.clone()))
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
    let address = format!("http://{}/heygen", server.addrs()[0]);
    (server.run(), address)
}

async fn send(mut request: Request<Bytes>, address: &str) -> reqwest::Response {
    *request.uri_mut() = address.parse().unwrap();
    reqwest::Client::new().execute(request.try_into().unwrap()).await.unwrap()
}

#[tokio::test]
async fn actix_passes_signed_deliveries_to_the_handler() {
    let handled = Arc::new(AtomicUsize::new(0));
    let (server, address) = serve(counting(&handled).build());
    let handle = server.handle();
    let server = tokio::spawn(server);
    for generation in [Generation::HeygenSignature, Generation::Signature] {
        assert_eq!(send(delivery(generation), &address).await.status(), 200);
    }
    let mut forged = delivery(Generation::Signature);
    *forged.body_mut() = Bytes::from(event("avatar_video.fail").unwrap());
    let refused = send(forged, &address).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.bytes().await.unwrap(), "");
    let mut probe = Request::new(Bytes::new());
    *probe.method_mut() = Method::OPTIONS;
    let probed = send(probe, &address).await;
    assert_eq!(probed.status(), 204);
    assert_eq!(probed.headers()["allow"], "POST, OPTIONS, GET, HEAD");
    // A body of the maximum size, and one that is too large.
    for (length, status) in [(1 << 20, 401), ((1 << 20) + 1, 413)] {
        let mut long = delivery(Generation::Signature);
        *long.body_mut() = Bytes::from(vec![b'x'; length]);
        assert_eq!(send(long, &address).await.status(), status);
    }
    assert_eq!(handled.load(Ordering::SeqCst), 1);
    handle.stop(true).await;
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_handler_continues_after_the_actix_server_has_stopped() {
    let (handled, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (count, wait) = (Arc::clone(&handled), Arc::clone(&gate));
    let receiver = Receiver::builder(Verifier::new(SECRET).unwrap(), move |_: Event| {
        let (count, wait) = (Arc::clone(&count), Arc::clone(&wait));
        async move {
            drop(wait.acquire().await?);
            count.fetch_add(1, Ordering::SeqCst);
            Ok::<_, BoxError>(())
        }
    });
    let receiver = receiver.response_timeout(Duration::from_millis(1)).build();
    let (server, address) = serve(receiver.clone());
    let handle = server.handle();
    let server = tokio::spawn(server);
    assert_eq!(send(delivery(Generation::Signature), &address).await.status(), 202);
    handle.stop(true).await;
    server.await.unwrap().unwrap();
    assert_eq!((handled.load(Ordering::SeqCst), receiver.under_way()), (0, 1));
    gate.add_permits(1);
    receiver.drain().await;
    assert_eq!(handled.load(Ordering::SeqCst), 1);
}
