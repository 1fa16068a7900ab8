//! Error responses of the service.

use http::StatusCode;
use serde_json::{Value, json};

use crate::document::Envelope;
use crate::reply::Reply;

/// Maximum length of a message, in characters. Messages quote values, which may be megabytes long.
const MESSAGE_LIMIT: usize = 400;

/// Maximum length of a `param` and of a detail, in characters.
const PARAM_LIMIT: usize = 200;

/// Maximum number of details.
const DETAILS_LIMIT: usize = 100;

/// Cuts a text to a length in characters.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// An error response, with a code of the v3 error catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    /// The rejected member or parameter, in dot notation.
    pub(crate) param: Option<String>,
    /// Seconds of the simulator's clock to wait, for the header `Retry-After`.
    pub(crate) retry_after: Option<u64>,
    /// Message and node id of each problem, if there may be several.
    pub(crate) details: Vec<(String, Option<String>)>,
}

impl ApiError {
    /// An error with a status, a code and a message.
    pub(crate) fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), shorten(&message.into(), MESSAGE_LIMIT));
        Self { status, code, message, param: None, retry_after: None, details: Vec::new() }
    }

    /// 400 `invalid_parameter`, for a `param`.
    pub(crate) fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", message).at(param)
    }

    /// 404 with this code.
    pub(crate) fn not_found(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// 409 `conflict`.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// 500 `internal_error`.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    /// 403 `forbidden`.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 429 `rate_limit_exceeded`, with the seconds to wait.
    pub(crate) fn too_many(message: impl Into<String>, retry_after: u64) -> Self {
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", message);
        Self { retry_after: Some(retry_after.max(1)), ..refusal }
    }

    /// Sets the `param`.
    pub(crate) fn at(self, param: impl Into<String>) -> Self {
        let param = shorten(&param.into(), PARAM_LIMIT);
        Self { param: Some(param).filter(|param| !param.is_empty()), ..self }
    }

    /// Prepends `place` to the `param`.
    pub(crate) fn below(self, place: &str) -> Self {
        let param = self.param.as_ref().map_or(place.to_owned(), |param| format!("{place}.{param}"));
        self.at(param)
    }

    /// Adds a message and a node id for each problem.
    pub(crate) fn with_details(self, details: Vec<(String, Option<String>)>) -> Self {
        let short = |text: String| shorten(&text, PARAM_LIMIT);
        let details = details.into_iter().take(DETAILS_LIMIT);
        let details = details.map(|(message, node)| (short(message), node.map(short))).collect();
        Self { details, ..self }
    }

    /// `{"code", "message"}`, as shown in batches and failed resources.
    pub(crate) fn brief(&self) -> Value {
        json!({"code": self.code, "message": self.message})
    }

    /// The response, in the envelope of the operation.
    pub(crate) fn into_reply(self, envelope: Envelope) -> Reply {
        let body = match envelope {
            Envelope::Standard => {
                let page = self.code.replace('_', "-");
                let mut error = json!({
                    "code": self.code,
                    "message": self.message,
                    "doc_url": format!("https://developers.heygen.com/docs/error-codes#{page}"),
                });
                // As observed at the service, the errors 401 and 404 do not have the member.
                let has_param = ![StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND].contains(&self.status);
                if let Some(param) = self.param.as_ref().filter(|_| has_param) {
                    error["param"] = json!(param);
                }
                if !self.details.is_empty() {
                    let details = self.details.iter().map(|(message, node)| {
                        let mut detail = json!({"code": self.code, "message": message});
                        if let Some(node) = node {
                            detail["node_id"] = json!(node);
                        }
                        detail
                    });
                    error["errors"] = details.collect();
                }
                json!({ "error": error })
            }
            Envelope::Numeric => json!({"code": self.status.as_u16(), "message": self.message}),
            Envelope::WithData => json!({"data": null, "error": self.brief()}),
        };
        let mut reply = Reply::json(self.status, body);
        reply.code = Some(self.code);
        if let Some(seconds) = self.retry_after {
            reply.headers.insert(http::header::RETRY_AFTER, seconds.into());
        }
        reply
    }
}
