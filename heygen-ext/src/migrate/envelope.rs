//! The envelopes of legacy answers, and the error codes of v1.

use http::StatusCode;
use serde_json::{Value, json};

/// The envelope of a legacy answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Envelope {
    /// v1: `{"code": 100, "data": …, "message": "Success"}`; an error has a numeric code and a message.
    Numeric,
    /// v2: `{"error": null, "data": …}`; an error is `{"error": {"code", "message"}, "data": null}`.
    WithError,
    /// The members of both, for an endpoint that the documentation shows with either.
    Both,
    /// The envelope of v3, `{"data": …}`, which some late v2 endpoints had, such as `/v2/videos`.
    Later,
}

/// The numeric codes of v1 for the error codes of v3. For any other code, v1 answered with the HTTP status.
///
/// Source: HeyGen's list of legacy errors.
const NUMERIC_CODES: &[(&str, u32)] = &[
    ("unauthorized", 400_112),
    ("authentication_failed", 400_112),
    ("forbidden", 400_562),
    ("resource_access_denied", 400_573),
    ("plan_upgrade_required", 400_599),
    ("subscription_required", 400_599),
    ("invalid_parameter", 400_175),
    ("tts_text_invalid", 40_039),
    ("script_too_short", 40_039),
    ("rate_limit_exceeded", 400_123),
    ("quota_exceeded", 400_123),
    ("video_not_found", 40_104),
    ("webhook_not_found", 400_131),
    ("content_policy_violation", 400_105),
];

/// An error of v3, as a legacy answer needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure<'a> {
    pub(crate) status: StatusCode,
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    pub(crate) param: Option<&'a str>,
    /// The legacy path, which decides some numeric codes.
    pub(crate) path: &'a str,
}

impl Envelope {
    /// Wraps the data of an answer.
    pub(crate) fn success(self, data: Value) -> Value {
        match self {
            Self::Numeric => json!({"code": 100, "data": data, "msg": null, "message": "Success"}),
            Self::WithError => json!({"error": null, "data": data}),
            Self::Both => {
                json!({"code": 100, "error": null, "data": data, "msg": null, "message": "Success"})
            }
            Self::Later => match data {
                // A list has members beside `data`, so its conversion returns the whole body.
                whole if whole.get("data").is_some() => whole,
                data => json!({"data": data}),
            },
        }
    }

    /// Wraps an error.
    pub(crate) fn failure(self, failure: &Failure<'_>) -> Value {
        let Failure { code, message, .. } = failure;
        match self {
            Self::Numeric => json!({"code": numeric_code(failure), "message": message}),
            Self::WithError => json!({"error": {"code": code, "message": message}, "data": null}),
            Self::Both => json!({
                "code": numeric_code(failure),
                "message": message,
                "error": {"code": code, "message": message},
                "data": null,
            }),
            Self::Later => {
                json!({"error": {"code": code, "message": message, "param": failure.param, "doc_url": null}})
            }
        }
    }
}

fn numeric_code(failure: &Failure<'_>) -> u32 {
    if failure.code == "invalid_parameter"
        && failure.param == Some("url")
        && failure.path.starts_with("/v1/webhook/")
    {
        return 400_542;
    }
    if failure.code == "not_found"
        && ["/v1/video_status.get", "/v1/video.delete", "/v1/video/caption.get"].contains(&failure.path)
    {
        return 40_104;
    }
    let known = NUMERIC_CODES.iter().find(|(code, _)| code.eq_ignore_ascii_case(failure.code));
    known.map_or(failure.status.as_u16().into(), |(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, code: &'static str, path: &'static str) -> Failure<'static> {
        let status = StatusCode::from_u16(status).unwrap();
        Failure { status, code, message: "M", param: Some("url"), path }
    }

    #[test]
    fn errors_have_the_numeric_code_of_v1() {
        for (status, code, path, number) in [
            (401, "unauthorized", "/v1/video.list", 400_112),
            (401, "authentication_failed", "/v1/video.list", 400_112),
            (403, "forbidden", "/v1/video.list", 400_562),
            (403, "resource_access_denied", "/v1/video.list", 400_573),
            (402, "plan_upgrade_required", "/v1/video.list", 400_599),
            (402, "subscription_required", "/v1/video.list", 400_599),
            (400, "invalid_parameter", "/v1/video.list", 400_175),
            (400, "tts_text_invalid", "/v1/video.webm", 40_039),
            (400, "script_too_short", "/v1/video.webm", 40_039),
            (429, "rate_limit_exceeded", "/v1/video.list", 400_123),
            (429, "quota_exceeded", "/v1/video.list", 400_123),
            (404, "video_not_found", "/v1/video_status.get", 40_104),
            (404, "not_found", "/v1/video.delete", 40_104),
            (404, "not_found", "/v1/folders", 404),
            (404, "webhook_not_found", "/v1/webhook/endpoint.delete", 400_131),
            (400, "invalid_parameter", "/v1/webhook/endpoint.add", 400_542),
            (400, "content_policy_violation", "/v1/video.webm", 400_105),
            (402, "insufficient_credit", "/v1/video.webm", 402),
            (500, "internal_error", "/v1/video.list", 500),
        ] {
            let body = Envelope::Numeric.failure(&failure(status, code, path));
            assert_eq!(body, json!({"code": number, "message": "M"}), "{code} {path}");
        }
    }

    #[test]
    fn both_generations_of_programs_read_the_answer_of_both() {
        let made = Envelope::Both.success(json!({"video_id": "v"}));
        assert_eq!(
            (&made["code"], &made["error"], &made["data"]["video_id"]),
            (&json!(100), &Value::Null, &json!("v"))
        );
        let failed = Envelope::Both.failure(&failure(400, "invalid_parameter", "/v2/video/generate"));
        assert_eq!(
            (&failed["code"], &failed["error"]["code"]),
            (&json!(400_175), &json!("invalid_parameter"))
        );
        let v2 = Envelope::WithError.failure(&failure(404, "template_not_found", "/v2/template/x"));
        assert_eq!(v2, json!({"error": {"code": "template_not_found", "message": "M"}, "data": null}));
        let later = Envelope::Later.failure(&failure(404, "video_not_found", "/v2/videos/x"));
        assert_eq!(later["error"]["param"], "url");
        assert_eq!(Envelope::Later.success(json!({"data": [], "has_more": false}))["has_more"], false);
    }
}
