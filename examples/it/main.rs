//! The examples do what they say: a memory of webhooks in SQLite, and a receiver of webhooks behind actix-web.

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
use webhook_sqlite::SeenInSqlite;

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../webhook_actix.rs"]
mod webhook_actix;
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../webhook_sqlite.rs"]
mod webhook_sqlite;

const SECRET: &str = "whsec_test";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Some time, on which nothing depends.
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

async fn open(folder: &tempfile::TempDir) -> SeenInSqlite {
    SeenInSqlite::open(folder.path().join("seen.sqlite")).await.unwrap()
}

/// A claim of whoever comes.
async fn claim(seen: &SeenInSqlite, key: &EventKey, now: SystemTime) -> Claim {
    claim_as(seen, key, Claimant::new(), now).await
}

async fn claim_as(seen: &SeenInSqlite, key: &EventKey, claimant: Claimant, now: SystemTime) -> Claim {
    seen.claim(key, claimant, now).await.unwrap()
}

/// A receiver that counts what it handles.
fn counting(handled: &Arc<AtomicUsize>) -> ReceiverBuilder {
    let handled = Arc::clone(handled);
    Receiver::builder(Verifier::new(SECRET).unwrap(), move |_: Event| {
        handled.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, BoxError>(()) }
    })
}

#[test]
fn the_table_is_that_of_the_documentation() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../heygen-ext/src/webhook/seen.rs");
    let text = std::fs::read_to_string(source).unwrap();
    let documented = text.split("/// ```sql\n").nth(1).unwrap().split("/// ```").next().unwrap();
    let documented = documented.replace("/// ", "");
    assert_eq!(webhook_sqlite::SCHEMA.replace("IF NOT EXISTS ", "").trim(), documented.trim());
}

#[tokio::test]
async fn sqlite_knows_an_event_by_either_part_of_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let (seen, now, own) = (open(&folder).await, start(), Claimant::new());
    let first = key(Some("e1"), "a");
    let same = [key(Some("e1"), "a"), key(None, "a"), key(Some("e2"), "a"), key(Some("e1"), "b")];
    assert_eq!(claim_as(&seen, &first, own, now).await, Claim::New);
    for key in &same {
        assert_eq!(claim(&seen, key, now).await, Claim::UnderWay, "{key}");
    }
    seen.settle(&first, own, true, now).await.unwrap();
    for key in &same {
        assert_eq!(claim(&seen, key, now).await, Claim::Handled, "{key}");
    }
    // Of two events that a key leads to, the one that was handled decides.
    let other = key(None, "c");
    assert_eq!(claim_as(&seen, &other, own, now).await, Claim::New);
    assert_eq!(claim(&seen, &key(Some("e1"), "c"), now).await, Claim::Handled);
    // What failed is new again, and other events without an id are not in its way.
    seen.settle(&other, own, false, now).await.unwrap();
    assert_eq!(claim(&seen, &other, now).await, Claim::New);
    assert_eq!(claim(&seen, &key(None, "d"), now).await, Claim::New);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_claims_at_once_sqlite_grants_one() {
    let folder = tempfile::tempdir().unwrap();
    // As two processes have it: each with a connection of its own.
    let both = [Arc::new(open(&folder).await), Arc::new(open(&folder).await)];
    for round in 0..10 {
        let key = key(Some(&format!("e{round}")), &format!("{round}"));
        let tasks = (0..8).map(|number: usize| {
            let (seen, key) = (Arc::clone(&both[number % 2]), key.clone());
            tokio::spawn(async move { claim(&seen, &key, start()).await })
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
async fn what_sqlite_remembers_outlives_the_program_for_48_hours() {
    let folder = tempfile::tempdir().unwrap();
    let (handled, failed) = (key(Some("e1"), "a"), key(Some("e2"), "b"));
    let seen = open(&folder).await;
    for (key, is_handled) in [(&handled, true), (&failed, false)] {
        let own = Claimant::new();
        assert_eq!(claim_as(&seen, key, own, start()).await, Claim::New);
        seen.settle(key, own, is_handled, start()).await.unwrap();
    }
    drop(seen);
    let seen = open(&folder).await;
    assert_eq!(claim(&seen, &handled, start() + 47 * HOUR).await, Claim::Handled);
    assert_eq!(claim(&seen, &failed, start() + 47 * HOUR).await, Claim::New);
    assert_eq!(claim(&seen, &handled, start() + 49 * HOUR).await, Claim::New);
}

#[tokio::test]
async fn a_claim_that_was_left_behind_is_given_out_again_after_ten_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let (seen, left, first, second) =
        (open(&folder).await, key(Some("e1"), "a"), Claimant::new(), Claimant::new());
    assert_eq!(claim_as(&seen, &left, first, start()).await, Claim::New);
    drop(seen);
    let seen = open(&folder).await;
    assert_eq!(claim(&seen, &left, start() + 9 * MINUTE).await, Claim::UnderWay);
    // The other part of the key will do.
    assert_eq!(claim_as(&seen, &key(None, "a"), second, start() + 10 * MINUTE).await, Claim::New);
    // The first comes back: the claim is not his to end any more.
    seen.settle(&left, first, false, start() + 11 * MINUTE).await.unwrap();
    assert_eq!(claim_as(&seen, &left, first, start() + 11 * MINUTE).await, Claim::UnderWay);
    // Who has it may renew it time and again.
    for minutes in [19, 28, 37] {
        assert_eq!(claim_as(&seen, &left, second, start() + minutes * MINUTE).await, Claim::New);
        assert_eq!(claim(&seen, &left, start() + (minutes + 9) * MINUTE).await, Claim::UnderWay);
    }
    // Handled is handled, however long ago the claim was, and whatever becomes of it where it was claimed.
    seen.settle(&left, first, true, start() + 40 * MINUTE).await.unwrap();
    seen.settle(&left, second, false, start() + 41 * MINUTE).await.unwrap();
    assert_eq!(claim_as(&seen, &left, second, start() + HOUR).await, Claim::Handled);
    // Even if nobody has the claim any more.
    let other = key(Some("e2"), "b");
    assert_eq!(claim_as(&seen, &other, first, start()).await, Claim::New);
    assert_eq!(claim_as(&seen, &other, second, start() + 10 * MINUTE).await, Claim::New);
    seen.settle(&other, second, false, start() + 11 * MINUTE).await.unwrap();
    seen.settle(&other, first, true, start() + 12 * MINUTE).await.unwrap();
    assert_eq!(claim(&seen, &other, start() + 47 * HOUR).await, Claim::Handled);
}

#[tokio::test]
async fn a_delivery_that_comes_again_is_handled_once_across_restarts() {
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

/// The example's server on a port of its own, and its address.
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
async fn actix_hands_over_what_is_signed() {
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
    // Just as long as it may be, and too long.
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
async fn what_actix_has_answered_is_handled_after_the_server_has_ended() {
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
