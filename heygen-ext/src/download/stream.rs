//! Downloads a file as a stream of bytes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, Stream};

use super::Download;
use super::resume::Piece;
use crate::error::Error;

impl Download {
    /// Connects, and returns the file as a stream. Nothing is read ahead.
    ///
    /// The chunks of a stream cannot be taken back, so a broken transfer resumes only if the server sends the rest of the same
    /// file. After an error the stream ends.
    ///
    /// # Errors
    ///
    /// [`Download`](crate::ErrorKind::Download), as for [`to_path`](Self::to_path). This method fails if no answer contains the
    /// file. The stream fails if the transfer cannot resume, or the file changed during the download.
    ///
    /// ```no_run
    /// # use heygen_ext::{HeyGen, heygen_api::types::VideoDetail};
    /// use futures_util::TryStreamExt;
    ///
    /// # async fn example(heygen: HeyGen, video: VideoDetail) -> Result<(), heygen_ext::Error> {
    /// let mut file = heygen.download(&video).stream().await?;
    /// println!("{:?} bytes", file.expected_len());
    /// while let Some(chunk) = file.try_next().await? {
    ///     println!("{} bytes more", chunk.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stream(self) -> Result<DownloadStream, Error> {
        let mut transfer = self.transfer(false);
        let expected = transfer.open().await?;
        let chunks = stream::unfold(Some(transfer), |transfer| async {
            let mut transfer = transfer?;
            match transfer.next().await {
                Ok(Piece::Chunk(chunk)) => Some((Ok(chunk), Some(transfer))),
                // A transfer that is not restartable never returns `Restart`.
                Ok(Piece::Restart | Piece::End) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(DownloadStream { expected, chunks: Box::pin(chunks) })
    }
}

/// A download as a stream of chunks, from [`Download::stream`].
#[must_use = "streams do nothing unless polled"]
pub struct DownloadStream {
    expected: Option<u64>,
    chunks: Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>,
}

impl DownloadStream {
    /// The length of the file in bytes, if the server announced it. A stream that ends without an error has exactly this length.
    pub fn expected_len(&self) -> Option<u64> {
        self.expected
    }
}

impl Stream for DownloadStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.as_mut().poll_next(context)
    }
}

impl fmt::Debug for DownloadStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownloadStream").field("expected_len", &self.expected).finish_non_exhaustive()
    }
}
