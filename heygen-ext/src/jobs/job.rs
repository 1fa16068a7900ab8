//! Jobs: handles with a client, and the waits for them.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use heygen_api::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::facts::{self, Cadence};
use super::handle::JobHandle;
use super::kind::{JobKind, VideoAgentSession};
use super::reading::JobProgress;
use super::recorded::Record;
use super::wait::{Start, Step, Wait, WaitContext};
use crate::error::Error;

/// A job of the service. Its [`handle`](Self::handle) is all that is needed to find it again, also from another process.
///
/// Dropping it, or one of its futures, ends the wait but not the job.
#[must_use = "the job runs in any case; `wait` returns its result"]
pub struct Job<K> {
    context: WaitContext,
    start: Start,
    cadence: Option<Cadence>,
    deadline: Option<Duration>,
    record: Option<Record>,
    kind: PhantomData<fn() -> K>,
}

/// The state of a job.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum JobState<T> {
    /// It goes on.
    Running(JobProgress),
    /// It has completed, with this result.
    Completed(T),
}

impl<K> Job<K> {
    pub(crate) fn new(context: WaitContext, start: Start) -> Self {
        Self { context, start, cadence: None, deadline: None, record: None, kind: PhantomData }
    }

    /// The same job, whose end is recorded in a ledger.
    pub(crate) fn recorded(mut self, record: Record) -> Self {
        self.record = Some(record);
        self
    }

    /// The service's id of the job.
    pub fn id(&self) -> &str {
        self.start.handle.id()
    }

    /// Kind and id, to store or print: `heygen.job_of` finds the job again.
    pub fn handle(&self) -> &JobHandle {
        &self.start.handle
    }

    /// Id of the video of a Video Agent session, if the service has named it.
    pub fn video_id(&self) -> Option<&str> {
        self.start.video_id.as_deref()
    }

    /// Sets how often the job is read, in place of the schedule of its kind.
    pub fn cadence(mut self, cadence: Cadence) -> Self {
        self.cadence = Some(cadence);
        self
    }

    /// Sets the deadline of the wait, in place of that of its kind. The last read is at the deadline. The job goes on, and
    /// another wait can resume.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    fn into_wait(self) -> Wait {
        Wait::new(self.context, self.start, self.cadence, self.deadline).recorded(self.record)
    }
}

impl<K: JobKind> Job<K> {
    /// Waits for the result.
    ///
    /// # Errors
    ///
    /// The job failed, was stopped, needs a person's decision, did not end before the deadline, or could not be read. Trouble
    /// that may pass does not end the wait. Every error has the [`job`](Error::job).
    pub async fn wait(self) -> Result<K::Output, Error> {
        let mut wait = self.into_wait();
        loop {
            if let Step::Done(data) = wait.next().await? {
                return decode(&wait, data);
            }
        }
    }

    /// Reads the job once.
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait), except that every failed read is an error. Where a consent is missing, the question has
    /// no link, because a read creates nothing.
    pub async fn poll_once(&self) -> Result<JobState<K::Output>, Error> {
        match self.clone().into_wait().look_once().await? {
            (_, Step::Running(progress)) => Ok(JobState::Running(progress)),
            (wait, Step::Done(data)) => decode(&wait, data).map(JobState::Completed),
        }
    }

    /// Streams the state of the job: at once, and then each change. The last item is the completed state, or an error.
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    /// use heygen_ext::jobs::JobState;
    /// use heygen_ext::{HeyGen, VideoAgent};
    ///
    /// # async fn example(heygen: HeyGen) -> Result<(), heygen_ext::Error> {
    /// let job = heygen.submit(VideoAgent::prompt("Our launch in 30 seconds")).await?;
    /// let mut states = job.watch();
    /// while let Some(state) = states.try_next().await? {
    ///     match state {
    ///         JobState::Running(progress) => println!("{}", progress.status),
    ///         JobState::Completed(video) => println!("{:?}", video.video_url),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(self) -> Watch<K::Output> {
        let states = stream::unfold(Some(self.into_wait()), |wait| async {
            let mut wait = wait?;
            match wait.next().await {
                Ok(Step::Running(progress)) => Some((Ok(JobState::Running(progress)), Some(wait))),
                Ok(Step::Done(data)) => Some((decode(&wait, data).map(JobState::Completed), None)),
                Err(error) => Some((Err(error), None)),
            }
        });
        Watch(states.boxed())
    }
}

impl Job<VideoAgentSession> {
    /// Answers a question of the session, or approves its storyboard. Returns the same job, which waits for the video that
    /// follows.
    ///
    /// # Errors
    ///
    /// The service refused the message, or did not answer.
    pub async fn answer(mut self, message: impl Into<String>) -> Result<Self, Error> {
        let api = &self.context.api;
        let of_job = |error: heygen_api::Error| Error::from(error).of_job(&self.start.handle);
        // The next video is one that the session does not have yet.
        let videos = api.list_video_agent_session_videos().session_id(self.id()).await.map_err(of_job)?;
        let older = serde_json::to_value(&videos.into_inner().items).unwrap_or_default();
        let message = heygen_api::types::SendVideoAgentMessageRequest::builder().message(message.into());
        let sent =
            api.send_video_agent_message().session_id(self.id()).body(message).await.map_err(of_job)?;
        self.start.older_videos = ids(&older);
        self.start.video_id = sent.into_inner().video_id.filter(|id| !self.start.older_videos.contains(id));
        Ok(self)
    }
}

