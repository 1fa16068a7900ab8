//! Use of what is newer than the document: operations, and members of bodies and replies.

use heygen_api::http::Method;
use heygen_api::operations::GET_VIDEO;
use heygen_api::types::{AssetInput, CreateVideoBody, CreateVideoFromImage, TemplateVariable};
use heygen_api::{Client, ErrorKind, IdempotencyKey};
use heygen_tests::Recorder;
use serde_json::{Value, json};

fn client(body: Value) -> (Client, Recorder) {
    let recorder = Recorder::default();
    recorder.answer(http::Response::new(body.to_string().into()));
    (Client::new(recorder.clone()), recorder)
}

#[tokio::test]
async fn a_request_to_any_path_uses_the_transport() {
    let (client, recorder) = client(json!({"data": {"poster_id": "p"}, "warning": "w"}));
    let reply = client
        .request(Method::POST, "/v3/posters/{poster_id}/copies")
        .path("poster_id", "a/b")
        .query("size", 7)
        .json(&json!({"title": "Launch"}))
        .idempotency_key("once")
        .await
        .unwrap();
    assert_eq!(format!("{reply:?}").matches("\"p\"").count(), 0, "{reply:?}");
    assert_eq!((&reply["data"]["poster_id"], &reply["warning"]), (&json!("p"), &json!("w")));
    let request = recorder.take().pop().unwrap();
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/v3/posters/a%2Fb/copies?size=7")
    );
    assert_eq!(request.body.as_deref(), Some(&br#"{"title":"Launch"}"#[..]));
    let header =
        |name: &str| request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value);
    assert_eq!(header("idempotency-key"), Some("once"));
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(request.operation.id(), "POST /v3/posters/{poster_id}/copies");
    assert_eq!(request.operation.idempotency_key(), IdempotencyKey::Optional);
}

#[tokio::test]
async fn a_request_to_a_known_path_has_the_facts_of_its_operation() {
    let (client, recorder) = client(json!({"data": {"id": "v", "status": "completed"}}));
    let request = client.request(Method::GET, GET_VIDEO.path()).path("video_id", "v");
    let video = request.send_for::<heygen_api::types::VideoDetail>().await.unwrap();
    assert_eq!(video.id, "v");
    assert_eq!(recorder.take().pop().unwrap().operation, GET_VIDEO);
}

#[tokio::test]
async fn an_incomplete_request_is_an_error_and_is_not_sent() {
    let (client, recorder) = client(json!({}));
    for (request, problem) in [
        (
            client.request(Method::GET, "/v3/a").path("id", "x"),
            "GET /v3/a: `path`: the path has no parameter `{id}`; add it to the path, or remove the value",
        ),
        (
            client.request(Method::GET, "v3/a"),
            "GET v3/a: invalid path `v3/a`: must begin with exactly one `/`",
        ),
        (client.request(Method::GET, "/v3/a/{id}"), "GET /v3/a/{id}: `id` is required; set it"),
        (
            client.request(Method::GET, "/v3/a/{id}").path("id", ""),
            "GET /v3/a/{id}: `id` is empty; set a value",
        ),
        (
            client.request(Method::POST, "/v3/a").idempotency_key("a\nb"),
            "POST /v3/a: `idempotency_key`: contains characters that are invalid in a header; remove them",
        ),
    ] {
        let error = request.await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidRequest, problem));
    }
    assert!(recorder.take().is_empty());
}

#[tokio::test]
async fn extra_adds_members_without_a_field_to_the_body() {
    let (client, recorder) = client(json!({"data": {"video_id": "v", "status": "pending"}}));
    let body = CreateVideoFromImage::builder().image(AssetInput::url("https://example.com/face.png"));
    client.create_video().body(body).extra("mood", "calm").extra("layers", json!([1])).await.unwrap();
    let sent: Value = serde_json::from_slice(&recorder.take().pop().unwrap().body.unwrap()).unwrap();
    let image = json!({"type": "url", "url": "https://example.com/face.png"});
    assert_eq!(sent, json!({"type": "image", "image": image, "mood": "calm", "layers": [1]}));
}

#[test]
fn unknown_members_are_an_error_in_requests_and_are_kept_in_types_of_both_directions() {
    let image = json!({"type": "url", "url": "u"});
    let body = json!({"type": "image", "image": image, "mood": "calm"});
    let error = serde_json::from_value::<CreateVideoBody>(body).unwrap_err().to_string();
    assert!(error.starts_with("unknown field `mood`"), "{error}");
    let variable = json!({"type": "text", "content": "Hi", "mood": "calm"});
    let read: TemplateVariable = serde_json::from_value(variable.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), variable);
}
