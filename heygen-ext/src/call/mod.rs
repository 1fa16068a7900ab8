//! The policies of every call, as a transport: credentials, idempotency keys, timeouts, retries, limits, telemetry.

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
use http::{HeaderName, HeaderValue, header};
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

/// The default maximum of attempts.
pub(crate) const MAX_ATTEMPTS: u32 = 3;

/// Pauses between attempts.
pub(crate) const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// Pauses before requests for the outcome of a call's own first attempt.
const FIRST_ATTEMPT_BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(8));

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The state that all calls of a client share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) http: HttpSender,
    pub(crate) credentials: Ready,
    pub(crate) user_agent: HeaderValue,
    pub(crate) retry_budget: RetryBudget,
    /// Clients with other credentials share them.
    pub(crate) limits: Arc<Limits>,
    pub(crate) observers: Observers,
    pub(crate) runtime: Arc<dyn Runtime>,
}

/// Sends requests.
#[derive(Clone)]
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

/// One call.
struct Call<'a> {
    policies: &'a Policies,
    operation: &'a Operation,
    began: Instant,
    span: tracing::Span,
}

/// What follows an attempt that does not end its call.
enum Step {
    /// Renews the access token, and tries again with the new one.
    Renew,
    /// Tries again after a pause.
    Retry(Duration),
}

/// The state of a call between its attempts.
#[derive(Default)]
struct Progress {
    attempts: u32,
    /// Requests for the outcome of its own first attempt.
    waits: u32,
    /// Whether the last retry was paid for as one after a timeout, if there was a retry.
    paid: Option<bool>,
    renewed: bool,
    /// Whether an earlier attempt may have been executed.
    maybe_executed: bool,
}

