//! Reads the service's error bodies, and decides whether the same request may succeed later.

use std::sync::LazyLock;

use http::StatusCode;
use memchr::memmem::Finder;
use serde_json::{Value, json};

use crate::decode::from_json_slice;
use crate::error_code::ErrorCode;
use crate::object::object;
use crate::types::StandardApiError;

/// Whether the same request may succeed later, because it failed due to the load of the service or a race.
///
/// ```
/// use heygen_api::{ErrorCode, is_retryable_refusal};
/// use http::StatusCode;
///
/// let status = StatusCode::TOO_MANY_REQUESTS;
/// assert!(is_retryable_refusal(status, Some(&ErrorCode::RateLimitExceeded)));
/// assert!(!is_retryable_refusal(status, Some(&ErrorCode::QuotaExceeded)));
/// ```
pub fn is_retryable_refusal(status: StatusCode, code: Option<&ErrorCode>) -> bool {
    match code {
        Some(
            ErrorCode::RequestInProgress
            | ErrorCode::ResourceNotReady
            | ErrorCode::VoiceNotReady
            | ErrorCode::BrandKitNotReady
            | ErrorCode::VoiceProviderError
            | ErrorCode::ServiceUnavailable,
        ) => true,
        // These last too long to wait for.
        Some(
            ErrorCode::QuotaExceeded
            | ErrorCode::UsageLimitReached
            | ErrorCode::InsufficientCredit
            | ErrorCode::TrialLimitExceeded
            | ErrorCode::PlanUpgradeRequired
            | ErrorCode::SubscriptionRequired,
        ) => false,
        _ => match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => true,
            StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => false,
            status => status.is_server_error(),
        },
    }
}

/// Finds the member that contains an error.
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"error\""));

/// Reads an error from the body of a success response: an `error` with a code or a message. An `error` that is empty,
/// `false` or a number is ignored, so that the data of a job beside it is not lost.
pub(crate) fn read_disguised_refusal(body: &[u8]) -> Option<StandardApiError> {
    // Few success responses contain the member, and in most of those it is `null`.
    ERROR.find(body)?;
    let value: Value = from_json_slice(body).ok()?;
    let says = match value.get("error")? {
        Value::String(text) => !text.trim().is_empty(),
        Value::Object(members) => ["code", "message"].iter().any(|name| members.get(*name).is_some_and(says)),
        _ => false,
    };
    if says { read_refusal(body) } else { None }
}

/// Whether a code or message is present.
fn says(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Number(_) => true,
        _ => false,
    }
}

/// The v3 form of an error body.
struct Envelope {
    error: StandardApiError,
}

object! { @read Envelope: reply { required error, } }

/// Reads an error body of v3, or converts one of v1 or v2: `error` may be a string or an object with a numeric code, or
/// `code` and `message` may be at the top level.
pub(crate) fn read_refusal(body: &[u8]) -> Option<StandardApiError> {
    if let Ok(Envelope { error: service_error }) = from_json_slice(body) {
        return Some(service_error);
    }
    let value: Value = from_json_slice(body).ok()?;
    let inner = value.get("error").filter(|error| !error.is_null()).unwrap_or(&value);
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let member = |name: &str| inner.get(name).or_else(|| value.get(name)).and_then(text);
    let code = member("code");
    let message = text(inner)
        .or_else(|| member("message"))
        .or_else(|| member("detail"))
        .or_else(|| member("msg"))
        .or_else(|| listed(&value))
        // A code without a message is an error too.
        .or_else(|| code.as_ref().map(|_| String::new()))?;
    // The generated type requires a code, so a missing one becomes empty.
    let service_error = json!({
        "code": code.unwrap_or_default(),
        "message": message,
        "param": member("param"),
        "doc_url": member("doc_url"),
    });
    serde_json::from_value(service_error).ok()
}

/// The first of several validation errors: `{"detail": [{"loc": ["body", "title"], "msg": "field required"}]}`.
fn listed(value: &Value) -> Option<String> {
    let first = value.get("detail").or_else(|| value.get("errors"))?.as_array()?.first()?;
    let message = first.get("msg").or_else(|| first.get("message"))?.as_str()?;
    let place: Vec<&str> =
        first.get("loc").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    Some(if place.is_empty() { message.to_owned() } else { format!("{}: {message}", place.join(".")) })
}

