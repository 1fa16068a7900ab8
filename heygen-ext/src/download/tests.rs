//! Tests downloads from a scripted server. Pauses are recorded, and do not wait.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::TryStreamExt;
use heygen_sim::{Clock, Fault, Sim};
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Download;
use crate::client::HeyGen;
use crate::download::Link;
use crate::error::{Error, ErrorKind};
use crate::runtime::{Runtime, tests::ManualRuntime};

/// A server that sends the next answer of a script to each connection, and closes it.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answers: Vec<String>) -> Self {
        Self::start_with(answers, true).await
    }

    /// Starts a server that keeps its connections open if `closes` is `false`.
    async fn start_with(answers: Vec<String>, closes: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/file?Signature=marked", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut open = Vec::new();
            for answer in answers {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(connection.read_u8().await.unwrap());
                }
                seen.lock().unwrap().push(String::from_utf8(request).unwrap().to_lowercase());
                connection.write_all(answer.as_bytes()).await.unwrap();
                if closes {
                    connection.shutdown().await.unwrap();
                } else {
                    open.push(connection);
                }
            }
            std::future::pending::<()>().await;
        });
        Self { url, requests }
    }

    /// The `Range` of each request.
    fn ranges(&self) -> Vec<Option<String>> {
        let requests = self.requests.lock().unwrap();
        let range = |request: &String| {
            let line = request.lines().find_map(|line| line.strip_prefix("range: "));
            assert_eq!(request.contains("if-range: \"t\""), line.is_some(), "{request}");
            line.map(str::to_owned)
        };
        requests.iter().map(range).collect()
    }
}

/// An answer that announces ten bytes, and sends `body`.
fn whole(tag: &str, body: &str) -> String {
    answer("200 OK", &format!("ETag: {tag}\r\nContent-Length: 10\r\n"), body)
}

/// An answer that announces the rest of ten bytes from `from`, and sends `body`.
fn rest(from: usize, body: &str) -> String {
    let headers = format!("Content-Range: bytes {from}-9/10\r\nContent-Length: {}\r\n", 10 - from);
    answer("206 Partial Content", &headers, body)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n{body}")
}

fn download(server: &Server) -> (Download, Arc<ManualRuntime>) {
    let clock = Arc::new(ManualRuntime::new());
    let runtime: Arc<dyn Runtime> = Arc::clone(&clock) as _;
    let heygen = HeyGen::builder().api_key("k").runtime(runtime).build().unwrap();
    (heygen.download(Link::new(&*server.url)), clock)
}

async fn fetch(answers: Vec<String>) -> (Result<String, Error>, Server, Vec<u64>) {
    let server = Server::start(answers).await;
    let (download, clock) = download(&server);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let fetched = download.to_path(&path).await.map(|path| std::fs::read_to_string(path).unwrap());
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, usize::from(fetched.is_ok()), "no file remains after a failure");
    if let Err(error) = &fetched {
        assert!(!format!("{error} {error:?}").contains("marked"), "{error}");
    }
    let pauses = clock.slept.lock().unwrap().iter().map(|pause| pause.as_millis() as u64).collect();
    (fetched, server, pauses)
}

async fn stream(answers: Vec<String>) -> Result<String, Error> {
    let server = Server::start(answers).await;
    let chunks: Vec<_> = download(&server).0.stream().await?.try_collect().await?;
    Ok(String::from_utf8(chunks.concat()).unwrap())
}

fn ranges(froms: &[usize]) -> Vec<Option<String>> {
    froms.iter().map(|from| (*from > 0).then(|| format!("bytes={from}-"))).collect()
}

#[tokio::test]
async fn a_broken_connection_resumes_at_the_last_byte() {
    let (file, server, pauses) = fetch(vec![whole("\"t\"", "0123"), rest(4, "45"), rest(6, "6789")]).await;
    assert_eq!(file.unwrap(), "0123456789");
    assert_eq!(server.ranges(), ranges(&[0, 4, 6]));
    assert_eq!(pauses, [0; 0], "a transfer that makes progress does not wait");
    let streamed = stream(vec![whole("\"t\"", "0123"), rest(4, "456789")]).await;
    assert_eq!(streamed.unwrap(), "0123456789");
}

