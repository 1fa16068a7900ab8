//! Tests credentials from the environment, and renewals of tokens, against the simulator.

use std::fmt::{self, Write};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use heygen_ext::{Error, ErrorCode, HeyGen, HeyGenBuilder, OAuth};
use heygen_sim::{Clock, Fault, Sim};
use serde_json::{Value, json};
use tempfile::TempDir;
use tracing::field::{Field, Visit};
use tracing::span;

async fn start() -> Sim {
    Sim::builder().clock(Clock::manual()).start().await.unwrap()
}

fn token_url(sim: &Sim) -> String {
    format!("{}/v1/oauth/token", sim.base_url())
}

/// Creates a folder with a credentials file of this content.
fn folder(content: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("credentials"), content).unwrap();
    folder
}

/// Builds a client for an environment whose credentials are in this folder.
fn client(sim: &Sim, folder: &Path) -> Result<HeyGen, Error> {
    let variable = |name: &str| match name {
        "HEYGEN_CONFIG_DIR" => Some(folder.display().to_string()),
        "HEYGEN_API_BASE" => Some(sim.base_url().to_owned()),
        "HEYGEN_OAUTH_TOKEN_URL" => Some(token_url(sim)),
        "HEYGEN_OAUTH_CLIENT_ID" => Some("of the environment".to_owned()),
        _ => None,
    };
    HeyGenBuilder::from_variables(variable, None)?.build()
}

async fn call(heygen: &HeyGen) -> Result<(), Error> {
    Ok(heygen.api().get_current_user().send().await.map(drop)?)
}

/// The operations of all requests, with the status of each answer.
fn requests(sim: &Sim) -> Vec<(String, u16)> {
    let requests = sim.requests().into_iter();
    requests
        .map(|request| (request.operation.unwrap_or_default(), request.status.unwrap_or_default()))
        .collect()
}

fn count(sim: &Sim, operation: &str) -> usize {
    requests(sim).iter().filter(|(name, _)| name == operation).count()
}

/// Tokens that expired in 1970.
fn expired(sim: &Sim) -> OAuth {
    OAuth::new("old", sim.refresh_token())
        .client_id("c")
        .expires_at(SystemTime::UNIX_EPOCH)
        .token_url(token_url(sim))
}

#[tokio::test]
async fn keys_come_from_the_file() {
    let sim = start().await;
    for content in [format!("{}\n", sim.api_key()), json!({"api_key": sim.api_key()}).to_string()] {
        call(&client(&sim, folder(&content).path()).unwrap()).await.unwrap();
    }
    assert!(sim.requests().iter().all(|request| request.headers.contains_key("x-api-key")));
    // Without `HEYGEN_CONFIG_DIR`, the file is in the home directory.
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".heygen")).unwrap();
    fs::write(home.path().join(".heygen/credentials"), sim.api_key()).unwrap();
    let heygen = HeyGenBuilder::from_variables(|_| None, Some(home.path().into())).unwrap();
    call(&heygen.base_url(sim.base_url()).build().unwrap()).await.unwrap();
}

