//! A table of hostile requests: the status of each, and bounds of the work and of the memory that it costs.
//!
//! The work is counted in allocations, so that the test does not depend on the speed of the machine. Client and simulator run on
//! one thread, whose allocations are counted. Bodies above 32 KiB are read on other threads; `src/pipeline/hostile_tests.rs` has
//! the bounds for them.

use heygen_sim::{Clock, Sim};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;

use crate::program::Program;

/// Most allocations of a request with this number of bytes, of the client and of the simulator together.
fn most_allocations(bytes: u64) -> u64 {
    500 + bytes
}

/// Most memory that such a request occupies at once, in bytes. An element of a body takes a hundred times its text.
fn most_memory(bytes: u64) -> u64 {
    256 * 1024 + 100 * bytes
}

/// Sends a request, and returns the status of the response, or 0 if the connection was closed without one.
async fn send(address: &str, request: &[u8]) -> u16 {
    let mut connection = TcpStream::connect(address).await.unwrap();
    // The simulator may refuse a request before it has read all of it.
    let _ = connection.write_all(request).await;
    let mut status = [0; 12];
    match connection.read_exact(&mut status).await {
        Ok(_) => String::from_utf8_lossy(&status)[9..].parse().unwrap(),
        Err(_) => 0,
    }
}

