//! Lipsyncs: a video with other audio.

use serde_json::{Value, json};

use super::{inputs, page, translations};
use crate::door::Call;
use crate::files::{DURATION, link};
use crate::jobs::{self, Job, Kind, Order};
use crate::refusal::Refusal;
use crate::reply::{Answer, data};
use crate::state::State;
use crate::world::World;

pub(super) fn view(world: &World, job: &Job, now: u64) -> Value {
    let link = |name: &str| job.course.has_links(now).then(|| link(world, &job.file(name)));
    let done = job.course.ended(now).is_some() && job.failure_message(now).is_none();
    json!({
        "id": job.id,
        "title": job.title,
        "status": job.status(now),
        "created_at": job.course.created_at(),
        "callback_id": job.text("callback_id"),
        "duration": done.then_some(DURATION),
        "video_url": link("video.mp4"),
        "caption_url": link("captions.srt"),
        "failure_message": job.failure_message(now),
    })
}

pub(super) fn submit(
    world: &World,
    state: &mut State,
    body: &Value,
    now: u64,
    queued: u64,
) -> Result<String, Refusal> {
    inputs::check(state, body, now)?;
    translations::check_stretch(body)?;
    let mode = body.get("fps_mode").and_then(Value::as_str);
    if mode.is_some_and(|mode| !["vfr", "cfr", "passthrough"].contains(&mode)) {
        return Err(Refusal::invalid("fps_mode", "vfr, cfr or passthrough are possible"));
    }
    jobs::submit(world, state, now, Order { queued, ..Order::new(Kind::Lipsync, body) })
}

pub(super) fn create(world: &World, state: &mut State, call: &Call) -> Answer {
    let id = submit(world, state, &call.body, call.now, 0)?;
    data(json!({"lipsync_id": id}))
}

pub(super) fn get(world: &World, state: &mut State, call: &Call) -> Answer {
    let job = state.job(Kind::Lipsync, call.id("lipsync_id"), call.now)?;
    data(view(world, job, call.now))
}

pub(super) fn list(world: &World, state: &mut State, call: &Call) -> Answer {
    page(call, state.jobs(Kind::Lipsync), |job| (job.visible <= call.now).then(|| view(world, job, call.now)))
}

pub(super) fn update(world: &World, state: &mut State, call: &Call) -> Answer {
    let job = state.job(Kind::Lipsync, call.id("lipsync_id"), call.now)?;
    job.title = call.text("title").map(str::to_owned);
    data(view(world, job, call.now))
}

pub(super) fn delete(_: &World, state: &mut State, call: &Call) -> Answer {
    let id = call.id("lipsync_id");
    jobs::delete(state, Kind::Lipsync, id, call.now)?;
    data(json!({"id": id}))
}