#[tokio::test]
async fn tokens_of_a_file_are_renewed_and_written_back() {
    let sim = start().await;
    let content = json!({"oauth": {"access_token": "old", "refresh_token": sim.refresh_token(),
        "expires_at": "2000-01-01T00:00:00Z", "scope": "openid", "x": {"y": 1}}, "user": {"email": "e"}, "z": [2]});
    let folder = folder(&content.to_string());
    let heygen = client(&sim, folder.path()).unwrap();
    // The new token is valid at the simulator.
    let answer = json!({"access_token": sim.access_token(), "refresh_token": "rotated"}).to_string();
    sim.inject(Fault::answer(200, "application/json", answer).on("oauth")).unwrap();
    call(&heygen).await.unwrap();
    call(&heygen).await.unwrap();
    assert_eq!(count(&sim, "oauth"), 1);
    let stored: Value =
        serde_json::from_slice(&fs::read(folder.path().join("credentials")).unwrap()).unwrap();
    let expected = json!({"oauth": {"access_token": sim.access_token(), "refresh_token": "rotated", "scope": "openid",
        "x": {"y": 1}}, "user": {"email": "e"}, "z": [2]});
    assert_eq!(stored, expected);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn an_unusable_file_is_an_error_before_any_call() {
    let sim = start().await;
    for content in ["", "a\nb", "{", "{}", r#"{"oauth":{}}"#] {
        let folder = folder(content);
        let error = client(&sim, folder.path()).unwrap_err().to_string();
        let path = folder.path().join("credentials").display().to_string();
        assert!(error.contains(&path) && error.contains("log in again"), "{error}");
    }
    let empty = tempfile::tempdir().unwrap();
    let error = client(&sim, empty.path()).unwrap_err().to_string();
    assert!(error.contains("HEYGEN_API_KEY") && error.contains("HEYGEN_ACCESS_TOKEN"), "{error}");
    assert!(error.contains(&empty.path().join("credentials").display().to_string()), "{error}");
    assert!(sim.requests().is_empty());
}

#[tokio::test]
async fn fifty_calls_with_an_expired_token_share_one_renewal() {
    let sim = start().await;
    let heygen = HeyGen::builder().oauth(expired(&sim)).base_url(sim.base_url()).build().unwrap();
    for result in join_all((0..50).map(|_| call(&heygen))).await {
        result.unwrap();
    }
    assert_eq!(count(&sim, "oauth"), 1);
    assert!(requests(&sim).iter().all(|(_, status)| *status == 200));
}

#[tokio::test]
async fn a_token_that_the_service_refuses_is_renewed_once() {
    let sim = start().await;
    let tokens = OAuth::new(sim.access_token(), sim.refresh_token())
        .client_id("c")
        .expires_at(SystemTime::now() + Duration::from_secs(864_000))
        .token_url(token_url(&sim));
    let heygen = HeyGen::builder().oauth(tokens).base_url(sim.base_url()).build().unwrap();
    call(&heygen).await.unwrap();
    sim.clear_requests();
    sim.expire_tokens();
    call(&heygen).await.unwrap();
    let statuses: Vec<u16> = requests(&sim).iter().map(|(_, status)| *status).collect();
    assert_eq!((statuses, count(&sim, "oauth")), (vec![401, 200, 200], 1));
    // If the new token is refused too, the call ends.
    sim.clear_requests();
    let refused = json!({"error": {"code": "unauthorized", "message": "m"}}).to_string();
    sim.inject(Fault::answer(401, "application/json", refused).on("getCurrentUserV3")).unwrap();
    assert_eq!(call(&heygen).await.unwrap_err().code(), Some(ErrorCode::Unauthorized));
    assert_eq!((requests(&sim).len(), count(&sim, "oauth")), (3, 1));
}

#[tokio::test]
async fn a_refused_refresh_token_asks_for_a_login() {
    let sim = start().await;
    let tokens = OAuth::new("old", "unknown")
        .client_id("c")
        .expires_at(SystemTime::UNIX_EPOCH)
        .token_url(token_url(&sim));
    let heygen = HeyGen::builder().oauth(tokens).base_url(sim.base_url()).build().unwrap();
    for _ in 0..2 {
        let error = call(&heygen).await.unwrap_err();
        assert!(
            error.to_string().contains("400 invalid_grant") && error.to_string().contains("log in again")
        );
        assert!(!error.may_have_executed());
    }
    assert_eq!(requests(&sim), [("oauth".to_owned(), 400)]);
}

#[tokio::test]
async fn credentials_of_every_source_are_trimmed_and_what_is_not_a_credential_is_refused() {
    let sim = start().await;
    let padded = |text: &str| format!("\t{text}\r\n");
    for builder in [
        HeyGen::builder().api_key(padded(sim.api_key())),
        HeyGen::builder().access_token(padded(&sim.access_token())),
        HeyGen::builder().oauth(
            OAuth::new(padded("old"), padded(&sim.refresh_token()))
                .client_id("c")
                .expires_at(SystemTime::UNIX_EPOCH)
                .token_url(token_url(&sim)),
        ),
    ] {
        call(&builder.base_url(sim.base_url()).build().unwrap()).await.unwrap();
    }
    for (wrong, problem) in [
        ("", "empty"),
        (" \r\n", "empty"),
        ("\"marked\"", "quotes"),
        ("'marked'", "quotes"),
        ("\u{feff}marked", "invalid API key"),
        ("marked\nmarked", "line break"),
    ] {
        let of_builder = HeyGen::builder().api_key(wrong).build().unwrap_err();
        let variable = |name: &str| (name == "HEYGEN_API_KEY").then(|| wrong.to_owned());
        let of_environment = HeyGenBuilder::from_variables(variable, None).and_then(HeyGenBuilder::build);
        let folder = folder(&json!({"api_key": wrong}).to_string());
        let mut errors = vec![of_builder];
        // Without a variable or a member, the next source is tried; what is missing then is another error.
        if !wrong.trim().is_empty() {
            errors.extend([of_environment.unwrap_err(), client(&sim, folder.path()).unwrap_err()]);
        }
        for error in errors {
            assert!(error.to_string().contains(problem), "{wrong:?}: {error}");
            assert!(!format!("{error} {error:?}").contains("marked"), "{error}");
        }
    }
}

/// Records all traces.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<String>>);

impl Visit for Recorder {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        _ = writeln!(self.0.lock().unwrap(), "{field}={value:?}");
    }
}

