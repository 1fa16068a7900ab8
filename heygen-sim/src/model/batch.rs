//! Batches: many jobs of one kind, submitted together.

use serde_json::Value;

use crate::model::job::Kind;
use crate::schedule::Schedule;

/// Most items, after languages are counted one by one.
pub(crate) const MAX_ITEMS: usize = 100;

pub(crate) struct Batch {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) items: Vec<Item>,
    pub(crate) title: Option<String>,
    pub(crate) callback_url: Option<String>,
    pub(crate) created: u64,
}

#[derive(Clone)]
pub(crate) struct Item {
    /// Id of the job, or of the asset.
    pub(crate) job: Option<String>,
    /// The job's way, for when the job itself is not kept any more.
    pub(crate) schedule: Option<Schedule>,
    /// Why it became nothing.
    pub(crate) error: Option<Value>,
}

impl Item {
    /// An item that became something.
    pub(crate) fn of(id: String) -> Self {
        Self { job: Some(id), schedule: None, error: None }
    }
}
