//! The server loop with 300 connections that stall: deliveries pass, the memory is bounded, and the shutdown ends.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use heygen_ext::BoxError;
use heygen_ext::webhook::testing::{Generation, Signer};
use heygen_ext::webhook::{Event, Receiver, SqliteInbox, Verifier, serve};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::SECRET;

/// What a stalled connection has sent: nothing, half of the headers, or a part of the body.
fn beginning(number: usize) -> Vec<u8> {
    let head = format!(
        "POST /heygen HTTP/1.1\r\nhost: x\r\nsignature: {}\r\ncontent-length: 131072\r\n",
        "0".repeat(64)
    );
    match number % 3 {
        0 => Vec::new(),
        1 => head.into_bytes(),
        _ => [head.as_bytes(), b"\r\n", &[b' '; 60_000]].concat(),
    }
}

/// Resident memory of this process, in MiB. `None` on systems other than Linux.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? / 1024)
}

#[tokio::test(flavor = "multi_thread")]
async fn stalled_connections_displace_no_delivery_and_do_not_delay_the_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = SqliteInbox::open(folder.path().join("inbox.sqlite")).await.unwrap();
    let handled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&handled);
    let worker = inbox.worker(move |_: Event| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, BoxError>(()) }
    });
    let receiver = Receiver::new(Verifier::new(SECRET).unwrap(), inbox.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let routes = axum::Router::new().route_service("/heygen", receiver);
    let server = serve(listener, routes).worker(worker).grace(Duration::from_secs(4));
    let serving = tokio::spawn(server.shutdown(async { drop(stopped.await) }).into_future());

    let before = resident_memory();
    let mut stalled = Vec::new();
    for number in 0..300 {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(&beginning(number)).await.unwrap();
        stalled.push(connection);
    }
    let client = reqwest::Client::new();
    for number in 0..20 {
        let body =
            format!(r#"{{"event_type":"avatar_video.success","event_data":{{"video_id":"v{number}"}}}}"#);
        let mut request = Signer::new(SECRET).unwrap().deliver(Generation::Signature, body);
        *request.uri_mut() = format!("http://{address}/heygen").parse().unwrap();
        assert_eq!(client.execute(request.try_into().unwrap()).await.unwrap().status(), 200);
    }
    if let Some((before, after)) = before.zip(resident_memory()) {
        assert!(after < before + 64, "{before} MiB before, {after} MiB with stalled connections");
    }
    while handled.load(Ordering::SeqCst) < 20 {
        tokio::task::yield_now().await;
    }
    // The connections are still open. The server ends nevertheless, and the worker with it.
    stop.send(()).unwrap();
    serving.await.unwrap();
    let counts = inbox.counts().await.unwrap();
    assert_eq!((counts.handled, counts.waiting, counts.running), (20, 0, 0));
    drop(stalled);
}

#[tokio::test]
async fn headers_that_do_not_arrive_close_the_connection() {
    let (listener, receiver) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), axum::Router::new());
    let address = listener.local_addr().unwrap();
    let serving =
        tokio::spawn(serve(listener, receiver).header_timeout(Duration::from_millis(1)).into_future());
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"POST / HTTP/1.1\r\nhost").await.unwrap();
    // The server closes the connection, perhaps after an answer.
    let mut answer = Vec::new();
    drop(tokio::io::AsyncReadExt::read_to_end(&mut connection, &mut answer).await);
    let status = String::from_utf8(answer).unwrap();
    assert!(status.is_empty() || status.starts_with("HTTP/1.1 408"), "{status}");
    serving.abort();
}
