//! Whether an attempt that did not succeed is followed by another: the whole policy, as one function.

use std::time::Duration;

use heygen_api::{ErrorCode, is_retryable_refusal};
use http::{Method, StatusCode};

/// The outcome of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase<'a> {
    /// The request never left.
    NotSent,
    /// It left, and no whole answer came.
    NoAnswer,
    /// It was answered.
    Answered { status: StatusCode, code: Option<&'a ErrorCode>, retry_after: Option<Duration> },
}

/// All that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) method: &'a Method,
    /// Whether an idempotency key went along.
    pub(crate) has_key: bool,
    pub(crate) phase: Phase<'a>,
    /// 1 for the first attempt.
    pub(crate) number: u32,
    /// How many attempts there may be.
    pub(crate) limit: u32,
    /// How often the call has waited for its own first attempt to end.
    pub(crate) waits: u32,
    /// The pause before the next attempt, by the policy alone.
    pub(crate) pause: Duration,
    /// Time that the caller still gives; none without a deadline.
    pub(crate) left: Option<Duration>,
    /// Whether the body can be sent again.
    pub(crate) replayable: bool,
    /// Whether the bucket pays for one more.
    pub(crate) affordable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The answer goes to the caller, whatever it is.
    Done,
    /// Another attempt after a pause, paid by the budget.
    Again(Duration),
    /// The first attempt of this very call is under way at the service: ask for its outcome after a pause.
    Ask(Duration),
}

/// Longest pause that the service may ask for when the caller gave no deadline.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How often a call asks for the outcome of its own first attempt.
const MOST_WAITS: u32 = 20;

pub(crate) fn decide(attempt: Attempt<'_>) -> Decision {
    let Attempt { phase, pause, .. } = attempt;
    let wanted = match phase {
        Phase::Answered { status, .. } if status.is_success() => return Decision::Done,
        // The refusal of a second request while the first with its key is under way.
        Phase::Answered {
            status: StatusCode::CONFLICT,
            code: Some(ErrorCode::RequestInProgress),
            retry_after,
        } => {
            let pause = pause.max(retry_after.unwrap_or_default());
            let may = attempt.has_key
                && attempt.replayable
                && attempt.limit > 1
                && attempt.waits < MOST_WAITS
                && fits(pause, attempt.left);
            return if may { Decision::Ask(pause) } else { Decision::Done };
        }
        Phase::Answered { status, code, retry_after } => {
            may_follow(&attempt, status, code).then(|| pause.max(retry_after.unwrap_or_default()))
        }
        // What never left was not executed.
        Phase::NotSent => Some(pause),
        Phase::NoAnswer => attempt.is_repeatable().then_some(pause),
    };
    match wanted {
        Some(pause)
            if attempt.number < attempt.limit
                && attempt.replayable
                && attempt.affordable
                && fits(pause, attempt.left) =>
        {
            Decision::Again(pause)
        }
        _ => Decision::Done,
    }
}

impl Attempt<'_> {
    /// Whether executing the request twice is the same as once.
    fn is_repeatable(&self) -> bool {
        // PUT and DELETE are idempotent by HTTP; the service's PATCH and POST are not.
        self.has_key
            || matches!(
                *self.method,
                Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
            )
    }
}

fn may_follow(attempt: &Attempt<'_>, status: StatusCode, code: Option<&ErrorCode>) -> bool {
    is_retryable_refusal(status, code)
        && match status {
            // The service turned it away unexecuted.
            StatusCode::TOO_MANY_REQUESTS => true,
            StatusCode::REQUEST_TIMEOUT => attempt.is_repeatable(),
            // Other refusals of the request itself: what may end them takes longer than the pauses between attempts.
            status => status.is_server_error() && attempt.is_repeatable(),
        }
}

