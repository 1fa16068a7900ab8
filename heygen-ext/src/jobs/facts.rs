//! The table of all kinds of jobs: which operation reads a job, what its statuses mean, and how often it is read.
//!
//! Sources: the document for operations and statuses; the provider's command line tool and its published guides, read in
//! November 2026, for durations.

use std::time::Duration;

use heygen_api::{Operation, operations};

/// What the service knows about jobs of one kind.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The kind in a handle, such as `video` in `video:abc`.
    pub(crate) name: &'static str,
    /// The operation that reads one job.
    pub(crate) read: &'static Operation,
    /// The path parameter of `read` that takes the id.
    pub(crate) id: &'static str,
    pub(crate) statuses: Statuses,
    /// A member that a completed job has. It may appear a little later than the status.
    pub(crate) result: Option<&'static str>,
    /// The operation that reads the statuses of up to 100 jobs.
    pub(crate) bulk: Option<Bulk>,
    pub(crate) cadence: Cadence,
}

/// What the words of the member `status` mean. Any other word means that the job is running.
#[derive(Debug)]
pub(crate) struct Statuses {
    pub(crate) running: &'static [&'static str],
    pub(crate) completed: &'static [&'static str],
    pub(crate) failed: &'static [&'static str],
    pub(crate) stopped: &'static [&'static str],
    /// A person has to decide something.
    pub(crate) person: &'static [&'static str],
}

/// An operation that reads the statuses of several jobs.
#[derive(Debug)]
pub(crate) struct Bulk {
    pub(crate) read: &'static Operation,
    /// The query parameter with the ids, separated by commas.
    pub(crate) ids: &'static str,
    /// Whether only this operation has the status of a job.
    pub(crate) only: bool,
    /// The kind of batch whose items have such jobs. The parameter `batch_ids` asks for all items of a batch.
    pub(crate) batch: &'static Facts,
}

/// How often a job is read.
///
/// The default pauses are multiples of five seconds, so that the reads of many jobs coincide and share requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// Pauses in seconds, each until a time since the start of the wait.
    steps: &'static [(u64, u64)],
    /// The pause after the last step.
    longest: Duration,
    /// A pause that a program has set.
    fixed: Option<Duration>,
    /// The default deadline.
    pub(crate) deadline: Duration,
    /// How long such a job usually takes, for estimates of progress.
    pub(crate) typical: Duration,
}

impl Cadence {
    const fn new(
        steps: &'static [(u64, u64)],
        longest: u64,
        typical_minutes: u64,
        deadline_minutes: u64,
    ) -> Self {
        Self {
            steps,
            longest: Duration::from_secs(longest),
            fixed: None,
            deadline: Duration::from_secs(60 * deadline_minutes),
            typical: Duration::from_secs(60 * typical_minutes),
        }
    }

    /// The same pause between all reads.
    ///
    /// ```
    /// use std::time::Duration;
    /// use heygen_ext::jobs::Cadence;
    ///
    /// let often = Cadence::every(Duration::from_secs(2));
    /// ```
    pub const fn every(pause: Duration) -> Self {
        let mut cadence = Self::new(&[], 30, 10, 60);
        cadence.fixed = Some(pause);
        cadence
    }

    /// Whether a program has set the pause.
    pub(crate) fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// The pause after a read, at a time since the start of the wait.
    pub(crate) fn pause(&self, elapsed: Duration) -> Duration {
        if let Some(pause) = self.fixed {
            return pause;
        }
        let step = self.steps.iter().find(|(until, _)| elapsed.as_secs() < *until);
        step.map_or(self.longest, |(_, pause)| Duration::from_secs(*pause))
    }
}

/// A render of a few minutes.
const RENDER: &[(u64, u64)] = &[(30, 5), (1200, 10)];
/// A job of many minutes.
const LONG: &[(u64, u64)] = &[(120, 10), (600, 30)];
/// A job of about a minute.
const SHORT: &[(u64, u64)] = &[(180, 5), (600, 10)];

