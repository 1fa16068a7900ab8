//! The payloads of events. Undocumented fields are guesses; the guide lists them.

use serde_json::{Value, json};

use crate::document::document;
use crate::env::Env;
use crate::links::link;
use crate::model::job::{Job, Kind};
use crate::resources;

/// The `event_data` at the end of a job.
pub(crate) fn for_job(env: &Env, job: &Job, now: u64) -> Value {
    let callback_id = job.text("callback_id");
    let message = job.failure_message(now);
    let mut view = resources::view_job(env, job, now);
    let wants_gif = job.body.get("include_gif") == Some(&Value::Bool(true));
    let gif = view.get_mut("gif_url").filter(|_| wants_gif).map(Value::take);
    // The link of the GET. A translation of audio only has no video.
    let mut url = || {
        let of = |view: &mut Value, name: &str| view.get_mut(name).map(Value::take).filter(Value::is_string);
        of(&mut view, "video_url").or_else(|| of(&mut view, "audio_url"))
    };
    match (job.kind, message) {
        (Kind::Video, None) => video(&job.id, url(), gif, callback_id, job),
        (Kind::Video, Some(message)) => {
            let code = job.schedule.failure(now).map(|(code, _)| code);
            json!({"video_id": job.id, "msg": message, "callback_id": callback_id, "failure_code": code})
        }
        (Kind::Translation, None) => json!({
            "video_translate_id": job.id,
            "url": url(),
            "callback_id": callback_id,
            "output_language": job.extra["output_language"],
        }),
        (Kind::Translation, Some(message)) => json!({
            "video_translate_id": job.id,
            "message": message,
            "callback_id": callback_id,
            "output_language": job.extra["output_language"],
        }),
        (Kind::Render, None) => {
            json!({"render_id": job.id, "video_url": url(), "callback_id": callback_id})
        }
        (Kind::Render, Some(message)) => {
            json!({"render_id": job.id, "failure_message": message, "callback_id": callback_id})
        }
        (Kind::Proofread, _) => json!({"proofread_id": job.id, "failure_message": message}),
        (Kind::ModelVideo, _) => {
            view["callback_id"] = json!(callback_id);
            view
        }
        _ => view,
    }
}

/// The `event_data` of a completed video.
fn video(id: &str, url: Option<Value>, gif: Option<Value>, callback_id: Option<&str>, job: &Job) -> Value {
    json!({
        "video_id": id,
        "url": url,
        "gif_download_url": gif,
        "video_page_url": format!("https://app.heygen.com/videos/{id}"),
        "video_share_page_url": null,
        "folder_id": job.text("folder_id").unwrap_or_default(),
        "callback_id": callback_id,
    })
}

/// The `event_data` of a sample event; `None` if the document does not have the type.
pub(crate) fn sample(env: &Env, event_type: &str) -> Option<Value> {
    document().enum_values("WebhookEventType").contains(&event_type).then(|| {
        let url = link(env, "sample/video.mp4");
        let failed = event_type.ends_with("fail") || event_type.ends_with("failed");
        let id = "00000000000000000000000000000000";
        match (event_type, failed) {
            ("personalized_video", _) => json!({
                "project_id": id, "video_id": id, "video_url": url, "landing_page_url": "https://example.com/landing",
                "gif_url": link(env, "sample/preview.gif"), "gif_html": "<img>", "contact_info": {},
            }),
            ("batch.finished", _) => json!({"batch_id": id, "status": "completed", "total_items": 1,
                "counts_by_status": {"completed": 1}}),
            _ => {
                let name = match event_type.split(['.']).next().unwrap_or_default() {
                    "video_translate" => "video_translate_id",
                    "video_agent" => "session_id",
                    "hyperframes_video" => "render_id",
                    "ai_clipping" | "filler_word_removal" => "id",
                    "podcast" => "podcast_id",
                    "proofread_creation" => "proofread_id",
                    subject if subject.starts_with("avatar_video") => "video_id",
                    _ => "avatar_id",
                };
                let mut data = json!({name: id, "callback_id": null});
                if failed {
                    data["message"] = json!("The job failed");
                    data["msg"] = json!("The job failed");
                } else {
                    data["url"] = json!(url);
                }
                data
            }
        }
    })
}
