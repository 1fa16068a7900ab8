//! Lipsyncs: videos whose lips are matched to other audio.

use serde_json::{Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::jobs;
use crate::jobs::NewJob;
use crate::links::link;
use crate::media::DURATION;
use crate::model::job::{Job, Kind};
use crate::resources::paging::page;
use crate::resources::{inputs, translations};
use crate::state::State;

pub(super) fn view(env: &Env, job: &Job, now: u64) -> Value {
    let link = |name: &str| job.schedule.has_links(now).then(|| link(env, &job.file(name)));
    let done = job.schedule.ended(now).is_some() && job.failure_message(now).is_none();
    json!({
        "id": job.id,
        "title": job.title,
        "status": job.status(now),
        "created_at": job.schedule.created_at(),
        "callback_id": job.text("callback_id"),
        "duration": done.then_some(DURATION),
        "video_url": link("video.mp4"),
        "caption_url": link("captions.srt"),
        "failure_message": job.failure_message(now),
    })
}

/// Checks and submits a lipsync, alone or in a batch.
pub(super) fn submit(
    env: &Env,
    state: &mut State,
    body: &Value,
    now: u64,
    queued: u64,
) -> Result<String, ApiError> {
    inputs::check(state, body, now)?;
    translations::check_time_range(body)?;
    let mode = body.get("fps_mode").and_then(Value::as_str);
    if mode.is_some_and(|mode| !["vfr", "cfr", "passthrough"].contains(&mode)) {
        return Err(ApiError::invalid("fps_mode", "vfr, cfr or passthrough are possible"));
    }
    jobs::submit(env, state, now, NewJob { queued, ..NewJob::new(Kind::Lipsync, body) })
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let id = submit(env, state, &call.body, call.now, 0)?;
    data(json!({"lipsync_id": id}))
}

pub(super) fn get(env: &Env, state: &State, call: &Call) -> Answer {
    let job = state.job(Kind::Lipsync, call.id("lipsync_id"), call.now)?;
    data(view(env, job, call.now))
}

pub(super) fn list(env: &Env, state: &State, call: &Call) -> Answer {
    page(call, state.jobs(Kind::Lipsync), |job| (job.visible <= call.now).then(|| view(env, job, call.now)))
}

pub(super) fn update(env: &Env, state: &mut State, call: &Call) -> Answer {
    let job = state.job_mut(Kind::Lipsync, call.id("lipsync_id"), call.now)?;
    job.title = call.text("title").map(str::to_owned);
    data(view(env, job, call.now))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("lipsync_id");
    jobs::delete(state, Kind::Lipsync, id, call.now)?;
    data(json!({"id": id}))
}
