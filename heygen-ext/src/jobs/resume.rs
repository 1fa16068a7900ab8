//! Continues what is open in a ledger.

use super::handle::JobHandle;
use super::job::AnyJob;
use super::recorded::{Recorder, can_repeat};
use super::send::send_entry;
use super::submit::of_entry;
use super::wait::WaitContext;
use crate::error::Error;
use crate::ledger::{Entry, EntryState};

/// What was open in a ledger; returned by [`HeyGen::resume`](crate::HeyGen::resume).
#[derive(Debug)]
#[non_exhaustive]
pub struct Resumed {
    /// The jobs that have not ended, the oldest first.
    pub jobs: Vec<AnyJob>,
    /// Entries whose request could not be sent again, each with the reason: it failed again, or nobody knows whether it has
    /// arrived and the key has expired.
    pub unsettled: Vec<(Entry, Error)>,
}

pub(crate) async fn resume(context: &WaitContext, recorder: &Recorder) -> Result<Resumed, Error> {
    let mut resumed = Resumed { jobs: Vec::new(), unsettled: Vec::new() };
    for entry in recorder.ledger.entries().await? {
        let handles: Vec<JobHandle> = match entry.state() {
            EntryState::Ended => continue,
            EntryState::Running => {
                entry.jobs.iter().filter(|job| job.end.is_none()).map(|job| job.handle.clone()).collect()
            }
            EntryState::Sending => match send_again(context, recorder, &entry).await {
                Ok(handles) => handles,
                Err(error) => {
                    resumed.unsettled.push((entry, error));
                    continue;
                }
            },
        };
        let job = |handle| AnyJob::new(context.clone(), handle).recorded(recorder.record(&entry));
        resumed.jobs.extend(handles.into_iter().map(job));
    }
    Ok(resumed)
}

async fn send_again(
    context: &WaitContext,
    recorder: &Recorder,
    entry: &Entry,
) -> Result<Vec<JobHandle>, Error> {
    let Some((submission, facts)) = of_entry(entry) else {
        return Err(Error::ledger(format!(
            "this version has no operation `{}` that starts a job; update heygen-ext, or remove the entry with `Ledger::forget`",
            entry.operation
        )));
    };
    if !can_repeat(entry, &submission, context.runtime.system_time()) {
        return Err(Error::unsettled(&entry.id, submission.operation));
    }
    let starts = send_entry(context, recorder, &submission, facts, entry).await?;
    Ok(starts.into_iter().map(|start| start.handle).collect())
}