#[tokio::test]
async fn a_part_that_is_shorter_than_the_rest_is_resumed() {
    let short = answer("206 Partial Content", "Content-Range: bytes 4-5/10\r\nContent-Length: 2\r\n", "45");
    let (file, server, _) = fetch(vec![whole("\"t\"", "0123"), short, rest(6, "6789")]).await;
    assert_eq!(file.unwrap(), "0123456789");
    assert_eq!(server.ranges(), ranges(&[0, 4, 6]));
}

#[tokio::test]
async fn a_download_fails_after_five_resumptions_without_data() {
    let mut answers = vec![whole("\"t\"", "0123")];
    answers.extend((0..5).map(|_| rest(4, "")));
    let (file, server, pauses) = fetch(answers).await;
    let error = file.unwrap_err();
    assert_eq!((error.kind(), server.ranges().len()), (ErrorKind::Download, 6));
    assert!(error.to_string().contains("after 4 of 10 bytes, and 6 attempts in a row"), "{error}");
    assert!(error.is_retryable() && error.may_have_executed());
    assert_eq!(pauses, [1000, 2000, 4000, 8000]);
}

#[tokio::test]
async fn new_data_resets_the_number_of_resumptions() {
    let mut answers = vec![whole("\"t\"", "0123")];
    answers.extend((0..4).map(|_| rest(4, "")));
    answers.push(rest(4, "4"));
    answers.extend((0..4).map(|_| rest(5, "")));
    answers.push(rest(5, "56789"));
    let (file, server, pauses) = fetch(answers).await;
    assert_eq!(file.unwrap(), "0123456789");
    assert_eq!((server.ranges().len(), pauses), (11, [1000, 2000, 4000, 8000].repeat(2)));
}

#[tokio::test]
async fn a_download_of_a_changed_file_restarts() {
    let answers = || vec![whole("\"t\"", "0123"), whole("\"u\"", "abcdefghij")];
    assert_eq!(fetch(answers()).await.0.unwrap(), "abcdefghij");
    let error = stream(answers()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Download);
    assert!(error.to_string().contains("changed"), "{error}");
    let shorter = answer("200 OK", "ETag: \"u\"\r\nContent-Length: 2\r\n", "ab");
    assert_eq!(fetch(vec![whole("\"t\"", "0123"), shorter]).await.0.unwrap(), "ab");
    // Parts of another file are refused.
    for other in [
        answer("206 Partial Content", "Content-Range: bytes 3-9/10\r\nContent-Length: 7\r\n", "defghij"),
        answer("206 Partial Content", "Content-Range: bytes 4-8/9\r\nContent-Length: 5\r\n", "efghi"),
        answer("416 Range Not Satisfiable", "Content-Range: bytes */3\r\nContent-Length: 0\r\n", ""),
    ] {
        let (file, server, _) =
            fetch(vec![whole("\"t\"", "0123"), other.clone(), whole("\"u\"", "abcdefghij")]).await;
        assert_eq!((file.unwrap().as_str(), server.ranges()), ("abcdefghij", ranges(&[0, 4, 0])));
        assert!(stream(vec![whole("\"t\"", "0123"), other]).await.is_err());
    }
}

#[tokio::test]
async fn without_a_strong_tag_a_download_restarts() {
    for tag in ["W/\"t\"", "t"] {
        let (file, server, _) = fetch(vec![whole(tag, "0123"), whole(tag, "0123456789")]).await;
        assert_eq!((file.unwrap().as_str(), server.ranges()), ("0123456789", ranges(&[0, 0])));
        let error = stream(vec![whole(tag, "0123")]).await.unwrap_err();
        assert!(error.to_string().contains("strong tag"), "{error}");
    }
}

