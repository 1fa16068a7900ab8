//! The wait for a job: reads it until it ends, and continues after transient errors.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future;
use heygen_api::types::VideoAgentSession as Session;
use http::StatusCode;
use serde_json::Value;

use super::facts::{self, Cadence, Facts};
use super::handle::JobHandle;
use super::poller::{self, Look, Poller};
use super::question::{self, Question};
use super::reading::{self, JobProgress, Reading};
use super::recorded::Record;
use super::wakes::{Sleeper, Wakes};
use crate::error::{Error, JobRecord};
use crate::runtime::Runtime;

/// Maximum number of looks in succession that fail for reasons that pass.
pub(crate) const MAX_FAILED_LOOKS: u32 = 60;
/// How long after its creation a job may be unknown to the service, and after an answer a session may have its old state.
pub(crate) const GRACE_AFTER_CREATE: Duration = Duration::from_secs(60);
/// Longest pause after looks that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a wait needs of a client.
#[derive(Clone, Debug)]
pub(crate) struct WaitContext {
    pub(crate) api: heygen_api::Client,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) poller: Poller,
    pub(crate) wakes: Arc<Wakes>,
}

/// A job as a wait begins with it.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) handle: JobHandle,
    /// Whether this program has just created it.
    pub(crate) is_new: bool,
    /// The video of a session, if the service has named it already.
    pub(crate) video_id: Option<String>,
    /// Videos of the session from before; the wait is for another one.
    pub(crate) older_videos: Vec<String>,
}

/// One wait.
#[derive(Debug)]
pub(crate) struct Wait {
    context: WaitContext,
    start: Start,
    cadence: Cadence,
    deadline: Duration,
    began: Instant,
    failed_looks: u32,
    last_pause: Duration,
    last: Option<JobProgress>,
    record: Option<Record>,
    sleeper: Sleeper,
    /// Whether this is a wait, not a single look. A look does not create links.
    is_waiting: bool,
}

/// What one look says.
pub(crate) enum Step {
    Running(JobProgress),
    Done(Value),
}

impl Wait {
    pub(crate) fn new(
        context: WaitContext,
        start: Start,
        cadence: Option<Cadence>,
        deadline: Option<Duration>,
    ) -> Self {
        let facts = start.handle.facts();
        // The service makes the jobs of a batch one after the other.
        let batch = facts.bulk.as_ref().filter(|_| start.handle.as_item().is_some()).map(|bulk| bulk.batch);
        let deadline = deadline.unwrap_or(batch.unwrap_or(facts).cadence.deadline);
        let began = context.runtime.now();
        let cadence = cadence.unwrap_or(facts.cadence);
        let sleeper = context.wakes.sleeper();
        Self {
            context,
            start,
            cadence,
            deadline,
            began,
            failed_looks: 0,
            last_pause: Duration::ZERO,
            last: None,
            record: None,
            sleeper,
            is_waiting: true,
        }
    }

    #[cfg(test)]
    pub(crate) fn context(&self) -> &WaitContext {
        &self.context
    }

    /// Records the end of the job there.
    pub(crate) fn recorded(mut self, record: Option<Record>) -> Self {
        self.record = record;
        self
    }

    /// Looks until something has changed: the progress, or the end.
    pub(crate) async fn next(&mut self) -> Result<Step, Error> {
        let outcome = self.advance().await;
        if let Some(record) = &self.record
            && !matches!(outcome, Ok(Step::Running(_)))
        {
            Box::pin(record.end(&self.start.handle, outcome.as_ref().err())).await;
        }
        outcome
    }

    async fn advance(&mut self) -> Result<Step, Error> {
        loop {
            let is_first = self.last.is_none() && self.failed_looks == 0;
            if !is_first && !self.pause().await {
                return Err(self.describe(Error::deadline(self.deadline)));
            }
            // Boxed, because thousands of waits pause at the same time, and few of them read.
            match Box::pin(self.look()).await {
                Ok(Step::Done(data)) => return Ok(Step::Done(data)),
                Ok(Step::Running(progress)) => {
                    self.failed_looks = 0;
                    if self.last.as_ref() != Some(&progress) {
                        self.last = Some(progress.clone());
                        return Ok(Step::Running(progress));
                    }
                }
                Err(error) => self.bear(error)?,
            }
        }
    }

