//! Jobs: waiting for a Video Agent session, and then for its video.

use std::time::Duration;

use heygen_api::types::{VideoAgentSession, VideoAgentSessionStatus, VideoDetail, VideoStatus};
use heygen_api::{BoxFuture, Client};

use crate::error::Error;

/// A job of the service. Its id is all that is needed to find it again, also from another process.
///
/// Dropping it, or one of its futures, ends the wait but not the job.
#[derive(Debug, Clone)]
#[must_use = "the job runs in any case; `wait` gets its result"]
pub struct Job {
    api: Client,
    session_id: String,
    schedule: Schedule,
}

/// The progress of a job, as a wait reports it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum JobProgress {
    /// The session has no video yet.
    Session {
        /// The status, as the service names it.
        status: VideoAgentSessionStatus,
        /// Percentage done, from 0 to 100, if the service reports it.
        progress: Option<i64>,
    },
    /// The video exists.
    Video {
        /// Its id.
        video_id: String,
        /// The status, as the service names it.
        status: VideoStatus,
    },
}

#[derive(Debug, Clone, Copy)]
struct Schedule {
    first: Duration,
    longest: Duration,
    deadline: Duration,
}

impl Job {
    pub(crate) fn new(api: Client, session_id: String) -> Self {
        let schedule = Schedule {
            first: Duration::from_secs(2),
            longest: Duration::from_secs(30),
            deadline: Duration::from_secs(60 * 60),
        };
        Self { api, session_id, schedule }
    }

    /// The session's id: all that is needed to find the job again.
    pub fn id(&self) -> &str {
        &self.session_id
    }

    /// Sets a fixed pause between two reads, in place of a growing one.
    pub fn poll_every(mut self, pause: Duration) -> Self {
        (self.schedule.first, self.schedule.longest) = (pause, pause);
        self
    }

    /// Sets the deadline of the wait; the default is 60 minutes. The last read is at the deadline. The job
    /// continues, and another wait can resume.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.schedule.deadline = deadline;
        self
    }

    /// Waits for the finished video.
    ///
    /// # Errors
    ///
    /// The job failed, needs a person's decision, did not end before the deadline, or could not be read. Every such error
    /// has the session's id.
    pub async fn wait(self) -> Result<VideoDetail, Error> {
        self.watch(|_| {}).await
    }

    /// Waits for the finished video, and reports each change of progress.
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait).
    pub async fn watch(self, on_step: impl FnMut(&JobProgress)) -> Result<VideoDetail, Error> {
        self.wait_with(on_step, &RealTime(tokio::time::Instant::now())).await
    }

    /// The wait, with time as a parameter.
    async fn wait_with(
        &self,
        mut on_step: impl FnMut(&JobProgress),
        time: &impl Time,
    ) -> Result<VideoDetail, Error> {
        let mut pause = self.schedule.first;
        let (mut video_id, mut last) = (None, None);
        loop {
            let mut report = |step: JobProgress| {
                if last.as_ref() != Some(&step) {
                    on_step(&step);
                    last = Some(step);
                }
            };
            let state = self
                .read(&mut video_id, &mut report)
                .await
                .map_err(|error| error.of_job(&self.session_id))?;
            match state {
                JobState::Finished(video) => return Ok(*video),
                JobState::Running(step) => report(step),
            }
            let remaining = self.schedule.deadline.saturating_sub(time.elapsed());
            if remaining.is_zero() {
                return Err(Error::deadline(self.schedule.deadline).of_job(&self.session_id));
            }
            // The last pause is shorter, so that the last read is at the deadline.
            time.sleep(pause.min(remaining)).await;
            pause = pause.saturating_mul(3).div_f64(2.0).min(self.schedule.longest);
        }
    }

    /// Reads the session until it has a video, then the video.
    async fn read(
        &self,
        video_id: &mut Option<String>,
        report: &mut impl FnMut(JobProgress),
    ) -> Result<JobState, Error> {
        if video_id.is_none() {
            let answer = self.api.get_video_agent_session().session_id(&*self.session_id).send().await;
            let session = answer?.into_inner();
            session_outcome(&session)?;
            let step = JobProgress::Session { status: session.status, progress: session.progress };
            match session.video_id {
                None => return Ok(JobState::Running(step)),
                Some(id) => {
                    report(step);
                    *video_id = Some(id);
                }
            }
        }
        let id = video_id.as_deref().unwrap_or_default();
        let video = self.api.get_video().video_id(id).await?.into_inner();
        video_state(video)
    }
}

/// Waits for the finished video, as [`wait`](Job::wait) does.
impl IntoFuture for Job {
    type Output = Result<VideoDetail, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wait())
    }
}

/// The time that a wait needs.
trait Time {
    fn elapsed(&self) -> Duration;
    async fn sleep(&self, pause: Duration);
}

/// Real time since an instant.
struct RealTime(tokio::time::Instant);

