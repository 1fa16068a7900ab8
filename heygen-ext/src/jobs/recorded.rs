//! Submissions that a ledger records.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use heygen_api::IdempotencyKey;
use uuid::Uuid;

use super::handle::JobHandle;
use super::submission::Submission;
use crate::error::{Error, ErrorKind};
use crate::ledger::{Entry, JobEnd, Ledger, digest};

/// How long after a request its idempotency key is used again. The service keeps keys for 24 hours.
const KEY_LIFETIME: Duration = Duration::from_secs(23 * 60 * 60);

/// The ledger of a client, and which entries this run has used.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) ledger: Arc<dyn Ledger>,
    /// Numbers of equal requests, by digest.
    used: Arc<Mutex<BTreeMap<String, BTreeSet<u32>>>>,
    /// Jobs of batches that this run has used: entry, and position of the first job of a request.
    used_items: Arc<Mutex<BTreeSet<(String, usize)>>>,
}

/// The number of an entry among those of equal requests. It is free again if the submission fails.
pub(crate) struct Number<'a> {
    recorder: &'a Recorder,
    digest: String,
    number: u32,
    is_kept: bool,
}

impl Recorder {
    pub(crate) fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self { ledger, used: Arc::default(), used_items: Arc::default() }
    }

    /// Takes the first number that this run has not used for the request.
    pub(crate) fn number(&self, submission: &Submission) -> Number<'_> {
        let digest = digest(submission.operation.id(), submission.recorded_parameter(), &submission.body);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = used.entry(digest.clone()).or_default();
        let number = (1..).find(|number| !numbers.contains(number)).unwrap_or(u32::MAX);
        numbers.insert(number);
        Number { recorder: self, digest, number, is_kept: false }
    }

    /// The first number of each request that this run has not used.
    pub(crate) fn next_numbers(&self) -> BTreeMap<String, u32> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let next =
            |numbers: &BTreeSet<u32>| (1..).find(|number| !numbers.contains(number)).unwrap_or(u32::MAX);
        used.iter().map(|(digest, numbers)| (digest.clone(), next(numbers))).collect()
    }

    /// Whether this run has used the request of a batch whose first job has this position.
    pub(crate) fn has_used(&self, entry: &str, first: usize) -> bool {
        let used = self.used_items.lock().unwrap_or_else(PoisonError::into_inner);
        used.contains(&(entry.to_owned(), first))
    }

    /// Keeps the entry of a batch, and its requests whose first jobs have these positions.
    pub(crate) fn keep(&self, entry: &str, firsts: impl Iterator<Item = usize>) {
        if let Some((digest, number)) = entry.rsplit_once('-')
            && let Ok(number) = number.parse()
        {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.entry(digest.to_owned()).or_default().insert(number);
        }
        let mut used = self.used_items.lock().unwrap_or_else(PoisonError::into_inner);
        used.extend(firsts.map(|first| (entry.to_owned(), first)));
    }

    pub(crate) fn record(&self, entry: &Entry) -> Record {
        Record { ledger: Arc::clone(&self.ledger), entry: entry.id.clone() }
    }
}

impl Number<'_> {
    /// The entry of the request.
    pub(crate) fn entry(&self, submission: &Submission, now: SystemTime) -> Entry {
        Entry {
            id: format!("{}-{}", self.digest, self.number),
            operation: submission.operation.id().to_owned(),
            parameter: submission.recorded_parameter().map(str::to_owned),
            body: submission.body.clone(),
            idempotency_key: Uuid::new_v4().to_string(),
            created_at: seconds(now),
            jobs: Vec::new(),
        }
    }

    /// Keeps the number: the submission has succeeded.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Number<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            let mut used = self.recorder.used.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(numbers) = used.get_mut(&self.digest) {
                numbers.remove(&self.number);
            }
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Whether the request of an earlier run can be sent again without a second job.
pub(crate) fn can_repeat(entry: &Entry, submission: &Submission, now: SystemTime) -> bool {
    let is_fresh = seconds(now).saturating_sub(entry.created_at) < KEY_LIFETIME.as_secs();
    is_fresh && submission.operation.idempotency_key() != IdempotencyKey::None
}

/// The entry of a job, where its end is recorded.
#[derive(Clone)]
pub(crate) struct Record {
    ledger: Arc<dyn Ledger>,
    entry: String,
}

impl Record {
    /// Records the end of a job, if this is one. The job's result is worth more than the record, so a failure is only logged.
    pub(crate) async fn end(&self, job: &JobHandle, problem: Option<&Error>) {
        let end = match problem {
            None => JobEnd::Completed,
            Some(error) if error.kind() == ErrorKind::Failed => JobEnd::Failed(error.to_string()),
            Some(error) if error.kind() == ErrorKind::Stopped => JobEnd::Stopped,
            Some(_) => return,
        };
        if let Err(error) = self.ledger.ended(&self.entry, job, &end).await {
            tracing::warn!(%job, %error, "the end of a job could not be recorded");
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Record").field(&self.entry).finish()
    }
}
