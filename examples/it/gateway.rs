//! The gateway under load: many connections, slow and broken clients, large bodies, and an upstream that fails.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use clap::Parser;
use futures_util::future::join_all;
use heygen_ext::migrate::{LegacyService, MigrateOptions, Policy};
use heygen_ext::{CallOptions, HeyGen};
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;
use tower::{Layer, Service};

use crate::legacy_gateway::{Answer, Options, ServerLimits, allow_origin, serve};

const CONNECTIONS: usize = 1_000;

/// One test at a time, because one of them measures the memory of the process.
static ALONE: Mutex<()> = Mutex::const_new(());

type Log = Arc<std::sync::Mutex<Vec<String>>>;

struct Gateway {
    address: String,
    log: Log,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

/// An upstream that answers a video id with the status that the id names, and any other with a video.
async fn upstream() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = |request: Request| async move {
        let id = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        match id.parse::<u16>().ok().and_then(|code| StatusCode::from_u16(code).ok()) {
            Some(status) => {
                let body = r#"{"error":{"code":"some_code","message":"no"}}"#;
                (status, [("retry-after", "7")], body.to_owned())
            }
            None if request.method() == "POST" => {
                // Closing the connection before the end of the body would be a failure of its own.
                let _ = axum::body::to_bytes(request.into_body(), 64 << 20).await;
                let body = r#"{"data":{"asset_id":"a","url":"https://x.example/a","mime_type":"image/png","size_bytes":1}}"#;
                (StatusCode::OK, [("retry-after", "0")], body.to_owned())
            }
            None => {
                let body = format!(r#"{{"data":{{"id":"{id}","status":"completed"}}}}"#);
                (StatusCode::OK, [("retry-after", "0")], body)
            }
        }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await.unwrap() });
    address
}

impl Gateway {
    async fn start<S>(layer: impl FnOnce(LegacyService) -> S) -> Self
    where
        S: Service<http::Request<Incoming>, Response = Answer, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let options = CallOptions::new().max_attempts(1);
        let heygen =
            HeyGen::builder().api_key("unused").base_url(upstream().await).options(options).build().unwrap();
        let service = layer(LegacyService::new(heygen.legacy()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let log = Log::default();
        let lines = Arc::clone(&log);
        let (stop, stopped) = oneshot::channel();
        let write = move |line: String| lines.lock().unwrap().push(line);
        let server = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            serve(listener, service, ServerLimits::default(), write, stopped).await;
        });
        Self { address, log, stop: Some(stop), server }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    /// Sends bytes, and returns the status and the rest of the answer.
    async fn exchange(&self, request: &[u8]) -> (u16, String) {
        let mut connection = self.connect().await;
        connection.write_all(request).await.unwrap();
        read_answer(&mut connection).await
    }

    async fn status_of(&self, id: &str) -> u16 {
        self.exchange(&get(id)).await.0
    }
}