/// Whether there is time for a pause, and for an attempt after it.
fn fits(pause: Duration, left: Option<Duration>) -> bool {
    left.map_or(pause <= LONGEST_WAIT, |left| pause < left)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A row: method, key, its outcome, and what is changed from the first of three attempts with nothing in its way.
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
        use Decision::{Again, Ask, Done};
        let (again, ask) = (Again(SECOND), Ask(SECOND));
        let plain: fn(&mut Attempt<'_>) = |_| {};
        let rows = [
            // A success is a success.
            Row("GET", false, answered(200, None, None), plain, Done),
            Row("POST", true, answered(202, None, Some(5)), plain, Done),
            // What never left may go again, whatever it is.
            Row("GET", false, Phase::NotSent, plain, again),
            Row("POST", false, Phase::NotSent, plain, again),
            Row("PATCH", false, Phase::NotSent, plain, again),
            // What may have been executed goes again only if twice is the same as once.
            Row("GET", false, Phase::NoAnswer, plain, again),
            Row("PUT", false, Phase::NoAnswer, plain, again),
            Row("DELETE", false, Phase::NoAnswer, plain, again),
            Row("POST", false, Phase::NoAnswer, plain, Done),
            Row("PATCH", false, Phase::NoAnswer, plain, Done),
            Row("POST", true, Phase::NoAnswer, plain, again),
            // The same for what the server choked on.
            Row("GET", false, answered(500, Some("internal_error"), None), plain, again),
            Row("GET", false, answered(502, None, None), plain, again),
            Row("GET", false, answered(503, None, Some(7)), plain, Again(7 * SECOND)),
            Row("GET", false, answered(504, Some("gateway_timeout"), None), plain, again),
            Row("GET", false, answered(501, None, None), plain, Done),
            Row("GET", false, answered(505, None, None), plain, Done),
            Row("GET", false, answered(408, None, None), plain, again),
            Row("POST", false, answered(500, None, None), plain, Done),
            Row("POST", false, answered(503, None, Some(1)), plain, Done),
            Row("POST", false, answered(408, None, None), plain, Done),
            Row("POST", true, answered(500, None, None), plain, again),
            Row("PATCH", false, answered(502, None, None), plain, Done),
            // 429 was not executed; but no wait fills a wallet.
            Row("POST", false, answered(429, Some("rate_limit_exceeded"), None), plain, again),
            Row("POST", false, answered(429, None, None), plain, again),
            Row(
                "POST",
                false,
                answered(429, Some("rate_limit_exceeded"), Some(30)),
                plain,
                Again(30 * SECOND),
            ),
            Row("GET", false, answered(429, Some("quota_exceeded"), Some(1)), plain, Done),
            Row("GET", false, answered(429, Some("QUOTA_EXCEEDED"), None), plain, Done),
            Row("POST", true, answered(429, Some("insufficient_credit"), None), plain, Done),
            Row("POST", true, answered(429, Some("trial_limit_exceeded"), None), plain, Done),
            Row("POST", true, answered(429, Some("plan_upgrade_required"), None), plain, Done),
            // A pause that the service asks for is kept, or the refusal is reported.
            Row("GET", false, answered(429, None, Some(60)), plain, Again(60 * SECOND)),
            Row("GET", false, answered(429, None, Some(61)), plain, Done),
            Row(
                "GET",
                false,
                answered(429, None, Some(61)),
                |one| one.left = Some(100 * SECOND),
                Again(61 * SECOND),
            ),
            Row("GET", false, answered(429, None, Some(5)), |one| one.left = Some(5 * SECOND), Done),
            Row("GET", false, Phase::NoAnswer, |one| one.left = Some(SECOND / 2), Done),
            // The first attempt of this very call is under way.
            Row("POST", true, answered(409, Some("request_in_progress"), None), plain, ask),
            Row("POST", true, answered(409, Some("request_in_progress"), Some(3)), plain, Ask(3 * SECOND)),
            Row("POST", true, answered(409, Some("request_in_progress"), None), |one| one.number = 3, ask),
            Row(
                "POST",
                true,
                answered(409, Some("request_in_progress"), None),
                |one| one.affordable = false,
                ask,
            ),
            Row(
                "POST",
                true,
                answered(409, Some("request_in_progress"), None),
                |one| one.waits = MOST_WAITS,
                Done,
            ),
            Row(
                "POST",
                true,
                answered(409, Some("request_in_progress"), None),
                |one| one.left = Some(SECOND / 2),
                Done,
            ),
            Row("POST", false, answered(409, Some("request_in_progress"), None), plain, Done),
            Row("POST", true, answered(409, Some("request_in_progress"), None), |one| one.limit = 1, Done),
            Row("POST", true, answered(409, Some("conflict"), None), plain, Done),
            Row("POST", true, answered(409, Some("resource_not_ready"), None), plain, Done),
            // Other refusals mean what they say.
            Row("GET", false, answered(400, Some("invalid_parameter"), None), plain, Done),
            Row("GET", false, answered(401, Some("unauthorized"), None), plain, Done),
            Row("GET", false, answered(402, Some("insufficient_credit"), None), plain, Done),
            Row("GET", false, answered(403, None, None), plain, Done),
            Row("GET", false, answered(404, None, Some(1)), plain, Done),
            Row("GET", false, answered(302, None, None), plain, Done),
            // Attempts, money and bodies come to an end.
            Row("GET", false, Phase::NoAnswer, |one| one.number = 2, again),
            Row("GET", false, Phase::NoAnswer, |one| one.number = 3, Done),
            Row("GET", false, Phase::NotSent, |one| one.limit = 1, Done),
            Row("GET", false, answered(503, None, None), |one| one.affordable = false, Done),
            Row("POST", false, answered(429, None, None), |one| one.affordable = false, Done),
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
                left: None,
                replayable: true,
                affordable: true,
            };
            change(&mut attempt);
            assert_eq!(decide(attempt), wanted, "row {number}: {attempt:?}");
        }
    }
}
