//! The batch operations: one request that starts up to 100 jobs of one kind.
//!
//! The service makes the jobs of a batch one after the other, so their ids are not known at first. Until then, a job is called
//! by its batch and its position, such as `video:b7f3#4`.

use heygen_api::{Operation, operations};
use serde_json::{Value, json};

use super::facts::{self, Facts};
use super::submission::Submission;

/// Maximum number of jobs that one batch starts (the document).
pub(crate) const MAX_ITEMS: usize = 100;

/// An operation that takes many requests of another operation.
#[derive(Debug)]
pub(crate) struct BatchOperation {
    /// The operation that takes one request.
    pub(crate) single: &'static Operation,
    pub(crate) create: &'static Operation,
    /// The kind of the jobs.
    pub(crate) kind: &'static Facts,
    /// The member of the body that has the requests.
    pub(crate) requests: &'static str,
    /// A member of a request that has a list, and starts a job for each of its values.
    expanded: Option<&'static str>,
    /// Members that only a single request can have.
    pub(crate) only_single: &'static [&'static str],
}

/// All batch operations whose items have a bulk status.
pub(crate) static BATCHES: [BatchOperation; 3] = [
    BatchOperation {
        single: &operations::CREATE_VIDEO,
        create: &operations::CREATE_VIDEO_BATCH,
        kind: &facts::VIDEO,
        requests: "videos",
        expanded: None,
        only_single: &["folder_id"],
    },
    BatchOperation {
        single: &operations::CREATE_VIDEO_TRANSLATION,
        create: &operations::CREATE_VIDEO_TRANSLATION_BATCH,
        kind: &facts::VIDEO_TRANSLATION,
        requests: "video_translations",
        expanded: Some("output_languages"),
        only_single: &["folder_id"],
    },
    BatchOperation {
        single: &operations::CREATE_LIPSYNC,
        create: &operations::CREATE_LIPSYNC_BATCH,
        kind: &facts::LIPSYNC,
        requests: "lipsyncs",
        expanded: None,
        only_single: &["folder_id"],
    },
];

impl BatchOperation {
    /// How many jobs a request starts.
    pub(crate) fn jobs_of(&self, request: &Value) -> usize {
        let list = self.expanded.and_then(|member| request.get(member)?.as_array());
        list.map_or(1, |list| list.len().max(1))
    }

    /// The batch operation for this request, if there is one.
    pub(crate) fn taking(submission: &Submission) -> Option<&'static Self> {
        let batch = BATCHES.iter().find(|batch| batch.single.id() == submission.operation.id())?;
        let fits = batch.jobs_of(&submission.body) <= MAX_ITEMS;
        let is_single = batch.only_single.iter().any(|member| submission.body.get(member).is_some());
        (fits && !is_single).then_some(batch)
    }

    /// The batch operation of this name.
    pub(crate) fn named(operation: &str) -> Option<&'static Self> {
        BATCHES.iter().find(|batch| batch.create.id() == operation)
    }

    /// One request for all of these.
    pub(crate) fn submission(&self, requests: Vec<Value>) -> Submission {
        let items = requests.iter().map(|request| self.jobs_of(request)).sum();
        Submission {
            operation: self.create,
            parameter: None,
            body: json!({ self.requests: requests }),
            ids: "/batch_id",
            items: Some(items),
        }
    }

    /// The batch that a ledger has.
    pub(crate) fn recorded(&self, body: &Value) -> Submission {
        self.submission(self.requests(body).into_iter().map(|(request, ..)| request.clone()).collect())
    }

    /// The requests in the body of a batch, each with the position of its first job and the number of its jobs.
    pub(crate) fn requests<'a>(&self, body: &'a Value) -> Vec<(&'a Value, usize, usize)> {
        let mut first = 0;
        let requests = body.get(self.requests).and_then(Value::as_array).into_iter().flatten();
        let with_place = requests.map(|request| {
            let place = (request, first, self.jobs_of(request));
            first += place.2;
            place
        });
        with_place.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission(operation: &'static Operation, body: Value) -> Submission {
        Submission { operation, parameter: None, body, ids: "/id", items: None }
    }

    #[test]
    fn a_request_with_a_member_of_its_own_is_sent_alone() {
        let video = submission(&operations::CREATE_VIDEO, json!({"type": "avatar"}));
        assert!(BatchOperation::taking(&video).is_some());
        let in_folder = submission(&operations::CREATE_VIDEO, json!({"type": "avatar", "folder_id": "f"}));
        assert!(BatchOperation::taking(&in_folder).is_none());
        let clone = submission(&operations::CLONE_VOICE, json!({}));
        assert!(BatchOperation::taking(&clone).is_none());
    }

    #[test]
    fn a_translation_to_several_languages_is_several_jobs() {
        let [_, translations, _] = &BATCHES;
        let requests = [json!({"output_languages": ["de", "fr"]}), json!({"output_languages": ["es"]})];
        let batch = translations.submission(requests.to_vec());
        assert_eq!(batch.items, Some(3));
        let places: Vec<_> =
            translations.requests(&batch.body).into_iter().map(|(_, first, jobs)| (first, jobs)).collect();
        assert_eq!(places, [(0, 2), (2, 1)]);
    }
}