fn get(id: &str) -> Vec<u8> {
    format!(
        "GET /v1/video_status.get?video_id={id} HTTP/1.1\r\nHost: gateway\r\nX-Api-Key: k\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

fn post(path: &str, length: u64, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: gateway\r\nX-Api-Key: k\r\nContent-Type: image/png\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

async fn read_answer(connection: &mut TcpStream) -> (u16, String) {
    let mut answer = Vec::new();
    // A connection may be reset after the answer, if the body was not read to its end.
    let _ = connection.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
    (status, text)
}

/// A picture that is recognized by its beginning.
fn picture(bytes: usize) -> Vec<u8> {
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    picture.resize(bytes, 0);
    picture
}

/// Memory of this process, in bytes.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_are_answered_while_others_are_slow() {
    let _alone = ALONE.lock().await;
    raise_open_files();
    let gateway = Gateway::start(|service| service).await;
    // Half of a head, and half of a body, which never go on.
    let slow = join_all((0..200).map(|number| {
        let gateway = &gateway;
        async move {
            let mut connection = gateway.connect().await;
            let half =
                if number % 2 == 0 { get("v")[..40].to_vec() } else { post("/v1/asset", 1000, b"half") };
            connection.write_all(&half).await.unwrap();
            connection
        }
    }))
    .await;
    let answers = join_all((0..CONNECTIONS).map(|number| {
        let gateway = &gateway;
        async move { gateway.exchange(&get(&format!("video{number}"))).await }
    }))
    .await;
    for (number, (status, text)) in answers.iter().enumerate() {
        assert_eq!(*status, 200, "{text}");
        assert!(text.contains(&format!("\"id\":\"video{number}\"")), "an answer of another request: {text}");
    }
    drop(slow);
    assert_eq!(gateway.status_of("v").await, 200);
    let log = gateway.log.lock().unwrap();
    assert!(
        log.iter().filter(|line| line.starts_with("GET /v1/video_status.get 200 ")).count() > CONNECTIONS
    );
    assert!(log.iter().all(|line| !line.contains("video_id")), "the log has a query");
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_whole_request_is_closed() {
    let _alone = ALONE.lock().await;
    let gateway = Gateway::start(|service| service).await;
    let mut half_head = gateway.connect().await;
    half_head.write_all(&get("v")[..40]).await.unwrap();
    let (status, _) = read_answer(&mut half_head).await;
    assert!(status == 0 || status == 408, "{status}");
    let (status, text) = gateway.exchange(&post("/v1/asset", 1000, b"half")).await;
    assert_eq!(status, 408, "{text}");
    assert_eq!(gateway.status_of("v").await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn huge_and_broken_requests_do_no_harm() {
    let _alone = ALONE.lock().await;
    let gateway = Gateway::start(|service| service.max_file_size(1 << 20)).await;
    assert_eq!(gateway.exchange(&post("/v1/asset", 10 << 30, b"")).await.0, 413);
    let chunked =
        b"POST /v1/asset HTTP/1.1\r\nHost: gateway\r\nX-Api-Key: k\r\nTransfer-Encoding: chunked\r\n\
        Connection: close\r\n\r\n";
    let chunk = [b"10000\r\n".to_vec(), vec![0; 0x10000], b"\r\n".to_vec()].concat();
    let mut connection = gateway.connect().await;
    connection.write_all(chunked).await.unwrap();
    for _ in 0..40 {
        // The gateway stops to read when the limit is reached.
        if connection.write_all(&chunk).await.is_err() {
            break;
        }
    }
    let (status, _) = read_answer(&mut connection).await;
    assert!(status == 413 || status == 0, "{status}");
    for broken in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v2/video/generate HTTP/1.1\r\n: x\r\n\r\n",
    ] {
        let (status, text) = gateway.exchange(broken).await;
        assert!(status == 400 || status == 0, "{status} {text}");
    }
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000));
    let (status, _) = gateway.exchange(long.as_bytes()).await;
    assert!(matches!(status, 0 | 400 | 414 | 431), "{status}");
    // Half of a body, and then the end.
    let mut connection = gateway.connect().await;
    connection.write_all(&post("/v1/asset", 1000, b"half")).await.unwrap();
    drop(connection);
    assert_eq!(gateway.exchange(&post("/v1/asset", 500, &picture(500))).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_of_uploads_is_bounded() {
    let _alone = ALONE.lock().await;
    let gateway = Gateway::start(|service| service.body_memory(8 << 20)).await;
    let before = memory();
    let size = 2 << 20;
    let body = picture(size);
    let answers = join_all((0..60).map(|_| {
        let (gateway, body) = (&gateway, &body);
        async move {
            let mut connection = gateway.connect().await;
            // A refused upload is closed before its end.
            let _ = connection.write_all(&post("/v1/asset", size as u64, body)).await;
            read_answer(&mut connection).await.0
        }
    }))
    .await;
    let accepted = answers.iter().filter(|status| **status == 200).count();
    assert!(accepted > 0, "{answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 200 | 503 | 0)), "{answers:?}");
    let grown = memory().saturating_sub(before);
    assert!(grown < 150 << 20, "{} MiB for 120 MiB of uploads", grown >> 20);
    assert_eq!(gateway.exchange(&post("/v1/asset", size as u64, &body)).await.0, 200, "it goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_of_the_upstream_are_passed_on() {
    let _alone = ALONE.lock().await;
    let gateway = Gateway::start(|service| service).await;
    for status in [400, 401, 402, 404, 409, 429, 500, 502, 503, 504] {
        let (answered, text) = gateway.exchange(&get(&status.to_string())).await;
        assert_eq!(answered, status, "{text}");
        assert!(text.to_lowercase().contains("deprecation: true"), "{text}");
        if status == 429 {
            assert!(text.to_lowercase().contains("retry-after: 7"), "{text}");
        }
    }
    assert_eq!(gateway.status_of("v").await, 200);
}

#[tokio::test]
async fn a_web_page_of_the_allowed_origin_reads_answers_and_no_other() {
    let _alone = ALONE.lock().await;
    let preflight = b"OPTIONS /v1/video_status.get HTTP/1.1\r\nHost: gateway\r\nOrigin: https://app.example\r\n\
        Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-api-key\r\nConnection: close\r\n\r\n";
    let origin = "access-control-allow-origin: https://app.example\r\n";
    let open =
        Gateway::start(|service| allow_origin("https://app.example".parse().unwrap()).layer(service)).await;
    let (status, text) = open.exchange(preflight).await;
    assert!(status == 200 && text.contains(origin), "{text}");
    let headers = text.lines().find(|line| line.starts_with("access-control-allow-headers: ")).unwrap();
    assert!(headers.contains("x-api-key") && headers.contains("content-type"), "{headers}");
    assert!(text.contains("access-control-allow-methods: GET,POST,PATCH,DELETE\r\n"), "{text}");
    // A refusal is readable too.
    for (id, expected) in [("v", 200), ("429", 429)] {
        let (status, text) = open.exchange(&get(id)).await;
        assert!(status == expected && text.contains(origin), "{text}");
        assert!(text.contains("access-control-expose-headers: retry-after,x-request-id\r\n"), "{text}");
    }
    let closed = Gateway::start(|service| service).await;
    for request in [preflight.to_vec(), get("v")] {
        let (_, text) = closed.exchange(&request).await;
        assert!(text.starts_with("HTTP/1.1 ") && !text.contains("access-control"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_finishes_what_is_in_progress() {
    let _alone = ALONE.lock().await;
    let mut gateway = Gateway::start(|service| service).await;
    let mut connection = gateway.connect().await;
    let body = picture(500);
    let request = post("/v1/asset", 500, &body);
    connection.write_all(&request[..request.len() - 100]).await.unwrap();
    // Another answer, so that the gateway has accepted the first connection.
    assert_eq!(gateway.status_of("v").await, 200);
    gateway.stop.take().unwrap().send(()).unwrap();
    connection.write_all(&request[request.len() - 100..]).await.unwrap();
    assert_eq!(read_answer(&mut connection).await.0, 200);
    tokio::time::timeout(Duration::from_secs(30), gateway.server).await.unwrap().unwrap();
    assert!(TcpStream::connect(&gateway.address).await.is_err());
}

/// A thousand connections need more open files than some systems allow at first.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

#[test]
fn what_may_be_lost_and_paid_is_given_by_options() {
    let parse = |options: &[&str]| Options::try_parse_from([&["legacy_gateway"], options].concat()).unwrap();
    let none = MigrateOptions::new();
    assert_eq!(parse(&[]).migrate_options(), none);
    let members = parse(&["--accept-loss", "scale", "--accept-loss", "fps"]).migrate_options();
    assert_eq!(members, none.clone().accept_loss("scale").accept_loss("fps"));
    let paid = parse(&["--accept-engine-change", "--accept-avatar-charges"]).migrate_options();
    assert_eq!(paid, none.clone().accept_engine_change(true).accept_avatar_charges(true));
    let rendered =
        parse(&["--silence-as-audio", "--two-pass", "600", "--default-resolution", "720p"]).migrate_options();
    let two_pass = none.clone().two_pass(Duration::from_secs(600));
    assert_eq!(rendered, two_pass.silence_as_audio(true).default_resolution("720p"));
    assert_eq!(parse(&["--lenient"]).migrate_options(), none.policy(Policy::Lenient));
}

#[test]
fn an_option_that_is_misspelt_or_lacks_its_value_is_refused() {
    let parse = |options: &[&str]| Options::try_parse_from([&["legacy_gateway"], options].concat());
    assert_eq!(parse(&["--lenient", "--repeat-window", "120"]).unwrap().repeat_window, Some(120));
    for (options, named) in [
        (&["--lenint"][..], "--lenint"),
        (&["--repeat-window"], "--repeat-window"),
        (&["--repeat-window", "2m"], "2m"),
        (&["--allow-origin", "a\nb"], "--allow-origin"),
    ] {
        let error = parse(options).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}
