//! What a program learns when a call fails.

use bytes::Bytes;
use heygen_api::{
    BoxFuture, CallRecord, Client, ErrorCode, ErrorKind, Operation, RawResponse, Transport, TransportError,
};
use heygen_tests::Recorder;

fn client(status: u16, headers: &[(&str, &str)], body: &'static str) -> Client {
    let recorder = Recorder::default();
    let mut answer = http::Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    recorder.answer(answer.body(Bytes::from_static(body.as_bytes())).unwrap());
    Client::new(recorder)
}

#[tokio::test]
async fn a_refusal_keeps_all_that_the_service_said() {
    let client = client(
        402,
        &[("x-request-id", "req_1"), ("retry-after", "7")],
        r#"{"error":{"code":"insufficient_credit","message":"Not enough\ncredit","param":"body.x","doc_url":"https://d"}}"#,
    );
    let error = client.get_video().video_id("v").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(error.status().unwrap(), 402);
    assert_eq!(error.code(), Some(ErrorCode::InsufficientCredit));
    assert_eq!(error.message(), Some("Not enough\ncredit"));
    assert_eq!(error.param(), Some("body.x"));
    assert_eq!(error.said().unwrap().doc_url.as_deref(), Some("https://d"));
    assert_eq!(error.request_id(), Some("req_1"));
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(7)));
    assert_eq!(error.operation().unwrap().id(), "get_video");
    assert!(!error.may_have_executed());
    let line = "get_video: 402 insufficient_credit: Not enough credit [body.x] (request req_1)";
    assert_eq!(error.to_string(), line);
}

#[tokio::test]
async fn a_refusal_that_is_not_json_keeps_status_and_text() {
    let error =
        client(502, &[], "<html>Bad Gateway</html>").get_video().video_id("v").send().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Refused, None));
    assert_eq!(error.body().as_ref(), b"<html>Bad Gateway</html>");
    assert!(error.may_have_executed());
    assert_eq!(error.to_string(), "get_video: 502 unrecognized error body (24 bytes)");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_names_the_place_and_keeps_the_rest() {
    let client = client(200, &[("x-request-id", "req_2")], r#"{"data":{"id":5,"status":"completed"}}"#);
    let error = client.get_video().video_id("v").send().await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Decode, 200));
    assert_eq!(error.request_id(), Some("req_2"));
    assert!(!error.body().is_empty());
    let line = "get_video: 200 unexpected JSON at `data.id`: expected a string (request req_2)";
    assert_eq!(error.to_string(), line);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_not_a_success() {
    let error = client(302, &[("location", "https://elsewhere")], "")
        .get_video()
        .video_id("v")
        .send()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Refused, 302));
}

struct Broken(TransportError);

impl Transport for Broken {
    fn send<'a>(
        &'a self,
        _request: heygen_api::Request,
        _operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        Box::pin(async { Err(self.0.clone()) })
    }
}

#[tokio::test]
async fn a_request_without_an_answer_says_whether_it_may_have_been_executed() {
    for (problem, kind, may_have_executed, line) in [
        (TransportError::not_sent("no route"), ErrorKind::Transport, false, "get_video: not sent: no route"),
        (
            TransportError::no_answer("reset"),
            ErrorKind::Transport,
            true,
            "get_video: the connection was lost: reset",
        ),
        (
            TransportError::no_answer("30 s").timed_out(),
            ErrorKind::Timeout,
            true,
            "get_video: timed out waiting for a response: 30 s",
        ),
    ] {
        let error = Client::new(Broken(problem)).get_video().video_id("v").send().await.unwrap_err();
        assert_eq!((error.kind(), error.is_timeout()), (kind, kind == ErrorKind::Timeout));
        assert_eq!((error.may_have_executed(), error.is_retryable()), (may_have_executed, true));
        assert_eq!(error.to_string(), line);
    }
}

#[tokio::test]
async fn nobody_listening_is_not_sent_and_shows_no_key() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client =
        Client::builder().api_key("sk-marked-secret").base_url(format!("http://{address}")).build().unwrap();
    let error = client.get_video().video_id("v").send().await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Transport, false));
    assert_eq!(error.to_string(), "get_video: cannot connect (connection refused)");
    assert!(
        error.is_connect() && !error.is_timeout() && format!("{error:?}").contains("refused"),
        "{error:?}"
    );
    assert!(!format!("{error:?} {error} {client:?}").contains("marked-secret"));
}

#[tokio::test]
async fn only_what_the_service_surely_did_not_do_is_safe_to_repeat() {
    let body =
        |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#).leak() as &'static str;
    for (status, code, may_have_executed) in [
        (400, "invalid_parameter", false),
        (402, "insufficient_credit", false),
        (408, "timeout", true),
        (409, "conflict", false),
        (409, "request_in_progress", true),
        (429, "rate_limit_exceeded", false),
        (500, "internal_error", true),
        (503, "unavailable", true),
    ] {
        let error = client(status, &[], body(code)).get_video().video_id("v").send().await.unwrap_err();
        assert_eq!(error.may_have_executed(), may_have_executed, "{error}");
    }
}