    /// Looks once, for a program that polls by itself.
    pub(crate) async fn look_once(mut self) -> Result<(Self, Step), Error> {
        self.is_waiting = false;
        match self.look().await {
            Ok(step) => Ok((self, step)),
            Err(error) => Err(self.describe(error)),
        }
    }

    /// Looks once. The error of a look that failed, and of a job that ended without a result.
    async fn look(&mut self) -> Result<Step, Error> {
        if self.start.handle.facts().name == facts::VIDEO_AGENT_SESSION.name {
            return self.look_at_session().await;
        }
        if self.start.handle.as_item().is_some() {
            return self.look_at_item().await;
        }
        let facts = self.start.handle.facts();
        let id = self.start.handle.id().to_owned();
        match self.context.poller.look(facts, &id).await? {
            Look::Status(status) => Ok(Step::Running(self.progress(facts, status, None))),
            Look::Job(data) => self.outcome(facts, data).await,
        }
    }

    /// Looks at a job by its batch and position, and at the job itself as soon as it has ended.
    async fn look_at_item(&mut self) -> Result<Step, Error> {
        let facts = self.start.handle.facts();
        let entry = self.context.poller.look_at_item(facts, self.start.handle.id()).await?;
        let id = entry.get("video_id").and_then(Value::as_str);
        if let Some(id) = id {
            self.sleeper.listen(id);
            if facts.name == facts::VIDEO.name {
                self.start.video_id = Some(id.to_owned());
            }
        }
        let status = reading::status(&entry);
        match id {
            _ if poller::is_running(facts, status) && status != "not_found" => {
                Ok(Step::Running(self.progress(facts, status.to_owned(), None)))
            }
            Some(id) => {
                let data = self.context.poller.read(facts, id).await?;
                self.outcome(facts, data).await
            }
            None => self.outcome(facts, entry).await,
        }
    }

    /// Looks at a session until it has named its video, and then only at the video: a session may be unknown while its video
    /// completes.
    async fn look_at_session(&mut self) -> Result<Step, Error> {
        if self.start.video_id.is_none() {
            let session = self.start.handle.facts();
            let Look::Job(data) = self.context.poller.look(session, self.start.handle.id()).await? else {
                return Ok(Step::Running(self.progress(session, String::new(), None)));
            };
            let named = data.get("video_id").and_then(Value::as_str).map(str::to_owned);
            self.start.video_id = named.filter(|id| !self.start.older_videos.contains(id));
            if self.start.video_id.is_none() {
                return match reading::read(session, &data) {
                    // Just after an answer, the session may still have the state from before. Later, it has answered without a
                    // new video.
                    Reading::Completed
                        if !self.start.older_videos.is_empty() && self.elapsed() < GRACE_AFTER_CREATE =>
                    {
                        Ok(Step::Running(self.progress_of(session, &data)))
                    }
                    Reading::Completed => {
                        let problem = "the session completed without a new video".to_owned();
                        Err(self.ended(Error::failed(None, problem), &data))
                    }
                    _ => self.outcome(session, data).await,
                };
            }
        }
        let video_id = self.start.video_id.clone().unwrap_or_default();
        match self.context.poller.look(&facts::VIDEO, &video_id).await? {
            Look::Status(status) => Ok(Step::Running(self.progress(&facts::VIDEO, status, None))),
            Look::Job(data) => {
                // A session that stops for a question has a video that counts as failed.
                if matches!(reading::read(&facts::VIDEO, &data), Reading::Failed { .. })
                    && let Some(session) = self.session_that_asks().await
                {
                    return self.outcome(self.start.handle.facts(), session).await;
                }
                self.outcome(&facts::VIDEO, data).await
            }
        }
    }

    /// The session, if it waits for a person.
    async fn session_that_asks(&self) -> Option<Value> {
        let handle = &self.start.handle;
        match self.context.poller.look(handle.facts(), handle.id()).await {
            Ok(Look::Job(data)) if reading::read(handle.facts(), &data) == Reading::Person => Some(data),
            _ => None,
        }
    }

    /// What the answer about a job of this kind means for the wait.
    async fn outcome(&self, facts: &'static Facts, data: Value) -> Result<Step, Error> {
        match reading::read(facts, &data) {
            Reading::Running => Ok(Step::Running(self.progress_of(facts, &data))),
            Reading::Completed => Ok(Step::Done(data)),
            Reading::Failed { code, message } => Err(self.ended(Error::failed(code, message), &data)),
            Reading::Stopped => Err(self.ended(Error::stopped(reading::status(&data)), &data)),
            Reading::Person => {
                let question = self.question(facts, &data).await;
                Err(self.ended(Error::needs_person(question), &data))
            }
        }
    }

