//! The policies of every call, in the one seam: credentials, keys, timeouts, retries, limits, telemetry.

pub(crate) mod attempt;
pub(crate) mod backoff;
pub(crate) mod decision;
#[cfg(test)]
mod fault_tests;
pub(crate) mod limits;
pub(crate) mod retry_budget;
pub(crate) mod telemetry;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use heygen_api::{
    BoxFuture, CallRecord, ErrorCode, IdempotencyKey, Operation, RawResponse, Request, Transport,
    TransportError, retry_after,
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tracing::Instrument;

use crate::call_options::CallOptions;
use crate::credentials::{Presented, Ready};
use crate::runtime::Runtime;
use attempt::Outcome;
use backoff::Backoff;
use decision::{Attempt, Decision, Phase, decide};
use limits::Limits;
use retry_budget::RetryBudget;
use telemetry::{AttemptReport, CallReport, Observers};

/// How often a request is sent at most.
pub(crate) const MAX_ATTEMPTS: u32 = 3;

/// Pauses between attempts.
pub(crate) const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// Pauses between questions after a call's own first attempt.
const QUESTIONS: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(8));

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What the calls of a client share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) http: HttpSender,
    pub(crate) credentials: Ready,
    pub(crate) user_agent: HeaderValue,
    pub(crate) retry_budget: RetryBudget,
    pub(crate) limits: Limits,
    pub(crate) observers: Observers,
    pub(crate) runtime: Arc<dyn Runtime>,
}

/// What the bytes go through.
pub(crate) enum HttpSender {
    Http(reqwest::Client),
    /// The caller's transport.
    Custom(Arc<dyn Transport>),
}

impl std::fmt::Debug for HttpSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Http(_) => "Http",
            Self::Custom(_) => "Custom",
        })
    }
}

/// The transport of a [`HeyGen`](crate::HeyGen).
#[derive(Debug, Clone)]
pub(crate) struct Policies {
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: CallOptions,
}

impl Transport for Policies {
    fn send<'a>(
        &'a self,
        request: Request,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        let span = telemetry::span(operation, request.url().host_str().unwrap_or_default());
        let call = Call { policies: self, operation, began: self.shared.runtime.now(), span: span.clone() };
        let mut request = Some(request);
        Box::pin(async move { call.run(&mut request).await }.instrument(span))
    }
}

/// One call on its way.
struct Call<'a> {
    policies: &'a Policies,
    operation: &'a Operation,
    began: Instant,
    span: tracing::Span,
}

/// What a call remembers between attempts.
#[derive(Default)]
struct Progress {
    attempts: u32,
    /// Questions after its own first attempt.
    waits: u32,
    /// Whether the last retry was paid for as one after a timeout.
    paid: Option<bool>,
    renewed: bool,
    /// Whether an earlier attempt may have been executed.
    maybe_executed: bool,
}