#[tokio::test]
async fn restarts_are_limited_too() {
    let (file, server, _) = fetch(vec![whole("W/\"t\"", "0123"); 7]).await;
    assert_eq!((file.unwrap_err().kind(), server.ranges().len()), (ErrorKind::Download, 6));
}

#[tokio::test]
async fn a_file_without_a_length_may_be_complete() {
    let chunked = "Transfer-Encoding: chunked\r\nETag: \"t\"\r\n";
    let broken = answer("200 OK", chunked, "4\r\n0123\r\n");
    let nothing =
        answer("416 Range Not Satisfiable", "Content-Range: bytes */4\r\nContent-Length: 0\r\n", "");
    assert_eq!(fetch(vec![broken, nothing]).await.0.unwrap(), "0123");
    let ended = answer("200 OK", chunked, "4\r\n0123\r\n0\r\n\r\n");
    assert_eq!(fetch(vec![ended]).await.0.unwrap(), "0123");
    let endless = answer("200 OK", "ETag: \"t\"\r\n", "0123");
    assert!(fetch(vec![endless]).await.0.unwrap_err().to_string().contains("how long"));
}

#[tokio::test]
async fn an_empty_file_is_downloaded() {
    let empty = answer("200 OK", "Content-Length: 0\r\n", "");
    assert_eq!(fetch(vec![empty]).await.0.unwrap(), "");
}

#[tokio::test]
async fn retry_after_of_a_file_server_is_kept_up_to_a_limit() {
    let busy = |seconds: u64| {
        answer("503 Service Unavailable", &format!("Retry-After: {seconds}\r\nContent-Length: 0\r\n"), "")
    };
    let (file, _, pauses) = fetch(vec![busy(7), whole("\"t\"", "0123456789")]).await;
    assert_eq!((file.unwrap().as_str(), pauses), ("0123456789", vec![7000]));
    let (file, _, pauses) = fetch(vec![busy(3600)]).await;
    let error = file.unwrap_err();
    assert_eq!((error.status(), pauses), (Some(StatusCode::SERVICE_UNAVAILABLE), vec![]));
    assert!(error.to_string().contains("3600 s") && error.is_retryable(), "{error}");
}

#[tokio::test]
async fn only_a_few_safe_redirects_are_followed() {
    let to = |place: &str| answer("302 Found", &format!("Location: {place}\r\nContent-Length: 0\r\n"), "");
    let (file, server, _) = fetch(vec![to("/other?Signature=marked"), whole("\"t\"", "0123456789")]).await;
    assert_eq!(file.unwrap(), "0123456789");
    let requests = server.requests.lock().unwrap().clone();
    assert!(!requests.iter().any(|request| request.contains("referer")), "{requests:?}");
    for place in ["http://files.heygen.ai/", "ftp://127.0.0.1/"] {
        let (file, server, _) = fetch(vec![to(&format!("{place}?marked"))]).await;
        let error = file.unwrap_err();
        let end = format!(": the link redirects to `{place}`, which is not https");
        assert!(error.to_string().ends_with(&end), "{error}");
        assert!(!format!("{error:?}").contains("marked"), "{error:?}");
        assert!(!error.is_retryable());
        assert_eq!(server.ranges().len(), 1, "it is not repeated");
    }
    let (file, server, _) = fetch(vec![to("/again?marked"); 9]).await;
    let error = file.unwrap_err().to_string();
    assert!(error.contains("five times") && error.ends_with("/again`"), "{error}");
    assert_eq!(server.ranges().len(), 6);
}

#[tokio::test]
async fn a_file_that_is_compressed_anyway_is_not_stored() {
    let coded = answer("200 OK", "Content-Encoding: br\r\nContent-Length: 4\r\n", "0123");
    let (file, server, _) = fetch(vec![coded]).await;
    let error = file.unwrap_err();
    assert!(error.to_string().contains("compressed with `br`"), "{error}");
    assert_eq!(server.ranges().len(), 1, "it is not repeated");
    // The rest of a file, too.
    let part = "Content-Encoding: br\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n";
    let (file, ..) = fetch(vec![whole("\"t\"", "0123"), answer("206 Partial Content", part, "456789")]).await;
    assert!(file.unwrap_err().to_string().contains("compressed with `br`"));
}

