//! Tests of the examples, of the gateway of v1 and v2, and of the stored inboxes: what needs heavy dependencies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::{App, HttpServer};
use bytes::Bytes;
use heygen_ext::BoxError;
use heygen_ext::webhook::testing::{Generation, Signer, event};
use heygen_ext::webhook::{Event, MemoryInbox, Receiver, Verifier};
use http::{Method, Request};
use tokio::sync::Semaphore;

mod database;
mod gateway;
mod inbox_kill;
#[allow(dead_code, reason = "the tests do not call its `main`")]
#[path = "../legacy_gateway.rs"]
mod legacy_gateway;
mod postgres;
mod stalled_connections;
#[allow(dead_code, reason = "the tests do not call its `main`")]
#[path = "../webhook_actix.rs"]
mod webhook_actix;

const SECRET: &str = "whsec_test";

fn delivery(generation: Generation) -> Request<Bytes> {
    let body = event("avatar_video.success").unwrap();
    Signer::new(SECRET).unwrap().deliver(generation, body)
}

fn receiver(inbox: MemoryInbox) -> Receiver {
    Receiver::new(Verifier::new(SECRET).unwrap(), inbox)
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
    let count = Arc::clone(&handled);
    let (server, address) = serve(receiver(MemoryInbox::new(move |_: Event| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, BoxError>(()) }
    })));
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
    for (length, status) in [(128 << 10, 401), ((128 << 10) + 1, 413)] {
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
    let inbox = MemoryInbox::new(move |_: Event| {
        let (count, wait) = (Arc::clone(&count), Arc::clone(&wait));
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            drop(wait.acquire().await?);
            count.fetch_add(1, Ordering::SeqCst);
            Ok::<_, BoxError>(())
        }
    });
    let (server, address) = serve(receiver(inbox.clone()));
    let handle = server.handle();
    let server = tokio::spawn(server);
    let sending = tokio::spawn(async move { send(delivery(Generation::Signature), &address).await.status() });
    while handled.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    // Without waiting for the request, as if the service had closed the connection.
    handle.stop(false).await;
    server.await.unwrap().unwrap();
    sending.abort();
    gate.add_permits(1);
    inbox.finish().await;
    assert_eq!(handled.load(Ordering::SeqCst), 2);
}