impl Call<'_> {
    fn shared(&self) -> &Shared {
        &self.policies.shared
    }

    /// Time that the caller still gives.
    fn left(&self) -> Option<Duration> {
        let spent = self.shared().runtime.now().saturating_duration_since(self.began);
        self.policies.options.deadline.map(|deadline| deadline.saturating_sub(spent))
    }

    /// Sends the request in the slot, and whatever takes its place there for the next attempt. It is passed by reference,
    /// for each `async fn` would keep a copy of an argument.
    async fn run(&self, slot: &mut Option<Request>) -> Result<RawResponse, TransportError> {
        let mut progress = Progress::default();
        let key = match slot.as_mut().map(|request| self.set_head(request)).transpose() {
            Ok(key) => key.flatten(),
            Err(error) => return self.finish(Outcome::unsent(error), progress, None),
        };
        let _place = match self.within(self.shared().limits.enter()).await {
            Ok(place) => place,
            Err(error) => return self.finish(Outcome::unsent(error), progress, key),
        };
        // What the service said to the last attempt, should there be no time for the next.
        let mut said: Option<Box<Outcome>> = None;
        loop {
            let next = slot.as_ref().and_then(Request::try_clone);
            let began = self.shared().runtime.now();
            let presented = match (self.prepare().await, said) {
                (Ok(presented), _) => presented,
                (Err(error), Some(last)) if error.is_timeout() => return self.finish(*last, progress, key),
                (Err(error), _) => return self.finish(Outcome::unsent(error), progress, key),
            };
            let outcome = self.attempt(slot, presented, &mut progress).await;
            let next = match (&outcome, next) {
                (Outcome::Unauthorized { presented, .. }, Some(next)) if !progress.renewed => {
                    match self.renew(presented, &outcome).await {
                        Ok(true) => {
                            progress.renewed = true;
                            self.report(&outcome, &progress, began, Decision::Again(Duration::ZERO));
                            *slot = Some(next);
                            said = Some(Box::new(outcome));
                            continue;
                        }
                        Ok(false) => Some(next),
                        Err(error) => return self.finish(Outcome::unsent(error), progress, key),
                    }
                }
                (_, next) => next,
            };
            let decision = self.judge(&outcome, &progress, key.is_some(), next.is_some());
            self.report(&outcome, &progress, began, decision);
            let pause = match (decision, next) {
                (Decision::Again(pause), Some(next)) => {
                    let timed_out = outcome.timed_out();
                    self.shared().retry_budget.pay(timed_out);
                    progress.paid = Some(timed_out);
                    *slot = Some(next);
                    pause
                }
                (Decision::Ask(pause), Some(next)) => {
                    progress.waits += 1;
                    *slot = Some(next);
                    pause
                }
                (_, _) => return self.finish(outcome, progress, key),
            };
            progress.maybe_executed |= outcome.may_have_executed();
            said = Some(Box::new(outcome));
            if !pause.is_zero() {
                tracing::debug!(
                    pause_ms = pause.as_millis() as u64,
                    attempts = progress.attempts,
                    "waits and attempts again"
                );
                self.shared().runtime.sleep(pause).await;
            }
        }
    }

    /// Something that comes before a request is sent, unless the caller's time is over first.
    async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, TransportError> {
        match self.left() {
            None => Ok(work.await),
            Some(left) => tokio::time::timeout(left, work).await.map_err(|_| no_time()),
        }
    }

    /// What an attempt needs: its turn, and credentials.
    async fn prepare(&self) -> Result<Option<Presented>, TransportError> {
        let turn = self.shared().limits.turn(&*self.shared().runtime, self.left()).ok_or_else(no_time)?;
        if !turn.is_zero() {
            self.shared().runtime.sleep(turn).await;
        }
        let presented = self.within(self.shared().credentials.present()).await?;
        let presented = presented.map_err(TransportError::not_sent)?;
        match self.left() {
            Some(Duration::ZERO) => Err(no_time()),
            _ => Ok(presented),
        }
    }

    /// Whether another token than the refused one is available. If not, the reason is reported in place of the refusal.
    async fn renew(&self, refused: &Presented, outcome: &Outcome) -> Result<bool, TransportError> {
        let renewal = self.within(self.shared().credentials.renew(refused)).await;
        let Ok(renewal) = renewal else { return Ok(false) };
        renewal.map_err(|problem| {
            let request = outcome.request_id().map(|id| format!(" (request {id})")).unwrap_or_default();
            let refusal = format!("the service refused the access token with 401{request}; ");
            TransportError::not_sent(problem.after(refusal))
        })
    }

    /// One attempt.
    async fn attempt(
        &self,
        slot: &mut Option<Request>,
        presented: Option<Presented>,
        progress: &mut Progress,
    ) -> Outcome {
        if let (Some(presented), Some(request)) = (&presented, slot.as_mut()) {
            request.headers_mut().insert(presented.name.clone(), presented.value.clone());
        }
        progress.attempts += 1;
        let outcome = attempt::send_once(
            &self.shared().http,
            slot,
            self.operation,
            &self.policies.options,
            self.left(),
        )
        .await;
        match (outcome, presented) {
            (Outcome::Answered { status: StatusCode::UNAUTHORIZED, response, .. }, Some(presented))
                if presented.token.is_some() =>
            {
                Outcome::Unauthorized { presented, response }
            }
            (outcome, _) => outcome,
        }
    }

    /// Sets what every attempt sends, and gives the key of the call.
    fn set_head(&self, request: &mut Request) -> Result<Option<String>, TransportError> {
        if !request.headers().contains_key(header::USER_AGENT) {
            request.headers_mut().insert(header::USER_AGENT, self.shared().user_agent.clone());
        }
        self.set_key(request)
    }

    /// The key of the call, made once, if the operation takes one.
    fn set_key(&self, request: &mut Request) -> Result<Option<String>, TransportError> {
        if self.operation.idempotency_key() == IdempotencyKey::None {
            return Ok(None);
        }
        let given = request.headers().get(IDEMPOTENCY_KEY).map(|given| given.as_bytes().to_vec());
        let key = match given {
            Some(given) => String::from_utf8_lossy(&given).into_owned(),
            None => match &self.policies.options.idempotency_key {
                Some(key) => key.clone(),
                None => uuid::Uuid::new_v4().to_string(),
            },
        };
        // A key that the service does not take as one would protect nothing.
        let value = HeaderValue::from_str(&key).ok().filter(|_| is_key(&key)).ok_or_else(|| {
            TransportError::not_sent(
                "the idempotency key is invalid: write 1 to 255 letters, digits, `_`, `-`, `:` or `.`",
            )
        })?;
        request.headers_mut().insert(IDEMPOTENCY_KEY, value);
        Ok(Some(key))
    }

    fn judge(&self, outcome: &Outcome, progress: &Progress, has_key: bool, replayable: bool) -> Decision {
        let shared = self.shared();
        let asked = |response: &RawResponse| retry_after(response.headers(), shared.runtime.system_time());
        let phase = match outcome {
            Outcome::Answered { status, code, response } => {
                Phase::Answered { status: *status, code: code.as_ref(), retry_after: asked(response) }
            }
            Outcome::Failed { final_: true, .. } | Outcome::Unauthorized { .. } => return Decision::Done,
            Outcome::Failed { error, .. } if !error.may_have_executed() => Phase::NotSent,
            Outcome::Failed { .. } | Outcome::Cut { .. } => Phase::NoAnswer,
        };
        decide(Attempt {
            method: self.operation.method(),
            has_key,
            phase,
            // Questions do not count as attempts.
            number: progress.attempts.saturating_sub(progress.waits),
            limit: self.policies.options.max_attempts.unwrap_or(MAX_ATTEMPTS),
            waits: progress.waits,
            pause: self.pause(progress, outcome.code()),
            left: self.left(),
            replayable,
            affordable: shared.retry_budget.affords(outcome.timed_out()),
        })
    }

    /// The pause before the next attempt, or the next question, with its jitter.
    fn pause(&self, progress: &Progress, code: Option<&ErrorCode>) -> Duration {
        let asks = code == Some(&ErrorCode::RequestInProgress);
        let chance = self.shared().runtime.random();
        match asks {
            true => QUESTIONS.pause(progress.waits, chance),
            false => BACKOFF.pause(progress.attempts.saturating_sub(progress.waits + 1), chance),
        }
    }

    fn report(&self, outcome: &Outcome, progress: &Progress, began: Instant, decision: Decision) {
        let duration = self.shared().runtime.now().saturating_duration_since(began);
        self.shared().observers.tell(|observer| {
            observer.on_attempt(&AttemptReport {
                operation: self.operation,
                number: progress.attempts,
                status: outcome.status(),
                code: outcome.code().map(ErrorCode::as_str),
                duration,
                pause: match decision {
                    Decision::Done => None,
                    Decision::Again(pause) | Decision::Ask(pause) => Some(pause),
                },
            });
        });
    }

    fn finish(
        &self,
        outcome: Outcome,
        progress: Progress,
        key: Option<String>,
    ) -> Result<RawResponse, TransportError> {
        let shared = self.shared();
        if matches!(&outcome, Outcome::Answered { status, .. } if status.is_success()) {
            shared.retry_budget.refill(progress.paid);
        }
        let report = CallReport {
            operation: self.operation,
            attempts: progress.attempts,
            status: outcome.status(),
            code: outcome.code().map(ErrorCode::as_str),
            request_id: outcome.request_id(),
            duration: shared.runtime.now().saturating_duration_since(self.began),
        };
        telemetry::close(&self.span, &report);
        shared.observers.tell(|observer| observer.on_call(&report));
        let record = CallRecord::new(key, progress.attempts);
        outcome.into_result(record, progress.maybe_executed)
    }
}

/// Whether the service takes a text as an idempotency key: the pattern of the document's parameter, which
/// `tests/it/idempotency_keys.rs` compares.
fn is_key(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.bytes().all(|one| one.is_ascii_alphanumeric() || b"_-:.".contains(&one))
}

/// The caller's time was over before anything was sent.
fn no_time() -> TransportError {
    TransportError::not_sent("the deadline has passed").timed_out()
}