#[tokio::test]
async fn memory_is_bounded() {
    let bytes = async |answers, limit| {
        let server = Server::start(answers).await;
        download(&server).0.bytes(limit).await
    };
    assert_eq!(bytes(vec![whole("\"t\"", "0123456789")], 10).await.unwrap(), "0123456789");
    assert_eq!(
        bytes(vec![whole("W/\"t\"", "0123"), whole("W/\"t\"", "0123456789")], 10).await.unwrap(),
        "0123456789"
    );
    let error = bytes(vec![whole("\"t\"", "0123456789")], 9).await.unwrap_err();
    assert!(error.to_string().contains("limit of 9"), "{error}");
    let chunked = answer("200 OK", "Transfer-Encoding: chunked\r\n", "4\r\n0123\r\n0\r\n\r\n");
    assert!(bytes(vec![chunked], 3).await.is_err());
}

#[tokio::test]
async fn an_idle_connection_counts_as_broken() {
    let server = Server::start_with(vec![whole("\"t\"", "0123"), rest(4, "456789")], false).await;
    let (mut download, _) = download(&server);
    let short_timeout = super::http_options::http_options(reqwest::Client::builder())
        .read_timeout(Duration::from_millis(100));
    download.context.files = short_timeout.build().unwrap();
    assert_eq!(download.bytes(10).await.unwrap(), "0123456789");
}

/// A clock whose pauses also advance the clock of the simulator.
struct SimTime(Sim, ManualRuntime);

impl Runtime for SimTime {
    fn now(&self) -> std::time::Instant {
        self.1.now()
    }

    fn system_time(&self) -> std::time::SystemTime {
        self.1.system_time()
    }

    fn sleep(&self, pause: Duration) -> heygen_api::BoxFuture<'static, ()> {
        self.0.advance(pause);
        self.1.sleep(pause)
    }

    fn random(&self) -> f64 {
        0.5
    }
}

/// Creates a finished video whose link does not exist yet.
async fn video_without_link() -> (Arc<SimTime>, HeyGen, heygen_api::types::VideoDetail) {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let time = Arc::new(SimTime(sim, ManualRuntime::new()));
    let heygen = HeyGen::builder()
        .api_key(time.0.api_key())
        .base_url(time.0.base_url())
        .runtime(Arc::clone(&time) as _)
        .build()
        .unwrap();
    let body = heygen_api::types::CreateVideoFromAvatar::builder()
        .avatar_id("Anna_sitting_public")
        .script("Hello [sim:late-link] [sim:takes=10]");
    let id = heygen.api().create_video().body(body).await.unwrap().into_inner().video_id;
    time.0.advance(Duration::from_secs(11));
    let video = heygen.api().get_video().video_id(id).await.unwrap().into_inner();
    assert!(video.video_url.is_none());
    (time, heygen, video)
}

#[tokio::test]
async fn a_missing_link_of_a_finished_video_is_read_again() {
    let (time, heygen, video) = video_without_link().await;
    assert!(!heygen.download(&video).bytes(1 << 20).await.unwrap().is_empty());
    let pauses = time.1.slept.lock().unwrap().clone();
    assert_eq!(pauses, [2, 5, 10, 20].map(Duration::from_secs));
}

#[tokio::test]
async fn a_link_that_never_appears_is_an_error() {
    let (time, heygen, video) = video_without_link().await;
    let body = serde_json::json!({"data": {"id": video.id, "status": "completed", "video_url": null}});
    time.0
        .inject(
            Fault::answer(200, "application/json", body.to_string())
                .on(heygen_api::operations::GET_VIDEO.document_id()),
        )
        .unwrap();
    let error = heygen.download(&video).bytes(1 << 20).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Download);
    assert!(error.to_string().contains("no link after 67 s"), "{error}");
}
