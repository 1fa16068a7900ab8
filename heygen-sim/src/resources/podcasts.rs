//! Podcasts: conversations of two avatars.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::jobs;
use crate::jobs::NewJob;
use crate::links::link;
use crate::media::DURATION;
use crate::model::job::{Job, Kind};
use crate::resources::avatars::usable_look;
use crate::resources::paging::page;
use crate::resources::{inputs, voices};
use crate::state::State;

pub(super) fn view(env: &Env, job: &Job, now: u64) -> Value {
    let link = |name: &str| job.schedule.has_links(now).then(|| link(env, &job.file(name)));
    let done = job.schedule.ended(now).is_some() && job.failure_message(now).is_none();
    json!({
        "podcast_id": job.id,
        "title": job.text("topic").unwrap_or("Podcast"),
        "status": job.status(now),
        "created_at": job.schedule.created_at(),
        "duration": done.then_some(DURATION),
        "video_url": link("video.mp4"),
        "thumbnail_url": link("thumbnail.png"),
        "failure_message": job.failure_message(now),
    })
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    inputs::check(state, &call.body, call.now)?;
    for role in ["host", "guest"] {
        let (avatar, voice) = (format!("{role}_avatar_id"), format!("{role}_voice_id"));
        usable_look(state, &avatar, call.text(&avatar).unwrap_or_default(), call.now)?;
        voices::usable(state, &voice, call.text(&voice).unwrap_or_default(), call.now)?;
    }
    let topic = call.text("topic").is_some_and(|topic| !topic.trim().is_empty());
    let files = call.body["source_files"].as_array().is_some_and(|files| !files.is_empty());
    if !topic && !files {
        return Err(ApiError::invalid("topic", "topic, source_files or both are needed"));
    }
    let id = jobs::submit(env, state, call.now, NewJob::new(Kind::Podcast, &call.body))?;
    data_with(StatusCode::ACCEPTED, json!({"podcast_id": id, "status": "processing"}))
}

pub(super) fn get(env: &Env, state: &State, call: &Call) -> Answer {
    let job = state.job(Kind::Podcast, call.id("podcast_id"), call.now)?;
    data(view(env, job, call.now))
}

pub(super) fn list(env: &Env, state: &State, call: &Call) -> Answer {
    page(call, state.jobs(Kind::Podcast), |job| (!job.deleted).then(|| view(env, job, call.now)))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("podcast_id");
    // Deleting a podcast twice succeeds.
    let deleted = state.jobs(Kind::Podcast).get(id).is_some_and(|job| job.deleted);
    if !deleted {
        jobs::hide(state, Kind::Podcast, id, call.now)?;
    }
    data(json!({}))
}
