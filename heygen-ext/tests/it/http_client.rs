//! Tests HTTP clients of the program, and options for those of the library.

use std::time::Duration;

use heygen_ext::heygen_api::types::CreateVideoFromAvatar;
use heygen_ext::{ErrorKind, HeyGen, heygen_api};
use heygen_sim::{Clock, Sim};
use http::{HeaderMap, HeaderValue};

fn custom_header() -> HeaderMap {
    HeaderMap::from_iter([(http::HeaderName::from_static("x-custom"), HeaderValue::from_static("1"))])
}

#[tokio::test]
async fn calls_use_the_http_client_of_the_program() {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let client = reqwest::Client::builder().default_headers(custom_header()).build().unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).http_client(client);
    heygen.build().unwrap().api().list_videos().send().await.unwrap();
    let seen = &sim.requests()[0].headers;
    assert!(seen.contains_key("x-custom") && seen["user-agent"].starts_with("heygen-ext/"));
}

#[tokio::test]
async fn options_apply_to_calls_and_downloads() {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url());
    let heygen = heygen.http_options(|options| options.default_headers(custom_header())).build().unwrap();
    let body = CreateVideoFromAvatar::builder().avatar_id("Anna_sitting_public").script("Hello");
    let id = heygen.api().create_video().body(body).await.unwrap().into_inner().video_id;
    sim.advance(Duration::from_secs(600));
    let video = heygen.api().get_video().video_id(id).await.unwrap().into_inner();
    heygen.download(&video).bytes(1 << 24).await.unwrap();
    let requests = sim.requests();
    assert!(requests.iter().any(|request| request.path.starts_with("/files/")));
    for request in requests {
        assert!(request.headers.contains_key("x-custom"), "{}", request.path);
    }
}

#[tokio::test]
async fn requests_to_this_machine_use_no_proxy() {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url());
    // Plain HTTP with a key must not be sent to a proxy.
    let proxy = || reqwest::Proxy::all("http://127.0.0.1:1").unwrap();
    let heygen = heygen.http_options(move |options| options.proxy(proxy())).build().unwrap();
    heygen.api().list_videos().send().await.unwrap();
}

#[test]
fn a_transport_and_a_client_exclude_each_other() {
    struct Nowhere;
    impl heygen_api::Transport for Nowhere {
        fn send<'a>(
            &'a self,
            _: heygen_api::Request,
            _: &'a heygen_api::Operation,
        ) -> heygen_api::BoxFuture<'a, Result<heygen_api::RawResponse, heygen_api::TransportError>> {
            Box::pin(std::future::pending())
        }
    }
    let builder = HeyGen::builder().api_key("k").transport(Nowhere).http_client(reqwest::Client::new());
    assert_eq!(builder.build().unwrap_err().kind(), ErrorKind::Configuration);
}
