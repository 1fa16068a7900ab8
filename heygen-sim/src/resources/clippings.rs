//! AI clipping: short clips of a long video.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data, data_with};
use crate::call::Call;
use crate::env::Env;
use crate::jobs;
use crate::jobs::NewJob;
use crate::links::link;
use crate::model::job::{Job, Kind};
use crate::resources::inputs;
use crate::resources::paging::page;
use crate::schedule::Stage;
use crate::state::State;

/// A job, as its GET (`single`) or the list shows it. In the list, the progress is 0 or 100.
pub(super) fn view(env: &Env, job: &Job, now: u64, single: bool) -> Value {
    let progress = match job.progress(now) {
        progress if single => progress,
        100 => 100,
        _ => 0,
    };
    let aspect_ratio =
        job.body.pointer("/output_settings/aspect_ratio").cloned().unwrap_or(json!("portrait"));
    let clips = match job.schedule.stage(now) {
        // The clips appear one after another.
        Stage::Running(percent) if single => (count(&job.body) as u64 * percent / 100) as usize,
        Stage::Done if job.schedule.has_links(now) => count(&job.body),
        _ => 0,
    };
    let clips = (0..clips).map(|number| {
        json!({
            "id": format!("{}-{number}", job.id),
            "status": "completed",
            "title": format!("Clip {}", number + 1),
            "aspect_ratio": aspect_ratio,
            "duration_seconds": 3.0,
            "virality_score": 80 - 7 * (number % 8),
            "video_url": link(env, &format!("{}/{number}/video.mp4", job.id)),
            "thumbnail_url": link(env, &format!("{}/{number}/thumbnail.png", job.id)),
            "failure_message": null,
        })
    });
    json!({
        "id": job.id,
        "title": job.title,
        "status": job.status(now),
        "progress": progress,
        "clips": clips.collect::<Value>(),
        "source_duration": 60.0,
        "input_language": job.text("input_language").unwrap_or("en"),
        "created_at": job.schedule.created_at(),
        "callback_id": job.text("callback_id"),
        "failure_message": job.failure_message(now),
    })
}

/// Number of clips: one for each requested duration.
pub(super) fn count(body: &Value) -> usize {
    body.pointer("/output_settings/duration_types").and_then(Value::as_array).map_or(2, Vec::len)
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    inputs::check(state, &call.body, call.now)?;
    let price = Kind::Clipping.spec().price * count(&call.body) as f64;
    let new_job = NewJob { price: Some(price), ..NewJob::new(Kind::Clipping, &call.body) };
    let id = jobs::submit(env, state, call.now, new_job)?;
    data_with(StatusCode::ACCEPTED, json!({"ai_clipping_id": id}))
}

pub(super) fn get(env: &Env, state: &State, call: &Call) -> Answer {
    let job = state.job(Kind::Clipping, call.id("job_id"), call.now)?;
    data(view(env, job, call.now, true))
}

pub(super) fn list(env: &Env, state: &State, call: &Call) -> Answer {
    page(call, state.jobs(Kind::Clipping), |job| (!job.deleted).then(|| view(env, job, call.now, false)))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("job_id");
    jobs::hide(state, Kind::Clipping, id, call.now)?;
    data(json!({"id": id}))
}
