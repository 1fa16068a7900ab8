//! Tests the retry loop with a scripted service and a manual clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heygen_api::types::{CreateVideoBody, CreateVideoFromAvatar};
use heygen_api::{BoxFuture, ErrorCode, Operation, RawResponse, Request, Transport, TransportError};
use secrecy::{ExposeSecret, SecretString};

use crate::box_error::BoxError;
use crate::builder::HeyGenBuilder;
use crate::call::telemetry::{AttemptReport, CallReport, Observer};
use crate::call_options::CallOptions;
use crate::client::HeyGen;
use crate::credentials::TokenProvider;
use crate::error::ErrorKind;
use crate::runtime::tests::ManualRuntime;

/// What the scripted service does with a request.
#[derive(Clone)]
enum Act {
    Answer(u16, &'static str, Option<(&'static str, &'static str)>),
    NotSent,
    NoAnswer,
}

const OK: Act = Act::Answer(200, r#"{"data":{"video_id":"v","status":"waiting"}}"#, None);

fn refusal(status: u16, code: &'static str) -> Act {
    let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#).leak();
    Act::Answer(status, body, None)
}

/// A service that follows a script, and records the headers of the requests.
#[derive(Clone, Default)]
struct Script {
    acts: Arc<Mutex<VecDeque<Act>>>,
    seen: Arc<Mutex<Vec<http::HeaderMap>>>,
}

impl Transport for Script {
    fn send<'a>(
        &'a self,
        request: Request,
        _: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        self.seen.lock().unwrap().push(request.headers().clone());
        let act = self.acts.lock().unwrap().pop_front().unwrap_or(OK);
        Box::pin(async move {
            match act {
                Act::NotSent => Err(TransportError::not_sent("refused")),
                Act::NoAnswer => Err(TransportError::no_answer("reset")),
                Act::Answer(status, body, header) => {
                    let mut answer = http::Response::builder().status(status).header("x-request-id", "r");
                    if let Some((name, value)) = header {
                        answer = answer.header(name, value);
                    }
                    Ok(answer.body(body).unwrap().into())
                }
            }
        })
    }
}

struct Harness {
    heygen: HeyGen,
    script: Script,
    time: Arc<ManualRuntime>,
}

impl Harness {
    fn new(acts: &[Act]) -> Self {
        Self::with(acts, HeyGen::builder().api_key("k"))
    }

    fn with(acts: &[Act], builder: HeyGenBuilder) -> Self {
        let (script, time) = (Script::default(), Arc::new(ManualRuntime::new()));
        script.acts.lock().unwrap().extend(acts.iter().cloned());
        let heygen = builder.transport(script.clone()).runtime(time.clone()).build().unwrap();
        Self { heygen, script, time }
    }

    fn sent(&self) -> usize {
        self.script.seen.lock().unwrap().len()
    }

    fn keys(&self) -> Vec<String> {
        let seen = self.script.seen.lock().unwrap();
        seen.iter().map(|headers| headers["idempotency-key"].to_str().unwrap().to_owned()).collect()
    }

