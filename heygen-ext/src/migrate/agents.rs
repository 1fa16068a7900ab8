//! Video Agent of v1.

use heygen_api::operations;
use http::StatusCode;
use serde_json::{Value, json};

use super::assumptions::duration_phrase;
use super::cost::CostChange;
use super::loss::Severity;
use super::output::Output;
use super::planned_request::{Action, PlannedRequest};
use super::planning::{Answers, Conversion, Planning, Unanswerable};
use super::source::Node;
use super::test_switch::refuse_test;

/// `POST /v1/video_agent/generate`.
pub(crate) const GENERATE: Conversion = Conversion { forward: generate, back: started };

/// The largest number of files, and of characters of a prompt.
const MAX_FILES: usize = 20;
const MAX_PROMPT: usize = 10_000;

fn generate(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    refuse_test(&body.get("test"))?;
    let mut output = Output::new();
    let Some(prompt) = body.get("prompt").text() else {
        body.missing("prompt", "describe the video");
        return None;
    };
    output.set("mode", "generate");
    put_prompt(&body, prompt, &mut output);
    // The values at the top replaced those in `config`.
    for name in ["avatar_id", "voice_id"] {
        let (top, nested) = (body.get(name), body.get("config").get(name));
        let (used, other) = if top.is_present() { (top, nested) } else { (nested, top) };
        used.put_text(&mut output, name);
        other.lose(Severity::Harmless, "the value at the top of the body replaces it", "remove it");
    }
    let (top, nested) = (body.get("orientation"), body.get("config").get("orientation"));
    let (used, other) = if top.is_present() { (top, nested) } else { (nested, top) };
    if let Some(word) = used.word(&[("landscape", "landscape"), ("portrait", "portrait")]) {
        used.put(&mut output, "orientation", word);
    }
    other.lose(Severity::Harmless, "the value at the top of the body replaces it", "remove it");
    body.get("incognito_mode").put_boolean(&mut output, "incognito_mode");
    let callback = body.get("callback_url");
    let has_callback = callback.put_text(&mut output, "callback_url").is_some();
    let id = body.get("callback_id");
    if has_callback {
        id.put_text(&mut output, "callback_id");
    } else {
        id.lose(
            Severity::Reported,
            "the service refuses it without `callback_url`",
            "write `callback_url` too",
        );
    }
    put_files(&body.get("files"), &mut output);
    let request = PlannedRequest::new(&operations::CREATE_VIDEO_AGENT, "starts the session");
    let session = planning.request(request.with_body(output.into_value()));
    let request =
        PlannedRequest::new(&operations::GET_VIDEO_AGENT_SESSION, "waits a moment for the id of the video");
    let request = request.with_parameter_from("session_id", session, "/data/session_id");
    planning.request(request.with_action(Action::AwaitVideoOfSession));
    planning.cost(CostChange::Unknown, "v3 charges for each second of a video of Video Agent");
    Some(())
}

/// Carries the prompt, with the duration in words.
fn put_prompt(body: &Node<'_>, mut prompt: String, output: &mut Output) {
    let (top, nested) = (body.get("duration_sec"), body.get("config").get("duration_sec"));
    let (used, other) = if top.is_present() { (top, nested) } else { (nested, top) };
    if let Some(seconds) = used.float() {
        prompt.push_str(&duration_phrase(seconds));
        used.carried("the end of the prompt");
    }
    other.lose(Severity::Harmless, "the value at the top of the body replaces it", "remove it");
    let length = prompt.chars().count();
    if length > MAX_PROMPT {
        body.get("prompt").problem(format!("the prompt has {length} characters; v3 takes {MAX_PROMPT}"));
    }
    body.get("prompt").put(output, "prompt", prompt);
}

fn put_files(node: &Node<'_>, output: &mut Output) {
    if !node.is_present() {
        return;
    }
    let files = node.items();
    if files.is_empty() || files.len() > MAX_FILES {
        return node.problem(format!("`files` is a list of 1 to {MAX_FILES} files"));
    }
    let mut made: Vec<Value> = Vec::new();
    for file in files {
        let (asset, url) = (file.get("asset_id"), file.get("url"));
        match (asset.text(), url.text()) {
            (Some(id), None) => {
                asset.carried("files");
                made.push(json!({"type": "asset_id", "asset_id": id}));
            }
            (None, Some(link)) => {
                url.carried("files");
                made.push(json!({"type": "url", "url": link}));
            }
            _ => file.problem("a file has exactly one of `asset_id` and `url`"),
        }
        file.get("type").carried("files");
    }
    output.set("files", made);
}

/// v3 may name the video minutes after the session. The id of the session then stands for that of the video, and
/// [`Fallback::VideoOfSession`](super::fallback::Fallback) finds the video in calls that read it. An error would make the program
/// send the prompt again, and pay again.
fn started(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let session = answers.data(0).get("session_id").cloned().unwrap_or_default();
    let known = || (0..answers.bodies.len()).map(|index| answers.data(index));
    if let Some(video) = known().filter_map(|data| data.get("video_id")).find(|id| id.is_string()) {
        return Ok(json!({"video_id": video, "session_id": session}));
    }
    match known().find_map(failure_of_session) {
        Some((code, message)) => Err(Unanswerable::new(
            StatusCode::BAD_REQUEST,
            "session_failed",
            format!("the session {session} of Video Agent failed: {code}: {message}"),
        )),
        None => Ok(json!({"video_id": session, "session_id": session})),
    }
}

/// Why a session without a video will not have one: a code and a message. `None` if it may have one later.
pub(crate) fn failure_of_session(session: &Value) -> Option<(&str, &str)> {
    let text = |pointer: &str| session.pointer(pointer).and_then(Value::as_str);
    let (code, message) = match text("/status")? {
        "failed" => ("session_failed", "Video Agent made no video"),
        "completed" => ("session_failed", "the session has ended without a video"),
        // A session that makes one video asks nothing: HeyGen counts its video as failed.
        "waiting_for_input" => {
            ("waiting_for_input", "Video Agent waits for an answer; write it into the prompt")
        }
        _ => return None,
    };
    let messages = session.get("messages").and_then(Value::as_array).into_iter().flatten();
    let error = messages.filter(|one| one.get("type").and_then(Value::as_str) == Some("error"));
    let written = error.filter_map(|one| one.get("content").and_then(Value::as_str)).next();
    Some((text("/error/code").unwrap_or(code), text("/error/message").or(written).unwrap_or(message)))
}

/// The video of a session that has not named it: pending, or failed.
pub(crate) fn video_of_session(session: &Value) -> Value {
    let failure = failure_of_session(session);
    json!({
        "id": session.get("session_id"),
        "title": session.get("title"),
        "status": if failure.is_some() { "failed" } else { "pending" },
        "created_at": session.get("created_at"),
        "failure_code": failure.map(|(code, _)| code),
        "failure_message": failure.map(|(_, message)| message),
    })
}
