//! Jobs: tasks that a request starts, and that complete or fail later.

use std::sync::Arc;

use serde_json::Value;

use crate::prices;
use crate::schedule::{Schedule, Stage};

/// The kinds of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Video,
    Translation,
    Proofread,
    Lipsync,
    Render,
    Clipping,
    BackgroundRemoval,
    FillerWords,
    Podcast,
    Comparison,
    ModelVideo,
    ModelImage,
    /// The processing of an uploaded file. It is a kind of batch item; no [`Job`] has it.
    Asset,
}

/// The properties of a kind of jobs.
pub(crate) struct KindSpec {
    /// Name of a job in error messages.
    pub(crate) name: &'static str,
    /// Error code if no job has the requested id.
    pub(crate) missing: &'static str,
    /// How long a job waits, in seconds.
    pub(crate) waits: u64,
    /// How long a job runs, in seconds.
    pub(crate) runs: u64,
    /// The service's statuses of a job that waits, runs, is completed, or has failed.
    pub(crate) statuses: [&'static str; 4],
    /// Price in US dollars, unless it depends on the request.
    pub(crate) price: f64,
    /// Whether the job counts against the concurrency limit.
    pub(crate) counts: bool,
    /// Event types of success and failure.
    pub(crate) events: Option<(&'static str, &'static str)>,
    /// Whether the events are sent only to the request's `callback_url`. The service's list of event types lacks them.
    pub(crate) callback_only: bool,
}

impl Kind {
    /// The kinds that a [`Job`] has.
    pub(crate) const OF_JOBS: [Self; 12] = [
        Self::Video,
        Self::Translation,
        Self::Proofread,
        Self::Lipsync,
        Self::Render,
        Self::Clipping,
        Self::BackgroundRemoval,
        Self::FillerWords,
        Self::Podcast,
        Self::Comparison,
        Self::ModelVideo,
        Self::ModelImage,
    ];

