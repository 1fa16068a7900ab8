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
        PlannedRequest::new(&operations::GET_VIDEO_AGENT_SESSION, "waits until the session names its video");
    let request = request.with_parameter_from("session_id", session, "/data/session_id");
    planning.request(request.with_action(Action::AwaitVideoOfSession));
    planning.cost(CostChange::Unknown, "v3 charges for what the session makes");
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

/// v3 may name the video later than the session. Until then, the id of the session stands for it: a status of this id becomes
/// that of the video. An error would make programs repeat the call, and pay for a second session.
fn started(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let session = answers.data(0).get("session_id").cloned().unwrap_or_default();
    let named =
        (0..answers.bodies.len()).map(|index| answers.data(index)).filter_map(|data| data.get("video_id"));
    if let Some(video) = named.into_iter().find(|id| id.is_string()) {
        return Ok(json!({"video_id": video, "session_id": session}));
    }
    let last = answers.last_data();
    if last.get("status").and_then(Value::as_str) == Some("failed") {
        let message =
            last.pointer("/error/message").and_then(Value::as_str).unwrap_or("no reason is reported");
        let message = format!("the session {session} has failed: {message}");
        return Err(Unanswerable::new(StatusCode::BAD_REQUEST, "generation_failed", message));
    }
    Ok(json!({"video_id": session, "session_id": session}))
}
