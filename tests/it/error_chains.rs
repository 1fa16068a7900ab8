//! An error and its causes together state each fact once.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use heygen_api::{Client, ErrorKind, RawResponse, TransportError, http_client, transport_fn};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The messages of an error and its causes on one line, as `{:#}` of anyhow prints them.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Panics if a clause occurs twice in the text. A clause of several words must not occur within another clause either.
fn assert_no_repetition(text: &str) {
    let text = text.to_lowercase();
    let clauses: Vec<&str> = text.split([':', ';', '"']).map(str::trim).filter(|one| one.len() > 3).collect();
    for clause in &clauses {
        let count = match clause.contains(' ') {
            true => text.matches(clause).count(),
            false => clauses.iter().filter(|other| *other == clause).count(),
        };
        assert_eq!(count, 1, "`{clause}` in `{text}`");
    }
}

/// Sends a request to a base URL with an HTTP client, and returns the error.
async fn error_of_sending(base_url: &str, client: reqwest::Client) -> heygen_api::Error {
    let client = Client::builder().api_key("k").base_url(base_url).http_client(client).build().unwrap();
    client.get_video().video_id("v").send().await.unwrap_err()
}

/// Sends a request, which gets this response, and returns the error.
async fn error_of_response(response: fn() -> RawResponse) -> heygen_api::Error {
    let client = Client::new(transport_fn(move |_, _| async move { Ok::<_, TransportError>(response()) }));
    client.get_video().video_id("v").send().await.unwrap_err()
}

fn complete_response(status: u16, body: &'static str) -> RawResponse {
    let response = http::Response::builder().status(status).header("x-request-id", "r7").body(body);
    RawResponse::from(response.unwrap())
}

/// A resolver that finds no host.
struct EmptyResolver;

impl Resolve for EmptyResolver {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(async { Err::<Addrs, _>("the name is not known here".into()) })
    }
}

/// A listener that accepts connections and never responds, and its URL.
fn silent_listener() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn plain_client() -> reqwest::Client {
    http_client(reqwest::Client::builder, true).unwrap()
}

async fn refused_connection() -> heygen_api::Error {
    let (listener, url) = silent_listener();
    drop(listener);
    error_of_sending(&url, plain_client()).await
}

async fn unknown_host() -> heygen_api::Error {
    let options = || reqwest::Client::builder().dns_resolver(Arc::new(EmptyResolver));
    error_of_sending("https://nowhere.example", http_client(options, true).unwrap()).await
}

async fn response_timeout() -> heygen_api::Error {
    let (_listener, url) = silent_listener();
    let options = || reqwest::Client::builder().timeout(Duration::from_millis(1));
    error_of_sending(&url, http_client(options, true).unwrap()).await
}

