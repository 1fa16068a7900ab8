//! Errors of migrated calls.

use std::fmt;

use http::StatusCode;
use serde_json::Value;

use super::endpoint::{Endpoint, NoCounterpart};
use super::envelope::{Envelope, Failure};
use super::loss::Refusal;
use super::planning::Unanswerable;
use super::unknown_endpoint::UnknownEndpoint;
use crate::error::{Error, ErrorKind};

/// Why a legacy request was not carried out.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum MigrateError {
    /// v1 and v2 have no such path, or not with this method.
    UnknownEndpoint(UnknownEndpoint),
    /// v3 has no counterpart of the endpoint. The error says what to use instead.
    NoCounterpart(NoCounterpart),
    /// The request is invalid, or [`Policy::Strict`](super::Policy::Strict) does not accept what would be lost. Nothing was
    /// sent, except for look-ups.
    Refused(Refusal),
    /// The body is not JSON.
    NotJson {
        /// What is wrong.
        problem: String,
    },
    /// The legacy answer cannot be made from the answers of v3.
    Answer {
        /// The HTTP status of the legacy answer.
        status: StatusCode,
        /// The v3 error code that describes the problem best.
        code: &'static str,
        /// What is missing, and what to use instead.
        message: String,
    },
    /// The service refused a call, or did not answer.
    Service(Error),
    /// A later request of a plan with several failed. What the earlier ones made exists, and may have been charged.
    Interrupted {
        /// What exists: the name of the operation and the id that it answered, such as `create_avatar: LOOK_ID`.
        made: Vec<String>,
        /// Why the later request failed.
        error: Box<MigrateError>,
    },
}

impl MigrateError {
    /// The HTTP status of the legacy answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::UnknownEndpoint(error) if error.methods().is_empty() => StatusCode::NOT_FOUND,
            Self::UnknownEndpoint(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoCounterpart(_) => StatusCode::GONE,
            Self::Refused(refusal) if refusal.code().ends_with("_not_found") => StatusCode::NOT_FOUND,
            Self::Refused(_) | Self::NotJson { .. } => StatusCode::BAD_REQUEST,
            Self::Answer { status, .. } => *status,
            Self::Interrupted { error, .. } => error.status(),
            Self::Service(error) => match error.kind() {
                ErrorKind::InvalidRequest | ErrorKind::Failed | ErrorKind::Upload
                    if error.status().is_none() =>
                {
                    StatusCode::BAD_REQUEST
                }
                ErrorKind::Timeout | ErrorKind::Deadline => StatusCode::GATEWAY_TIMEOUT,
                // A success that cannot be read, and a redirection, are failures of the service.
                _ => {
                    let refusal =
                        error.status().filter(|status| status.is_client_error() || status.is_server_error());
                    refusal.unwrap_or(StatusCode::BAD_GATEWAY)
                }
            },
        }
    }

    /// Whether the call is certain to have made nothing: it was refused, and no earlier call of its plan was carried out.
    pub(crate) fn has_made_nothing(&self) -> bool {
        match self {
            Self::Interrupted { .. } | Self::Answer { .. } => false,
            Self::Service(error) => !error.may_have_executed(),
            _ => true,
        }
    }

    /// The error code of the legacy answer, in the words of v3.
    pub fn code(&self) -> String {
        match self {
            Self::UnknownEndpoint(_) => "not_found".to_owned(),
            Self::NoCounterpart(_) => "endpoint_retired".to_owned(),
            Self::Refused(refusal) => refusal.code().to_owned(),
            Self::NotJson { .. } => "invalid_parameter".to_owned(),
            Self::Answer { code, .. } => (*code).to_owned(),
            Self::Interrupted { error, .. } => error.code(),
            Self::Service(error) => match error.code() {
                Some(code) => code.as_str().to_owned(),
                None if self.status() == StatusCode::BAD_REQUEST => "invalid_parameter".to_owned(),
                None => "service_unavailable".to_owned(),
            },
        }
    }

    /// The whole legacy answer that reports this error, in the envelope of the endpoint. Without an endpoint, the version in
    /// the path decides.
    pub fn to_legacy(&self, endpoint: Option<&Endpoint>, path: &str) -> Value {
        let by_path = if path.starts_with("/v1/") { Envelope::Numeric } else { Envelope::WithError };
        let envelope = endpoint.map_or(by_path, Endpoint::envelope);
        let (code, message) = (self.code(), self.message());
        let param = match self {
            Self::Service(error) => error.param().map(str::to_owned),
            Self::Refused(refusal) => refusal.problems.first().map(|problem| problem.path.to_string()),
            _ => None,
        };
        let failure =
            Failure { status: self.status(), code: &code, message: &message, param: param.as_deref(), path };
        envelope.failure(&failure)
    }

    /// The service's message, or that of this error.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Service(error) => error.message().map_or_else(|| error.to_string(), str::to_owned),
            Self::Interrupted { made, error } => {
                format!("{}; made before: {}", error.message(), made.join(", "))
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownEndpoint(error) => error.fmt(f),
            Self::NoCounterpart(error) => error.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::NotJson { problem } => write!(f, "the body is not JSON: {problem}"),
            Self::Answer { message, .. } => f.write_str(message),
            Self::Service(error) => error.fmt(f),
            Self::Interrupted { made, error } => write!(f, "{error}; made before: {}", made.join(", ")),
        }
    }
}

impl std::error::Error for MigrateError {
    /// Skips the error that the text repeats.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Service(error) => error.source(),
            Self::Interrupted { error, .. } => error.source(),
            _ => None,
        }
    }
}

impl From<UnknownEndpoint> for MigrateError {
    fn from(error: UnknownEndpoint) -> Self {
        Self::UnknownEndpoint(error)
    }
}

impl From<NoCounterpart> for MigrateError {
    fn from(error: NoCounterpart) -> Self {
        Self::NoCounterpart(error)
    }
}

impl From<Refusal> for MigrateError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for MigrateError {
    fn from(error: Error) -> Self {
        Self::Service(error)
    }
}

impl From<Unanswerable> for MigrateError {
    fn from(problem: Unanswerable) -> Self {
        let Unanswerable { status, code, message } = problem;
        Self::Answer { status, code, message }
    }
}
