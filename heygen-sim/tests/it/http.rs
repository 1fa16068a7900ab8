//! What HTTP asks of every server: methods, heads and ranges.

use heygen_sim::Sim;
use reqwest::{Client, Method, StatusCode};

#[tokio::test]
async fn a_wrong_method_names_the_methods_that_are_allowed() {
    let sim = Sim::builder().start().await.unwrap();
    for (path, allowed) in [
        ("/v3/videos", "GET, HEAD, POST"),
        ("/v3/videos/abc", "DELETE, GET, HEAD"),
        ("/v3/voices/speech", "POST"),
    ] {
        let url = format!("{}{path}", sim.base_url());
        let request = Client::new().request(Method::PUT, url).header("x-api-key", sim.api_key());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.headers()["allow"], allowed, "{path}");
    }
}

#[tokio::test]
async fn every_get_has_a_head_with_the_same_length_and_no_body() {
    let sim = Sim::builder().start().await.unwrap();
    let url = format!("{}/v3/users/me", sim.base_url());
    let send = |method| Client::new().request(method, &url).header("x-api-key", sim.api_key()).send();
    let (get, head) = (send(Method::GET).await.unwrap(), send(Method::HEAD).await.unwrap());
    assert_eq!((get.status(), head.status()), (StatusCode::OK, StatusCode::OK));
    let length = get.headers()["content-length"].clone();
    assert_eq!(head.headers()["content-length"], length);
    assert!(head.bytes().await.unwrap().is_empty());
}
