//! Custom transports, and which part of the client adds the key to a request.

use std::sync::{Arc, Mutex};

use heygen_api::operations::API_KEY_HEADER;
use heygen_api::{Client, Credentials, HttpTransport, TransportError, transport_fn};
use heygen_ext::HeyGen;
use heygen_sim::{Clock, Sim};
use http::HeaderMap;

const EMPTY_LIST: &str = r#"{"data":[],"has_more":false,"next_token":null}"#;

/// The headers of the requests that a transport received.
type Seen = Arc<Mutex<Vec<HeaderMap>>>;

/// A transport that responds to every request with an empty list.
fn mock() -> (impl heygen_api::Transport, Seen) {
    let seen = Seen::default();
    let keep = Arc::clone(&seen);
    let transport = transport_fn(move |request, operation| {
        assert_eq!(operation.id(), "list_videos");
        keep.lock().unwrap().push(request.headers().clone());
        async { Ok::<_, TransportError>(http::Response::new(EMPTY_LIST)) }
    });
    (transport, seen)
}

#[tokio::test]
async fn a_client_with_a_custom_transport_needs_no_key() {
    let (transport, seen) = mock();
    Client::new(transport).list_videos().send().await.unwrap();
    assert!(!seen.lock().unwrap()[0].contains_key(API_KEY_HEADER));

    let (transport, seen) = mock();
    Client::builder().transport(transport).build().unwrap().list_videos().send().await.unwrap();
    assert!(!seen.lock().unwrap()[0].contains_key(API_KEY_HEADER));

    let (transport, seen) = mock();
    HeyGen::builder().transport(transport).build().unwrap().api().list_videos().send().await.unwrap();
    assert!(!seen.lock().unwrap()[0].contains_key(API_KEY_HEADER));
}

#[tokio::test]
async fn the_key_of_a_client_is_passed_to_its_transport() {
    let (transport, seen) = mock();
    let client = Client::builder().api_key("k1\n").transport(transport).build().unwrap();
    client.list_videos().send().await.unwrap();
    assert_eq!(seen.lock().unwrap()[0][API_KEY_HEADER], "k1");

    let (transport, seen) = mock();
    let heygen = HeyGen::builder().access_token(" t1 ").transport(transport).build().unwrap();
    heygen.api().list_videos().send().await.unwrap();
    assert_eq!(seen.lock().unwrap()[0]["authorization"], "Bearer t1");
}

/// Whether the last request of a simulator had a key, and whether it had a token.
fn credentials(sim: &Sim) -> (bool, bool) {
    let requests = sim.requests();
    let headers = &requests.last().unwrap().headers;
    (headers.contains_key(API_KEY_HEADER), headers.contains_key("authorization"))
}

#[tokio::test]
async fn an_http_transport_uses_its_own_credentials_or_those_of_the_client() {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let key = sim.api_key().to_owned();
    let plain = HttpTransport::without_credentials().unwrap();

    let client = Client::builder().api_key(&key).base_url(sim.base_url()).transport(plain.clone());
    client.build().unwrap().list_videos().send().await.unwrap();
    let heygen = HeyGen::builder().api_key(&key).base_url(sim.base_url()).transport(plain);
    heygen.build().unwrap().api().list_videos().send().await.unwrap();
    assert_eq!(credentials(&sim), (true, false));

    // Its own credentials take precedence, and only one kind is sent.
    let own = HttpTransport::with_client(key.as_str(), reqwest::Client::new()).unwrap();
    let heygen = HeyGen::builder().access_token("other").base_url(sim.base_url()).transport(own);
    heygen.build().unwrap().api().list_videos().send().await.unwrap();
    assert_eq!(credentials(&sim), (true, false));

    let client = Client::builder().credentials(key.clone()).base_url(sim.base_url());
    client.http_client(reqwest::Client::new()).build().unwrap().list_videos().send().await.unwrap();
    assert_eq!(credentials(&sim), (true, false));
}

#[test]
fn builders_and_environment_report_invalid_input_equally() {
    let from_env = |pairs: &[(&str, &str)]| {
        let variable =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        heygen_ext::HeyGenBuilder::from_variables(variable, None).and_then(heygen_ext::HeyGenBuilder::build)
    };
    for (url, problem) in [
        ("https://api.heygen.com/v3", "paths already begin with `/v3`; write `https://api.heygen.com`"),
        ("https://api.heygen.com/v3/", "paths already begin with `/v3`; write `https://api.heygen.com`"),
        ("api.heygen.com", "missing scheme; write `https://api.heygen.com`"),
        ("localhost:80", "missing scheme; write `http://localhost:80`"),
        (":8080", "missing scheme and host; write `http://localhost:8080`"),
        (
            "http://api.heygen.com",
            "plain HTTP exposes the key to the network; write `https://api.heygen.com`",
        ),
    ] {
        let expected = format!("invalid base URL `{url}`: {problem}");
        let raw = Client::builder().api_key("k").base_url(url).build().unwrap_err();
        let ours = HeyGen::builder().api_key("k").base_url(url).build().unwrap_err();
        assert_eq!([raw.to_string(), ours.to_string()], [expected.clone(), expected.clone()]);
        for name in ["HEYGEN_API_BASE", "HEYGEN_API_URL"] {
            let error = from_env(&[("HEYGEN_API_KEY", "k"), (name, url)]).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
    let broken = "marked\nsecret";
    let expected = "invalid API key: contains a line break; copy it again as one line";
    assert_eq!(Client::builder().api_key(broken).build().unwrap_err().to_string(), expected);
    assert_eq!(HttpTransport::new(broken).unwrap_err().to_string(), expected);
    assert_eq!(HeyGen::builder().api_key(broken).build().unwrap_err().to_string(), expected);
    assert_eq!(from_env(&[("HEYGEN_API_KEY", broken)]).unwrap_err().to_string(), expected);
    for blank in ["", " \n"] {
        let expected = "invalid API key: empty; copy it from the HeyGen dashboard";
        assert_eq!(Client::builder().api_key(blank).build().unwrap_err().to_string(), expected);
        assert_eq!(HeyGen::builder().api_key(blank).build().unwrap_err().to_string(), expected);
        // An empty variable counts as not set, but the error states that it is empty.
        let error = from_env(&[("HEYGEN_API_KEY", blank)]).unwrap_err().to_string();
        assert!(
            error.starts_with("no credentials: HEYGEN_API_KEY is empty, HEYGEN_ACCESS_TOKEN is not set"),
            "{error}"
        );
    }
    // White space around a key is ignored.
    assert!(Client::builder().credentials(Credentials::from(" k\r\n")).build().is_ok());
    assert!(HeyGen::builder().api_key(" k\r\n").build().is_ok());
    assert!(from_env(&[("HEYGEN_API_KEY", " k\r\n")]).is_ok());
}
