//! Removals of backgrounds and of filler words.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::jobs;
use crate::jobs::NewJob;
use crate::links::link;
use crate::media::DURATION;
use crate::model::job::{Job, Kind};
use crate::resources::inputs;
use crate::resources::paging::page;
use crate::state::State;

/// The layers of a video, and the file of each.
pub(super) const LAYERS: [(&str, &str); 3] =
    [("foreground", "foreground.webm"), ("mask", "video.mp4"), ("background", "video.mp4")];

/// A job. After its deletion, only its id, status and creation time are left.
pub(super) fn view_background(env: &Env, job: &Job, now: u64) -> Value {
    if job.deleted {
        let (layers, created) = (json!({}), job.schedule.created_at());
        return json!({"id": job.id, "status": "deleted", "layers": layers, "created_at": created});
    }
    let wanted = job.body.get("layers").and_then(Value::as_array);
    let layers = LAYERS.iter().filter(|(layer, _)| {
        job.schedule.has_links(now) && wanted.is_none_or(|wanted| wanted.iter().any(|one| one == layer))
    });
    let layers: Map<String, Value> = layers
        .map(|(layer, file)| ((*layer).to_owned(), json!(link(env, &format!("{}/{layer}/{file}", job.id)))))
        .collect();
    let done = job.schedule.ended(now).filter(|_| job.failure_message(now).is_none());
    json!({
        "id": job.id,
        "status": job.status(now),
        "layers": layers,
        "created_at": job.schedule.created_at(),
        "completed_at": done,
        "duration": done.map(|_| DURATION),
        "error": job.failure_message(now),
    })
}

pub(super) fn create_background(env: &Env, state: &mut State, call: &Call) -> Answer {
    // The `request_id` of the body is the idempotency key. It does not expire, and the rest of the body is not compared.
    let known = call.text("request_id").and_then(|request| {
        let mut jobs = state.jobs(Kind::BackgroundRemoval).values();
        jobs.find(|job| job.text("request_id") == Some(request))
    });
    if let Some(job) = known {
        return data(view_background(env, job, call.now));
    }
    inputs::check(state, &call.body, call.now)?;
    for (number, layer) in call.body["layers"].as_array().into_iter().flatten().enumerate() {
        if !LAYERS.iter().any(|(known, _)| layer == known) {
            let message = "foreground, mask and background are possible";
            return Err(ApiError::invalid(format!("layers.{number}"), message));
        }
    }
    let id = jobs::submit(env, state, call.now, NewJob::new(Kind::BackgroundRemoval, &call.body))?;
    let job = state.jobs(Kind::BackgroundRemoval).get(&id);
    data(job.map_or(Value::Null, |job| view_background(env, job, call.now)))
}

pub(super) fn get_background(env: &Env, state: &State, call: &Call) -> Answer {
    let id = call.id("job_id");
    match state.jobs(Kind::BackgroundRemoval).get(id) {
        // A deletion is soft: the document has a status `deleted`.
        Some(job) if job.deleted => data(view_background(env, job, call.now)),
        _ => data(view_background(env, state.job(Kind::BackgroundRemoval, id, call.now)?, call.now)),
    }
}

pub(super) fn list_background(env: &Env, state: &State, call: &Call) -> Answer {
    page(call, state.jobs(Kind::BackgroundRemoval), |job| {
        (!job.deleted).then(|| view_background(env, job, call.now))
    })
}

pub(super) fn delete_background(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("job_id");
    jobs::hide(state, Kind::BackgroundRemoval, id, call.now)?;
    data(json!({"id": id, "deleted": true}))
}

pub(super) fn view_filler(env: &Env, job: &Job, now: u64) -> Value {
    let done = job.schedule.ended(now).is_some() && job.failure_message(now).is_none();
    // Unlike other jobs, a completed removal always has its links.
    let link = |name: &str| done.then(|| link(env, &job.file(name)));
    json!({
        "id": job.id,
        "title": job.title.as_deref().unwrap_or("Filler Removal"),
        "status": job.status(now),
        "progress": job.progress(now),
        "created_at": job.schedule.created_at(),
        "callback_id": job.text("callback_id"),
        "original_duration": done.then_some(4.0),
        "output_duration": done.then_some(DURATION),
        "num_cuts": done.then_some(2),
        "reduction_pct": done.then_some(25.0),
        "video_url": link("video.mp4"),
        "thumbnail_url": link("thumbnail.png"),
        "failure_message": job.failure_message(now),
    })
}

pub(super) fn create_filler(env: &Env, state: &mut State, call: &Call) -> Answer {
    inputs::check(state, &call.body, call.now)?;
    let id = jobs::submit(env, state, call.now, NewJob::new(Kind::FillerWords, &call.body))?;
    data_with(StatusCode::ACCEPTED, json!({"filler_word_removal_id": id}))
}

pub(super) fn get_filler(env: &Env, state: &State, call: &Call) -> Answer {
    let job = state.job(Kind::FillerWords, call.id("filler_word_removal_id"), call.now)?;
    data(view_filler(env, job, call.now))
}
