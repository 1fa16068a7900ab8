//! The result of a handler: a reply or an error.

use http::StatusCode;
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

/// 200 with a page of a list, and the cursor of the next page if there is one.
pub(crate) fn list(items: Vec<Value>, next: Option<String>) -> Answer {
    let members = [
        ("data".to_owned(), items.into()),
        ("has_more".to_owned(), next.is_some().into()),
        ("next_token".to_owned(), next.into()),
    ];
    Ok(Reply::json(StatusCode::OK, Map::from_iter(members).into()))
}