impl tracing::Subscriber for Recorder {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut self.clone());
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn no_secret_is_shown() {
    // A single subscriber misses call sites that another thread registered first. A second one prevents that.
    let _second = tracing::Dispatch::new(Recorder::default());
    let recorder = Recorder::default();
    let _recording = tracing::subscriber::set_default(recorder.clone());
    let sim = start().await;
    let oauth = json!({"access_token": "marked-access", "refresh_token": "marked-refresh", "expires_at": 1});
    let folder = folder(&json!({"oauth": oauth}).to_string());
    let heygen = client(&sim, folder.path()).unwrap();
    let mut shown = format!("{heygen:?}");
    let mut record = |text: String| shown.push_str(&text);
    record(format!("{:?}", OAuth::new("marked", "marked").client_id("c").token_url("https://x/?marked")));
    record(format!("{:?}", HeyGen::builder().oauth(OAuth::new("marked", "marked").client_id("c"))));
    // A failure, tokens that cannot be saved, and tokens that are not valid header values.
    let refusal = json!({"error": "marked", "error_description": "marked"}).to_string();
    sim.inject(Fault::answer(503, "application/json", refusal.clone()).on("oauth").times(1)).unwrap();
    let error = call(&heygen).await.unwrap_err();
    record(format!("{error} {error:?}"));
    fs::remove_file(folder.path().join("credentials")).unwrap();
    let renewed = json!({"access_token": "marked\u{1}", "refresh_token": "marked-rotated"}).to_string();
    sim.inject(Fault::answer(200, "application/json", renewed).on("oauth").times(1)).unwrap();
    let error = call(&heygen).await.unwrap_err();
    record(format!("{error} {error:?}"));
    // A refusal.
    sim.clear_faults();
    sim.inject(Fault::answer(400, "application/json", refusal).on("oauth")).unwrap();
    let tokens = expired(&sim).token_url(token_url(&sim) + "?marked");
    let refused = HeyGen::builder().oauth(tokens).base_url(sim.base_url()).build().unwrap();
    let error = call(&refused).await.unwrap_err();
    record(format!("{error} {error:?} {:?}", error.api_error()));
    let traced = recorder.0.lock().unwrap().clone();
    assert!(traced.contains("were not saved") && traced.contains("was not renewed"), "{traced}");
    assert!(!shown.contains("marked"), "{shown}");
    assert!(!traced.contains("marked"), "{traced}");
}
