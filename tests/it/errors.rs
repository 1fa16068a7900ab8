//! What an error of a call contains.

use bytes::Bytes;
use heygen_api::{
    BoxFuture, CallRecord, Client, ErrorCode, ErrorKind, Operation, RawResponse, Transport, TransportError,
};
use heygen_tests::Recorder;

fn client(status: u16, headers: &[(&str, &str)], body: &'static str) -> Client {
    let recorder = Recorder::default();
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    recorder.answer(response.body(Bytes::from_static(body.as_bytes())).unwrap());
    Client::new(recorder)
}

#[tokio::test]
async fn an_error_response_is_preserved_in_the_error() {
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
    assert_eq!(error.service_error().unwrap().doc_url.as_deref(), Some("https://d"));
    assert_eq!(error.request_id(), Some("req_1"));
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(7)));
    assert_eq!(error.operation().unwrap().id(), "get_video");
    assert!(!error.may_have_executed());
    let line = "get_video: 402 insufficient_credit: Not enough credit [body.x] (request req_1)";
    assert_eq!(error.to_string(), line);
}

#[tokio::test]
async fn an_error_response_that_is_not_json_keeps_status_and_body() {
    let error =
        client(502, &[], "<html>Bad Gateway</html>").get_video().video_id("v").send().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Refused, None));
    assert_eq!(error.body().as_ref(), b"<html>Bad Gateway</html>");
    assert!(error.may_have_executed());
    assert_eq!(error.to_string(), "get_video: 502 unrecognized error body (24 bytes)");
}

#[tokio::test]
async fn a_decode_error_names_the_place_and_keeps_the_response() {
    let client = client(200, &[("x-request-id", "req_2")], r#"{"data":{"id":5,"status":"completed"}}"#);
    let error = client.get_video().video_id("v").send().await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Decode, 200));
    assert_eq!(error.request_id(), Some("req_2"));
    assert!(!error.body().is_empty());
    let line = "get_video: 200 unexpected JSON at `data.id`: expected a string (request req_2)";
    assert_eq!(error.to_string(), line);
}

