//! The retry policy as one function: whether another attempt follows an unsuccessful one.

use std::time::Duration;

use heygen_api::{ErrorCode, is_retryable_refusal};
use http::{Method, StatusCode};

/// The outcome of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase<'a> {
    /// The request was not sent.
    NotSent,
    /// The request was sent, but no complete answer was received.
    NoAnswer,
    /// The service answered.
    Answered { status: StatusCode, code: Option<&'a ErrorCode>, retry_after: Option<Duration> },
}

/// Everything that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) method: &'a Method,
    /// Whether the request has an idempotency key.
    pub(crate) has_key: bool,
    pub(crate) phase: Phase<'a>,
    /// 1 for the first attempt.
    pub(crate) number: u32,
    /// The maximum number of attempts.
    pub(crate) limit: u32,
    /// How often the call has waited until its own first attempt ends.
    pub(crate) waits: u32,
    /// The backoff before the next attempt, without `Retry-After`.
    pub(crate) pause: Duration,
    /// The time until the deadline, or `None` without a deadline.
    pub(crate) remaining: Option<Duration>,
    /// Whether the body can be sent again.
    pub(crate) replayable: bool,
    /// Whether the retry budget is sufficient for another attempt.
    pub(crate) has_budget: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The outcome goes to the caller.
    Done,
    /// Another attempt follows after a pause. It costs budget.
    Retry(Duration),
    /// The service still executes the first attempt of this call. The request is sent again after a pause, to get its
    /// outcome.
    AwaitFirst(Duration),
}

/// The maximum `Retry-After` that a call without a deadline keeps.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// How often a call waits for the outcome of its own first attempt.
const MAX_WAITS: u32 = 20;

/// Decides whether an attempt is followed by another.
pub(crate) fn decide(attempt: Attempt<'_>) -> Decision {
    let Attempt { phase, pause, .. } = attempt;
    let wanted_pause = match phase {
        Phase::Answered { status, .. } if status.is_success() => return Decision::Done,
        // The service still executes another request with the same key.
        Phase::Answered {
            status: StatusCode::CONFLICT,
            code: Some(ErrorCode::RequestInProgress),
            retry_after,
        } => {
            let pause = pause.max(retry_after.unwrap_or_default());
            let may_wait = attempt.has_key
                && attempt.replayable
                && attempt.limit > 1
                && attempt.waits < MAX_WAITS
                && fits(pause, attempt.remaining);
            return if may_wait { Decision::AwaitFirst(pause) } else { Decision::Done };
        }
        Phase::Answered { status, code, retry_after } => {
            is_retryable(&attempt, status, code).then(|| pause.max(retry_after.unwrap_or_default()))
        }
        // A request that was not sent was not executed.
        Phase::NotSent => Some(pause),
        Phase::NoAnswer => attempt.is_repeatable().then_some(pause),
    };
    match wanted_pause {
        Some(pause)
            if attempt.number < attempt.limit
                && attempt.replayable
                && attempt.has_budget
                && fits(pause, attempt.remaining) =>
        {
            Decision::Retry(pause)
        }
        _ => Decision::Done,
    }
}

impl Attempt<'_> {
    /// Whether executing the request twice has the same effect as once.
    fn is_repeatable(&self) -> bool {
        // PUT and DELETE are idempotent by HTTP; the service's PATCH and POST are not.
        self.has_key
            || matches!(
                *self.method,
                Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
            )
    }
}

fn is_retryable(attempt: &Attempt<'_>, status: StatusCode, code: Option<&ErrorCode>) -> bool {
    is_retryable_refusal(status, code)
        && match status {
            // The service refused to execute it.
            StatusCode::TOO_MANY_REQUESTS => true,
            StatusCode::REQUEST_TIMEOUT => attempt.is_repeatable(),
            // Other refusals of the request last longer than the pauses between attempts.
            status => status.is_server_error() && attempt.is_repeatable(),
        }
}

