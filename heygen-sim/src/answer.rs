//! The result of a handler: a reply or an error.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::reply::Reply;

/// The result of a handler.
pub(crate) type Answer = Result<Reply, ApiError>;

/// 200 with `{"data": …}`.
pub(crate) fn data(value: Value) -> Answer {
    data_with(StatusCode::OK, value)
}

/// Another successful status with `{"data": …}`.
pub(crate) fn data_with(status: StatusCode, value: Value) -> Answer {
    // `json!` would copy the value.
    Ok(Reply::json(status, Map::from_iter([("data".to_owned(), value)]).into()))
}

/// 200 with `{"data": …}`, written at once, without a tree of values.
pub(crate) fn written<T: Serialize>(data: T) -> Answer {
    Ok(Reply::written(&Enveloped { data }))
}

/// 200 with a page of a list, and the cursor of the next page if there is one.
pub(crate) fn list<T: Serialize>(items: Vec<T>, next: Option<String>) -> Answer {
    Ok(Reply::written(&Page { data: items, has_more: next.is_some(), next_token: next }))
}

#[derive(Serialize)]
struct Enveloped<T> {
    data: T,
}

#[derive(Serialize)]
struct Page<T> {
    data: Vec<T>,
    has_more: bool,
    next_token: Option<String>,
}
