//! The subtitles of a proofread.

use heygen_api::types::DownloadSrtResponse;

/// The files of a proofread, which do not say whose they are.
pub(super) struct Srt {
    pub(super) id: String,
    pub(super) files: DownloadSrtResponse,
}
