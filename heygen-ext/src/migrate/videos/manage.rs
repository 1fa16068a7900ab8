//! Status, lists and deletion of videos.

use heygen_api::List;
use heygen_api::builder::ListVideosBuilder;
use heygen_api::operations;
use serde_json::{Value, json};

use super::super::fallback::Fallback;
use super::super::planned_request::PlannedRequest;
use super::super::planning::{Answers, Conversion, Planning, Unanswerable, nothing, whole};

/// `GET /v1/video_status.get`.
pub(crate) const STATUS: Conversion = Conversion { forward: read_by_query, back: status };
/// `GET /v1/video/caption.get`.
pub(crate) const CAPTION: Conversion = Conversion { forward: read_by_query, back: caption };
/// `GET /v1/video.list`.
pub(crate) const LIST: Conversion = Conversion { forward: list, back: videos };
/// `DELETE /v1/video.delete`.
pub(crate) const DELETE: Conversion = Conversion { forward: delete_by_query, back: nothing };
/// `GET /v2/videos`.
pub(crate) const LIST_LATER: Conversion = Conversion { forward: list_later, back: whole };
/// `GET /v2/videos/{video_id}`.
pub(crate) const GET_LATER: Conversion = Conversion { forward: read_by_path, back: whole };
/// `DELETE /v2/videos/{video_id}`.
pub(crate) const DELETE_LATER: Conversion = Conversion { forward: delete_by_path, back: whole };

fn read(planning: &Planning<'_>, id: String) {
    let request = PlannedRequest::new(&operations::GET_VIDEO, "reads the video");
    let request = request.with_parameter("video_id", &id);
    planning.request(request.with_fallback(Fallback::VideoOfSession(id)));
}

fn read_by_query(planning: &Planning<'_>) -> Option<()> {
    read(planning, planning.required_query("video_id")?);
    Some(())
}

fn read_by_path(planning: &Planning<'_>) -> Option<()> {
    read(planning, planning.path("video_id"));
    Some(())
}

fn delete(planning: &Planning<'_>, id: String) {
    let request = PlannedRequest::new(&operations::DELETE_VIDEO, "deletes the video");
    planning.request(request.with_parameter("video_id", id));
}

fn delete_by_query(planning: &Planning<'_>) -> Option<()> {
    delete(planning, planning.required_query("video_id")?);
    Some(())
}

fn delete_by_path(planning: &Planning<'_>) -> Option<()> {
    delete(planning, planning.path("video_id"));
    Some(())
}

/// v1 returned 100 videos by default, and v3 returns 10.
fn list(planning: &Planning<'_>) -> Option<()> {
    put_list(planning, Some(ListVideosBuilder::MAX_LIMIT));
    Some(())
}

fn list_later(planning: &Planning<'_>) -> Option<()> {
    put_list(planning, None);
    Some(())
}

fn put_list(planning: &Planning<'_>, default_limit: Option<u32>) {
    let mut request = PlannedRequest::new(&operations::LIST_VIDEOS, "lists videos");
    let limit = planning.query("limit");
    limit.carried("?limit");
    let given = limit
        .float()
        .filter(|limit| *limit >= 1.0)
        .map(|limit| limit.min(ListVideosBuilder::MAX_LIMIT.into()));
    if let Some(limit) = given.or(default_limit.map(f64::from)) {
        request = request.with_query("limit", limit.floor());
    }
    for name in ["token", "folder_id", "title"] {
        let node = planning.query(name);
        node.carried(format!("?{name}"));
        if let Some(text) = node.text() {
            request = request.with_query(name, text);
        }
    }
    planning.request(request);
}

/// The words of v1 and v3 are the same. A word that is newer than this crate means that the video is not finished.
fn status_word(video: &Value) -> &str {
    match video.get("status").and_then(Value::as_str) {
        Some(word @ ("waiting" | "pending" | "processing" | "completed" | "failed")) => word,
        _ => "processing",
    }
}

fn status(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let video = answers.data(0);
    // A video is completed shortly before its link exists. Programs read the link when they see the word.
    let has_link = video.get("video_url").is_some_and(Value::is_string);
    let status = match status_word(video) {
        "completed" if !has_link => "processing",
        word => word,
    };
    // The old integer codes of failures cannot be found from the codes of v3.
    let error = (status == "failed").then(
        || json!({"code": 0, "detail": video.get("failure_code"), "message": video.get("failure_message")}),
    );
    let remembered = answers.remembered.cloned().unwrap_or_default();
    // v3 makes subtitles of every video, and a video with captions only if the program asked for them.
    let with_captions =
        remembered.with_captions || video.get("captioned_video_url").is_some_and(Value::is_string);
    let captions = video.get("subtitle_url").filter(|_| with_captions);
    Ok(json!({
        "id": video.get("id"),
        "status": status,
        "callback_id": remembered.callback_id,
        "caption_url": captions,
        "created_at": video.get("created_at"),
        "duration": video.get("duration"),
        "error": error,
        "gif_url": video.get("gif_url"),
        "thumbnail_url": video.get("thumbnail_url"),
        "video_url": video.get("video_url"),
        "video_url_caption": video.get("captioned_video_url"),
    }))
}

/// The numbers of v1: 0 waits, 1 runs, 2 has succeeded, 3 has failed.
fn caption(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let video = answers.data(0);
    let url = video.get("captioned_video_url").filter(|url| url.is_string());
    let status = match status_word(video) {
        "completed" if url.is_some() => 2,
        "completed" | "failed" => 3,
        "processing" => 1,
        _ => 0,
    };
    Ok(json!({"video_id": video.get("id"), "caption_status": status, "video_url_caption": url}))
}

fn videos(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let body = answers.whole(0);
    let has_more = body.get("has_more").and_then(Value::as_bool).unwrap_or(false);
    let videos = answers.items(0).map(|video| {
        let is_translation = video.get("output_language").is_some_and(|language| !language.is_null());
        json!({
            "video_id": video.get("id"),
            "status": status_word(video),
            "created_at": video.get("created_at"),
            "type": if is_translation { "TRANSLATED" } else { "GENERATED" },
            "video_title": video.get("title"),
        })
    });
    let token = body.get("next_token").filter(|_| has_more);
    Ok(json!({"token": token, "videos": videos.collect::<Vec<_>>()}))
}
