//! Raw responses, as a transport returns them.

use bytes::Bytes;
use heygen_api::{RawResponse, TransportError};
use http::{HeaderMap, StatusCode};

#[tokio::test]
async fn a_body_is_read_to_its_end_or_to_the_error() {
    let mut whole = RawResponse::new(StatusCode::OK, HeaderMap::new(), "all of it");
    assert_eq!(whole.read().await.0, "all of it");
    assert_eq!(whole.chunk().await.unwrap(), None);

    let broken = || TransportError::no_answer("cable cut");
    let mut cut = RawResponse::cut(StatusCode::OK, HeaderMap::new(), "a part", broken());
    let (body, problem) = cut.read().await;
    assert_eq!((&body[..], problem.unwrap().to_string()), (&b"a part"[..], broken().to_string()));
    assert_eq!(cut.chunk().await.unwrap(), None);

    let chunks = ["one, ", "", "two"].map(|chunk| Ok::<_, std::io::Error>(Bytes::from(chunk)));
    let arriving = http::Response::new(reqwest::Body::wrap_stream(futures_util::stream::iter(chunks)));
    let (body, problem) = RawResponse::from(arriving).read().await;
    assert_eq!(body, "one, two");
    assert!(problem.is_none());
}

#[test]
fn debug_of_a_response_shows_neither_headers_nor_body() {
    let response =
        http::Response::builder().header("x-secret", "marked-secret").body("marked-secret").unwrap();
    assert_eq!(format!("{:?}", RawResponse::from(response)), "RawResponse { status: 200, .. }");
}