impl Time for RealTime {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

enum JobState {
    Running(JobProgress),
    Finished(Box<VideoDetail>),
}

/// A job with an unknown status counts as running.
fn session_outcome(session: &VideoAgentSession) -> Result<(), Error> {
    match session.status {
        VideoAgentSessionStatus::Failed => Err(Error::failed(None, session_problem(session))),
        VideoAgentSessionStatus::WaitingForInput | VideoAgentSessionStatus::Reviewing => {
            Err(Error::needs_person(session.status.as_str()))
        }
        VideoAgentSessionStatus::Completed if session.video_id.is_none() => {
            Err(Error::failed(None, "the session completed without a video".to_owned()))
        }
        _ => Ok(()),
    }
}

/// The reason of a failure: the newest message of the session.
fn session_problem(session: &VideoAgentSession) -> String {
    let newest = session.messages.iter().flatten().next();
    newest
        .map(|message| message.content.clone())
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "no reason given".to_owned())
}

fn video_state(video: VideoDetail) -> Result<JobState, Error> {
    match video.status {
        // The link may appear shortly after the status.
        VideoStatus::Completed if video.video_url.is_some() => Ok(JobState::Finished(Box::new(video))),
        VideoStatus::Failed => {
            let message = video.failure_message.unwrap_or_else(|| "no reason given".to_owned());
            Err(Error::failed(video.failure_code, message))
        }
        status => Ok(JobState::Running(JobProgress::Video { video_id: video.id, status })),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::error::ErrorKind;

    fn session(status: &str, video_id: Value) -> Result<(), Error> {
        let session = json!({"session_id": "s", "status": status, "created_at": 0, "video_id": video_id});
        session_outcome(&serde_json::from_value(session).unwrap())
    }

    fn video(fields: Value) -> Result<JobState, Error> {
        let mut video = json!({"id": "v"});
        video.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        video_state(serde_json::from_value(video).unwrap())
    }

    #[tokio::test]
    async fn the_pauses_grow_and_the_deadline_ends_them() {
        let answer = r#"{"data":{"session_id":"s","status":"thinking","created_at":0}}"#;
        let api = Client::new(Always(answer));
        let job = Job::new(api, "s".to_owned()).deadline(Duration::from_secs(100));
        let (mut steps, time) = (0, Pauses::default());
        let error = job.wait_with(|_| steps += 1, &time).await.unwrap_err();
        assert_eq!((error.kind(), error.job_id()), (ErrorKind::Deadline, Some("s")));
        let pauses: Vec<_> = time.0.lock().unwrap().iter().map(Duration::as_millis).collect();
        assert_eq!(pauses, [2000, 3000, 4500, 6750, 10125, 15187, 22781, 30000, 5657]);
        assert_eq!(steps, 1, "the same step is reported once");
        assert!(error.may_have_executed());
    }

    /// Time that passes only by sleeping, without waiting.
    #[derive(Default)]
    struct Pauses(std::sync::Mutex<Vec<Duration>>);

    impl Time for Pauses {
        fn elapsed(&self) -> Duration {
            self.0.lock().unwrap().iter().map(|pause| Duration::from_millis(pause.as_millis() as u64)).sum()
        }

        async fn sleep(&self, pause: Duration) {
            self.0.lock().unwrap().push(pause);
        }
    }

    /// Answers everything with one body.
    struct Always(&'static str);

    impl heygen_api::Transport for Always {
        fn send<'a>(
            &'a self,
            _request: heygen_api::Request,
            _operation: &'a heygen_api::Operation,
        ) -> BoxFuture<'a, Result<heygen_api::RawResponse, heygen_api::TransportError>> {
            Box::pin(async { Ok(http::Response::new(self.0).into()) })
        }
    }

    #[test]
    fn a_session_runs_fails_or_needs_a_person() {
        for running in ["thinking", "generating", "status_from_the_future"] {
            assert!(session(running, Value::Null).is_ok(), "{running}");
        }
        assert!(session("completed", json!("v")).is_ok());
        for (status, kind) in [
            ("failed", ErrorKind::Failed),
            ("completed", ErrorKind::Failed),
            ("waiting_for_input", ErrorKind::NeedsPerson),
            ("reviewing", ErrorKind::NeedsPerson),
        ] {
            assert_eq!(session(status, Value::Null).unwrap_err().kind(), kind, "{status}");
        }
    }

    #[test]
    fn a_video_runs_is_finished_or_has_failed() {
        for running in ["pending", "processing", "completed", "status_from_the_future"] {
            assert!(matches!(video(json!({"status": running})), Ok(JobState::Running(_))), "{running}");
        }
        let finished = video(json!({"status": "completed", "video_url": "https://x"}));
        assert!(matches!(finished, Ok(JobState::Finished(_))));
        let failed = video(
            json!({"status": "failed", "failure_code": "render_failed", "failure_message": "Too long"}),
        );
        let error = failed.err().unwrap();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Failed, Some(heygen_api::ErrorCode::RenderFailed))
        );
        assert_eq!(error.of_job("s").to_string(), "job s: the job failed: render_failed: Too long");
    }
}