impl Call<'_> {
    fn shared(&self) -> &Shared {
        &self.policies.shared
    }

    /// The time until the deadline, or `None` without a deadline.
    fn remaining(&self) -> Option<Duration> {
        let deadline = self.policies.options.deadline?;
        let spent = self.shared().runtime.now().saturating_duration_since(self.began);
        Some(deadline.saturating_sub(spent))
    }

    /// Sends the request in the slot, and puts a copy into the slot for each further attempt. The slot is passed by
    /// reference, because every `async fn` would store its own copy of the request.
    async fn run(&self, slot: &mut Option<Request>) -> Result<RawResponse, TransportError> {
        let mut progress = Progress::default();
        let key = match slot.as_mut().map(|request| self.set_key(request)).transpose() {
            Ok(key) => key.flatten(),
            Err(error) => return self.finish(Outcome::unsent(error), progress, None),
        };
        let _permit = if self.shared().limits.limits_calls() {
            match self.within(self.shared().limits.acquire()).await {
                Ok(permit) => permit,
                Err(error) => return self.finish(Outcome::unsent(error), progress, key),
            }
        } else {
            None
        };
        // The last outcome, which is reported if the deadline prevents the next attempt.
        let mut last_outcome: Option<Box<Outcome>> = None;
        loop {
            let next = slot.as_ref().and_then(Request::try_clone);
            let began = self.shared().runtime.now();
            let prepared = match self.prepare_at_once() {
                Some(presented) => Ok(presented),
                None => self.prepare().await,
            };
            let presented = match (prepared, last_outcome) {
                (Ok(presented), _) => presented,
                (Err(error), Some(last)) if error.is_timeout() => return self.finish(*last, progress, key),
                (Err(error), _) => return self.finish(Outcome::unsent(error), progress, key),
            };
            // In a block and a box, because what is kept during a pause takes space in the future of every call, also of those
            // that never pause.
            let (step, outcome) = {
                let token = self.set_headers(slot, presented);
                progress.attempts += 1;
                let (sender, options) = (&self.shared().http, &self.policies.options);
                let sending = attempt::send_once(sender, slot, self.operation, options, self.remaining());
                let mut outcome = sending.await;
                outcome.add_token(token);
                match self.step(&outcome, &mut progress, began, key.is_some(), next.is_some()) {
                    Some(step) => (step, Box::new(outcome)),
                    None => return self.finish(outcome, progress, key),
                }
            };
            *slot = next;
            match step {
                Step::Renew => match self.renew(&outcome).await {
                    Ok(true) => {
                        progress.renewed = true;
                        self.report(&outcome, &progress, began, Decision::Retry(Duration::ZERO));
                    }
                    Ok(false) => {
                        self.report(&outcome, &progress, began, Decision::Done);
                        return self.finish(*outcome, progress, key);
                    }
                    Err(error) => return self.finish(Outcome::unsent(error), progress, key),
                },
                Step::Retry(pause) if !pause.is_zero() => {
                    tracing::debug!(
                        pause_ms = pause.as_millis() as u64,
                        attempts = progress.attempts,
                        "retries after a pause"
                    );
                    self.shared().runtime.sleep(pause).await;
                }
                Step::Retry(_) => {}
            }
            last_outcome = Some(outcome);
        }
    }

    /// Decides what follows an attempt; `None` if it ends the call.
    fn step(
        &self,
        outcome: &Outcome,
        progress: &mut Progress,
        began: Instant,
        has_key: bool,
        replayable: bool,
    ) -> Option<Step> {
        if outcome.refused_token().is_some() && replayable && !progress.renewed {
            return Some(Step::Renew);
        }
        // What a retry would need is not computed for a success, which is never retried.
        let decision = match outcome.is_success() {
            true => Decision::Done,
            false => self.judge(outcome, progress, has_key, replayable),
        };
        self.report(outcome, progress, began, decision);
        let pause = match decision {
            Decision::Done => return None,
            Decision::Retry(pause) => {
                let timed_out = outcome.timed_out();
                self.shared().retry_budget.pay(timed_out);
                progress.paid = Some(timed_out);
                pause
            }
            Decision::AwaitFirst(pause) => {
                progress.waits += 1;
                pause
            }
        };
        progress.maybe_executed |= outcome.may_have_executed();
        Some(Step::Retry(pause))
    }

    /// Limits the time of work before a request is sent to the deadline.
    async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, TransportError> {
        match self.remaining() {
            None => Ok(work.await),
            Some(remaining) => tokio::time::timeout(remaining, work).await.map_err(|_| deadline_passed()),
        }
    }

    /// The credentials of an attempt, if there is nothing to wait for, as in most calls.
    fn prepare_at_once(&self) -> Option<Option<Presented>> {
        let is_free = self.policies.options.deadline.is_none() && !self.shared().limits.limits_rate();
        if is_free { self.shared().credentials.present_at_once() } else { None }
    }

    /// Waits for the rate limit, and gets the credentials of an attempt.
    async fn prepare(&self) -> Result<Option<Presented>, TransportError> {
        let wait = self
            .shared()
            .limits
            .reserve(&*self.shared().runtime, self.remaining())
            .ok_or_else(deadline_passed)?;
        if !wait.is_zero() {
            self.shared().runtime.sleep(wait).await;
        }
        let presented = self.within(self.shared().credentials.present()).await?;
        let presented = presented.map_err(TransportError::not_sent)?;
        match self.remaining() {
            Some(Duration::ZERO) => Err(deadline_passed()),
            _ => Ok(presented),
        }
    }

    /// Whether a token other than the refused one is available. An error replaces the refusal as the result of the call.
    async fn renew(&self, refusal: &Outcome) -> Result<bool, TransportError> {
        let Some(refused) = refusal.refused_token() else { return Ok(false) };
        let renewal = self.within(self.shared().credentials.renew(refused)).await;
        let Ok(renewal) = renewal else { return Ok(false) };
        renewal.map_err(|problem| {
            let request = refusal.request_id().map(|id| format!(" (request {id})")).unwrap_or_default();
            let refusal = format!("the service refused the access token with 401{request}; ");
            TransportError::not_sent(problem.after(refusal))
        })
    }

    /// Sets the headers that every attempt has. A header that is set earlier is copied with the request.
    ///
    /// Returns a token, which may be renewed, in a box: what a call keeps during an attempt takes space in every call.
    fn set_headers(
        &self,
        slot: &mut Option<Request>,
        presented: Option<Presented>,
    ) -> Option<Box<Presented>> {
        if let Some(request) = slot.as_mut() {
            let headers = request.headers_mut();
            headers.entry(header::USER_AGENT).or_insert_with(|| self.shared().user_agent.clone());
            if let Some(presented) = &presented {
                headers.insert(presented.name.clone(), presented.value.clone());
            }
        }
        presented.filter(|presented| presented.token.is_some()).map(Box::new)
    }

    /// Sets the idempotency key, if the operation takes one, and returns it.
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
        // The service ignores an invalid key, so it would not protect against a second execution.
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
            Outcome::Answered { status, code, response, .. } => {
                Phase::Answered { status: *status, code: code.as_ref(), retry_after: asked(response) }
            }
            Outcome::Failed { final_: true, .. } => return Decision::Done,
            Outcome::Failed { error, .. } if !error.may_have_executed() => Phase::NotSent,
            Outcome::Failed { .. } | Outcome::Cut { .. } => Phase::NoAnswer,
        };
        decide(Attempt {
            method: self.operation.method(),
            has_key,
            phase,
            // Requests for the outcome of the first attempt do not count.
            number: progress.attempts.saturating_sub(progress.waits),
            limit: self.policies.options.max_attempts.unwrap_or(MAX_ATTEMPTS),
            waits: progress.waits,
            pause: self.pause(progress, outcome.code()),
            remaining: self.remaining(),
            replayable,
            has_budget: shared.retry_budget.can_pay(outcome.timed_out()),
        })
    }

    /// The pause before the next request, with jitter.
    fn pause(&self, progress: &Progress, code: Option<&ErrorCode>) -> Duration {
        let awaits_first = code == Some(&ErrorCode::RequestInProgress);
        let random = self.shared().runtime.random();
        match awaits_first {
            true => FIRST_ATTEMPT_BACKOFF.pause(progress.waits, random),
            false => BACKOFF.pause(progress.attempts.saturating_sub(progress.waits + 1), random),
        }
    }

    fn report(&self, outcome: &Outcome, progress: &Progress, began: Instant, decision: Decision) {
        self.shared().observers.notify(|observer| {
            observer.on_attempt(&AttemptReport {
                operation: self.operation,
                number: progress.attempts,
                status: outcome.status(),
                code: outcome.code().map(ErrorCode::as_str),
                duration: self.shared().runtime.now().saturating_duration_since(began),
                pause: match decision {
                    Decision::Done => None,
                    Decision::Retry(pause) | Decision::AwaitFirst(pause) => Some(pause),
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
        if outcome.is_success() {
            shared.retry_budget.refill(progress.paid);
        }
        if shared.observers.0.is_some() || !self.span.is_disabled() {
            let report = CallReport {
                operation: self.operation,
                attempts: progress.attempts,
                status: outcome.status(),
                code: outcome.code().map(ErrorCode::as_str),
                request_id: outcome.request_id(),
                duration: shared.runtime.now().saturating_duration_since(self.began),
            };
            // Not the current span, which is one of the program if this one is switched off.
            telemetry::close(&self.span, &report);
            shared.observers.notify(|observer| observer.on_call(&report));
        }
        let record = CallRecord::new(key, progress.attempts);
        outcome.into_result(record, progress.maybe_executed)
    }
}

/// Whether a text is a valid idempotency key. `tests/it/idempotency_keys.rs` compares this with the pattern in the document.
pub(crate) fn is_key(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.bytes().all(|one| one.is_ascii_alphanumeric() || b"_-:.".contains(&one))
}

/// The deadline passed before anything was sent.
fn deadline_passed() -> TransportError {
    TransportError::not_sent("the deadline has passed").timed_out()
}
