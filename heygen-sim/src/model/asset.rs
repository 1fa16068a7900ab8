//! Assets: files of the workspace, and the slots of direct uploads.

use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::blob::Blob;
use crate::marker::Marker;
use crate::schedule::Schedule;

pub(crate) struct Asset {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Type of the file.
    pub(crate) media: String,
    pub(crate) content: Option<Blob>,
    /// The slot of a direct upload.
    pub(crate) slot: Option<Slot>,
    /// When the bytes of a direct upload came.
    pub(crate) arrived: Option<u64>,
    pub(crate) created: u64,
    /// What happens after an upload is complete; none before.
    pub(crate) schedule: Option<Schedule>,
    /// Why it could not be taken in.
    pub(crate) error: Option<ApiError>,
    pub(crate) folder: Option<String>,
    /// What its name asks for.
    pub(crate) marker: Marker,
}

/// What was signed for a direct upload.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) size: u64,
    pub(crate) headers: Map<String, Value>,
    pub(crate) digest: Option<Vec<u8>>,
}
