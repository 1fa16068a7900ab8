//! Reads the state of a job from the service's answer. Pure functions.

use heygen_api::ErrorCode;
use serde_json::Value;

use super::facts::Facts;

/// What an answer says about a job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reading {
    /// It goes on.
    Running,
    /// It has its result.
    Completed,
    /// It has ended without a result.
    Failed { code: Option<String>, message: String },
    /// It was cancelled, stopped or deleted.
    Stopped,
    /// It waits for a person.
    Person,
}

/// The progress of a running job.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobProgress {
    /// The status, in the service's word; empty if it has not reported one yet.
    pub status: String,
    /// Whether this version knows the status. A job with an unknown status counts as running.
    pub is_known: bool,
    /// Percentage done, from 0 to 100.
    pub percent: Option<u8>,
    /// Whether `percent` is an estimate from the usual duration of such jobs, because the service reports none.
    pub is_estimate: bool,
    /// Id of the video of a Video Agent session, or of a job in a batch, once the service has named it.
    pub video_id: Option<String>,
}

/// The status of a job; empty if the answer has none.
pub(crate) fn status(data: &Value) -> &str {
    data.get("status").and_then(Value::as_str).unwrap_or_default()
}

/// What the answer of the operation that reads a job says.
pub(crate) fn read(facts: &Facts, data: &Value) -> Reading {
    let status = status(data);
    let is = |words: &[&str]| words.contains(&status);
    if facts.is_batch() {
        return read_batch(data, is(facts.statuses.completed) || is(facts.statuses.failed));
    }
    if is(facts.statuses.completed) {
        let has_result =
            facts.result.is_none_or(|member| data.get(member).is_some_and(|link| !link.is_null()));
        return if has_result { Reading::Completed } else { Reading::Running };
    }
    if is(facts.statuses.failed) {
        let (code, message) = failure(data);
        return Reading::Failed { code, message };
    }
    if is(facts.statuses.stopped) {
        return Reading::Stopped;
    }
    if is(facts.statuses.person) { Reading::Person } else { Reading::Running }
}

/// A batch has ended when each of its items has. It failed if no item completed.
fn read_batch(data: &Value, has_ended: bool) -> Reading {
    let count = |status: &str| {
        data.pointer(&format!("/counts_by_status/{status}")).and_then(Value::as_i64).unwrap_or(0)
    };
    if !has_ended || count("queued") + count("processing") + count("pending") + count("running") > 0 {
        return Reading::Running;
    }
    if count("completed") == 0 && count("failed") > 0 {
        let message = format!("all {} items failed", count("failed"));
        return Reading::Failed { code: None, message };
    }
    Reading::Completed
}

/// Whether the kind knows the status.
pub(crate) fn is_known(facts: &Facts, status: &str) -> bool {
    let all = &facts.statuses;
    [all.running, all.completed, all.failed, all.stopped, all.person]
        .iter()
        .any(|words| words.contains(&status))
}

/// The percentage that the service reports.
pub(crate) fn percent(data: &Value) -> Option<u8> {
    let percent = data.get("progress")?.as_f64()?;
    (percent > 0.0).then_some(percent.min(100.0) as u8)
}

/// Code and message of a failure. The members differ by kind.
fn failure(data: &Value) -> (Option<String>, String) {
    let error = data.get("error").filter(|error| !error.is_null());
    let text = |value: Option<&Value>| {
        value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let inside = |member: &str| text(error.and_then(|error| error.get(member)));
    let code = text(data.get("failure_code")).or_else(|| inside("code")).or_else(|| reason_code(data));
    let message = text(data.get("failure_message"))
        .or_else(|| inside("message"))
        .or_else(|| text(error))
        .or_else(|| text(data.get("failure_reason")))
        .or_else(|| text(data.pointer("/messages/0/content")))
        .unwrap_or_else(|| "no reason given".to_owned());
    (code, message)
}

/// `failure_reason` is a code where it is in capitals.
fn reason_code(data: &Value) -> Option<String> {
    let reason = data.get("failure_reason")?.as_str()?;
    let is_code = reason.chars().all(|c| c.is_ascii_uppercase() || c == '_') && !reason.is_empty();
    is_code.then(|| ErrorCode::from(reason).as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::facts::{self, ALL};

    #[test]
    fn words_mean_what_the_table_says() {
        for facts in ALL.iter().filter(|facts| !facts.is_batch()) {
            let with = |status: &str| {
                let mut data = json!({"status": status, "failure_message": "m"});
                if let Some(result) = facts.result {
                    data[result] = json!("https://example.com");
                }
                read(facts, &data)
            };
            let words = &facts.statuses;
            words.running.iter().for_each(|word| assert_eq!(with(word), Reading::Running, "{}", facts.name));
            words
                .completed
                .iter()
                .for_each(|word| assert_eq!(with(word), Reading::Completed, "{}", facts.name));
            words.stopped.iter().for_each(|word| assert_eq!(with(word), Reading::Stopped, "{}", facts.name));
            words.person.iter().for_each(|word| assert_eq!(with(word), Reading::Person, "{}", facts.name));
            let failed = Reading::Failed { code: None, message: "m".to_owned() };
            words.failed.iter().for_each(|word| assert_eq!(with(word), failed, "{}", facts.name));
            assert_eq!(with("a_status_of_the_future"), Reading::Running, "{}", facts.name);
        }
    }

    #[test]
    fn a_completed_job_without_its_link_is_running() {
        assert_eq!(read(&facts::VIDEO, &json!({"status": "completed", "video_url": null})), Reading::Running);
    }

    #[test]
    fn a_batch_ends_when_all_items_have_ended_and_fails_only_if_all_failed() {
        let batch = |status: &str, counts: Value| {
            read(&facts::VIDEO_BATCH, &json!({"status": status, "counts_by_status": counts}))
        };
        assert_eq!(batch("processing", json!({})), Reading::Running);
        assert_eq!(batch("failed", json!({"failed": 1, "processing": 1})), Reading::Running);
        assert_eq!(batch("failed", json!({"failed": 1, "completed": 1})), Reading::Completed);
        assert_eq!(batch("completed", json!({"completed": 2})), Reading::Completed);
        assert!(matches!(batch("failed", json!({"failed": 2})), Reading::Failed { .. }));
    }

    #[test]
    fn code_and_message_of_a_failure_are_found() {
        for (data, code, message) in [
            (json!({"failure_code": "c", "failure_message": "m"}), Some("c"), "m"),
            (json!({"error": {"code": "c", "message": "m"}}), Some("c"), "m"),
            (json!({"error": "m"}), None, "m"),
            (json!({"failure_reason": "DESIGN_FAILED"}), Some("DESIGN_FAILED"), "DESIGN_FAILED"),
            (json!({"messages": [{"content": "m"}, {"content": "older"}]}), None, "m"),
            (json!({"error": null}), None, "no reason given"),
        ] {
            assert_eq!(failure(&data), (code.map(str::to_owned), message.to_owned()), "{data}");
        }
    }
}