#[tokio::test]
async fn a_success_that_carries_an_error_is_a_refusal() {
    for body in [
        r#"{"error":{"code":"video_not_found","message":"m"},"data":null}"#,
        r#"{"error":{"code":"video_not_found","message":"m"}}"#,
        r#"{"data":{"id":"v","status":"completed"},"error":{"code":"video_not_found","message":"m"}}"#,
    ] {
        let error = client(200, &[], body).get_video().video_id("v").send().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Refused, Some(ErrorCode::VideoNotFound)),
            "{body}"
        );
        assert_eq!(error.status().unwrap(), 200);
    }
    // A success is not a refusal, and an `error` of the resource is the resource's.
    for body in [
        r#"{"data":{"id":"v","status":"completed"},"error":null}"#,
        r#"{"data":{"id":"v","status":"completed"},"error":{}}"#,
        r#"{"data":{"id":"v","status":"completed","error":{"code":"c","message":"m"}}}"#,
    ] {
        assert!(client(200, &[], body).get_video().video_id("v").send().await.is_ok(), "{body}");
    }
    let error = client(200, &[], r#"{"error":null}"#).get_video().video_id("v").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn an_empty_success_is_one_where_nothing_is_expected() {
    let gone = client(204, &[], "").delete_webhook_endpoint().endpoint_id("e").send().await.unwrap();
    assert_eq!(gone.status().as_u16(), 204);
    // What was deleted has to have its id.
    let error = client(204, &[], "").delete_asset().asset_id("c").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let error = client(200, &[], "").get_video().video_id("v").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.to_string(), "get_video: 200 the response is not JSON (0 bytes)");
}

#[tokio::test]
async fn what_a_transport_tells_of_a_call_is_in_its_errors() {
    let record = CallRecord::new(Some("key".into()), 3);
    let doubtful = TransportError::not_sent("x").with_record(record.clone().after_a_doubtful_try(true));
    let error = Client::new(Broken(doubtful)).get_video().video_id("v").send().await.unwrap_err();
    assert!(error.may_have_executed());
    let error = TransportError::no_answer("reset").with_record(record.clone());
    let error = Client::new(Broken(error)).get_video().video_id("v").send().await.unwrap_err();
    assert_eq!((error.idempotency_key(), error.attempts()), (Some("key"), Some(3)));
    for (status, body) in [(500, ""), (200, "{}")] {
        let answer = http::Response::builder().status(status).body(body).unwrap();
        let answer = RawResponse::from(answer).with_record(record.clone());
        let client = Client::new(Once(std::sync::Mutex::new(Some(answer))));
        let error = client.get_video().video_id("v").send().await.unwrap_err();
        assert_eq!((error.idempotency_key(), error.attempts()), (Some("key"), Some(3)));
    }
}

#[tokio::test]
async fn a_call_can_be_spawned() {
    let client = client(404, &[], r#"{"error":{"code":"video_not_found","message":"m"}}"#);
    let task = tokio::spawn(client.get_video().video_id("v").send());
    assert_eq!(task.await.unwrap().unwrap_err().code(), Some(ErrorCode::VideoNotFound));
}

#[tokio::test]
async fn an_answer_that_breaks_off_keeps_status_id_and_cause() {
    let chunks = [Ok(Bytes::from_static(b"{\"data\":")), Err(std::io::Error::other("cable cut"))];
    let broken = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let answer = http::Response::builder().header("x-request-id", "req_3").body(broken).unwrap();
    let error =
        Client::new(Once(std::sync::Mutex::new(Some(answer.into())))).get_video().video_id("v").send().await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Transport, 200));
    assert_eq!(error.request_id(), Some("req_3"));
    assert!(error.may_have_executed());
    assert_eq!(
        error.to_string(),
        "get_video: 200 the response was cut off: the connection was lost (request req_3)"
    );
    assert!(format!("{error:?}").contains("cable cut"), "{error:?}");
}

/// Answers the first request with this.
struct Once(std::sync::Mutex<Option<RawResponse>>);

impl Transport for Once {
    fn send<'a>(
        &'a self,
        _request: heygen_api::Request,
        _operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        let answer = self.0.lock().unwrap().take();
        Box::pin(async { answer.ok_or_else(|| TransportError::not_sent("asked twice")) })
    }
}

#[test]
fn errors_and_clients_travel_between_threads() {
    fn travels<T: Clone + Send + Sync + 'static>() {}
    travels::<heygen_api::Error>();
    travels::<Client>();
    assert!(size_of::<heygen_api::Error>() <= 2 * size_of::<usize>());
}

#[test]
fn debug_shows_no_secret_and_no_signature() {
    let endpoint: heygen_api::types::WebhookEndpointResponse = serde_json::from_value(serde_json::json!({
        "endpoint_id": "ep_1", "url": "https://example.com/hook?token=marked-secret", "status": "enabled",
        "created_at": "now", "secret": "whsec_marked-secret"}))
    .unwrap();
    let shown = format!("{endpoint:?}");
    assert!(shown.contains("ep_1") && !shown.contains("marked-secret"), "{shown}");
    let builder =
        heygen_api::types::CreateWebhookEndpointRequest::builder().url("https://example.com/?marked-secret");
    assert!(!format!("{builder:?}").contains("marked-secret"));
    let file =
        heygen_api::types::AssetBase64::builder().media_type("a/b").data("marked-secret").build().unwrap();
    assert!(
        !format!("{file:?} {:?}", heygen_api::types::AssetInput::from(file.clone()))
            .contains("marked-secret")
    );
    let union: heygen_api::types::SceneElement =
        serde_json::from_value(serde_json::json!({"type": "new", "key": "marked-secret"})).unwrap();
    assert!(!format!("{union:?}").contains("marked-secret"));
}

#[test]
fn a_timestamp_is_readable_as_a_point_in_time() {
    let video: heygen_api::types::VideoDetail = serde_json::from_value(
        serde_json::json!({"id": "v", "status": "completed", "created_at": 1_711_929_600}),
    )
    .unwrap();
    let since = video.created_at_time().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(since.as_secs(), 1_711_929_600);
    assert_eq!(video.completed_at_time(), None);
}