/// The code of an error; `None` for an empty code and for `error`, which are not specific.
pub(crate) fn specific_code(service_error: &StandardApiError) -> Option<&str> {
    Some(service_error.code.as_str()).filter(|code| !code.is_empty() && *code != "error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_form_of_an_error_is_read() {
        for (body, code, message) in [
            (r#"{"error":{"code":"not_found","message":"No such video"}}"#, "not_found", "No such video"),
            (r#"{"error":{"code":40119,"message":"too long"},"data":null}"#, "40119", "too long"),
            (r#"{"error":"bad","data":null}"#, "", "bad"),
            (r#"{"error":{"code":"c","message":"m","param":["a"]}}"#, "c", "m"),
            (r#"{"error":{"code":"c","message":"m","errors":[{"odd":1}]}}"#, "c", "m"),
            (r#"{"code":400175,"message":"Invalid"}"#, "400175", "Invalid"),
            (r#"{"error":{"code":"c","message":"cut \ud83d"}}"#, "c", "cut \u{fffd}"),
            ("\u{feff}{\"error\":{\"code\":\"c\",\"message\":\"m\"}}", "c", "m"),
            (r#"{"error":{"code":7,"message":"cut \ud83d"}}"#, "7", "cut \u{fffd}"),
            (r#"{"error":{"code":"quota_exceeded"}}"#, "quota_exceeded", ""),
            (r#"{"code":"not_found"}"#, "not_found", ""),
            (r#"{"error":{"code":"c","message":null,"param":"p"}}"#, "c", ""),
            (
                r#"{"detail":[{"loc":["body","title"],"msg":"field required"}]}"#,
                "",
                "body.title: field required",
            ),
        ] {
            let service_error = read_refusal(body.as_bytes()).unwrap();
            assert_eq!((service_error.code.as_str(), service_error.message.as_str()), (code, message));
        }
        let odd =
            read_refusal(br#"{"error":{"code":7,"message":"\ude00","param":"p","doc_url":"d"}}"#).unwrap();
        assert_eq!(
            (odd.code.as_str(), odd.param.as_deref(), odd.doc_url.as_deref()),
            ("7", Some("p"), Some("d"))
        );
        for body in ["<html>502</html>", "", "[]", r#"{"data":1}"#] {
            assert!(read_refusal(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_success_is_an_error_only_with_a_code_or_message() {
        for error in ["null", "false", "0", "\"\"", "{}", "[]", "{\"code\":null}", "{\"detail\":\"d\"}"] {
            let body = format!(r#"{{"error":{error},"message":"Success","data":{{"lipsync_id":"l"}}}}"#);
            assert!(read_disguised_refusal(body.as_bytes()).is_none(), "{body}");
        }
        for error in ["\"bad\"", "{\"code\":\"c\"}", "{\"message\":\"m\"}", "{\"code\":7,\"message\":\"\"}"] {
            let body = format!(r#"{{"error":{error},"data":null}}"#);
            assert!(read_disguised_refusal(body.as_bytes()).is_some(), "{body}");
        }
    }

    #[test]
    fn status_and_code_decide_whether_a_retry_may_help() {
        for (status, code, retryable) in [
            (429, None, true),
            (408, None, true),
            (500, None, true),
            (501, None, false),
            (505, None, false),
            (404, Some("video_not_found"), false),
            (403, None, false),
            (204, None, false),
            (409, Some("conflict"), false),
            (409, Some("request_in_progress"), true),
            (409, Some("resource_not_ready"), true),
            (400, Some("voice_provider_error"), true),
            (429, Some("quota_exceeded"), false),
            (429, Some("QUOTA_EXCEEDED"), false),
            (429, Some("brand_new"), true),
            (402, Some("insufficient_credit"), false),
        ] {
            let code = code.map(ErrorCode::from);
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(is_retryable_refusal(status, code.as_ref()), retryable, "{status} {code:?}");
        }
    }
}