    fn pauses(&self) -> Vec<u128> {
        self.time.slept.lock().unwrap().iter().map(Duration::as_millis).collect()
    }
}

fn body() -> CreateVideoBody {
    CreateVideoFromAvatar::builder().avatar_id("a").script("s").build().unwrap().into()
}

async fn create(heygen: &HeyGen) -> Result<String, crate::error::Error> {
    Ok(heygen.api().create_video().body(body()).await?.into_inner().video_id)
}

async fn read(heygen: &HeyGen) -> Result<(), crate::error::Error> {
    heygen.api().get_current_user().send().await.map(drop).map_err(Into::into)
}

#[tokio::test]
async fn all_attempts_of_a_call_have_one_key_and_the_next_call_has_another() {
    let harness = Harness::new(&[Act::NoAnswer, refusal(503, "unavailable"), OK]);
    assert_eq!(create(&harness.heygen).await.unwrap(), "v");
    create(&harness.heygen).await.unwrap();
    let keys = harness.keys();
    assert_eq!((keys.len(), &keys[0], &keys[1]), (4, &keys[1], &keys[2]));
    assert_ne!(keys[2], keys[3]);
    assert_eq!(keys[0].len(), 36);
    assert_eq!(harness.pauses(), [1000, 2000]);
}

#[tokio::test]
async fn a_key_of_the_program_is_used_and_is_in_the_error() {
    let harness = Harness::new(&[Act::NoAnswer, Act::NoAnswer, Act::NoAnswer]);
    let keyed = harness.heygen.with(CallOptions::new().idempotency_key("mine"));
    let error = create(&keyed).await.unwrap_err();
    assert_eq!((error.idempotency_key(), error.attempts()), (Some("mine"), Some(3)));
    assert!(error.may_have_executed() && error.is_retryable());
    assert_eq!(harness.keys(), ["mine"; 3]);
    let by_call = harness.heygen.api().create_video().idempotency_key("own").body(body()).send().await;
    assert!(by_call.is_ok());
    assert_eq!(harness.keys()[3], "own");
}

#[tokio::test]
async fn an_earlier_attempt_that_may_have_executed_is_reported() {
    for last in [Act::NotSent, refusal(429, "rate_limit_exceeded")] {
        let harness = Harness::new(&[Act::NoAnswer, last.clone(), last]);
        let error = create(&harness.heygen).await.unwrap_err();
        assert!(error.may_have_executed(), "{error}");
    }
    let harness = Harness::new(&[Act::NotSent, Act::NotSent, refusal(429, "rate_limit_exceeded")]);
    assert!(!create(&harness.heygen).await.unwrap_err().may_have_executed());
}

#[tokio::test]
async fn a_call_in_progress_is_repeated_with_its_own_key() {
    let mut acts = vec![Act::NoAnswer];
    acts.extend(vec![refusal(409, "request_in_progress"); 6]);
    let harness = Harness::new(&acts);
    assert_eq!(create(&harness.heygen).await.unwrap(), "v");
    assert_eq!(harness.keys().len(), 8);
    assert!(harness.keys().windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(harness.pauses(), [1000, 1000, 2000, 4000, 8000, 8000, 8000]);
    // Requests for the outcome do not count as attempts, so a failure between them is retried.
    let acts =
        [vec![Act::NoAnswer], vec![refusal(409, "request_in_progress"); 4], vec![Act::NoAnswer]].concat();
    let harness = Harness::new(&acts);
    assert_eq!(create(&harness.heygen).await.unwrap(), "v");
    // The number of these requests is limited.
    let harness = Harness::new(&vec![refusal(409, "request_in_progress"); 100]);
    let error = create(&harness.heygen).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::RequestInProgress));
    assert!(error.may_have_executed());
    assert_eq!(harness.sent(), 21);
}

#[tokio::test]
async fn retry_after_is_kept_unless_it_exceeds_the_deadline() {
    let wait = Act::Answer(429, "", Some(("retry-after", "40")));
    let harness = Harness::new(&[wait.clone(), OK]);
    read(&harness.heygen).await.assert_sent();
    assert_eq!(harness.pauses(), [40_000]);
    let harness = Harness::new(std::slice::from_ref(&wait));
    let limited = harness.heygen.with(CallOptions::new().deadline(Duration::from_secs(30)));
    let error = read(&limited).await.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.retry_after()), (429, Some(Duration::from_secs(40))));
    assert!(harness.pauses().is_empty() && error.is_retryable());
    let harness = Harness::new(&vec![refusal(500, "internal_error"); 9]);
    let persistent = harness.heygen.with(CallOptions::new().max_attempts(9));
    read(&persistent).await.unwrap_err();
    assert_eq!(harness.pauses(), [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
}

trait AssertSent {
    fn assert_sent(self);
}

impl AssertSent for Result<(), crate::error::Error> {
    /// The call succeeded or its answer does not decode, because the scripted answer is not a user's profile.
    fn assert_sent(self) {
        if let Err(error) = self {
            assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        }
    }
}

#[tokio::test]
async fn calls_are_not_repeated_once_the_budget_is_spent() {
    let harness = Harness::new(&vec![refusal(503, "unavailable"); 10_000]);
    for _ in 0..200 {
        read(&harness.heygen).await.unwrap_err();
    }
    assert_eq!(harness.sent(), 200 + 100);
}

#[derive(Clone, Default)]
struct Tokens(Arc<AtomicUsize>);

impl TokenProvider for Tokens {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        let token = format!("token-{}", self.0.load(Ordering::SeqCst));
        Box::pin(async { Ok(token.into()) })
    }

    fn refused<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, Result<bool, BoxError>> {
        assert_eq!(token.expose_secret(), "token-0");
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(true) })
    }
}

