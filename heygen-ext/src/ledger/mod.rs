//! Ledgers: what a program has submitted, on disk, so that a crash neither loses a job nor pays for it twice.
//!
//! A ledger is the record of one piece of work. [`HeyGen::with_ledger`](crate::HeyGen::with_ledger) makes `submit` write the
//! request and its idempotency key before anything is sent, and the job afterwards; a wait writes how the job ended. When the
//! program runs again with the same ledger, the same request finds its job instead of starting another one.
//! [`HeyGen::resume`](crate::HeyGen::resume) continues everything that is open.
//!
//! Two requests are the same if operation, parameters and body are equal. A program that submits equal requests on purpose
//! gets as many jobs as it submits in one run. For a new piece of work, use a new ledger.
//!
//! ```no_run
//! use heygen_ext::ledger::JsonLines;
//! use heygen_ext::HeyGen;
//! use heygen_ext::heygen_api::types::CreateVideoFromAvatar;
//!
//! # async fn example() -> Result<(), heygen_ext::Error> {
//! let heygen = HeyGen::from_env()?.with_ledger(JsonLines::open("launch.jsonl")?);
//! let request = CreateVideoFromAvatar::builder()
//!     .avatar_id("AVATAR_ID")
//!     .voice_id("VOICE_ID")
//!     .script("Our launch");
//! // The second run finds the job of the first.
//! let job = heygen.submit(request).await?;
//! let video = job.await?;
//! heygen.download(&video).to_path("launch.mp4").overwrite(true).await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`HeyGen::submit_many`](crate::HeyGen::submit_many) sends many requests as one batch, and finds each of them again even if
//! the list has changed. `submit` finds only what `submit` has sent: submit a list again as a list.
//!
//! # Stores
//!
//! | store | for | processes |
//! |---|---|---|
//! | [`JsonLines`] | the simplest case: one file that people can read | one at a time |
//! | `Sqlite`, behind the feature `ledger-sqlite` | everything else | several at once |
//!
//! Both write to the disk, not only to the operating system, before a call returns. A ledger contains the bodies of requests;
//! a new one can only be read by its owner.
//!
//! # What cannot be decided
//!
//! If a program stopped between request and answer, the next run sends the request again with its idempotency key, and gets the
//! job of the first. The service keeps keys for 24 hours; after 23 hours, or if the operation takes no key, nobody knows
//! whether the job exists. Then `submit` returns an error of the kind [`Ledger`](crate::ErrorKind::Ledger) that names the entry:
//! look for the job, and call [`Ledger::forget`] to submit again. Video Agent, voice clones, speech and background removals
//! take no key ([`Operation::idempotency_key`](heygen_api::Operation::idempotency_key)).
//!
//! # To submit a failed job again
//!
//! The second run finds a failed job, too, and reports the same failure. Keep a second handle of the ledger, and forget the
//! entry:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use heygen_ext::HeyGen;
//! use heygen_ext::ledger::{EntryJob, JobEnd, JsonLines, Ledger};
//!
//! # async fn example() -> Result<(), heygen_ext::Error> {
//! let ledger = Arc::new(JsonLines::open("launch.jsonl")?);
//! let heygen = HeyGen::from_env()?.with_ledger(Arc::clone(&ledger));
//! let failed = |job: &EntryJob| matches!(job.end, Some(JobEnd::Failed(_)));
//! for entry in ledger.entries().await? {
//!     if entry.jobs.iter().any(failed) {
//!         ledger.forget(&entry.id).await?;
//!     }
//! }
//! # drop(heygen);
//! # Ok(())
//! # }
//! ```

mod entry;
mod json_lines;
#[cfg(feature = "ledger-sqlite")]
mod sqlite;

pub(crate) use entry::digest;
pub use entry::{Entry, EntryJob, EntryState, JobEnd};
pub use json_lines::JsonLines;
#[cfg(feature = "ledger-sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "ledger-sqlite")))]
pub use sqlite::Sqlite;

use std::sync::Arc;

use heygen_api::BoxFuture;

use crate::error::Error;
use crate::jobs::handle::JobHandle;

/// The version of the formats of all stores.
pub(crate) const VERSION: u32 = 1;

/// A store of what was submitted. Implement it for a store of your own, which keeps each [`Entry`] as its JSON.
///
/// A method returns after its change is on disk. [`Error::ledger`] makes the error of a store.
pub trait Ledger: Send + Sync + 'static {
    /// Adds the entry, unless there is one with its id. Returns the one that is there now, and whether it was there before.
    fn begin<'a>(&'a self, entry: &'a Entry) -> BoxFuture<'a, Result<(Entry, bool), Error>>;

    /// Records the jobs that the request of an entry has started.
    fn submitted<'a>(&'a self, id: &'a str, jobs: &'a [JobHandle]) -> BoxFuture<'a, Result<(), Error>>;

    /// Records how a job of an entry has ended.
    fn ended<'a>(
        &'a self,
        id: &'a str,
        job: &'a JobHandle,
        end: &'a JobEnd,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Removes an entry whose request was not executed. Keeps it if it has jobs, or if [`begin`](Self::begin) was called for it
    /// more than once, because another run may have sent it.
    fn withdraw<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Error>>;

    /// Removes an entry with its jobs, so that the same request is sent again.
    fn forget<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Error>>;

    /// All entries, the oldest first.
    fn entries(&self) -> BoxFuture<'_, Result<Vec<Entry>, Error>>;

    /// Records that the service has sent an event about the job with this id, for the waits of other processes; see
    /// `Hub::follow`. A store that processes cannot share does nothing.
    fn signal<'a>(&'a self, job_id: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        let _ = job_id;
        Box::pin(async { Ok(()) })
    }

    /// The ids of the jobs that were recorded by [`signal`](Self::signal) after a position, and the new position. The first
    /// position is 0.
    fn signals(&self, after: u64) -> BoxFuture<'_, Result<(u64, Vec<String>), Error>> {
        Box::pin(async move { Ok((after, Vec::new())) })
    }
}

/// A ledger that a program shares with its client.
impl<L: Ledger + ?Sized> Ledger for Arc<L> {
    fn begin<'a>(&'a self, entry: &'a Entry) -> BoxFuture<'a, Result<(Entry, bool), Error>> {
        (**self).begin(entry)
    }

    fn submitted<'a>(&'a self, id: &'a str, jobs: &'a [JobHandle]) -> BoxFuture<'a, Result<(), Error>> {
        (**self).submitted(id, jobs)
    }

    fn ended<'a>(
        &'a self,
        id: &'a str,
        job: &'a JobHandle,
        end: &'a JobEnd,
    ) -> BoxFuture<'a, Result<(), Error>> {
        (**self).ended(id, job, end)
    }

    fn withdraw<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        (**self).withdraw(id)
    }

    fn forget<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        (**self).forget(id)
    }

    fn entries(&self) -> BoxFuture<'_, Result<Vec<Entry>, Error>> {
        (**self).entries()
    }

    fn signal<'a>(&'a self, job_id: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        (**self).signal(job_id)
    }

    fn signals(&self, after: u64) -> BoxFuture<'_, Result<(u64, Vec<String>), Error>> {
        (**self).signals(after)
    }
}
