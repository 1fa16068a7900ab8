//! The policies of every call, in the one seam: credentials, keys, timeouts, retries, limits, telemetry.

pub(crate) mod bucket;
pub(crate) mod decision;
pub(crate) mod exchange;
#[cfg(test)]
mod faulty;
pub(crate) mod limits;
pub(crate) mod redaction;
pub(crate) mod retry_after;
pub(crate) mod surroundings;
pub(crate) mod telemetry;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use heygen_api::{
    BoxFuture, CallRecord, IdempotencyKey, Operation, RawResponse, Request, Transport, TransportError,
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::sync::SemaphorePermit;
use tracing::Instrument;

use crate::credentials::Ready;
use crate::options::Options;
use bucket::Bucket;
use decision::{Decision, Phase, Try, decide};
use exchange::Outcome;
use limits::Limits;
use surroundings::Surroundings;
use telemetry::{Audience, CallReport, TryReport};

/// How often a request is sent at most.
pub(crate) const TRIES: u32 = 3;

/// The first pause; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How far a pause strays, up and down, so that many programs do not come back at once.
const JITTER: f64 = 0.25;

/// Longest pause between questions after a call's own first try.
const LONGEST_QUESTION: Duration = Duration::from_secs(8);

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What the calls of a client share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) http: Sender,
    pub(crate) credentials: Ready,
    pub(crate) user_agent: HeaderValue,
    pub(crate) bucket: Bucket,
    pub(crate) limits: Limits,
    pub(crate) audience: Audience,
    pub(crate) surroundings: Arc<dyn Surroundings>,
}

/// What the bytes go through.
pub(crate) enum Sender {
    Http(reqwest::Client),
    /// A transport of the caller's.
    Own(Arc<dyn Transport>),
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Http(_) => "Http",
            Self::Own(_) => "Own",
        })
    }
}

/// The transport of a [`HeyGen`](crate::HeyGen).
#[derive(Debug, Clone)]
pub(crate) struct Policies {
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: Options,
}

impl Transport for Policies {
    fn send<'a>(
        &'a self,
        request: Request,
        operation: &'static Operation,
    ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
        let span = telemetry::span(operation, request.url().host_str().unwrap_or_default());
        let call =
            Call { policies: self, operation, began: self.shared.surroundings.now(), span: span.clone() };
        Box::pin(call.run(request).instrument(span))
    }
}

/// One call on its way.
struct Call<'a> {
    policies: &'a Policies,
    operation: &'static Operation,
    began: Instant,
    span: tracing::Span,
}

/// What a call remembers from try to try.
#[derive(Default)]
struct Progress {
    tries: u32,
    /// Questions after its own first try.
    waits: u32,
    /// Whether the last retry was paid for as one after a timeout.
    paid: Option<bool>,
    renewed: bool,
    /// Whether an earlier try may have been executed.
    doubtful: bool,
}