#[tokio::test]
async fn a_deadline_includes_the_wait_for_the_rate_limit() {
    let harness = Harness::with(&[], HeyGen::builder().api_key("k").requests_per_second(0.1));
    create(&harness.heygen).await.unwrap();
    let limited = harness.heygen.with(CallOptions::new().deadline(Duration::from_secs(5)));
    let error = create(&limited).await.unwrap_err();
    assert!(error.to_string().contains("deadline") && !error.may_have_executed(), "{error}");
    assert!(harness.pauses().is_empty());
    assert_eq!(harness.sent(), 1);
    let late = harness.heygen.with(CallOptions::new().deadline(Duration::ZERO));
    assert!(!create(&late).await.unwrap_err().may_have_executed());
}

#[tokio::test]
async fn a_call_waits_for_a_permit_until_the_deadline() {
    let harness = Harness::with(&[], HeyGen::builder().api_key("k").calls_in_flight(1));
    let permit = harness.heygen.shared().limits.acquire().await.unwrap();
    let limited = harness.heygen.with(CallOptions::new().deadline(Duration::from_millis(1)));
    let error = create(&limited).await.unwrap_err();
    assert!(error.to_string().contains("deadline") && !error.may_have_executed(), "{error}");
    drop(permit);
    create(&harness.heygen).await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_not_a_header_value_is_refused_before_sending() {
    let harness = Harness::new(&[]);
    let error = create(&harness.heygen.with(CallOptions::new().idempotency_key("a\nb"))).await.unwrap_err();
    assert!(error.to_string().contains("idempotency key") && !error.may_have_executed(), "{error}");
    assert_eq!(harness.sent(), 0);
}

#[tokio::test]
async fn a_renewed_token_does_not_change_the_pauses() {
    let acts = [refusal(401, "unauthorized"), Act::NoAnswer, OK];
    let harness = Harness::with(&acts, HeyGen::builder().token_provider(Tokens::default()));
    create(&harness.heygen).await.unwrap();
    assert_eq!(harness.pauses(), [2000]);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let unauthorized = refusal(401, "unauthorized");
    let harness =
        Harness::with(&[unauthorized.clone(), OK], HeyGen::builder().token_provider(Tokens::default()));
    assert_eq!(create(&harness.heygen).await.unwrap(), "v");
    let tokens: Vec<_> =
        harness.script.seen.lock().unwrap().iter().map(|headers| headers["authorization"].clone()).collect();
    assert_eq!(tokens, ["Bearer token-0", "Bearer token-1"]);
    let harness = Harness::with(
        &[unauthorized.clone(), unauthorized.clone()],
        HeyGen::builder().token_provider(Tokens::default()),
    );
    assert_eq!(create(&harness.heygen).await.unwrap_err().code(), Some(ErrorCode::Unauthorized));
    assert_eq!(harness.sent(), 2);
    // An API key cannot be renewed.
    let harness = Harness::new(&[unauthorized]);
    assert_eq!(create(&harness.heygen).await.unwrap_err().code(), Some(ErrorCode::Unauthorized));
    assert_eq!(harness.sent(), 1);
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Observer for Recorder {
    fn on_attempt(&self, report: &AttemptReport<'_>) {
        let status = report.status.map(|status| status.as_u16());
        self.0.lock().unwrap().push(format!(
            "attempt {} {status:?} {:?}",
            report.number,
            report.pause.map(|pause| pause.as_millis())
        ));
    }

    fn on_call(&self, report: &CallReport<'_>) {
        let line = format!(
            "{} {} {:?} {:?} {:?}",
            report.operation.id(),
            report.attempts,
            report.code,
            report.request_id,
            report.duration
        );
        self.0.lock().unwrap().push(line);
    }
}

#[tokio::test]
async fn an_observer_gets_every_attempt_and_call() {
    let recorder = Recorder::default();
    let harness = Harness::with(
        &[Act::NoAnswer, refusal(404, "not_found")],
        HeyGen::builder().api_key("k").observer(recorder.clone()),
    );
    read(&harness.heygen).await.unwrap_err();
    assert_eq!(
        *recorder.0.lock().unwrap(),
        [
            "attempt 1 None Some(1000)",
            "attempt 2 Some(404) None",
            "get_current_user 2 Some(\"not_found\") Some(\"r\") 1s"
        ]
    );
}

#[tokio::test]
async fn requests_are_spaced_and_have_a_user_agent() {
    let builder = HeyGen::builder().api_key("k").requests_per_second(2.0).user_agent_suffix("mine/1");
    let harness = Harness::with(&[], builder);
    for _ in 0..3 {
        create(&harness.heygen).await.unwrap();
    }
    assert_eq!(harness.pauses(), [500, 500]);
    let seen = harness.script.seen.lock().unwrap();
    let agent = seen[0]["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("heygen-ext/") && agent.ends_with(" mine/1"), "{agent}");
}

/// A provider that fails with this error, or never returns.
struct NoTokens(Option<&'static str>);

impl TokenProvider for NoTokens {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        match self.0 {
            Some(problem) => Box::pin(async move { Err(problem.into()) }),
            None => Box::pin(std::future::pending()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_includes_the_wait_for_a_token() {
    let harness = Harness::with(&[], HeyGen::builder().token_provider(NoTokens(None)));
    let limited = harness.heygen.with(CallOptions::new().deadline(Duration::from_secs(5)));
    let error = create(&limited).await.unwrap_err();
    assert!(error.to_string().contains("deadline") && !error.may_have_executed(), "{error}");
    assert_eq!(harness.sent(), 0);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_reason_is_reported() {
    let recorder = Recorder::default();
    let builder = HeyGen::builder().token_provider(NoTokens(Some("the vault is locked")));
    let harness = Harness::with(&[], builder.observer(recorder.clone()));
    let error = create(&harness.heygen).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.to_string().ends_with("no credentials: the vault is locked"), "{error}");
    assert!(!error.may_have_executed() && !error.is_retryable());
    // The observer receives a report of this call too.
    assert_eq!(recorder.0.lock().unwrap().len(), 1);
}

struct FailedRenewal;

impl TokenProvider for FailedRenewal {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        Box::pin(async { Ok("token".to_owned().into()) })
    }

    fn refused<'a>(&'a self, _: &'a SecretString) -> BoxFuture<'a, Result<bool, BoxError>> {
        Box::pin(async { Err("log in again".into()) })
    }
}

#[tokio::test]
async fn a_failed_renewal_is_reported_with_the_refusal() {
    let acts = [refusal(401, "unauthorized")];
    let harness = Harness::with(&acts, HeyGen::builder().token_provider(FailedRenewal));
    let error = create(&harness.heygen).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let words = ["401 (request r)", "log in again"];
    assert!(words.iter().all(|words| error.to_string().contains(words)), "{error}");
}

#[tokio::test]
async fn the_last_answer_is_reported_if_time_runs_out() {
    // After the pause, one second remains, which is less than the rate limit requires.
    let builder = HeyGen::builder().api_key("k").requests_per_second(0.1);
    let harness = Harness::with(&[refusal(503, "unavailable")], builder);
    let limited = harness.heygen.with(CallOptions::new().deadline(Duration::from_secs(2)));
    let error = read(&limited).await.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.request_id()), (503, Some("r")));
}

#[tokio::test]
async fn a_key_that_the_service_ignores_is_refused() {
    for key in ["", "a b", "ü", &"x".repeat(256)] {
        let harness = Harness::new(&[]);
        let error = create(&harness.heygen.with(CallOptions::new().idempotency_key(key))).await.unwrap_err();
        assert!(error.to_string().contains("idempotency key") && !error.may_have_executed(), "{error}");
        let by_call = harness.heygen.api().create_video().idempotency_key(key).body(body()).send().await;
        assert!(by_call.is_err());
        assert_eq!(harness.sent(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_stalled_answer_has_its_head() {
    struct Stalls;
    impl Transport for Stalls {
        fn send<'a>(
            &'a self,
            _: Request,
            _: &'a Operation,
        ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
            let part = futures_util::stream::once(async { Ok::<_, std::io::Error>("{") });
            let body = futures_util::StreamExt::chain(part, futures_util::stream::pending());
            let answer = http::Response::builder().header("x-request-id", "r");
            Box::pin(async { Ok(answer.body(reqwest::Body::wrap_stream(body)).unwrap().into()) })
        }
    }
    let heygen = HeyGen::builder().api_key("k").transport(Stalls).options(CallOptions::new().max_attempts(1));
    let error = read(&heygen.build().unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.request_id()), (ErrorKind::Timeout, Some("r")));
    assert_eq!(error.status().unwrap(), 200);
    assert!(error.to_string().contains("timed out waiting for a response: after 30 s"), "{error}");
}
