//! The SRT files of a proofread.

use heygen_api::types::DownloadSrtResponse;

/// The SRT files of a proofread, together with its id, which the answer of the service does not contain.
pub(super) struct Srt {
    pub(super) id: String,
    pub(super) files: DownloadSrtResponse,
}
