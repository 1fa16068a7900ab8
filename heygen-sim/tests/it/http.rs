//! What HTTP asks of every server: methods, heads and ranges.

use std::time::Duration;

use heygen_sim::Sim;
use reqwest::{Client, Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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

/// Clients poll with up to a minute between two requests, on one connection. The time is that of the runtime.
#[tokio::test(start_paused = true)]
async fn a_connection_stays_open_between_two_polls_but_not_for_ever() {
    let sim = Sim::builder().start().await.unwrap();
    let address = sim.base_url().trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request =
        format!("HEAD /v3/users/me HTTP/1.1\r\nhost: {address}\r\nx-api-key: {}\r\n\r\n", sim.api_key());
    let mut bytes = [0; 4096];
    for pause in [0, 30, 60, 90] {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        connection.write_all(request.as_bytes()).await.unwrap();
        let length = connection.read(&mut bytes).await.unwrap();
        assert!(bytes[..length].starts_with(b"HTTP/1.1 200"), "after {pause} seconds");
    }
    // The head of this request does not end.
    connection.write_all(b"GET /v3/users/me HTTP/1.1\r\n").await.unwrap();
    assert_eq!(connection.read(&mut bytes).await.unwrap(), 0);
}
