//! Sends submissions, and records them in a ledger.

use heygen_api::IdempotencyKey;
use serde_json::Value;

use super::facts::Facts;
use super::handle::JobHandle;
use super::job::Job;
use super::kind::JobKind;
use super::recorded::{Recorder, can_repeat};
use super::submission::Submission;
use super::submit::Started;
use super::wait::{Start, WaitContext};
use crate::error::Error;
use crate::ledger::Entry;

/// Sends a submission, and returns what it started. With a ledger, a request that was submitted before returns its jobs.
pub(crate) async fn send<S: Started>(
    context: &WaitContext,
    recorder: Option<&Recorder>,
    submission: &Submission,
) -> Result<S, Error> {
    let jobs = match recorder {
        None => send_unrecorded(context, submission).await?,
        Some(recorder) => {
            let number = recorder.number(submission);
            let entry = number.entry(submission, context.runtime.system_time());
            let (_, jobs) = send_recorded(context, recorder, submission, &entry).await?;
            number.keep();
            jobs
        }
    };
    // There is at least one.
    S::started(jobs).ok_or_else(|| Error::no_job_id(submission.operation, submission.ids))
}

/// Sends a submission, and returns its jobs, of which there is at least one.
pub(crate) async fn send_unrecorded<K: JobKind>(
    context: &WaitContext,
    submission: &Submission,
) -> Result<Vec<Job<K>>, Error> {
    let answer = call(context, submission, None).await?;
    let starts = starts(K::facts().0, submission, &answer);
    if starts.is_empty() {
        return Err(Error::no_job_id(submission.operation, submission.ids));
    }
    Ok(starts.into_iter().map(|start| Job::new(context.clone(), start)).collect())
}

/// Sends the submission of an entry, unless it has started its jobs. Returns these, of which there is at least one, and the
/// entry as it is in the ledger.
pub(crate) async fn send_recorded<K: JobKind>(
    context: &WaitContext,
    recorder: &Recorder,
    submission: &Submission,
    entry: &Entry,
) -> Result<(Entry, Vec<Job<K>>), Error> {
    let (entry, starts) = submit_once(context, recorder, submission, K::facts().0, entry).await?;
    if starts.is_empty() {
        return Err(Error::no_job_id(submission.operation, submission.ids));
    }
    let job = |start| Job::new(context.clone(), start).recorded(recorder.record(&entry));
    let jobs = starts.into_iter().map(job).collect();
    Ok((entry, jobs))
}

/// Sends the request of an entry, unless it has started its jobs.
async fn submit_once(
    context: &WaitContext,
    recorder: &Recorder,
    submission: &Submission,
    facts: &'static Facts,
    entry: &Entry,
) -> Result<(Entry, Vec<Start>), Error> {
    let now = context.runtime.system_time();
    let (entry, was_there) = recorder.ledger.begin(entry).await?;
    if !entry.jobs.is_empty() {
        let starts = entry.jobs.iter().map(|job| Start::of(job.handle.clone())).collect();
        return Ok((entry, starts));
    }
    if was_there && !can_repeat(&entry, submission, now) {
        return Err(Error::unsettled(&entry.id, submission.operation));
    }
    match send_entry(context, recorder, submission, facts, &entry).await {
        Ok(starts) => Ok((entry, starts)),
        Err(error) => {
            // The ledger keeps an entry that an earlier run has begun, because that one may have been executed.
            if !error.may_have_executed() {
                recorder.ledger.withdraw(&entry.id).await?;
            }
            Err(error)
        }
    }
}

/// Sends the request of an entry with the entry's key, and records what it started.
pub(crate) async fn send_entry(
    context: &WaitContext,
    recorder: &Recorder,
    submission: &Submission,
    facts: &'static Facts,
    entry: &Entry,
) -> Result<Vec<Start>, Error> {
    let answer = call(context, submission, Some(&entry.idempotency_key)).await?;
    let starts = starts(facts, submission, &answer);
    let handles: Vec<JobHandle> = starts.iter().map(|start| start.handle.clone()).collect();
    let recorded = recorder.ledger.submitted(&entry.id, &handles).await;
    match (recorded, handles.first()) {
        (Err(error), Some(handle)) => Err(error.of_job(handle)),
        (Err(error), None) => Err(error),
        (Ok(()), _) => Ok(starts),
    }
}

/// Sends the request. Returns the member `data` of the answer.
async fn call(context: &WaitContext, submission: &Submission, key: Option<&str>) -> Result<Value, Error> {
    let operation = submission.operation;
    let mut call = context.api.request(operation.method().clone(), operation.path()).json(&submission.body);
    if let Some((name, value)) = &submission.parameter {
        call = call.path(*name, value);
    }
    if let Some(key) = key.filter(|_| operation.idempotency_key() != IdempotencyKey::None) {
        call = call.idempotency_key(key);
    }
    Ok(call.send_for::<Value>().await?.into_inner())
}

/// The jobs that an answer names.
fn starts(facts: &'static Facts, submission: &Submission, answer: &Value) -> Vec<Start> {
    let ids = ids_in(answer, submission.ids);
    let handles: Vec<JobHandle> = match (submission.items, ids.first()) {
        (Some(items), Some(batch)) => (0..items).map(|item| JobHandle::item(facts, batch, item)).collect(),
        _ => ids.into_iter().map(|id| JobHandle::new(facts, id)).collect(),
    };
    handles.into_iter().map(|handle| Start::new(handle, answer)).collect()
}

/// The id, or the ids, at the pointer. A list of objects has them in the member `id`.
pub(crate) fn ids_in(answer: &Value, pointer: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().or_else(|| value.get("id")?.as_str()).map(str::to_owned);
    match answer.pointer(pointer) {
        Some(Value::Array(all)) => all.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}
