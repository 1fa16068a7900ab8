//! Videos of avatars, images, scenes, templates and agents.

use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Answer, data, written};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::jobs;
use crate::jobs::NewJob;
use crate::links::link;
use crate::media::DURATION;
use crate::model::job::{Job, Kind};
use crate::resources::paging::page;
use crate::resources::video_rules;
use crate::state::State;

/// A video, as its GET shows it. The outer options are for members that are left out, the inner ones for null.
#[derive(Serialize)]
pub(super) struct View<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    captioned_video_url: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<u64>,
    created_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_message: Option<&'a str>,
    folder_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gif_url: Option<Option<String>>,
    id: &'a str,
    output_language: Option<&'a str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtitle_url: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_url: Option<Option<String>>,
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_page_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_url: Option<Option<String>>,
}

impl<'a> View<'a> {
    fn new(env: &Env, job: &'a Job, now: u64) -> Self {
        let failure = job.schedule.failure(now);
        let ended = job.schedule.ended(now).filter(|_| failure.is_none());
        let ready = job.schedule.has_links(now);
        let link = |name: &str| ended.map(|_| ready.then(|| link(env, &job.file(name))));
        let burned_in = !job.body["caption"]["style"].is_null()
            || job.body.get("caption") == Some(&Value::Bool(true))
            || job.body.get("subtitles").is_some_and(|subtitles| !subtitles.is_null());
        let main = match job.extra["format"].as_str() {
            Some("webm") => "video.webm",
            _ => "video.mp4",
        };
        Self {
            video_url: link(main),
            thumbnail_url: link("thumbnail.png"),
            gif_url: link("preview.gif"),
            subtitle_url: link("captions.srt"),
            captioned_video_url: if burned_in { link("captioned.mp4") } else { ended.map(|_| None) },
            video_page_url: ended.map(|_| ["https://app.heygen.com/videos/", &job.id].concat()),
            completed_at: ended,
            created_at: job.schedule.created_at(),
            duration: ended.map(|_| DURATION),
            failure_code: failure.map(|(code, _)| code),
            failure_message: failure.map(|(_, message)| message),
            folder_id: job.text("folder_id"),
            id: &job.id,
            output_language: None,
            status: job.status(now),
            title: job.title.as_deref(),
        }
    }
}

/// A video, as its GET shows it, as a value.
pub(crate) fn view(env: &Env, job: &Job, now: u64) -> Value {
    serde_json::to_value(View::new(env, job, now)).unwrap_or_default()
}

/// Checks and submits a video with the body of `POST /v3/videos`. Returns its id and its container.
pub(super) fn submit(
    env: &Env,
    state: &mut State,
    body: &Value,
    now: u64,
    queued: u64,
) -> Result<(String, &'static str), ApiError> {
    let plan = video_rules::check(env, state, body, now)?;
    let new_job = NewJob::new(Kind::Video, body).with_extra(json!({"format": plan.format}));
    let id = jobs::submit(env, state, now, NewJob { price: plan.price, queued, ..new_job })?;
    Ok((id, plan.format))
}

/// The response to a request that creates a video.
#[derive(Serialize)]
struct Created<'a> {
    output_format: &'a str,
    status: &'a str,
    video_id: &'a str,
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let (id, format) = submit(env, state, &call.body, call.now, 0)?;
    written(Created { video_id: &id, status: "waiting", output_format: format })
}

pub(super) fn get(env: &Env, state: &State, call: &Call) -> Answer {
    let job = state.job(Kind::Video, call.id("video_id"), call.now)?;
    written(View::new(env, job, call.now))
}

pub(super) fn list(env: &Env, state: &State, call: &Call) -> Answer {
    let title = call.query.get("title").map(|title| title.to_lowercase());
    let folder = call.query.get("folder_id");
    page(call, state.jobs(Kind::Video), |job| {
        let named = |title: &String| job.title.as_ref().is_some_and(|own| own.to_lowercase().contains(title));
        let wanted = job.visible <= call.now
            && title.as_ref().is_none_or(named)
            && folder.is_none_or(|folder| job.text("folder_id") == Some(folder.as_str()));
        wanted.then(|| View::new(env, job, call.now))
    })
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("video_id");
    jobs::delete(state, Kind::Video, id, call.now)?;
    data(json!({"id": id, "deleted": true}))
}

pub(super) fn scenes(env: &Env, state: &State, call: &Call) -> Answer {
    let job = state.job(Kind::Video, call.id("video_id"), call.now)?;
    let scenes: Vec<Value> = match job.body["scenes"].as_array() {
        Some(scenes) => scenes.iter().enumerate().map(|(number, one)| scene(env, number, one)).collect(),
        None => vec![scene(env, 0, &json!({"type": "avatar_video", "input": *job.body}))],
    };
    let captions = job.body.get("caption").is_some_and(|caption| !caption.is_null());
    data(json!({
        "video_id": job.id,
        "edit_version": format!("{}-1", job.id),
        "video": {
            "title": job.title,
            "aspect_ratio": job.text("aspect_ratio"),
            "resolution": job.text("resolution"),
            "caption": {"enabled": captions},
            "brand_glossary_id": job.text("brand_glossary_id"),
        },
        "scenes": scenes,
    }))
}

/// A scene, as `GET /v3/videos/{video_id}/scenes` shows it.
fn scene(env: &Env, number: usize, scene: &Value) -> Value {
    let id = |what: &str| format!("{what}-{number}");
    let avatar = scene.get("input").filter(|_| scene["type"] == "avatar_video");
    let spoken = avatar.unwrap_or(scene);
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let audio = |url: Value| json!({"type": "audio", "id": id("audio"), "audio_url": url});
    let script = match (text(spoken, "script"), text(spoken, "audio_url"), text(spoken, "audio_asset_id")) {
        (Some(script), ..) => {
            json!({"type": "text", "id": id("text"), "text": script, "voice_id": spoken.get("voice_id")})
        }
        (_, Some(url), _) => audio(json!(url)),
        (.., Some(asset)) => audio(json!(link(env, &format!("{asset}/original.mp3")))),
        _ => json!({"type": "silence", "id": id("silence"), "duration": spoken.get("duration")}),
    };
    let stock_media = |kind: &str, file: &str| json!({"type": kind, "id": id(kind), "url": link(env, &format!("scene/{file}"))});
    let (background, elements) = match (avatar, scene["type"].as_str()) {
        (Some(avatar), _) => {
            let mut background = Value::Null;
            if let Some(color) = avatar.pointer("/background/color").or(avatar.pointer("/background/value")) {
                background = json!({"type": "color", "color": color});
            }
            let element = json!({
                "type": "avatar",
                "id": id("avatar"),
                "avatar_id": avatar.get("avatar_id").filter(|id| id.is_string()).unwrap_or(&json!("")),
                "engine": avatar.pointer("/engine/type"),
                "expressiveness": avatar.get("expressiveness"),
                "motion_prompt": avatar.get("motion_prompt"),
            });
            (background, vec![element])
        }
        (None, Some("image")) => (stock_media("image", "thumbnail.png"), Vec::new()),
        (None, _) => (stock_media("video", "video.mp4"), Vec::new()),
    };
    json!({"id": id("scene"), "background": background, "elements": elements, "script": [script]})
}
