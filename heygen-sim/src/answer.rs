//! The result of a handler: a reply or an error.

use http::StatusCode;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::reply::Reply;

/// The result of a handler.
pub(crate) type Answer = Result<Reply, ApiError>;

/// 200 with `{"data": …}`.
pub(crate) fn data(value: Value) -> Answer {
    Ok(Reply::json(StatusCode::OK, json!({ "data": value })))
}

/// Another successful status with `{"data": …}`.
pub(crate) fn data_with(status: StatusCode, value: Value) -> Answer {
    Ok(Reply::json(status, json!({ "data": value })))
}
