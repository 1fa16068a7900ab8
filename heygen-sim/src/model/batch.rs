//! Batches: many jobs of one kind, submitted together.

use serde_json::Value;

use crate::model::job::Kind;
use crate::schedule::Schedule;

/// Maximum number of items. A translation counts once for each of its languages.
pub(crate) const MAX_ITEMS: usize = 100;

/// A batch: jobs, or direct uploads, that one request created.
pub(crate) struct Batch {
    pub(crate) id: String,
    /// Kind of the items.
    pub(crate) kind: Kind,
    /// The items, in the order of the request.
    pub(crate) items: Vec<Item>,
    pub(crate) title: Option<String>,
    pub(crate) callback_url: Option<String>,
    /// Creation time, in milliseconds since 1970.
    pub(crate) created: u64,
}

/// One item of a batch.
#[derive(Clone)]
pub(crate) struct Item {
    /// Id of the job, or of the asset; `None` if the item was refused.
    pub(crate) job: Option<String>,
    /// A copy of the job's schedule, which shows its outcome even if the job was removed to free memory.
    pub(crate) schedule: Option<Schedule>,
    /// Why the item was refused.
    pub(crate) error: Option<Value>,
}

impl Item {
    /// An item for the job, or the asset, with this id.
    pub(crate) fn of(id: String) -> Self {
        Self { job: Some(id), schedule: None, error: None }
    }
}