/// Whether the remaining time is sufficient for a pause and another attempt.
fn fits(pause: Duration, remaining: Option<Duration>) -> bool {
    remaining.map_or(pause <= MAX_RETRY_AFTER, |remaining| pause < remaining)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A row: the method, whether there is a key, the phase, a change of the default attempt, and the expected decision.
    struct Row(&'static str, bool, Phase<'static>, fn(&mut Attempt<'_>), Decision);

    fn answered(status: u16, code: Option<&'static str>, retry_after: Option<u64>) -> Phase<'static> {
        Phase::Answered {
            status: StatusCode::from_u16(status).unwrap(),
            code: code.map(|code| &*Box::leak(Box::new(ErrorCode::from(code)))),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    #[test]
    fn the_table_of_retries() {
        use Decision::{AwaitFirst, Done, Retry};
        let (retry, wait) = (Retry(SECOND), AwaitFirst(SECOND));
        let plain: fn(&mut Attempt<'_>) = |_| {};
        let rows = [
            // A success ends the call.
            Row("GET", false, answered(200, None, None), plain, Done),
            Row("POST", true, answered(202, None, Some(5)), plain, Done),
            // A request that was not sent is always repeated.
            Row("GET", false, Phase::NotSent, plain, retry),
            Row("POST", false, Phase::NotSent, plain, retry),
            Row("PATCH", false, Phase::NotSent, plain, retry),
            // A request that may have been executed is repeated only if that is safe.
            Row("GET", false, Phase::NoAnswer, plain, retry),
            Row("PUT", false, Phase::NoAnswer, plain, retry),
            Row("DELETE", false, Phase::NoAnswer, plain, retry),
            Row("POST", false, Phase::NoAnswer, plain, Done),
            Row("PATCH", false, Phase::NoAnswer, plain, Done),
            Row("POST", true, Phase::NoAnswer, plain, retry),
            // The same applies to errors of the server.
            Row("GET", false, answered(500, Some("internal_error"), None), plain, retry),
            Row("GET", false, answered(502, None, None), plain, retry),
            Row("GET", false, answered(503, None, Some(7)), plain, Retry(7 * SECOND)),
            Row("GET", false, answered(504, Some("gateway_timeout"), None), plain, retry),
            Row("GET", false, answered(501, None, None), plain, Done),
            Row("GET", false, answered(505, None, None), plain, Done),
            Row("GET", false, answered(408, None, None), plain, retry),
            Row("POST", false, answered(500, None, None), plain, Done),
            Row("POST", false, answered(503, None, Some(1)), plain, Done),
            Row("POST", false, answered(408, None, None), plain, Done),
            Row("POST", true, answered(500, None, None), plain, retry),
            Row("PATCH", false, answered(502, None, None), plain, Done),
            // A 429 was not executed. A short pause does not help against an exceeded quota or missing credit.
            Row("POST", false, answered(429, Some("rate_limit_exceeded"), None), plain, retry),
            Row("POST", false, answered(429, None, None), plain, retry),
            Row(
                "POST",
                false,
                answered(429, Some("rate_limit_exceeded"), Some(30)),
                plain,
                Retry(30 * SECOND),
            ),
            Row("GET", false, answered(429, Some("quota_exceeded"), Some(1)), plain, Done),
            Row("GET", false, answered(429, Some("QUOTA_EXCEEDED"), None), plain, Done),
            Row("POST", true, answered(429, Some("insufficient_credit"), None), plain, Done),
            Row("POST", true, answered(429, Some("trial_limit_exceeded"), None), plain, Done),
            Row("POST", true, answered(429, Some("plan_upgrade_required"), None), plain, Done),
            // `Retry-After` is kept if there is time, otherwise the refusal is reported.
            Row("GET", false, answered(429, None, Some(60)), plain, Retry(60 * SECOND)),
            Row("GET", false, answered(429, None, Some(61)), plain, Done),
            Row(
                "GET",
                false,
                answered(429, None, Some(61)),
                |one| one.remaining = Some(100 * SECOND),
                Retry(61 * SECOND),
            ),
            Row("GET", false, answered(429, None, Some(5)), |one| one.remaining = Some(5 * SECOND), Done),
            Row("GET", false, Phase::NoAnswer, |one| one.remaining = Some(SECOND / 2), Done),
            // The service still executes the first attempt of this call.
            Row("POST", true, answered(409, Some("request_in_progress"), None), plain, wait),
            Row(
                "POST",
                true,
                answered(409, Some("request_in_progress"), Some(3)),
                plain,
                AwaitFirst(3 * SECOND),
            ),
            Row("POST", true, answered(409, Some("request_in_progress"), None), |one| one.number = 3, wait),
            Row(
                "POST",
                true,
                answered(409, Some("request_in_progress"), None),
                |one| one.has_budget = false,
                wait,
            ),
            Row(
                "POST",
                true,
                answered(409, Some("request_in_progress"), None),
                |one| one.waits = MAX_WAITS,
                Done,
            ),
            Row(
                "POST",
                true,
                answered(409, Some("request_in_progress"), None),
                |one| one.remaining = Some(SECOND / 2),
                Done,
            ),
            Row("POST", false, answered(409, Some("request_in_progress"), None), plain, Done),
            Row("POST", true, answered(409, Some("request_in_progress"), None), |one| one.limit = 1, Done),
            Row("POST", true, answered(409, Some("conflict"), None), plain, Done),
            Row("POST", true, answered(409, Some("resource_not_ready"), None), plain, Done),
            // Other refusals are final.
            Row("GET", false, answered(400, Some("invalid_parameter"), None), plain, Done),
            Row("GET", false, answered(401, Some("unauthorized"), None), plain, Done),
            Row("GET", false, answered(402, Some("insufficient_credit"), None), plain, Done),
            Row("GET", false, answered(403, None, None), plain, Done),
            Row("GET", false, answered(404, None, Some(1)), plain, Done),
            Row("GET", false, answered(302, None, None), plain, Done),
            // The attempts, the budget and the body limit retries.
            Row("GET", false, Phase::NoAnswer, |one| one.number = 2, retry),
            Row("GET", false, Phase::NoAnswer, |one| one.number = 3, Done),
            Row("GET", false, Phase::NotSent, |one| one.limit = 1, Done),
            Row("GET", false, answered(503, None, None), |one| one.has_budget = false, Done),
            Row("POST", false, answered(429, None, None), |one| one.has_budget = false, Done),
            Row("POST", true, Phase::NoAnswer, |one| one.replayable = false, Done),
            Row(
                "POST",
                true,
                answered(409, Some("request_in_progress"), None),
                |one| one.replayable = false,
                Done,
            ),
        ];
        for (number, Row(method, has_key, phase, change, wanted)) in rows.into_iter().enumerate() {
            let method: Method = method.parse().unwrap();
            let mut attempt = Attempt {
                method: &method,
                has_key,
                phase,
                number: 1,
                limit: 3,
                waits: 0,
                pause: SECOND,
                remaining: None,
                replayable: true,
                has_budget: true,
            };
            change(&mut attempt);
            assert_eq!(decide(attempt), wanted, "row {number}: {attempt:?}");
        }
    }
}