/// A body that is refused, as a request to create an agent session.
fn body(key: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v3/video-agents HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A request with these lines in its head.
fn head(target: &str, lines: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\n{lines}\r\n").into_bytes()
}

/// The label, the bytes and the expected status of each request. `file` is the target of a signed link.
fn requests(key: &str, file: &str) -> Vec<(String, Vec<u8>, u16)> {
    let mut requests: Vec<(String, Vec<u8>, u16)> = Vec::new();
    let mut add = |label: &str, request: Vec<u8>, status| requests.push((label.to_owned(), request, status));

    let text = |text: &str| body(key, text.as_bytes());
    let list = |item: &str, count: usize| format!("[{}0]", format!("{item},").repeat(count));
    add("a body of empty arrays", text(&list("[]", 10_000)), 400);
    add("a body of objects", text(&list("{\"a\":0}", 3_000)), 400);
    add("a deep body", text(&"[".repeat(30_000)), 400);
    add(
        "a body of files",
        text(&format!("{{\"prompt\":\"x\",\"files\":{}}}", list("{\"type\":\"url\"}", 2_000))),
        400,
    );
    add("a long unknown member", text(&format!("{{\"prompt\":\"x\",\"{}\":1}}", "n".repeat(30_000))), 400);
    add("a long prompt", text(&format!("{{\"prompt\":\"{}\"}}", "\\u00e9".repeat(5_000))), 200);
    add("a long marker", text(&format!("{{\"prompt\":\"[sim:{}]\"}}", "x".repeat(9_000))), 400);
    add("a number without end", text(&format!("{{\"prompt\":{}}}", "9".repeat(30_000))), 400);
    add("a number out of range", text("{\"prompt\":1e999999}"), 400);
    add("a lone surrogate", text("{\"prompt\":\"\\ud800\"}"), 400);
    add("invalid UTF-8", body(key, b"{\"prompt\":\"\xff\"}"), 400);
    add("a NUL", body(key, b"{\"prompt\":\"\0\"}"), 400);
    add("no JSON", text("NaN"), 400);
    add(
        "a wrong chunk",
        {
            let head = format!("POST /v3/video-agents HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\n");
            format!("{head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
                .into_bytes()
        },
        400,
    );

    let host = "host: localhost\r\n";
    add("two lengths", head("/v3/videos", &format!("{host}content-length: 1\r\ncontent-length: 2\r\n")), 400);
    add("a negative length", head("/v3/videos", &format!("{host}content-length: -1\r\n")), 400);
    add("an unknown transfer coding", head("/v3/videos", &format!("{host}transfer-encoding: gzip\r\n")), 400);
    add("a name with a space", head("/v3/videos", &format!("{host}a b: c\r\n")), 400);
    add("a NUL in a value", head("/v3/videos", &format!("{host}a: \0\r\n")), 400);
    add("many headers", head("/v3/videos", &(host.to_owned() + &"a: b\r\n".repeat(5_000))), 431);
    add("a large header", head("/v3/videos", &format!("{host}a: {}\r\n", "v".repeat(60_000))), 401);
    add("a head above the limit", head("/v3/videos", &format!("{host}a: {}\r\n", "v".repeat(200_000))), 431);
    add("a large key", head("/v3/videos", &format!("{host}x-api-key: {}\r\n", "k".repeat(50_000))), 401);

    add("no host", head("/v3/videos", ""), 400);
    add("two hosts", head("/v3/videos", &format!("{host}{host}")), 400);
    add("a long host", head("/__sim/", &format!("host: {}\r\n", "h.".repeat(20_000))), 403);
    add("a host of another machine", head("/__sim/", "host: 10.0.0.1\r\n"), 403);
    add("a host with an escape", head("/__sim/", "host: local%68ost\r\n"), 200);
    add("a long origin", head("/__sim/", &format!("{host}origin: http://{}\r\n", "o".repeat(50_000))), 403);
    add("a foreign origin", head("/__sim/", &format!("{host}origin: https://evil.example\r\n")), 403);
    add("an origin without scheme", head("/__sim/", &format!("{host}origin: localhost\r\n")), 403);

    let with_key = format!("{host}x-api-key: {key}\r\n");
    add("a long path", head(&format!("/v3/videos/{}", "p".repeat(50_000)), &with_key), 404);
    add("a path of escapes", head(&format!("/v3/videos/{}", "%00".repeat(10_000)), &with_key), 404);
    add("a path of dots", head(&format!("/files/{}etc/passwd", "../".repeat(5_000)), host), 403);
    add("a path of slashes", head(&"/".repeat(50_000), host), 404);
    add("a long query", head(&format!("/v3/videos?title={}", "q".repeat(50_000)), &with_key), 200);
    add("many parameters", head(&format!("/v3/videos?{}", "a=b&".repeat(10_000)), &with_key), 200);
    add("a wrong cursor", head(&format!("/v3/videos?token={}", "t".repeat(50_000)), &with_key), 400);

    let range = |value: &str| head(file, &format!("{host}range: {value}\r\n"));
    add("a range", range("bytes=0-9"), 206);
    add("many ranges", range(&format!("bytes={}0-0", "0-0,".repeat(10_000))), 200);
    add("a range of huge numbers", range(&format!("bytes={0}-{0}", "9".repeat(20_000))), 416);
    add("a range in reverse", range("bytes=9-0"), 200);
    add("a range of spaces", range(&format!("bytes={}", " ".repeat(40_000))), 200);
    add("a range of another unit", range("lines=0-9"), 200);
    add("many tags", head(file, &format!("{host}if-none-match: {}\r\n", "\"t\",".repeat(10_000))), 200);
    add(
        "a wrong date",
        head(file, &format!("{host}if-range: {}\r\nrange: bytes=0-9\r\n", "9".repeat(10_000))),
        200,
    );
    requests
}

#[test]
fn hostile_requests_are_answered_within_bounds_of_work_and_memory() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (program, file) = runtime.block_on(async {
        let program = Program {
            sim: Sim::builder().clock(Clock::manual()).start().await.unwrap(),
            client: reqwest::Client::new(),
        };
        program.video("one").await;
        program.advance(300);
        let link: Value = program.get("/v3/videos").await[0]["video_url"].clone();
        let file = link.as_str().unwrap().strip_prefix(program.sim.base_url()).unwrap().to_owned();
        (program, file)
    });
    let address = program.sim.base_url().trim_start_matches("http://").to_owned();
    let mut wrong = Vec::new();
    for (label, request, expected) in requests(program.sim.api_key(), &file) {
        // What is built at the first use, such as the validator of an operation, is not part of the costs.
        runtime.block_on(send(&address, &request));
        let mut status = 0;
        let measured = allocation_counter::measure(|| status = runtime.block_on(send(&address, &request)));
        let size = request.len() as u64;
        if status != expected
            || measured.count_total > most_allocations(size)
            || measured.bytes_max > most_memory(size)
        {
            let (allocations, bytes) = (measured.count_total, measured.bytes_max);
            wrong.push(format!(
                "{label}: {status} instead of {expected}, {allocations} allocations, {bytes} bytes"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A large body is parsed and checked on a thread of its own, so that other requests do not wait for it.
#[test]
fn a_large_body_does_not_occupy_the_thread_of_the_requests() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sim = runtime.block_on(Sim::builder().clock(Clock::manual()).start()).unwrap();
    let address = sim.base_url().trim_start_matches("http://").to_owned();
    let objects = format!("[{}0]", "{\"a\":0},".repeat(100_000));
    let request = body(sim.api_key(), objects.as_bytes());
    // What is built at the first use, such as the document, is not part of the costs.
    runtime.block_on(send(&address, &request));
    let mut status = 0;
    let measured = allocation_counter::measure(|| status = runtime.block_on(send(&address, &request)));
    // The value has an allocation for each object at least, and they are not on this thread.
    assert_eq!((status, measured.count_total < 5_000), (400, true), "{} allocations", measured.count_total);
}
