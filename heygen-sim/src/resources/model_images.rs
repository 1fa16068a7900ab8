//! Images of the image models.
//!
//! A request has no text, so markers are read from the URLs of the pictures of the person.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data, data_with};
use crate::call::Call;
use crate::env::Env;
use crate::jobs::NewJob;
use crate::links::link;
use crate::marker::Marker;
use crate::model::job::{Job, Kind};
use crate::resources::inputs;
use crate::resources::model_videos::{outcome, seed};
use crate::schedule::Stage;
use crate::state::State;
use crate::{jobs, prices};

/// Width and height for each aspect ratio, in pixels. The document names no sizes.
const SIZES: [(&str, u64, u64); 9] = [
    ("1:1", 1024, 1024),
    ("2:3", 832, 1248),
    ("3:2", 1248, 832),
    ("3:4", 864, 1152),
    ("4:3", 1152, 864),
    ("4:5", 896, 1120),
    ("5:4", 1120, 896),
    ("9:16", 720, 1280),
    ("16:9", 1280, 720),
];

/// Codes of failures.
const CODES: [&str; 6] = [
    "generation_failed",
    "generation_cancelled",
    "insufficient_credit",
    "usage_limit_reached",
    "no_face_detected",
    "multiple_faces_detected",
];

pub(super) fn count(body: &Value) -> u64 {
    body.get("num_images").and_then(Value::as_u64).unwrap_or(1)
}

pub(super) fn view(env: &Env, job: &Job, now: u64) -> Value {
    let (status, code, message) = outcome(job, now, &CODES);
    let ratio = job.text("aspect_ratio").unwrap_or("1:1");
    let size = SIZES.iter().find(|(known, ..)| *known == ratio);
    let (width, height) = size.map_or((1024, 1024), |(_, width, height)| (*width, *height));
    let images = if job.schedule.stage(now) == Stage::Done { count(&job.body) } else { 0 };
    let images = (0..images).map(|number| {
        json!({
            "image_id": format!("{}-{number}", job.id),
            "image_url": link(env, &format!("{}/{number}/thumbnail.png", job.id)),
            "width": width,
            "height": height,
            "seed": seed(job) + number,
        })
    });
    json!({
        "generation_id": job.id,
        "status": status,
        "model": job.text("model"),
        "num_images": count(&job.body),
        "created_at": job.schedule.created_at(),
        "images": images.collect::<Value>(),
        "failure_code": code,
        "failure_message": message,
    })
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    inputs::check(state, &call.body, call.now)?;
    let urls = call.body["identity_images"].as_array().into_iter().flatten();
    let urls: Vec<&str> = urls.filter_map(|picture| picture["url"].as_str()).collect();
    let marker = Marker::of(&json!({"text": urls.join(" ")}))?;
    let price = prices::MODEL_IMAGE.dollars * count(&call.body) as f64;
    let new_job =
        NewJob { price: Some(price), marker: Some(marker), ..NewJob::new(Kind::ModelImage, &call.body) };
    let id = jobs::submit(env, state, call.now, new_job)?;
    data_with(StatusCode::ACCEPTED, json!({"generation_id": id}))
}

pub(super) fn get(env: &Env, state: &State, call: &Call) -> Answer {
    let job = state.job(Kind::ModelImage, call.id("generation_id"), call.now)?;
    data(view(env, job, call.now))
}