    async fn question(&self, facts: &Facts, data: &Value) -> Question {
        match serde_json::from_value::<Session>(data.clone()) {
            Ok(session) if facts.name == facts::VIDEO_AGENT_SESSION.name => question::of_session(&session),
            _ if !self.is_waiting => Question::Consent { link: None },
            _ => question::of_consent(&self.context.api, data).await,
        }
    }

    fn progress_of(&self, facts: &Facts, data: &Value) -> JobProgress {
        self.progress(facts, reading::status(data).to_owned(), reading::percent(data))
    }

    /// The progress: the percentage of the service, or else an estimate from the time that such jobs usually take.
    fn progress(&self, facts: &Facts, status: String, percent: Option<u8>) -> JobProgress {
        let elapsed = self.elapsed().as_secs_f64();
        let estimate = (elapsed / facts.cadence.typical.as_secs_f64() * 100.0).min(95.0);
        // In steps, so that a watching program is not called for every percent.
        let estimate = (estimate / 5.0).floor() as u8 * 5;
        JobProgress {
            is_known: reading::is_known(facts, &status),
            status,
            percent: Some(percent.unwrap_or(estimate)),
            is_estimate: percent.is_none(),
            video_id: self.start.video_id.clone(),
        }
    }

    fn elapsed(&self) -> Duration {
        self.context.runtime.now().saturating_duration_since(self.began)
    }

    /// Pauses before the next look. Returns whether there is one: the last look is at the deadline.
    async fn pause(&mut self) -> bool {
        let left = self.deadline.saturating_sub(self.elapsed());
        if left.is_zero() {
            return false;
        }
        let pause = match self.failed_looks {
            0 => {
                let mut pause =
                    self.cadence.pause(self.elapsed()).saturating_mul(self.context.wakes.slower());
                // All jobs of a batch share a request, so it costs little to look more often.
                if self.start.handle.as_item().is_some() && !self.cadence.is_fixed() {
                    pause /= 2;
                }
                self.context.poller.aligned(pause)
            }
            _ => self.last_pause,
        };
        self.sleeper.listen(self.start.handle.id());
        if let Some(video) = &self.start.video_id {
            self.sleeper.listen(video);
        }
        let sleep = self.context.runtime.sleep(pause.min(left));
        match self.failed_looks {
            0 => drop(future::select(sleep, pin!(self.sleeper.woken())).await),
            // The service is in trouble, or has asked for this pause.
            _ => sleep.await,
        }
        true
    }

    /// Bears an error that may pass, and returns any other.
    fn bear(&mut self, error: Error) -> Result<(), Error> {
        let is_unknown = error.status() == Some(StatusCode::NOT_FOUND);
        let is_early = self.start.is_new && self.elapsed() < GRACE_AFTER_CREATE;
        self.failed_looks += 1;
        let passes = error.is_retryable() || (is_unknown && is_early);
        if error.has_ended() || !passes || self.failed_looks > MAX_FAILED_LOOKS {
            return Err(self.describe(error));
        }
        let usual = self.cadence.pause(self.elapsed());
        let growing = usual.saturating_mul(2_u32.saturating_pow(self.failed_looks.min(5) - 1));
        let longest = LONGEST_PAUSE.max(usual);
        self.last_pause = growing.min(longest).max(error.retry_after().unwrap_or_default());
        tracing::debug!(job = %self.start.handle, failed_looks = self.failed_looks, %error, "a read of the job failed");
        Ok(())
    }

    /// Adds job, video and last status to an error.
    fn describe(&self, error: Error) -> Error {
        error.of_job_record(|| JobRecord {
            handle: self.start.handle.clone(),
            video_id: self.start.video_id.clone(),
            status: self.last.as_ref().map(|progress| progress.status.clone()),
            body: None,
        })
    }

    /// An error that is the end of the job.
    fn ended(&self, error: Error, data: &Value) -> Error {
        error.of_job_record(|| JobRecord {
            handle: self.start.handle.clone(),
            video_id: self.start.video_id.clone(),
            status: Some(reading::status(data).to_owned()),
            body: Some(data.clone()),
        })
    }

    /// The error of a result that does not match the document.
    pub(crate) fn undecodable(&self, problem: &serde_json::Error, data: &Value) -> Error {
        self.ended(Error::result(problem), data)
    }
}
