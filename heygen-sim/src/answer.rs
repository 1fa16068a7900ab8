//! What a handler gives: a reply, or the error that it is refused with.

use http::StatusCode;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::reply::Reply;

/// What a resource answers.
pub(crate) type Answer = Result<Reply, ApiError>;

/// 200 with `{"data": …}`.
pub(crate) fn data(value: Value) -> Answer {
    Ok(Reply::json(StatusCode::OK, json!({ "data": value })))
}

/// Another success with `{"data": …}`.
pub(crate) fn data_with(status: StatusCode, value: Value) -> Answer {
    Ok(Reply::json(status, json!({ "data": value })))
}
