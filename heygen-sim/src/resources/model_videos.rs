//! Videos of the video models.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::jobs::NewJob;
use crate::links::link;
use crate::model::job::{Job, Kind};
use crate::resources::inputs;
use crate::schedule::Stage;
use crate::state::State;
use crate::{jobs, prices};

/// Length of a video whose request names none, in seconds.
const DEFAULT_SECONDS: u64 = 5;

/// Maximum number of reference files of all kinds.
const MAX_REFERENCES: usize = 12;

/// Width and height of each resolution and aspect ratio, in pixels.
const FRAMES: [(&str, &str, u64, u64); 16] = [
    ("480p", "21:9", 960, 416),
    ("480p", "16:9", 832, 480),
    ("480p", "4:3", 640, 480),
    ("480p", "1:1", 480, 480),
    ("480p", "3:4", 480, 640),
    ("480p", "9:16", 480, 832),
    ("768p", "21:9", 1536, 672),
    ("768p", "16:9", 1344, 768),
    ("768p", "4:3", 1024, 768),
    ("768p", "1:1", 768, 768),
    ("768p", "3:4", 768, 1024),
    ("768p", "9:16", 768, 1344),
    ("1080p", "16:9", 1890, 1080),
    ("1080p", "9:16", 1080, 1890),
    ("2k", "16:9", 2688, 1536),
    ("2k", "9:16", 1536, 2688),
];

/// Resolution and aspect ratio of a request. An adaptive video has the proportions of the simulator's pictures, 16:9.
fn format(body: &Value) -> (&str, &str) {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let adapts = text("mode") == Some("image_to_video");
    let ratio = text("aspect_ratio").filter(|ratio| *ratio != "adaptive" && !adapts);
    (text("resolution").unwrap_or("768p"), ratio.unwrap_or("16:9"))
}

/// The seed of a job: the requested one, or one that follows from its id.
pub(super) fn seed(job: &Job) -> u64 {
    let given = job.body.get("seed").and_then(Value::as_u64);
    let digits = job.id.get(..8).unwrap_or("0");
    given.unwrap_or_else(|| u64::from_str_radix(digits, 16).unwrap_or_default())
}

/// The status of a job that a marker can cancel, and the code and the message of its failure.
pub(super) fn outcome<'a>(
    job: &'a Job,
    now: u64,
    codes: &[&'a str],
) -> (&'a str, Option<&'a str>, Option<&'a str>) {
    match job.schedule.failure(now) {
        // The document has a closed list of codes.
        Some((code, message)) => {
            let code = codes.iter().find(|known| **known == code).copied().unwrap_or("generation_failed");
            let status = if code == "generation_cancelled" { "cancelled" } else { "failed" };
            (status, Some(code), Some(message))
        }
        None => (job.status(now), None, None),
    }
}

pub(super) fn view(env: &Env, job: &Job, now: u64) -> Value {
    let (status, code, message) = outcome(job, now, &["generation_failed", "generation_cancelled"]);
    let (resolution, ratio) = format(&job.body);
    let frame = FRAMES.iter().find(|(known, shape, ..)| (*known, *shape) == (resolution, ratio));
    let done = job.schedule.stage(now) == Stage::Done;
    let size = frame.filter(|_| done);
    json!({
        "video_id": job.id,
        "status": status,
        "model": job.text("model"),
        "created_at": job.schedule.created_at(),
        "aspect_ratio": done.then_some(ratio),
        "width": size.map(|(_, _, width, _)| width),
        "height": size.map(|(.., height)| height),
        "duration": done.then(|| seconds(&job.body)),
        "seed": done.then(|| seed(job)),
        "timings": done.then(|| json!({"inference": 21.5})),
        "video_url": job.schedule.has_links(now).then(|| link(env, &job.file("video.mp4"))),
        "failure_code": code,
        "failure_message": message,
    })
}

fn seconds(body: &Value) -> u64 {
    body.get("duration").and_then(Value::as_u64).unwrap_or(DEFAULT_SECONDS)
}

fn check(state: &State, body: &Value, now: u64) -> Result<f64, ApiError> {
    inputs::check(state, body, now)?;
    let count = |name: &str| body.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    let references: usize =
        ["reference_images", "reference_videos", "reference_audio"].map(count).iter().sum();
    if references > MAX_REFERENCES {
        let message = format!("at most {MAX_REFERENCES} reference files are taken in all");
        return Err(ApiError::invalid("reference_images", message));
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let (resolution, _) = format(body);
    let ratio = match text("mode") {
        Some("image_to_video") => "16:9",
        Some("text_to_video") => text("aspect_ratio").unwrap_or("16:9"),
        _ => text("aspect_ratio").unwrap_or("adaptive"),
    };
    if matches!(resolution, "1080p" | "2k") && !matches!(ratio, "16:9" | "9:16") {
        let message =
            format!("{resolution} goes with the aspect ratios 16:9 and 9:16 only, not with {ratio}");
        return Err(ApiError::invalid("resolution", message));
    }
    let price = match resolution {
        "480p" => &prices::MODEL_VIDEO_480P,
        "1080p" => &prices::MODEL_VIDEO_1080P,
        "2k" => &prices::MODEL_VIDEO_2K,
        _ => &prices::MODEL_VIDEO_768P,
    };
    let factor = if references > 0 { prices::WITH_REFERENCES } else { 1.0 };
    Ok(price.dollars * seconds(body) as f64 * factor)
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let price = check(state, &call.body, call.now)?;
    let new_job = NewJob { price: Some(price), ..NewJob::new(Kind::ModelVideo, &call.body) };
    let id = jobs::submit(env, state, call.now, new_job)?;
    data_with(StatusCode::ACCEPTED, json!({"video_id": id, "status": "pending"}))
}

pub(super) fn get(env: &Env, state: &State, call: &Call) -> Answer {
    let job = state.job(Kind::ModelVideo, call.id("video_id"), call.now)?;
    data(view(env, job, call.now))
}
