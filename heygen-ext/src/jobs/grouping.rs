//! Groups submissions into requests: those that one batch operation takes share a request.
//!
//! With a ledger, a submission finds its job again in whatever group an earlier run has sent it, even if the list has changed
//! since.

use std::collections::{BTreeMap, BTreeSet};

use super::batches::{BatchOperation, MAX_ITEMS};
use super::recorded::Recorder;
use super::submission::{Submission, each_item_is_a_job};
use crate::error::Error;
use crate::ledger::{Entry, digest};

/// Submissions that share a request.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) parts: Vec<Part>,
    /// The request.
    pub(crate) submission: Submission,
    /// The request of an earlier run, in the ledger.
    pub(crate) entry: Option<Entry>,
}

/// One submission of a group.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its place among all submissions.
    pub(crate) index: usize,
    pub(crate) submission: Submission,
    /// The position of its first job among those of the group.
    pub(crate) first: usize,
    /// The number of its jobs, if the group is a batch.
    pub(crate) jobs: usize,
}

impl Group {
    /// A submission that has a request of its own.
    pub(crate) fn single(index: usize, submission: Submission) -> Self {
        let part = Part { index, submission: submission.clone(), first: 0, jobs: 1 };
        Self { parts: vec![part], submission, entry: None }
    }

    /// The request of several submissions.
    fn batch(batch: &BatchOperation, submissions: Vec<(usize, Submission)>) -> Self {
        let requests = submissions.iter().map(|(_, submission)| submission.body.clone()).collect();
        let mut first = 0;
        let parts = submissions.into_iter().map(|(index, submission)| {
            let jobs = batch.jobs_of(&submission.body);
            first += jobs;
            Part { index, submission, first: first - jobs, jobs }
        });
        Self { parts: parts.collect(), submission: batch.submission(requests), entry: None }
    }
}

/// Groups submissions. Each has its place among all.
pub(crate) async fn group(
    recorder: Option<&Recorder>,
    submissions: Vec<(usize, Submission)>,
) -> Result<Vec<Group>, Error> {
    let any_in_batch = submissions.iter().any(|(_, submission)| BatchOperation::taking(submission).is_some());
    let mut earlier = match recorder {
        Some(recorder) if any_in_batch => Earlier::read(recorder).await?,
        _ => Earlier::default(),
    };
    let mut groups: Vec<Group> = Vec::new();
    let mut new: Vec<(usize, Submission)> = Vec::new();
    for (index, submission) in submissions {
        let Some(batch) = BatchOperation::taking(&submission) else {
            groups.push(Group::single(index, submission));
            continue;
        };
        if earlier.has_sent_alone(&submission) {
            groups.push(Group::single(index, submission));
        } else if let Some((entry, first, jobs)) = earlier.take(&submission) {
            let part = Part { index, submission, first, jobs };
            let id = Some(&entry.id);
            match groups.iter_mut().find(|group| group.entry.as_ref().map(|entry| &entry.id) == id) {
                Some(group) => group.parts.push(part),
                None => groups.push(Group {
                    parts: vec![part],
                    submission: batch.recorded(&entry.body),
                    entry: Some(entry),
                }),
            }
        } else {
            new.push((index, submission));
        }
    }
    groups.extend(batches(new));
    groups.sort_by_key(|group| group.parts.first().map(|part| part.index));
    Ok(groups)
}

/// Fills batches. All submissions are of one operation.
fn batches(submissions: Vec<(usize, Submission)>) -> Vec<Group> {
    let Some(batch) = submissions.first().and_then(|(_, first)| BatchOperation::taking(first)) else {
        return Vec::new();
    };
    let mut groups = Vec::new();
    let (mut next, mut jobs) = (Vec::new(), 0);
    let mut finish = |mut submissions: Vec<(usize, Submission)>| match submissions.len() {
        0 => {}
        1 => groups.extend(submissions.pop().map(|(index, submission)| Group::single(index, submission))),
        _ => groups.push(Group::batch(batch, submissions)),
    };
    for (index, submission) in submissions {
        let more = batch.jobs_of(&submission.body);
        if jobs + more > MAX_ITEMS {
            finish(std::mem::take(&mut next));
            jobs = 0;
        }
        jobs += more;
        next.push((index, submission));
    }
    finish(next);
    groups
}

/// What earlier calls have sent, by digest of the single requests.
#[derive(Default)]
struct Earlier {
    /// The ids of all entries.
    ids: BTreeSet<String>,
    /// The number of the next equal request that is sent alone.
    numbers: BTreeMap<String, u32>,
    /// Requests in batches: entry, position of the first job, and number of jobs.
    in_batches: BTreeMap<String, Vec<(Entry, usize, usize)>>,
}

impl Earlier {
    async fn read(recorder: &Recorder) -> Result<Self, Error> {
        let mut earlier = Self { numbers: recorder.next_numbers(), ..Self::default() };
        for entry in recorder.ledger.entries().await? {
            if each_item_is_a_job(entry.parameter.as_deref())
                && let Some(batch) = BatchOperation::named(&entry.operation)
            {
                for (request, first, jobs) in batch.requests(&entry.body) {
                    if !recorder.has_used(&entry.id, first) {
                        let digest = digest(batch.single.id(), None, request);
                        earlier.in_batches.entry(digest).or_default().push((entry.clone(), first, jobs));
                    }
                }
            }
            earlier.ids.insert(entry.id);
        }
        Ok(earlier)
    }

    /// Whether the submission has an entry of its own.
    fn has_sent_alone(&mut self, submission: &Submission) -> bool {
        let digest = digest(submission.operation.id(), None, &submission.body);
        let number = self.numbers.entry(digest.clone()).or_insert(1);
        let is_there = self.ids.contains(&format!("{digest}-{number}"));
        if is_there {
            *number += 1;
        }
        is_there
    }

    /// Takes the place of the submission in a batch.
    fn take(&mut self, submission: &Submission) -> Option<(Entry, usize, usize)> {
        let places = self.in_batches.get_mut(&digest(submission.operation.id(), None, &submission.body))?;
        (!places.is_empty()).then(|| places.remove(0))
    }
}

#[cfg(test)]
mod tests {
    use heygen_api::operations;
    use serde_json::json;

    use super::*;

    async fn shapes(bodies: Vec<serde_json::Value>) -> Vec<Vec<usize>> {
        let operation = &operations::CREATE_VIDEO_TRANSLATION;
        let submission = |body| Submission { operation, parameter: None, body, ids: "/id", items: None };
        let submissions = bodies.into_iter().map(submission).enumerate().collect();
        let groups = group(None, submissions).await.unwrap();
        groups.iter().map(|group| group.parts.iter().map(|part| part.index).collect()).collect()
    }

    #[tokio::test]
    async fn a_batch_is_filled_with_up_to_a_hundred_jobs() {
        let one = json!({"output_languages": ["de"]});
        let sixty = json!({"output_languages": vec!["de"; 60]});
        let in_folder = json!({"output_languages": ["de"], "folder_id": "f"});
        let bodies = vec![one.clone(), in_folder, sixty.clone(), sixty, one];
        // The first batch has 61 jobs, and 60 more do not fit.
        assert_eq!(shapes(bodies).await, [vec![0, 2], vec![1], vec![3, 4]]);
        assert_eq!(shapes(vec![json!({})]).await, [vec![0]]);
        assert_eq!(
            shapes(vec![json!({}); 201]).await.iter().map(Vec::len).collect::<Vec<_>>(),
            [100, 100, 1]
        );
    }
}
