//! Fetching files that the service holds.

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

/// A file that is to be fetched: [`HeyGen::download`](crate::HeyGen::download). One of [`to_path`](Self::to_path),
/// [`to_writer`](Self::to_writer), [`stream`](Self::stream) and [`bytes`](Self::bytes) says where to.
///
/// - Neither the API key nor anything else of the client's goes to where the file is. Links and redirects must be https,
///   unless the link leads to this machine.
/// - 60 seconds in which nothing comes break a connection; in all a transfer takes as long as it takes.
/// - A connection that breaks is taken up where it broke, when the server gives the rest of the same file (`Range` with
///   `If-Range`). It gives up after five resumptions in a row without a byte more; the first comes at once, the others
///   after pauses from one second on, and longer ones when the server asks for them.
/// - A link that is refused is read again from its resource, once, and then tried once more. A finished resource whose
///   link lags behind is asked again for about a minute.
/// - The length is checked against what the server announced.
#[must_use = "nothing is fetched until a target is named"]
pub struct Download {
    context: ClientContext,
    link: Link,
    tell: Option<OnProgress>,
}

/// Takes the bytes received, and all that there will be if that is known.
type OnProgress = Box<dyn FnMut(u64, Option<u64>) + Send>;

impl Download {
    pub(crate) fn new(context: ClientContext, link: Link) -> Self {
        Self { context, link, tell: None }
    }

    /// Tells after each chunk how many bytes there are, and how many there will be if the server says so. The first number
    /// falls back when the file has to come from its beginning again.
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
    pub fn on_progress(mut self, tell: impl FnMut(u64, Option<u64>) + Send + 'static) -> Self {
        self.tell = Some(Box::new(tell));
        self
    }

    /// The transfer; of a restartable one, what was handed out can be taken back.
    fn transfer(self, restartable: bool) -> Transfer {
        Transfer::new(self.context, self.link, self.tell, restartable)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("link", &self.link).finish_non_exhaustive()
    }
}
