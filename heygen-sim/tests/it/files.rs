//! Tests of files at signed links: signatures, expiry, ranges and entity tags.

use std::time::Duration;

use heygen_sim::Sim;
use reqwest::StatusCode;

use crate::program::Program;

async fn link(program: &Program) -> String {
    let video = program.get("/v3/videos").await;
    video[0]["video_url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn ranges_and_entity_tags_are_supported() {
    let program = Program::start().await;
    program.video("one").await;
    program.advance(300);
    let url = link(&program).await;
    let get = |pairs: &[(&'static str, String)]| {
        let mut request = program.client.get(&url);
        for (name, value) in pairs {
            request = request.header(*name, value);
        }
        async move {
            let response = request.send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            (status, headers, response.bytes().await.unwrap())
        }
    };
    let (status, headers, whole) = get(&[]).await;
    let tag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(
        (status, &headers["content-type"], &headers["accept-ranges"]),
        (200, &"video/mp4".parse().unwrap(), &"bytes".parse().unwrap())
    );
    let (status, headers, part) = get(&[("range", "bytes=100-199".into()), ("if-range", tag.clone())]).await;
    assert_eq!((status, part.as_ref()), (206, &whole[100..200]));
    assert_eq!(headers["content-range"], format!("bytes 100-199/{}", whole.len()));
    let (status, _, rest) = get(&[("range", "bytes=100-".into()), ("if-range", "\"other\"".into())]).await;
    assert_eq!((status, rest.len()), (200, whole.len()));
    assert_eq!(get(&[("range", format!("bytes={}-", whole.len()))]).await.0, 416);
    assert_eq!(get(&[("if-none-match", tag)]).await.0, 304);
    assert_eq!(get(&[("if-match", "\"other\"".into())]).await.0, 412);
    let head = program.client.head(&url).send().await.unwrap();
    assert_eq!(
        (head.status(), head.headers()["content-length"].to_str().unwrap()),
        (StatusCode::OK, whole.len().to_string().as_str())
    );
    assert_eq!(program.client.put(&url).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn an_invalid_or_expired_link_is_refused_with_an_xml_error() {
    let program = Program::with(Sim::builder().link_lifetime(Duration::from_secs(60))).await;
    program.video("one").await;
    program.advance(300);
    let url = link(&program).await;
    let with_key = program.client.get(&url).bearer_auth("token").send().await.unwrap();
    assert_eq!(with_key.status(), 400);
    program.advance(61);
    let late = program.client.get(&url).send().await.unwrap();
    assert_eq!(
        (late.status(), late.headers()["content-type"].to_str().unwrap()),
        (StatusCode::FORBIDDEN, "application/xml")
    );
    assert!(late.text().await.unwrap().contains("<Code>AccessDenied</Code>"));
    assert_eq!(program.client.get(link(&program).await).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn each_get_returns_a_new_link() {
    let program = Program::start().await;
    program.video("one").await;
    program.advance(300);
    let (first, second) = (link(&program).await, link(&program).await);
    assert_ne!(first, second);
    for url in [&first, &second] {
        assert_eq!(program.client.get(url).send().await.unwrap().status(), 200);
    }
    // The signature covers the number.
    let number = |url: &str| url.split("Number=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let swapped =
        first.replace(&format!("Number={}&", number(&first)), &format!("Number={}&", number(&second)));
    assert_eq!(program.client.get(swapped).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_link_with_an_unlimited_lifetime_does_not_expire() {
    let program = Program::with(Sim::builder().link_lifetime(Duration::MAX)).await;
    program.video("one").await;
    program.advance(300);
    let url = link(&program).await;
    program.sim.advance(Duration::MAX);
    assert_eq!(program.client.get(&url).send().await.unwrap().status(), 200);
}
