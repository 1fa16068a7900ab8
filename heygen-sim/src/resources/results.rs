//! The files of completed jobs.

use serde_json::Value;

use crate::model::job::{Job, Kind};
use crate::resources::removals::LAYERS;
use crate::resources::{clippings, model_images};

/// The paths of the files in which a job resulted; empty while the job shows no links.
pub(crate) fn files(job: &Job, now: u64) -> Vec<String> {
    if !job.schedule.has_links(now) {
        return Vec::new();
    }
    let files = |names: &[&str]| names.iter().map(|name| job.file(name)).collect();
    let numbered =
        |count: u64, name: &str| (0..count).map(|number| format!("{}/{number}/{name}", job.id)).collect();
    match job.kind {
        Kind::Video if job.extra["format"] == "webm" => files(&["video.webm", "captions.srt"]),
        Kind::Translation if job.body.get("translate_audio_only") == Some(&Value::Bool(true)) => {
            files(&["speech.mp3", "captions.srt"])
        }
        Kind::Video | Kind::Translation => files(&["video.mp4", "captions.srt"]),
        Kind::Render => files(&[&format!("video.{}", job.text("format").unwrap_or("mp4"))]),
        Kind::Lipsync | Kind::FillerWords | Kind::Podcast | Kind::ModelVideo => files(&["video.mp4"]),
        Kind::Proofread => files(&["captions.srt"]),
        Kind::Clipping => numbered(clippings::count(&job.body) as u64, "video.mp4"),
        Kind::ModelImage => numbered(model_images::count(&job.body), "thumbnail.png"),
        Kind::BackgroundRemoval => {
            let wanted = job.body.get("layers").and_then(Value::as_array);
            let made = |layer: &str| wanted.is_none_or(|wanted| wanted.iter().any(|one| one == layer));
            let layers = LAYERS.iter().filter(|(layer, _)| made(layer));
            layers.map(|(layer, file)| format!("{}/{layer}/{file}", job.id)).collect()
        }
        Kind::Comparison | Kind::Asset => Vec::new(),
    }
}
