//! Downloads files of the service.

mod files;
mod head;
pub(crate) mod http_options;
mod link;
mod renewal;
mod resources;
mod resume;
mod srt;
mod stream;
mod target;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::client_context::ClientContext;
#[cfg(feature = "preview")]
pub use files::LayerFile;
pub use files::{ClipFile, LipsyncFile, ProofreadFile, RenderFile, TranslationFile, VideoFile};
pub use link::Link;
use resume::Transfer;
pub use stream::DownloadStream;
pub use target::DownloadToPath;

/// A download, from [`HeyGen::download`](crate::HeyGen::download). Choose its target with [`to_path`](Self::to_path),
/// [`to_writer`](Self::to_writer), [`stream`](Self::stream) or [`bytes`](Self::bytes).
///
/// - The requests do not contain the API key or other headers of the client, except `User-Agent`. Links and redirects must be
///   https, unless the link is on this machine.
/// - A connection without data for 60 seconds counts as broken. The total time is not limited.
/// - After a broken connection, the transfer resumes at the last received byte, if the server sends the rest of the same file
///   (`Range` with `If-Range`). It resumes immediately, then after pauses that grow from 1 second, or after the `Retry-After`
///   of the server. After five resumptions in a row without new data, it fails.
/// - A refused link is read again from its resource, once. If a finished resource has no link yet, it is read again for about
///   a minute.
/// - The length is compared with the length that the server announced.
#[must_use = "nothing is downloaded until a target is chosen"]
pub struct Download {
    context: ClientContext,
    link: Link,
    on_progress: Option<OnProgress>,
}

/// A callback that receives the number of bytes received, and the size of the file if it is known.
type OnProgress = Box<dyn FnMut(u64, Option<u64>) + Send>;

impl Download {
    pub(crate) fn new(context: ClientContext, link: Link) -> Self {
        Self { context, link, on_progress: None }
    }

    /// Calls `callback` after each chunk with the number of bytes received, and the size of the file if the server announced it.
    /// The number of bytes restarts from 0 if the download restarts from the beginning of the file.
    ///
    /// ```no_run
    /// # use heygen_ext::{HeyGen, heygen_api::types::VideoDetail};
    /// # async fn example(heygen: HeyGen, video: VideoDetail) -> Result<(), heygen_ext::Error> {
    /// let download = heygen.download(&video).on_progress(|received, all| match all {
    ///     Some(all) => println!("{received} of {all} bytes"),
    ///     None => println!("{received} bytes"),
    /// });
    /// download.to_path("launch.mp4").overwrite(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_progress(mut self, callback: impl FnMut(u64, Option<u64>) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(callback));
        self
    }

    /// Creates the transfer. If it is `restartable`, the receiver can discard the chunks that it got.
    fn transfer(self, restartable: bool) -> Transfer {
        Transfer::new(self.context, self.link, self.on_progress, restartable)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("link", &self.link).finish_non_exhaustive()
    }
}