impl Call<'_> {
    fn shared(&self) -> &Shared {
        &self.policies.shared
    }

    /// Time that the caller still gives.
    fn left(&self) -> Option<Duration> {
        let spent = self.shared().surroundings.now().saturating_duration_since(self.began);
        self.policies.options.deadline.map(|deadline| deadline.saturating_sub(spent))
    }

    async fn run(self, mut request: Request) -> Result<RawResponse, TransportError> {
        let key = self.set_key(&mut request)?;
        if !request.headers().contains_key(header::USER_AGENT) {
            request.headers_mut().insert(header::USER_AGENT, self.shared().user_agent.clone());
        }
        let _place = self.enter().await?;
        let mut progress = Progress::default();
        loop {
            let next = request.try_clone();
            let began = self.shared().surroundings.now();
            let outcome = self.attempt(request, &mut progress).await;
            let renewed = match &outcome {
                Outcome::Unauthorized { presented, .. } if !progress.renewed => {
                    matches!(self.shared().credentials.renew(presented).await, Ok(true))
                }
                _ => false,
            };
            let next = match next {
                Some(next) if renewed => {
                    progress.renewed = true;
                    self.report(&outcome, &progress, began, Decision::Again(Duration::ZERO));
                    request = next;
                    continue;
                }
                next => next,
            };
            let decision = self.judge(&outcome, &progress, key.is_some(), next.is_some());
            self.report(&outcome, &progress, began, decision);
            progress.doubtful |= outcome.may_have_executed();
            let pause = match (decision, next) {
                (Decision::Again(pause), Some(next)) => {
                    let timed_out = outcome.timed_out();
                    self.shared().bucket.pay(timed_out);
                    progress.paid = Some(timed_out);
                    request = next;
                    pause
                }
                (Decision::Ask(pause), Some(next)) => {
                    progress.waits += 1;
                    request = next;
                    pause
                }
                (_, _) => return self.finish(outcome, progress, key),
            };
            if !pause.is_zero() {
                tracing::debug!(
                    pause_ms = pause.as_millis() as u64,
                    tries = progress.tries,
                    "waits and tries again"
                );
                self.shared().surroundings.sleep(pause).await;
            }
        }
    }

    /// A place among the calls in flight, unless the caller's time is over before there is one.
    async fn enter(&self) -> Result<Option<SemaphorePermit<'_>>, TransportError> {
        let entered = self.shared().limits.enter();
        match self.left() {
            None => Ok(entered.await),
            Some(left) => tokio::time::timeout(left, entered).await.map_err(|_| no_time()),
        }
    }

    /// One try: waits for its turn, presents the credentials, sends.
    async fn attempt(&self, mut request: Request, progress: &mut Progress) -> Outcome {
        let turn = self.shared().limits.turn(&*self.shared().surroundings);
        if self.left().is_some_and(|left| left.is_zero() || left < turn) {
            return Outcome::Failed { error: no_time(), final_: true };
        }
        if !turn.is_zero() {
            self.shared().surroundings.sleep(turn).await;
        }
        let presented = match self.shared().credentials.present().await {
            Ok(presented) => presented,
            Err(problem) => {
                let problem = format!("no credentials: {problem}");
                return Outcome::Failed { error: TransportError::not_sent(problem), final_: true };
            }
        };
        request.headers_mut().insert(presented.name.clone(), presented.value.clone());
        progress.tries += 1;
        let outcome = exchange::exchange(
            &self.shared().http,
            request,
            self.operation,
            &self.policies.options,
            self.left(),
        )
        .await;
        match outcome {
            Outcome::Answered { status: StatusCode::UNAUTHORIZED, response, .. }
                if presented.token.is_some() =>
            {
                Outcome::Unauthorized { presented, response }
            }
            outcome => outcome,
        }
    }

    /// The key of the call, made once, if the operation takes one.
    fn set_key(&self, request: &mut Request) -> Result<Option<String>, TransportError> {
        if self.operation.idempotency_key == IdempotencyKey::None {
            return Ok(None);
        }
        if let Some(given) = request.headers().get(IDEMPOTENCY_KEY) {
            return Ok(given.to_str().ok().map(str::to_owned));
        }
        let key = self.policies.options.idempotency_key.clone();
        let key = key.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let value = HeaderValue::from_str(&key).map_err(|_| {
            TransportError::not_sent("the idempotency key has characters that no header takes")
        })?;
        request.headers_mut().insert(IDEMPOTENCY_KEY, value);
        Ok(Some(key))
    }

    fn judge(&self, outcome: &Outcome, progress: &Progress, has_key: bool, replayable: bool) -> Decision {
        let shared = self.shared();
        let retry_after =
            |response: &RawResponse| retry_after::retry_after(response.headers(), shared.surroundings.date());
        let phase = match outcome {
            Outcome::Answered { status, code, response } => {
                Phase::Answered { status: *status, code: code.as_deref(), retry_after: retry_after(response) }
            }
            Outcome::Failed { final_: true, .. } | Outcome::Unauthorized { .. } => return Decision::Done,
            Outcome::Failed { error, .. } if !error.may_have_executed() => Phase::NotSent,
            Outcome::Failed { .. } | Outcome::Cut { .. } => Phase::NoAnswer,
        };
        decide(Try {
            method: &self.operation.method,
            has_key,
            phase,
            // Questions are no tries of the work.
            number: progress.tries.saturating_sub(progress.waits),
            limit: self.policies.options.tries.unwrap_or(TRIES),
            waits: progress.waits,
            pause: self.pause(progress, outcome.code()),
            left: self.left(),
            replayable,
            affordable: shared.bucket.affords(outcome.timed_out()),
        })
    }

    /// The pause before the next try, or the next question, with its jitter.
    fn pause(&self, progress: &Progress, code: Option<&str>) -> Duration {
        let asks = code.is_some_and(|code| code.eq_ignore_ascii_case(decision::IN_PROGRESS));
        let (steps, longest) = match asks {
            true => (progress.waits, LONGEST_QUESTION),
            false => (progress.tries.saturating_sub(progress.waits + 1), LONGEST_PAUSE),
        };
        let plain = FIRST_PAUSE.saturating_mul(1 << steps.min(16)).min(longest);
        plain.mul_f64(1.0 - JITTER + 2.0 * JITTER * self.shared().surroundings.chance())
    }

    fn report(&self, outcome: &Outcome, progress: &Progress, began: Instant, decision: Decision) {
        let duration = self.shared().surroundings.now().saturating_duration_since(began);
        self.shared().audience.tell(|observer| {
            observer.on_try(&TryReport {
                operation: self.operation,
                number: progress.tries,
                status: outcome.status(),
                code: outcome.code(),
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
            shared.bucket.refill(progress.paid);
        }
        let report = CallReport {
            operation: self.operation,
            tries: progress.tries,
            status: outcome.status(),
            code: outcome.code(),
            request_id: outcome.request_id(),
            duration: shared.surroundings.now().saturating_duration_since(self.began),
        };
        telemetry::close(&self.span, &report);
        shared.audience.tell(|observer| observer.on_call(&report));
        let record = CallRecord::new(key, progress.tries);
        outcome.into_result(record, progress.doubtful)
    }
}

/// The caller's time was over before anything was sent.
fn no_time() -> TransportError {
    TransportError::not_sent("the deadline had passed before the request was sent").timed_out()
}