#[tokio::test]
async fn errors_of_every_kind_state_each_fact_once() {
    let transport = |error: fn() -> TransportError| async move {
        let client = Client::new(transport_fn(move |_, _| async move { Err::<RawResponse, _>(error()) }));
        client.get_video().video_id("v").send().await.unwrap_err()
    };
    let nested = || std::io::Error::other(std::io::Error::other("cable cut"));
    let cut: fn() -> RawResponse = || {
        let chunks = [Ok(Bytes::from_static(b"{\"data\":")), Err(std::io::Error::other("cable cut"))];
        let broken = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        http::Response::builder().status(200).body(broken).unwrap().into()
    };
    let refusal = r#"{"error":{"code":"insufficient_credit","message":"Top up first","param":"body.x"}}"#;
    let refusal: &'static str = refusal;
    let mock =
        Client::new(transport_fn(|_, _| async { Err::<RawResponse, _>(TransportError::not_sent("m")) }));
    let rows = [
        (ErrorKind::Configuration, Client::builder().build().unwrap_err()),
        (ErrorKind::Configuration, Client::builder().api_key("").build().unwrap_err()),
        (ErrorKind::Configuration, Client::builder().api_key("k").base_url(":1").build().unwrap_err()),
        (ErrorKind::InvalidRequest, mock.get_video().video_id("").send().await.unwrap_err()),
        (ErrorKind::Transport, refused_connection().await),
        (ErrorKind::Transport, unknown_host().await),
        (ErrorKind::Transport, transport(|| TransportError::not_sent("offline")).await),
        (ErrorKind::Transport, {
            let client = Client::new(transport_fn(move |_, _| async move {
                Err::<RawResponse, _>(TransportError::no_answer(nested()))
            }));
            client.get_video().video_id("v").send().await.unwrap_err()
        }),
        (ErrorKind::Transport, error_of_response(cut).await),
        (ErrorKind::Timeout, response_timeout().await),
        (ErrorKind::Timeout, transport(|| TransportError::no_answer("after 30 s").timed_out()).await),
        (ErrorKind::Timeout, transport(|| TransportError::no_connection("after 10 s").timed_out()).await),
        (ErrorKind::Refused, {
            let client = Client::new(transport_fn(move |_, _| async move {
                Ok::<_, TransportError>(complete_response(402, refusal))
            }));
            client.get_video().video_id("v").send().await.unwrap_err()
        }),
        (ErrorKind::Refused, error_of_response(|| complete_response(502, "<html>Bad Gateway</html>")).await),
        (ErrorKind::Decode, error_of_response(|| complete_response(200, "<html>")).await),
        (ErrorKind::Decode, error_of_response(|| complete_response(200, r#"{"data":{"id":5}}"#)).await),
    ];
    for (kind, error) in rows {
        assert_eq!(error.kind(), kind, "{error}");
        assert_no_repetition(&chain(&error));
        assert_no_repetition(&format!("{error:?}"));
        // So does the error of heygen-ext that wraps it.
        let error = heygen_ext::Error::from(error);
        assert_no_repetition(&chain(&error));
        assert_no_repetition(&format!("{error:?}"));
    }
}

#[tokio::test]
async fn refused_connection_unknown_host_and_timeout_are_different_errors() {
    let refused = refused_connection().await;
    assert_eq!(refused.to_string(), "get_video: cannot connect (connection refused)");
    assert!(chain(&refused).contains("refused"), "{}", chain(&refused));
    assert!(refused.is_connect() && !refused.is_timeout() && !refused.may_have_executed());

    let unknown = unknown_host().await;
    assert_eq!(unknown.to_string(), "get_video: cannot connect (unknown host name)");
    assert!(chain(&unknown).ends_with("the name is not known here"), "{}", chain(&unknown));
    assert!(unknown.is_connect() && !unknown.is_timeout() && !unknown.may_have_executed());

    let late = response_timeout().await;
    assert_eq!(late.to_string(), "get_video: timed out waiting for a response");
    assert!(!late.is_connect() && late.is_timeout() && late.may_have_executed());

    for error in [refused, unknown, late] {
        let ours = heygen_ext::Error::from(error.clone());
        assert_eq!(
            (ours.is_timeout(), ours.is_connect(), ours.is_retryable(), ours.to_string()),
            (error.is_timeout(), error.is_connect(), true, error.to_string())
        );
        let kind = if error.is_timeout() {
            heygen_ext::ErrorKind::Timeout
        } else {
            heygen_ext::ErrorKind::Transport
        };
        assert_eq!(ours.kind(), kind);
        // The source is the error of the HTTP client itself.
        assert!(error.source().unwrap().is::<reqwest::Error>());
        assert!(ours.source().unwrap().is::<reqwest::Error>());
    }
}

/// Set when this test runs itself rerun, in an environment without certificates.
const WITHOUT_CERTIFICATES: &str = "HEYGEN_TESTS_WITHOUT_CERTIFICATES";

#[tokio::test]
async fn without_certificates_https_fails_with_advice_and_http_works() {
    if std::env::var_os(WITHOUT_CERTIFICATES).is_none() {
        let empty = tempfile::tempdir().unwrap();
        let file = empty.path().join("none.pem");
        std::fs::write(&file, "").unwrap();
        let name = "error_chains::without_certificates_https_fails_with_advice_and_http_works";
        let rerun = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(WITHOUT_CERTIFICATES, "1")
            .env("SSL_CERT_FILE", file)
            .env("SSL_CERT_DIR", empty.path())
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&rerun.stdout);
        assert!(rerun.status.success() && stdout.contains("1 passed"), "{stdout}");
        return;
    }
    // Only on these systems do the variables decide which certificates are used.
    if cfg!(all(unix, not(target_vendor = "apple"))) {
        let raw = Client::builder().api_key("k").build().unwrap_err();
        assert_eq!(raw.kind(), ErrorKind::Configuration);
        let ours = heygen_ext::HeyGen::builder().api_key("k").build().unwrap_err();
        assert_eq!(ours.kind(), heygen_ext::ErrorKind::Configuration);
        for (text, chain) in [(raw.to_string(), chain(&raw)), (ours.to_string(), chain(&ours))] {
            assert!(text.contains("`ca-certificates`") && text.contains("`SSL_CERT_FILE`"), "{text}");
            assert!(chain.contains("No CA certificates were loaded"), "{chain}");
            assert_no_repetition(&chain);
        }
    }
    let (listener, url) = silent_listener();
    drop(listener);
    let raw = Client::builder().api_key("k").base_url(&url).build().unwrap();
    assert!(raw.get_video().video_id("v").send().await.unwrap_err().is_connect());
    let ours = heygen_ext::HeyGen::builder().api_key("k").base_url(&url);
    let ours = ours.options(heygen_ext::CallOptions::new().max_attempts(1)).build().unwrap();
    assert!(ours.api().get_video().video_id("v").send().await.unwrap_err().is_connect());
}
