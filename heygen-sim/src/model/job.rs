//! Jobs: everything that is submitted, runs for a while, and ends.

use std::sync::Arc;

use serde_json::Value;

use crate::schedule::{Schedule, Stage};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// An uploaded file that is being taken in.
    Asset,
}

/// What is the same for all jobs of a kind.
pub(crate) struct KindSpec {
    pub(crate) name: &'static str,
    /// Code of the refusal if no job has the id.
    pub(crate) missing: &'static str,
    /// Seconds in the first state and in the second.
    pub(crate) waits: u64,
    pub(crate) runs: u64,
    /// The service's words for the two states before the end; success and failure.
    pub(crate) words: [&'static str; 4],
    /// US dollars for the simulator's three seconds of video, by the price list of June 2026.
    pub(crate) price: f64,
    /// Whether it counts against the concurrency limit.
    pub(crate) counts: bool,
    /// Event types of success and failure.
    pub(crate) events: Option<(&'static str, &'static str)>,
    /// Whether only the `callback_url` of the request hears of its end: the service's catalogue has no such event.
    pub(crate) unlisted: bool,
}

impl Kind {
    pub(crate) fn spec(self) -> &'static KindSpec {
        const LIKE_VIDEOS: [&str; 4] = ["pending", "processing", "completed", "failed"];
        const RUNNING: [&str; 4] = ["pending", "running", "completed", "failed"];
        const AT_ONCE: [&str; 4] = ["processing", "processing", "completed", "failed"];
        const BASE: KindSpec = KindSpec {
            name: "resource",
            missing: "resource_not_found",
            waits: 10,
            runs: 290,
            words: LIKE_VIDEOS,
            price: 0.0,
            counts: false,
            events: None,
            unlisted: false,
        };
        match self {
            Self::Video => &KindSpec {
                name: "video",
                missing: "video_not_found",
                price: 0.2001,
                counts: true,
                events: Some(("avatar_video.success", "avatar_video.fail")),
                ..BASE
            },
            Self::Translation => &KindSpec {
                name: "video translation",
                words: RUNNING,
                price: 0.0999,
                counts: true,
                events: Some(("video_translate.success", "video_translate.fail")),
                ..BASE
            },
            Self::Proofread => &KindSpec {
                name: "proofread",
                waits: 0,
                runs: 180,
                words: AT_ONCE,
                events: Some(("proofread_creation.success", "proofread_creation.fail")),
                ..BASE
            },
            Self::Lipsync => &KindSpec {
                name: "lipsync",
                words: RUNNING,
                price: 0.0999,
                events: Some(("lipsync.success", "lipsync.fail")),
                unlisted: true,
                ..BASE
            },
            Self::Render => &KindSpec {
                name: "render",
                missing: "hyperframes_render_not_found",
                waits: 5,
                runs: 55,
                words: ["queued", "rendering", "completed", "failed"],
                price: 0.005,
                events: Some(("hyperframes_video.success", "hyperframes_video.fail")),
                ..BASE
            },
            Self::Clipping => &KindSpec {
                name: "AI clipping job",
                words: RUNNING,
                price: 0.15,
                events: Some(("ai_clipping.success", "ai_clipping.fail")),
                ..BASE
            },
            Self::BackgroundRemoval => {
                &KindSpec { name: "background removal", runs: 110, price: 0.05, ..BASE }
            }
            Self::FillerWords => &KindSpec {
                name: "filler word removal",
                runs: 110,
                words: RUNNING,
                price: 0.30,
                events: Some(("filler_word_removal.success", "filler_word_removal.fail")),
                ..BASE
            },
            Self::Podcast => &KindSpec {
                name: "podcast",
                waits: 0,
                runs: 300,
                words: AT_ONCE,
                price: 0.2001,
                events: Some(("podcast.success", "podcast.fail")),
                ..BASE
            },
            Self::Comparison => &KindSpec { name: "comparison", waits: 0, runs: 30, words: AT_ONCE, ..BASE },
            Self::ModelVideo => &KindSpec {
                name: "model video",
                missing: "video_not_found",
                waits: 5,
                runs: 115,
                price: 0.5,
                events: Some(("model_video.success", "model_video.fail")),
                unlisted: true,
                ..BASE
            },
            Self::Asset => &KindSpec {
                name: "asset",
                missing: "asset_not_found",
                waits: 0,
                runs: 5,
                words: ["queued", "processing", "completed", "failed"],
                ..BASE
            },
        }
    }
}

pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) schedule: Schedule,
    /// What is kept of the request that made it, shared by all jobs of that request.
    pub(crate) body: Arc<Value>,
    /// What was decided beside the request, such as the language of this one of several translations.
    pub(crate) extra: Value,
    pub(crate) title: Option<String>,
    /// When its callers can see it, in milliseconds; until then an item of a batch is queued.
    pub(crate) visible: u64,
    pub(crate) deleted: bool,
    /// Whether its end is an event of its own.
    pub(crate) announced: bool,
    /// Bytes of its file, when a marker asks for so many.
    pub(crate) size: Option<u64>,
    pub(crate) charge: i64,
}

impl Job {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// The service's word for where it stands.
    pub(crate) fn status(&self, now: u64) -> &'static str {
        let [waiting, running, done, failed] = self.kind.spec().words;
        match self.schedule.stage(now) {
            Stage::Waiting => waiting,
            Stage::Running(_) => running,
            Stage::Done => done,
            Stage::Failed => failed,
        }
    }

    /// Percentage done.
    pub(crate) fn progress(&self, now: u64) -> u64 {
        match self.schedule.stage(now) {
            Stage::Waiting => 0,
            Stage::Running(percent) => percent,
            Stage::Done | Stage::Failed => 100,
        }
    }

    pub(crate) fn failure_message(&self, now: u64) -> Option<&str> {
        self.schedule.failure(now).map(|(_, message)| message)
    }

    /// The name of its main file, with a size of its own where a marker asks for it.
    pub(crate) fn file(&self, name: &str) -> String {
        match self.size {
            Some(size) => format!("{}/size-{size}/{name}", self.id),
            None => format!("{}/{name}", self.id),
        }
    }
}