/// The ids of the videos in a list.
fn ids(videos: &Value) -> Vec<String> {
    let all = videos.as_array().into_iter().flatten();
    let id = |video: &Value| {
        video.get("video_id").or_else(|| video.get("id")).and_then(Value::as_str).map(str::to_owned)
    };
    all.filter_map(id).collect()
}

fn decode<T: DeserializeOwned>(wait: &Wait, data: Value) -> Result<T, Error> {
    T::deserialize(&data).map_err(|problem| wait.undecodable(&problem, &data))
}

impl<K> Clone for Job<K> {
    fn clone(&self) -> Self {
        Self {
            context: self.context.clone(),
            start: self.start.clone(),
            cadence: self.cadence,
            deadline: self.deadline,
            record: self.record.clone(),
            kind: PhantomData,
        }
    }
}

impl<K> fmt::Display for Job<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.start.handle.fmt(f)
    }
}

impl<K> fmt::Debug for Job<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({})", self.start.handle)
    }
}

/// Waits for the result, as [`wait`](Job::wait) does.
impl<K: JobKind> IntoFuture for Job<K> {
    type Output = Result<K::Output, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wait())
    }
}

/// The states of a job as a stream; created by [`Job::watch`].
#[must_use = "a stream does nothing until it is polled"]
pub struct Watch<T>(Pin<Box<dyn Stream<Item = Result<JobState<T>, Error>> + Send>>);

impl<T> Stream for Watch<T> {
    type Item = Result<JobState<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// A job of a kind that is known only at run time, such as one from a file of handles. Its result is the service's JSON.
#[derive(Clone, Debug)]
#[must_use = "the job runs in any case; `wait` returns its result"]
pub struct AnyJob(Job<()>);

impl AnyJob {
    pub(crate) fn new(context: WaitContext, handle: JobHandle) -> Self {
        Self(Job::new(context, Start::of(handle)))
    }

    pub(crate) fn recorded(self, record: Record) -> Self {
        Self(self.0.recorded(record))
    }

    /// Kind and id.
    pub fn handle(&self) -> &JobHandle {
        self.0.handle()
    }

    /// Sets the deadline of the wait; see [`Job::deadline`].
    pub fn deadline(self, deadline: Duration) -> Self {
        Self(self.0.deadline(deadline))
    }

    /// Sets how often the job is read; see [`Job::cadence`].
    pub fn cadence(self, cadence: Cadence) -> Self {
        Self(self.0.cadence(cadence))
    }

    /// Waits for the result: the member `data` of the service's answer.
    ///
    /// # Errors
    ///
    /// Those of [`Job::wait`].
    pub async fn wait(self) -> Result<Value, Error> {
        let mut wait = self.0.into_wait();
        loop {
            if let Step::Done(data) = wait.next().await? {
                return Ok(data);
            }
        }
    }

    /// The same job with its type; `None` if it is of another kind.
    pub fn downcast<K: JobKind>(&self) -> Option<Job<K>> {
        let is_kind = std::ptr::eq(self.handle().facts(), K::facts().0);
        is_kind.then(|| Job {
            context: self.0.context.clone(),
            start: self.0.start.clone(),
            cadence: self.0.cadence,
            deadline: self.0.deadline,
            record: self.0.record.clone(),
            kind: PhantomData,
        })
    }
}

impl fmt::Display for AnyJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle().fmt(f)
    }
}

/// The jobs that one request started, such as one for each language of a translation.
#[derive(Debug, Clone)]
#[must_use = "the jobs run in any case; `wait_all` returns their results"]
pub struct Jobs<K>(Vec<Job<K>>);

impl<K> Jobs<K> {
    pub(crate) fn new(jobs: Vec<Job<K>>) -> Self {
        Self(jobs)
    }

    /// The jobs, in the order of the service's answer.
    pub fn iter(&self) -> std::slice::Iter<'_, Job<K>> {
        self.0.iter()
    }

    /// The number of jobs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the request started no job.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: JobKind> Jobs<K> {
    /// Waits for all jobs. Returns an outcome for each, in their order.
    pub async fn wait_all(self) -> Vec<Result<K::Output, Error>> {
        super::wait_all(self.0).await
    }
}

impl<K> IntoIterator for Jobs<K> {
    type Item = Job<K>;
    type IntoIter = std::vec::IntoIter<Job<K>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K> IntoIterator for &'a Jobs<K> {
    type Item = &'a Job<K>;
    type IntoIter = std::slice::Iter<'a, Job<K>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Start {
    /// A job that was started before.
    pub(crate) fn of(handle: JobHandle) -> Self {
        Self { handle, is_new: false, video_id: None, older_videos: Vec::new() }
    }

    /// A job that was just started, with the service's answer.
    pub(crate) fn new(handle: JobHandle, answer: &Value) -> Self {
        let is_session = handle.kind() == facts::VIDEO_AGENT_SESSION.name;
        let video_id =
            answer.get("video_id").and_then(Value::as_str).filter(|_| is_session).map(str::to_owned);
        Self { handle, is_new: true, video_id, older_videos: Vec::new() }
    }
}
