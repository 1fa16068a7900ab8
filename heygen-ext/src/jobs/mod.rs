//! Jobs: almost everything at HeyGen is one. [`HeyGen::submit`](crate::HeyGen::submit) starts a job, and its
//! [`wait`](Job::wait) returns the result.
//!
//! # Which request starts which job, and how long it takes
//!
//! | request | job | usual duration | default deadline |
//! |---|---|---|---|
//! | [`VideoAgent`](crate::VideoAgent) | [`VideoAgentSession`], then its video | 20 to 45 minutes | 90 minutes |
//! | `CreateVideoBody` and its variants, [`TemplateVideo`] | [`Video`] | 5 to 15 minutes | 1 hour |
//! | `CreateVideoTranslationRequest`: one job for each language | [`VideoTranslation`] | 5 to 15 minutes | 2 hours |
//! | `CreateProofreadRequest`: one job for each language | [`Proofread`] | 3 to 5 minutes | 45 minutes |
//! | [`ProofreadVideo`] | [`VideoTranslation`] | 5 to 15 minutes | 2 hours |
//! | `CreateLipsyncRequest` | [`Lipsync`] | 10 minutes | 2 hours |
//! | `CreateHyperframesRenderRequest` | [`HyperframesRender`] | 5 minutes | 1 hour |
//! | `CreateAiClippingRequest` | [`AiClipping`] | 15 minutes | 2 hours |
//! | `CreateFillerWordRemovalRequest` | [`FillerWordRemoval`] | 5 minutes | 1 hour |
//! | `CreateModelVideoBody` | [`ModelVideo`] | 3 minutes | 1 hour |
//! | `CreateModelImageRequest` | [`ModelImage`] | 1 minute | 15 minutes |
//! | `CreateAvatarBody`, `CreateAvatarLooksBody` | [`AvatarLook`] | 1 to 3 minutes, and the consent | 1 hour |
//! | `CloneVoiceRequest` | [`VoiceClone`] | 1 minute | 30 minutes |
//! | `CreateModelAudioVoiceBody` | [`ModelAudioVoice`] | minutes to hours | 24 hours |
//! | `CreateBrandKitRequest` | [`BrandKit`] | 1 minute | 30 minutes |
//! | `Create…BatchRequest` | [`VideoBatch`], [`VideoTranslationBatch`], [`LipsyncBatch`] | that of its items | 4 hours |
//! | `CompleteAssetBatchRequest` | [`AssetBatch`] | that of its files | 2 hours |
//!
//! Background removals, podcasts, workflow runs and quality comparisons need the feature `preview`. The durations are from
//! the provider's guides and its command line tool. A job that [`HeyGen::submit_many`](crate::HeyGen::submit_many) has sent in a
//! batch has the deadline of the batch.
//!
//! # What a wait does
//!
//! The first read is at once; then a schedule for each kind applies, and `Retry-After` is honoured. Reads of videos, translations,
//! lipsyncs and assets share requests: a thousand waits for videos send ten requests at a time.
//!
//! Transient errors, such as a refused connection or a 502, do not end a wait before its deadline, unless 60 reads in
//! succession have failed (about an hour). A job that was just
//! created may be unknown for a minute. A job that has completed is read again until its link is there. An unknown status
//! counts as running.
//!
//! # How a wait ends
//!
//! | end | what the program gets |
//! |---|---|
//! | completed | the result, with its type |
//! | failed | [`ErrorKind::Failed`](crate::ErrorKind::Failed) with code, message and the last body |
//! | cancelled, stopped or deleted | [`ErrorKind::Stopped`](crate::ErrorKind::Stopped) |
//! | a person has to decide | [`ErrorKind::NeedsPerson`](crate::ErrorKind::NeedsPerson) with the [`Question`] |
//! | the deadline | [`ErrorKind::Deadline`](crate::ErrorKind::Deadline); the job goes on |
//!
//! Each error has the [handle](crate::Error::job) of the job, with which `heygen.job_of` resumes the wait.

mod batches;
#[cfg(all(test, feature = "preview"))]
mod document_tests;
pub(crate) mod facts;
mod grouping;
pub(crate) mod handle;
pub(crate) mod job;
pub(crate) mod kind;
pub(crate) mod many;
pub(crate) mod poller;
pub(crate) mod question;
mod reading;
pub(crate) mod recorded;
pub(crate) mod resume;
pub(crate) mod send;
mod submission;
pub(crate) mod submit;
pub(crate) mod wait;
#[cfg(test)]
mod wait_tests;
pub(crate) mod wakes;

pub use facts::Cadence;
pub use handle::{InvalidHandle, JobHandle};
pub use job::{AnyJob, Job, JobState, Jobs, Watch};
pub use kind::*;
pub use question::Question;
pub use reading::JobProgress;
pub use resume::Resumed;
pub use submit::{CompleteUpload, ProofreadVideo, Started, Submit, TemplateVideo};

use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, future};

use crate::error::Error;

/// Waits for all jobs. Returns an outcome for each, in their order.
///
/// ```no_run
/// use heygen_ext::HeyGen;
/// use heygen_ext::heygen_api::types::CreateVideoTranslationRequest;
///
/// # async fn example(heygen: HeyGen, request: CreateVideoTranslationRequest) -> Result<(), heygen_ext::Error> {
/// let jobs = heygen.submit(request).await?;
/// for outcome in heygen_ext::jobs::wait_all(jobs).await {
///     match outcome {
///         Ok(translation) => println!("{:?}", translation.video_url),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub async fn wait_all<K: JobKind>(jobs: impl IntoIterator<Item = Job<K>>) -> Vec<Result<K::Output, Error>> {
    future::join_all(jobs.into_iter().map(Job::wait)).await
}

/// Waits for all jobs, and streams their outcomes as they end, each with its index.
pub fn as_completed<K: JobKind>(
    jobs: impl IntoIterator<Item = Job<K>>,
) -> impl Stream<Item = (usize, Result<K::Output, Error>)> + Send {
    let waits = jobs.into_iter().enumerate().map(|(index, job)| async move { (index, job.wait().await) });
    waits.collect::<FuturesUnordered<_>>()
}