    /// The properties of the kind.
    pub(crate) fn spec(self) -> KindSpec {
        const PENDING_PROCESSING: [&str; 4] = ["pending", "processing", "completed", "failed"];
        const PENDING_RUNNING: [&str; 4] = ["pending", "running", "completed", "failed"];
        const PROCESSING: [&str; 4] = ["processing", "processing", "completed", "failed"];
        const BASE: KindSpec = KindSpec {
            name: "resource",
            missing: "resource_not_found",
            waits: 10,
            runs: 290,
            statuses: PENDING_PROCESSING,
            price: 0.0,
            counts: false,
            events: None,
            callback_only: false,
        };
        match self {
            Self::Video => KindSpec {
                name: "video",
                missing: "video_not_found",
                price: prices::AVATAR_IV_VIDEO.of_video(),
                counts: true,
                events: Some(("avatar_video.success", "avatar_video.fail")),
                ..BASE
            },
            Self::Translation => KindSpec {
                name: "video translation",
                statuses: PENDING_RUNNING,
                price: prices::TRANSLATION.of_video(),
                counts: true,
                events: Some(("video_translate.success", "video_translate.fail")),
                ..BASE
            },
            Self::Proofread => KindSpec {
                name: "proofread",
                waits: 0,
                runs: 180,
                statuses: PROCESSING,
                events: Some(("proofread_creation.success", "proofread_creation.fail")),
                ..BASE
            },
            Self::Lipsync => KindSpec {
                name: "lipsync",
                statuses: PENDING_RUNNING,
                price: prices::LIPSYNC.of_video(),
                events: Some(("lipsync.success", "lipsync.fail")),
                callback_only: true,
                ..BASE
            },
            Self::Render => KindSpec {
                name: "render",
                missing: "hyperframes_render_not_found",
                waits: 5,
                runs: 55,
                statuses: ["queued", "rendering", "completed", "failed"],
                price: prices::RENDER.of_video(),
                events: Some(("hyperframes_video.success", "hyperframes_video.fail")),
                ..BASE
            },
            Self::Clipping => KindSpec {
                name: "AI clipping job",
                statuses: PENDING_RUNNING,
                price: prices::CLIP.dollars,
                events: Some(("ai_clipping.success", "ai_clipping.fail")),
                ..BASE
            },
            Self::BackgroundRemoval => KindSpec {
                name: "background removal",
                runs: 110,
                price: prices::BACKGROUND_REMOVAL.dollars,
                ..BASE
            },
            Self::FillerWords => KindSpec {
                name: "filler word removal",
                runs: 110,
                statuses: PENDING_RUNNING,
                price: prices::FILLER_WORDS.dollars,
                events: Some(("filler_word_removal.success", "filler_word_removal.fail")),
                ..BASE
            },
            Self::Podcast => KindSpec {
                name: "podcast",
                waits: 0,
                runs: 300,
                statuses: PROCESSING,
                price: prices::PODCAST.of_video(),
                events: Some(("podcast.success", "podcast.fail")),
                ..BASE
            },
            Self::Comparison => {
                KindSpec { name: "comparison", waits: 0, runs: 30, statuses: PROCESSING, ..BASE }
            }
            Self::ModelVideo => KindSpec {
                name: "model video",
                missing: "video_not_found",
                waits: 5,
                runs: 115,
                events: Some(("model_video.success", "model_video.fail")),
                callback_only: true,
                ..BASE
            },
            Self::ModelImage => KindSpec {
                name: "image generation",
                waits: 0,
                runs: 30,
                statuses: ["pending", "pending", "completed", "failed"],
                ..BASE
            },
            Self::Asset => KindSpec {
                name: "asset",
                missing: "asset_not_found",
                waits: 0,
                runs: 5,
                statuses: ["queued", "processing", "completed", "failed"],
                ..BASE
            },
        }
    }
}

/// A job. Its status follows from its schedule and the clock.
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) schedule: Schedule,
    /// The retained part of the request's body. All jobs of one request share it.
    pub(crate) body: Arc<Value>,
    /// Properties that differ between the jobs of one request, such as the language of a translation.
    pub(crate) extra: Value,
    pub(crate) title: Option<String>,
    /// From when on requests can see the job, in milliseconds since 1970. Until then, it is a queued item of a batch.
    pub(crate) visible: u64,
    /// Whether the job was deleted softly. Requests do not see it, except for background removals.
    pub(crate) deleted: bool,
    /// Whether the end of the job sends an event.
    pub(crate) sends_event: bool,
    /// Size of the main file that a marker requests, in bytes.
    pub(crate) size: Option<u64>,
    /// The price that was charged, in millionths of a dollar.
    pub(crate) charge: i64,
}

impl Job {
    /// Whether requests see the job.
    pub(crate) fn is_visible(&self, now: u64) -> bool {
        self.visible <= now && !self.deleted
    }

    /// A text of the request's body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// The service's status of the job.
    pub(crate) fn status(&self, now: u64) -> &'static str {
        let [waiting, running, done, failed] = self.kind.spec().statuses;
        match self.schedule.stage(now) {
            Stage::Waiting => waiting,
            Stage::Running(_) => running,
            Stage::Done => done,
            Stage::Failed => failed,
        }
    }

    /// The progress, in percent.
    pub(crate) fn progress(&self, now: u64) -> u64 {
        match self.schedule.stage(now) {
            Stage::Waiting => 0,
            Stage::Running(percent) => percent,
            Stage::Done | Stage::Failed => 100,
        }
    }

    /// The message of the failure, once the job has failed.
    pub(crate) fn failure_message(&self, now: u64) -> Option<&str> {
        self.schedule.failure(now).map(|(_, message)| message)
    }

    /// The path of a file of the job. It contains the size if a marker requests one.
    pub(crate) fn file(&self, name: &str) -> String {
        match self.size {
            Some(size) => format!("{}/size-{size}/{name}", self.id),
            None => [&self.id, "/", name].concat(),
        }
    }
}
