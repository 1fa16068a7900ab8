//! Tests renewals with a manual clock and the token endpoint of the simulator.

use std::fs;
use std::path::Path;

use futures_util::future::join_all;
use heygen_sim::{Clock, Fault, Sim};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::http_client::HttpClientFactory;
use crate::runtime::tests::ManualRuntime;

struct Harness {
    sim: Sim,
    time: Arc<ManualRuntime>,
    folder: TempDir,
}

impl Harness {
    async fn new() -> Self {
        let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
        Self { sim, time: Arc::new(ManualRuntime::new()), folder: tempfile::tempdir().unwrap() }
    }

    /// Tokens that expire after this number of seconds.
    fn tokens(&self, seconds: u64) -> OAuth {
        OAuth::new("first", self.sim.refresh_token())
            .client_id("c")
            .expires_at(self.time.system_time() + Duration::from_secs(seconds))
            .token_url(self.token_url())
    }

    fn token_url(&self) -> String {
        format!("{}/v1/oauth/token", self.sim.base_url())
    }

    fn provider(&self, tokens: OAuth) -> RenewingProvider {
        tokens.provider(self.time.clone(), &HttpClientFactory::default()).unwrap()
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("credentials")
    }

    /// A provider of tokens from a file with this content.
    fn provider_from_file(&self, oauth: &Value) -> RenewingProvider {
        fs::write(self.path(), json!({"oauth": oauth, "user": {"email": "e"}}).to_string()).unwrap();
        let file = CredentialsFile::at(self.path());
        let Some(Stored::OAuth(tokens)) = file.read().unwrap() else { unreachable!("no tokens") };
        self.provider(OAuth::from_file(tokens, file).token_url(self.token_url()))
    }

    fn renewals(&self) -> usize {
        self.sim.requests().iter().filter(|request| request.operation.as_deref() == Some("oauth")).count()
    }

    /// Sets the answer to the next renewal.
    fn answer(&self, status: u16, body: &Value) {
        let fault = Fault::answer(status, "application/json", body.to_string()).on("oauth").times(1);
        self.sim.inject(fault).unwrap();
    }
}

async fn token(provider: &RenewingProvider) -> Result<String, String> {
    let token = provider.token().await;
    token.map(|token| token.expose_secret().to_owned()).map_err(|problem| problem.to_string())
}

