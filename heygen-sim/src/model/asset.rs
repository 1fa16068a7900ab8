//! Assets: files of the workspace, and the slots of direct uploads.

use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::blob::Blob;
use crate::marker::Marker;
use crate::schedule::Schedule;

/// A file that was uploaded, or a slot that waits for the bytes of a direct upload.
pub(crate) struct Asset {
    pub(crate) id: String,
    /// File name.
    pub(crate) name: String,
    /// Media type, such as `image/png`.
    pub(crate) media: String,
    /// The bytes; `None` until a direct upload has sent them.
    pub(crate) content: Option<Blob>,
    /// The slot of a direct upload; `None` for a file that was uploaded in a form.
    pub(crate) slot: Option<Slot>,
    /// When the bytes of a direct upload arrived, in milliseconds since 1970.
    pub(crate) arrived: Option<u64>,
    /// Creation time, in milliseconds since 1970.
    pub(crate) created: u64,
    /// The processing after a direct upload; `None` until the upload is completed.
    pub(crate) schedule: Option<Schedule>,
    /// Why the upload was refused when it was completed.
    pub(crate) error: Option<ApiError>,
    /// Id of the folder.
    pub(crate) folder: Option<String>,
    /// The markers in the file name.
    pub(crate) marker: Marker,
}

/// The properties of a direct upload that its URL signs. The PUT must match them.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    /// Size of the file, in bytes.
    pub(crate) size: u64,
    /// Headers that the PUT must send.
    pub(crate) headers: Map<String, Value>,
    /// SHA-256 of the file, if the request stated it.
    pub(crate) digest: Option<Vec<u8>>,
}