#[tokio::test]
async fn a_redirect_shows_neither_the_user_nor_the_query_of_its_location() {
    for (location, shown) in [
        ("https://user:secret@elsewhere/a@b?token=secret#secret", "https://elsewhere/a@b"),
        ("//user:secret@elsewhere", "//elsewhere"),
        ("/path@x?token=secret", "/path@x"),
    ] {
        let error = client(302, &[("location", location)], "").get_video().video_id("v").await.unwrap_err();
        assert!(error.to_string().contains(&format!("redirect to `{shown}`")), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_error() {
    let error = client(302, &[("location", "https://elsewhere")], "")
        .get_video()
        .video_id("v")
        .send()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Refused, 302));
    let line = "get_video: 302 redirect to `https://elsewhere`, which is not followed; \
                if the service has moved, use this as the base URL";
    assert_eq!(error.to_string(), line);
    let secret = client(307, &[("location", "https://elsewhere/v3?token=secret#secret")], "");
    let error = secret.get_video().video_id("v").send().await.unwrap_err().to_string();
    assert!(error.contains("`https://elsewhere/v3`") && !error.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_body_that_is_compressed_anyway_is_an_error_that_names_the_coding() {
    for status in [200, 502] {
        let client = client(status, &[("content-encoding", "gzip")], "\u{1f}not JSON");
        let error = client.get_video().video_id("v").send().await.unwrap_err().to_string();
        assert!(error.contains("compressed with `gzip`") && error.contains("`identity`"), "{error}");
    }
    let plain = client(200, &[("content-encoding", "identity")], "{");
    let error = plain.get_video().video_id("v").send().await.unwrap_err().to_string();
    assert!(!error.contains("compressed"), "{error}");
}

struct Failing(TransportError);

impl Transport for Failing {
    fn send<'a>(
        &'a self,
        _request: heygen_api::Request,
        _operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        Box::pin(async { Err(self.0.clone()) })
    }
}

#[tokio::test]
async fn a_transport_error_states_whether_the_request_may_have_been_executed() {
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
        let error = Client::new(Failing(problem)).get_video().video_id("v").send().await.unwrap_err();
        assert_eq!((error.kind(), error.is_timeout()), (kind, kind == ErrorKind::Timeout));
        assert_eq!((error.may_have_executed(), error.is_retryable()), (may_have_executed, true));
        assert_eq!(error.to_string(), line);
    }
}

#[tokio::test]
async fn a_refused_connection_is_not_executed_and_shows_no_key() {
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
async fn a_request_that_the_server_rejected_unread_was_not_executed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for (cause, may_have_executed) in [
        ("stream error received: refused stream before processing any application logic", false),
        ("connection error received: not a result of an error", false),
        ("stream error received: unspecific protocol error detected", true),
        ("connection error detected: not a result of an error", true),
    ] {
        // The body fails with the error that HTTP/2 would report.
        let body = futures_util::stream::iter([Err::<Vec<u8>, _>(std::io::Error::other(cause))]);
        let request = reqwest::Client::new().post(&url).body(reqwest::Body::wrap_stream(body));
        let error = TransportError::from(request.send().await.unwrap_err());
        assert_eq!(error.may_have_executed(), may_have_executed, "{cause}");
        let rejected = error.to_string() == "the server rejected the request unread";
        assert_eq!(rejected, !may_have_executed, "{cause}: {error}");
    }
}

#[tokio::test]
async fn may_have_executed_follows_from_status_and_code() {
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
async fn a_success_status_with_an_error_body_is_an_error() {
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
    // The same in a page, and in a body that is read whole.
    let body = r#"{"data":[],"error":{"code":"video_not_found","message":"m"}}"#;
    let page = client(200, &[], body).list_videos().send().await.unwrap_err();
    let whole = client(200, &[], body).request(http::Method::GET, "/v3/new").send().await.unwrap_err();
    assert_eq!((page.code(), whole.code()), (Some(ErrorCode::VideoNotFound), Some(ErrorCode::VideoNotFound)));
    // An empty `error` is not an error. An `error` inside `data` belongs to the resource.
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
async fn an_empty_body_is_a_success_only_where_no_data_is_expected() {
    let gone = client(204, &[], "").delete_webhook_endpoint().endpoint_id("e").send().await.unwrap();
    assert_eq!(gone.status().as_u16(), 204);
    // The reply to a delete must have the id.
    let error = client(204, &[], "").delete_asset().asset_id("c").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let error = client(200, &[], "").get_video().video_id("v").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.to_string(), "get_video: 200 the response is not JSON (0 bytes)");
}

#[tokio::test]
async fn errors_contain_the_call_record_of_the_transport() {
    let record = CallRecord::new(Some("key".into()), 3);
    let maybe_executed =
        TransportError::not_sent("x").with_record(record.clone().earlier_may_have_executed(true));
    let error = Client::new(Failing(maybe_executed)).get_video().video_id("v").send().await.unwrap_err();
    assert!(error.may_have_executed());
    let error = TransportError::no_answer("reset").with_record(record.clone());
    let error = Client::new(Failing(error)).get_video().video_id("v").send().await.unwrap_err();
    assert_eq!((error.idempotency_key(), error.attempts()), (Some("key"), Some(3)));
    for (status, body) in [(500, ""), (200, "{}")] {
        let response = http::Response::builder().status(status).body(body).unwrap();
        let response = RawResponse::from(response).with_record(record.clone());
        let client = Client::new(Once(std::sync::Mutex::new(Some(response))));
        let error = client.get_video().video_id("v").send().await.unwrap_err();
        assert_eq!((error.idempotency_key(), error.attempts()), (Some("key"), Some(3)));
    }
}

#[tokio::test]
async fn a_call_can_run_in_a_spawned_task() {
    let client = client(404, &[], r#"{"error":{"code":"video_not_found","message":"m"}}"#);
    let task = tokio::spawn(client.get_video().video_id("v").send());
    assert_eq!(task.await.unwrap().unwrap_err().code(), Some(ErrorCode::VideoNotFound));
}

#[tokio::test]
async fn an_incomplete_response_keeps_status_request_id_and_cause() {
    let chunks = [Ok(Bytes::from_static(b"{\"data\":")), Err(std::io::Error::other("cable cut"))];
    let broken = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let response = http::Response::builder().header("x-request-id", "req_3").body(broken).unwrap();
    let error = Client::new(Once(std::sync::Mutex::new(Some(response.into()))))
        .get_video()
        .video_id("v")
        .send()
        .await;
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

/// A transport that responds to the first request only.
struct Once(std::sync::Mutex<Option<RawResponse>>);

impl Transport for Once {
    fn send<'a>(
        &'a self,
        _request: heygen_api::Request,
        _operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        let response = self.0.lock().unwrap().take();
        Box::pin(async { response.ok_or_else(|| TransportError::not_sent("asked twice")) })
    }
}

#[test]
fn errors_and_clients_are_send_and_sync() {
    fn assert_send_sync<T: Clone + Send + Sync + 'static>() {}
    assert_send_sync::<heygen_api::Error>();
    assert_send_sync::<Client>();
    assert!(size_of::<heygen_api::Error>() <= 2 * size_of::<usize>());
}

#[test]
fn debug_shows_no_secrets_and_no_signatures() {
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
fn a_timestamp_can_be_read_as_system_time() {
    let video: heygen_api::types::VideoDetail = serde_json::from_value(
        serde_json::json!({"id": "v", "status": "completed", "created_at": 1_711_929_600}),
    )
    .unwrap();
    let since = video.created_at_time().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(since.as_secs(), 1_711_929_600);
    assert_eq!(video.completed_at_time(), None);
}