const COMMON: Statuses = Statuses {
    running: &["waiting", "pending", "processing", "running", "queued", "rendering"],
    completed: &["completed"],
    failed: &["failed"],
    stopped: &["cancelled", "canceled", "deleted"],
    person: &[],
};

macro_rules! kinds {
    ($($(#[$gate:meta])* $name:ident = $text:literal, $read:ident($id:literal) {
        $($field:ident: $value:expr),* $(,)?
    })*) => {
        $($(#[$gate])*
        pub(crate) static $name: Facts = Facts {
            $($field: $value,)*
            ..facts($text, &operations::$read, $id)
        };)*

        /// All kinds.
        pub(crate) static ALL: &[&Facts] = &[$($(#[$gate])* &$name,)*];
    };
}

const fn facts(name: &'static str, read: &'static Operation, id: &'static str) -> Facts {
    Facts {
        name,
        read,
        id,
        statuses: COMMON,
        result: None,
        bulk: None,
        cadence: Cadence::new(RENDER, 30, 5, 60),
    }
}

const fn bulk(read: &'static Operation, ids: &'static str, batch: &'static Facts) -> Option<Bulk> {
    Some(Bulk { read, ids, only: false, batch })
}

kinds! {
    VIDEO = "video", GET_VIDEO("video_id") {
        result: Some("video_url"),
        bulk: bulk(&operations::BULK_VIDEO_STATUSES, "video_ids", &VIDEO_BATCH),
        cadence: Cadence::new(RENDER, 30, 8, 60),
    }
    VIDEO_AGENT_SESSION = "video-agent", GET_VIDEO_AGENT_SESSION("session_id") {
        statuses: Statuses {
            running: &["thinking", "generating"],
            person: &["waiting_for_input", "reviewing"],
            ..COMMON
        },
        cadence: Cadence::new(LONG, 60, 30, 90),
    }
    VIDEO_TRANSLATION = "video-translation", GET_VIDEO_TRANSLATION("video_translation_id") {
        bulk: bulk(
            &operations::BULK_VIDEO_TRANSLATION_STATUSES,
            "video_translation_ids",
            &VIDEO_TRANSLATION_BATCH,
        ),
        cadence: Cadence::new(&[(180, 30)], 60, 10, 120),
    }
    PROOFREAD = "proofread", GET_PROOFREAD("proofread_id") { cadence: Cadence::new(&[(120, 15)], 30, 4, 45) }
    LIPSYNC = "lipsync", GET_LIPSYNC("lipsync_id") {
        result: Some("video_url"),
        bulk: bulk(&operations::BULK_LIPSYNC_STATUSES, "lipsync_ids", &LIPSYNC_BATCH),
        cadence: Cadence::new(LONG, 60, 10, 120),
    }
    HYPERFRAMES_RENDER = "hyperframes-render", GET_HYPERFRAMES_RENDER("render_id") {
        result: Some("video_url"),
        cadence: Cadence::new(&[(600, 10)], 30, 5, 60),
    }
    AI_CLIPPING = "ai-clipping", GET_AI_CLIPPING("job_id") { cadence: Cadence::new(LONG, 60, 15, 120) }
    FILLER_WORD_REMOVAL = "filler-word-removal", GET_FILLER_WORD_REMOVAL("filler_word_removal_id") {
        result: Some("video_url"),
    }
    MODEL_VIDEO = "model-video", GET_MODEL_VIDEO("video_id") {
        result: Some("video_url"),
        cadence: Cadence::new(RENDER, 30, 3, 60),
    }
    MODEL_IMAGE = "model-image", GET_MODEL_IMAGE("generation_id") { cadence: Cadence::new(SHORT, 15, 1, 15) }
    AVATAR_LOOK = "avatar-look", GET_AVATAR_LOOK("look_id") {
        statuses: Statuses { person: &["pending_consent"], ..COMMON },
        cadence: Cadence::new(&[(600, 10)], 60, 2, 60),
    }
    VOICE_CLONE = "voice-clone", GET_VOICE("voice_id") {
        statuses: Statuses { completed: &["complete", "completed"], ..COMMON },
        cadence: Cadence::new(SHORT, 15, 1, 30),
    }
    MODEL_AUDIO_VOICE = "model-audio-voice", GET_MODEL_AUDIO_VOICE("voice_id") {
        statuses: Statuses {
            running: &["PENDING"], completed: &["ACTIVE"], failed: &["FAILED"], stopped: &[], person: &[],
        },
        cadence: Cadence::new(SHORT, 60, 30, 24 * 60),
    }
    BRAND_KIT = "brand-kit", GET_BRAND_KIT("brand_kit_id") {
        statuses: Statuses { running: &["loading"], failed: &["error", "failed"], ..COMMON },
        cadence: Cadence::new(SHORT, 15, 1, 30),
    }
    ASSET = "asset", GET_ASSET("asset_id") {
        statuses: Statuses { running: &["pending_upload", "queued", "processing"], ..COMMON },
        bulk: Some(Bulk {
            read: &operations::BULK_ASSET_STATUSES,
            ids: "asset_ids",
            only: true,
            batch: &ASSET_BATCH,
        }),
        cadence: Cadence::new(SHORT, 15, 1, 30),
    }
    VIDEO_BATCH = "video-batch", GET_VIDEO_BATCH("batch_id") { cadence: Cadence::new(LONG, 60, 20, 240) }
    VIDEO_TRANSLATION_BATCH = "video-translation-batch", GET_VIDEO_TRANSLATION_BATCH("batch_id") {
        cadence: Cadence::new(LONG, 60, 30, 240),
    }
    LIPSYNC_BATCH = "lipsync-batch", GET_LIPSYNC_BATCH("batch_id") { cadence: Cadence::new(LONG, 60, 30, 240) }
    ASSET_BATCH = "asset-batch", GET_ASSET_BATCH("batch_id") { cadence: Cadence::new(SHORT, 30, 5, 120) }
    #[cfg(feature = "preview")]
    BACKGROUND_REMOVAL = "background-removal", GET_BACKGROUND_REMOVAL("job_id") {}
    #[cfg(feature = "preview")]
    PODCAST = "podcast", GET_PODCAST("podcast_id") {
        result: Some("video_url"),
        cadence: Cadence::new(LONG, 60, 20, 120),
    }
    #[cfg(feature = "preview")]
    WORKFLOW_RUN = "workflow-run", GET_WORKFLOW_RUN("run_id") {
        // The outputs of a partial run may be usable.
        statuses: Statuses { completed: &["succeeded", "partial"], ..COMMON },
    }
    #[cfg(feature = "preview")]
    VIDEO_QUALITY_COMPARISON = "video-quality-comparison", GET_VIDEO_QUALITY_COMPARISON("comparison_id") {}
    #[cfg(feature = "preview")]
    VIDEO_QUALITY_COMPARISON_BATCH = "video-quality-comparison-batch",
        GET_VIDEO_QUALITY_COMPARISON_BATCH("batch_id") { cadence: Cadence::new(LONG, 60, 20, 240) }
}

/// The facts about a kind; `None` if the kind does not exist.
pub(crate) fn named(name: &str) -> Option<&'static Facts> {
    ALL.iter().find(|facts| facts.name == name).copied()
}

impl Facts {
    /// Whether the job consists of several items, each with a status of its own.
    pub(crate) fn is_batch(&self) -> bool {
        self.name.ends_with("-batch")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_follow_the_steps() {
        let pauses = [0, 29, 30, 119, 120, 1199, 1200, 9000]
            .map(|at| VIDEO.cadence.pause(Duration::from_secs(at)).as_secs());
        assert_eq!(pauses, [5, 5, 10, 10, 10, 10, 30, 30]);
        let fixed = Cadence::every(Duration::from_millis(10));
        assert_eq!(fixed.pause(Duration::from_secs(999)), Duration::from_millis(10));
    }

    #[test]
    fn names_are_different() {
        for facts in ALL {
            assert!(std::ptr::eq(named(facts.name).unwrap(), *facts), "{}", facts.name);
        }
        assert!(named("vidoe").is_none());
    }
}
