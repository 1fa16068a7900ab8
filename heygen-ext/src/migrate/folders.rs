//! Folders.

use heygen_api::operations;
use serde_json::{Value, json};

use super::loss::Severity;
use super::output::Output;
use super::planned_request::PlannedRequest;
use super::planning::{Answers, Conversion, Planning, Unanswerable};

/// `POST /v1/folders/create`.
pub(crate) const CREATE: Conversion = Conversion { forward: create, back: folder };

fn create(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let mut output = Output::new();
    if body.get("name").put_text(&mut output, "name").is_none() {
        body.missing("name", "write the name of the folder");
        return None;
    }
    body.get("parent_id").put_text(&mut output, "parent_id");
    let kind = body.get("project_type");
    match kind.text().as_deref() {
        Some(word @ ("mixed" | "video" | "video_translate")) => kind.put(&mut output, "type", word),
        Some("video_translation") => kind.put(&mut output, "type", "video_translate"),
        _ => {
            kind.lose(Severity::Reported, "v3 creates no folders of this type", "the folder is a `mixed` one")
        }
    }
    let request = PlannedRequest::new(&operations::CREATE_FOLDER, "creates the folder");
    planning.request(request.with_body(output.into_value()));
    Some(())
}

fn folder(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let folder = answers.data(0);
    Ok(json!({
        "id": folder.get("folder_id"),
        "name": folder.get("name"),
        "parent_id": folder.get("parent_id"),
        "project_type": folder.get("type"),
        "is_trash": folder.get("is_trash"),
        "created_ts": folder.get("created_at"),
        "updated_ts": folder.get("updated_at"),
        "direct_children_count": 0,
        "creator_username": folder.get("creator_username"),
    }))
}
