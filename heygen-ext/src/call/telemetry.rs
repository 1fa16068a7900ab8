//! Makes calls observable: a span for each call, and an observer for metrics.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use heygen_api::Operation;
use http::StatusCode;
use tracing::Span;
use tracing::field::Empty;

/// Receives a report of every attempt and every call, for metrics.
///
/// The methods run in the task of the call, so they should return quickly. Reports do not contain secrets.
pub trait Observer: Send + Sync + 'static {
    /// An attempt ended.
    fn on_attempt(&self, report: &AttemptReport<'_>) {
        let _ = report;
    }

    /// A call ended: it has its answer, or it failed after its last attempt.
    fn on_call(&self, report: &CallReport<'_>) {
        let _ = report;
    }
}

/// One attempt of a call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AttemptReport<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// 1 for the first attempt.
    pub number: u32,
    /// Status of the answer, or `None` without an answer.
    pub status: Option<StatusCode>,
    /// Code of the refusal.
    pub code: Option<&'a str>,
    /// Duration of the attempt.
    pub duration: Duration,
    /// Pause before the next attempt, or `None` if this was the last one.
    pub pause: Option<Duration>,
}

/// A call with all its attempts.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CallReport<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// How often the request was sent.
    pub attempts: u32,
    /// Status of the last answer, or `None` without an answer.
    pub status: Option<StatusCode>,
    /// Code of the refusal.
    pub code: Option<&'a str>,
    /// The service's id of the last request.
    pub request_id: Option<&'a str>,
    /// Duration of the call, including its pauses.
    pub duration: Duration,
}

/// The observer of a client, if it has one.
#[derive(Clone, Default)]
pub(crate) struct Observers(pub(crate) Option<Arc<dyn Observer>>);

impl Observers {
    /// Calls `notify` with the observer, if there is one.
    pub(crate) fn notify(&self, notify: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &self.0 {
            notify(&**observer);
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer" } else { "none" })
    }
}

/// Creates the span of a call. Its fields follow the OpenTelemetry conventions for HTTP clients.
pub(crate) fn span(operation: &Operation, host: &str) -> Span {
    tracing::info_span!(
        "heygen",
        otel.name = operation.id(),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = operation.method().as_str(),
        http.request.resend_count = Empty,
        http.response.status_code = Empty,
        url.template = operation.path(),
        server.address = host,
        error.type = Empty,
        heygen.operation = operation.id(),
        heygen.request_id = Empty,
        heygen.duration_ms = Empty,
    )
}

/// Records the outcome of a call in its span.
pub(crate) fn close(span: &Span, report: &CallReport<'_>) {
    span.record("http.request.resend_count", report.attempts.saturating_sub(1));
    span.record("heygen.duration_ms", u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX));
    if let Some(id) = report.request_id {
        span.record("heygen.request_id", id);
    }
    if let Some(status) = report.status {
        span.record("http.response.status_code", status.as_u16());
    }
    if !report.status.is_some_and(|status| status.is_success()) {
        span.record("otel.status_code", "ERROR");
        match (report.code, report.status) {
            (Some(code), _) => span.record("error.type", code),
            (None, Some(status)) => span.record("error.type", status.as_str()),
            (None, None) => span.record("error.type", "no_answer"),
        };
    }
    // Subscribers that print events show the span with this line.
    tracing::debug!(parent: span, "the call ended");
}