fn stored(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_is_renewed_a_minute_before_it_expires() {
    let harness = Harness::new().await;
    let provider = harness.provider(harness.tokens(100));
    assert_eq!(token(&provider).await.unwrap(), "first");
    harness.time.advance(Duration::from_secs(39));
    assert_eq!(token(&provider).await.unwrap(), "first");
    harness.time.advance(Duration::from_secs(1));
    assert_eq!(token(&provider).await.unwrap(), harness.sim.access_token());
    assert_eq!(harness.renewals(), 1);
    // The new token is valid for ten days, as the service says.
    harness.time.advance(Duration::from_secs(864_000 - 61));
    token(&provider).await.unwrap();
    assert_eq!(harness.renewals(), 1);
    harness.time.advance(Duration::from_secs(1));
    token(&provider).await.unwrap();
    assert_eq!(harness.renewals(), 2);
    let headers = &harness.sim.requests()[0].headers;
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert!(!headers.contains_key("authorization") && !headers.contains_key("x-api-key"));
}

#[tokio::test]
async fn concurrent_callers_share_one_renewal_even_if_it_fails() {
    let harness = Harness::new().await;
    let provider = harness.provider(harness.tokens(0));
    harness.answer(503, &json!({}));
    let results = join_all((0..50).map(|_| token(&provider))).await;
    assert!(results.iter().all(|result| result.as_ref().is_err_and(|problem| problem.contains("503"))));
    assert_eq!(harness.renewals(), 1);
    let results = join_all((0..50).map(|_| token(&provider))).await;
    assert!(results.iter().all(|result| *result == Ok(harness.sim.access_token())), "{results:?}");
    assert_eq!(harness.renewals(), 2);
}

#[tokio::test]
async fn dropping_a_caller_does_not_lose_the_renewal() {
    let harness = Harness::new().await;
    harness.sim.inject(Fault::delay(Duration::from_secs(5)).on("oauth").times(1)).unwrap();
    let provider = Arc::new(harness.provider(harness.tokens(0)));
    let clone = Arc::clone(&provider);
    let caller = tokio::spawn(async move { token(&clone).await });
    while harness.renewals() == 0 {
        tokio::task::yield_now().await;
    }
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    harness.sim.advance(Duration::from_secs(5));
    assert_eq!(token(&provider).await.unwrap(), harness.sim.access_token());
    assert_eq!(harness.renewals(), 1);
}

#[tokio::test]
async fn a_refused_token_is_renewed_unless_it_was_already() {
    let harness = Harness::new().await;
    let provider = harness.provider(harness.tokens(1000));
    let refused = SecretString::from("first");
    let results = join_all((0..9).map(|_| provider.refused(&refused))).await;
    assert!(results.iter().all(|result| matches!(result, Ok(true))));
    assert_eq!(harness.renewals(), 1);
    // A refused token is not used again, although it has not expired.
    let provider = harness.provider(harness.tokens(1000));
    harness.answer(500, &json!({}));
    assert!(provider.refused(&refused).await.unwrap_err().to_string().contains("500"));
    assert_eq!(token(&provider).await.unwrap(), harness.sim.access_token());
    assert_eq!(harness.renewals(), 3);
}

#[tokio::test]
async fn an_early_renewal_may_fail() {
    let harness = Harness::new().await;
    let provider = harness.provider(harness.tokens(30));
    harness.answer(503, &json!({}));
    assert_eq!(token(&provider).await.unwrap(), "first");
    assert_eq!(token(&provider).await.unwrap(), "first");
    assert_eq!(harness.renewals(), 1);
    harness.time.advance(Duration::from_secs(30));
    assert_eq!(token(&provider).await.unwrap(), harness.sim.access_token());
}

#[tokio::test]
async fn a_token_with_a_short_lifetime_is_used_until_it_expires() {
    let harness = Harness::new().await;
    let provider = harness.provider(harness.tokens(0));
    harness.answer(200, &json!({"access_token": "brief", "expires_in": 20}));
    for _ in 0..20 {
        assert_eq!(token(&provider).await.unwrap(), "brief");
        harness.time.advance(Duration::from_secs(1));
    }
    assert_eq!(token(&provider).await.unwrap(), harness.sim.access_token());
    assert_eq!(harness.renewals(), 2);
}

#[tokio::test]
async fn a_refused_refresh_token_asks_for_a_login_and_is_not_sent_again() {
    for (status, code) in [(400, "invalid_grant"), (401, "invalid_token")] {
        let harness = Harness::new().await;
        let provider = harness.provider(harness.tokens(0));
        harness.answer(status, &json!({"error": code}));
        for _ in 0..3 {
            let problem = token(&provider).await.unwrap_err();
            assert!(problem.contains(&status.to_string()) && problem.contains("log in again"), "{problem}");
        }
        assert_eq!(harness.renewals(), 1);
    }
}

#[tokio::test]
async fn invalid_answers_are_reported() {
    let harness = Harness::new().await;
    let provider = harness.provider(harness.tokens(0));
    harness.answer(200, &json!({"error": "marked-secret"}));
    assert!(token(&provider).await.unwrap_err().contains("does not contain a token"));
    let moved = Fault::status(302).header("location", "https://127.0.0.1:1/t?marked-secret");
    harness.sim.inject(moved.on("oauth").times(1)).unwrap();
    let problem = token(&provider).await.unwrap_err();
    assert!(problem.contains("302: redirect to `https://127.0.0.1:1/t`, which is not followed"), "{problem}");
    let coded = Fault::answer(200, "application/json", "\u{1f}").header("content-encoding", "gzip");
    harness.sim.inject(coded.on("oauth").times(1)).unwrap();
    assert!(token(&provider).await.unwrap_err().contains("compressed with `gzip`"));
    harness.sim.inject(Fault::close_before().on("oauth").times(1)).unwrap();
    let before = harness.renewals();
    assert!(token(&provider).await.unwrap_err().contains("try again"));
    assert_eq!(harness.renewals(), before + 1, "a request that may have been executed is not repeated");
    harness.answer(200, &json!({"access_token": "forever"}));
    assert_eq!(token(&provider).await.unwrap(), "forever");
    harness.time.advance(Duration::from_secs(1_000_000));
    assert_eq!(token(&provider).await.unwrap(), "forever");
    let unreachable = harness.provider(harness.tokens(0).token_url("http://127.0.0.1:1/"));
    assert!(token(&unreachable).await.unwrap_err().contains("check the network"));
}

#[tokio::test]
async fn renewed_tokens_are_in_the_file_before_they_are_used() {
    let harness = Harness::new().await;
    let provider = harness
        .provider_from_file(&json!({"access_token": "a", "refresh_token": "r", "client_id": "c",
        "expires_at": "2000-01-01T00:00:00Z", "scope": "s"}));
    harness.answer(200, &json!({"access_token": "a1", "refresh_token": "r1", "expires_in": 3600}));
    assert_eq!(token(&provider).await.unwrap(), "a1");
    assert_eq!(
        stored(&harness.path()),
        json!({"oauth": {"access_token": "a1", "refresh_token": "r1", "client_id": "c",
            "expires_at": "2026-11-18T12:06:40Z", "scope": "s"}, "user": {"email": "e"}})
    );
    // Without a refresh token in the answer, the old one stays valid.
    harness.time.advance(Duration::from_secs(3600));
    harness.answer(200, &json!({"access_token": "a2", "expires_in": 3600}));
    assert_eq!(token(&provider).await.unwrap(), "a2");
    assert_eq!(stored(&harness.path())["oauth"]["refresh_token"], "r1");
}

#[tokio::test]
async fn tokens_that_another_program_renewed_are_used() {
    let harness = Harness::new().await;
    let expired =
        json!({"access_token": "a", "refresh_token": "r", "client_id": "c", "expires_at": 946_684_800});
    let provider = harness.provider_from_file(&expired);
    let renewed =
        json!({"oauth": {"access_token": "b", "refresh_token": "s", "expires_at": "2100-01-01T00:00:00Z"}});
    fs::write(harness.path(), renewed.to_string()).unwrap();
    assert_eq!(token(&provider).await.unwrap(), "b");
    assert_eq!(harness.renewals(), 0);
    // A login of another program ends the rejection.
    let provider = harness.provider_from_file(&expired);
    harness.answer(400, &json!({"error": "invalid_grant"}));
    assert!(token(&provider).await.unwrap_err().contains("log in again"));
    fs::write(harness.path(), renewed.to_string()).unwrap();
    assert_eq!(token(&provider).await.unwrap(), "b");
    assert_eq!(harness.renewals(), 1);
    // During a renewal, another program writes tokens that must be renewed too.
    let provider = Arc::new(harness.provider_from_file(&expired));
    harness.sim.inject(Fault::delay(Duration::from_secs(5)).on("oauth").times(1)).unwrap();
    let clone = Arc::clone(&provider);
    let caller = tokio::spawn(async move { token(&clone).await });
    while harness.renewals() == 1 {
        tokio::task::yield_now().await;
    }
    let brief = json!({"oauth": {"access_token": "b", "refresh_token": harness.sim.refresh_token(), "expires_at": 5}});
    fs::write(harness.path(), brief.to_string()).unwrap();
    harness.sim.advance(Duration::from_secs(5));
    assert_eq!(caller.await.unwrap().unwrap(), harness.sim.access_token());
    assert_eq!(harness.renewals(), 3);
}

#[tokio::test]
async fn tokens_that_cannot_be_saved_are_used() {
    let harness = Harness::new().await;
    let provider = harness.provider_from_file(
        &json!({"access_token": "a", "refresh_token": "r", "client_id": "c", "expires_at": 1}),
    );
    fs::remove_file(harness.path()).unwrap();
    harness.answer(200, &json!({"access_token": "a1", "refresh_token": "r1"}));
    assert_eq!(token(&provider).await.unwrap(), "a1");
    assert_eq!(token(&provider).await.unwrap(), "a1");
    assert!(!harness.path().exists());
    // When the file is back, its tokens are older than those in memory, and it can be written again.
    let old =
        json!({"oauth": {"access_token": "a", "refresh_token": "r", "expires_at": "2100-01-01T00:00:00Z"}});
    fs::write(harness.path(), old.to_string()).unwrap();
    harness.answer(200, &json!({"access_token": "a2", "refresh_token": "r2"}));
    assert!(provider.refused(&"a1".into()).await.unwrap());
    assert_eq!(token(&provider).await.unwrap(), "a2");
    assert_eq!(stored(&harness.path())["oauth"]["refresh_token"], "r2");
}

#[tokio::test]
async fn errors_name_the_file_of_tokens_that_cannot_be_renewed() {
    let harness = Harness::new().await;
    for (oauth, expected) in [
        (json!({"access_token": "a", "refresh_token": "r", "expires_at": 1}), "HEYGEN_OAUTH_CLIENT_ID"),
        (json!({"access_token": "a", "client_id": "c", "expires_at": 1}), "log in again"),
    ] {
        let problem = token(&harness.provider_from_file(&oauth)).await.unwrap_err();
        assert!(problem.contains(expected), "{problem}");
        assert!(problem.contains(&harness.path().display().to_string()), "{problem}");
    }
    assert_eq!(harness.renewals(), 0);
    let error =
        OAuth::new("a", "r").provider(harness.time.clone(), &HttpClientFactory::default()).unwrap_err();
    assert!(error.to_string().contains("client_id"));
    let error = OAuth::new("a", " ")
        .client_id("c")
        .provider(harness.time.clone(), &HttpClientFactory::default())
        .unwrap_err();
    assert!(error.to_string().contains("refresh token"));
}
