//! The schedule of a job: when it starts, and when and how it ends. Its stage depends only on the clock.

use crate::marker::Marker;

/// Seconds after its creation at which a job with a failure marker fails.
const FAILURE_AFTER: u64 = 30;

/// Seconds for which a completed job with a late-link marker has no link.
pub(crate) const LATE_LINK_DELAY: u64 = 30;

/// The schedule of a job. Its times are milliseconds since 1970.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) created: u64,
    starts: u64,
    /// `None` if the job does not end.
    ends: Option<u64>,
    /// Code and message of the failure with which it ends.
    failure: Option<(String, String)>,
    /// Whether the links appear some time after the end.
    late_link: bool,
}

/// The stage of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Waiting,
    /// With the progress in percent.
    Running(u64),
    /// Completed.
    Done,
    Failed,
}

impl Schedule {
    /// A job that waits for `waits` seconds and then runs for `runs` seconds, unless its markers specify otherwise.
    pub(crate) fn new(now: u64, waits: u64, runs: u64, marker: &Marker) -> Self {
        let starts = now + waits * 1000;
        let takes = marker.takes.unwrap_or(waits + runs) * 1000;
        let mut ends = now + takes;
        if marker.fail.is_some() && marker.takes.is_none() {
            ends = ends.min(now + FAILURE_AFTER * 1000);
        }
        Self {
            created: now,
            starts: starts.min(ends),
            ends: (!marker.hang).then_some(ends),
            failure: marker.fail.clone().map(|code| {
                let message = message(&code).to_owned();
                (code, message)
            }),
            late_link: marker.late_link,
        }
    }

    /// The stage at a time.
    pub(crate) fn stage(&self, now: u64) -> Stage {
        match self.ends {
            Some(ends) if now >= ends => match self.failure {
                Some(_) => Stage::Failed,
                None => Stage::Done,
            },
            _ if now < self.starts => Stage::Waiting,
            Some(ends) => {
                let (done, whole) = (now - self.starts, (ends - self.starts).max(1));
                Stage::Running((done * 100 / whole).min(99))
            }
            None => Stage::Running(50),
        }
    }

    /// Whether the job has completed or failed.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        matches!(self.stage(now), Stage::Done | Stage::Failed)
    }

    /// When the job starts to run, in milliseconds since 1970.
    pub(crate) fn starts(&self) -> u64 {
        self.starts
    }

    /// Whether the job has failed or will fail.
    pub(crate) fn will_fail(&self) -> bool {
        self.failure.is_some()
    }

    /// When the job ends, in milliseconds since 1970; `None` if it does not end.
    pub(crate) fn ends(&self) -> Option<u64> {
        self.ends
    }

    /// When the job ended, in seconds since 1970; `None` before.
    pub(crate) fn ended(&self, now: u64) -> Option<u64> {
        self.ends.filter(|ends| now >= *ends).map(|ends| ends / 1000)
    }

    /// Whether the links to the results are available.
    pub(crate) fn has_links(&self, now: u64) -> bool {
        let late = if self.late_link { LATE_LINK_DELAY * 1000 } else { 0 };
        self.stage(now) == Stage::Done && self.ends.is_some_and(|ends| now >= ends + late)
    }

    /// Code and message of the failure, once the job has failed.
    pub(crate) fn failure(&self, now: u64) -> Option<(&str, &str)> {
        let (code, message) = self.failure.as_ref()?;
        (self.stage(now) == Stage::Failed).then_some((code.as_str(), message.as_str()))
    }

    /// Completes the job now.
    pub(crate) fn stop(&mut self, now: u64) {
        if !self.is_over(now) {
            self.ends = Some(now);
            self.failure = None;
        }
    }

    /// When the job was created, in seconds since 1970.
    pub(crate) fn created_at(&self) -> u64 {
        self.created / 1000
    }
}

/// The message of a failure. Those of `audio_missing` and `download_failed` were observed at the service; the others are ours.
fn message(code: &str) -> &'static str {
    match code {
        "script_too_long" => "The script is longer than 5000 characters",
        "avatar_unavailable" => "The avatar is not available",
        "rendering_failed" => "The video could not be rendered",
        "audio_missing" => "Your video's audio is missing or corrupted, please try with another video",
        "download_failed" => {
            "Failed to download video from url, please check the url is valid or the video is public"
        }
        _ => "The job failed, as its marker asked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_waits_runs_and_ends() {
        let schedule = Schedule::new(0, 10, 90, &Marker::default());
        let at = |seconds: u64| schedule.stage(seconds * 1000);
        assert_eq!(
            [at(0), at(10), at(55), at(99)],
            [Stage::Waiting, Stage::Running(0), Stage::Running(50), Stage::Running(98)]
        );
        assert_eq!(
            (at(100), schedule.ended(99_999), schedule.ended(100_000)),
            (Stage::Done, None, Some(100))
        );
    }

    #[test]
    fn markers_change_the_schedule() {
        let hang = Schedule::new(0, 10, 90, &Marker { hang: true, ..Marker::default() });
        assert_eq!(hang.stage(u64::MAX / 2), Stage::Running(50));
        let fails = Schedule::new(0, 10, 90, &Marker { fail: Some("x".into()), ..Marker::default() });
        assert_eq!((fails.stage(29_999), fails.stage(30_000)), (Stage::Running(99), Stage::Failed));
        assert_eq!((fails.failure(29_999), fails.failure(30_000).map(|(code, _)| code)), (None, Some("x")));
        let late = Schedule::new(0, 0, 10, &Marker { late_link: true, ..Marker::default() });
        assert_eq!(
            (late.stage(10_000), late.has_links(10_000), late.has_links(40_000)),
            (Stage::Done, false, true)
        );
        let short = Schedule::new(0, 10, 90, &Marker { takes: Some(3), ..Marker::default() });
        assert_eq!((short.stage(2_999), short.stage(3_000)), (Stage::Waiting, Stage::Done));
    }
}
