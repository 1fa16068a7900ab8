//! A file as a stream of bytes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, Stream};

use super::Download;
use super::resume::Piece;
use crate::error::Error;

impl Download {
    /// Connects, and gives the file as a stream. Nothing is read ahead.
    ///
    /// What the stream has given cannot be taken back, so a transfer is taken up only where the server gives the rest of
    /// the same file. After an error the stream ends.
    ///
    /// # Errors
    ///
    /// [`Download`](crate::ErrorKind::Download), as of [`to_path`](Self::to_path): here if no answer has the file, and from the stream when it breaks off for good, or changed on its way.
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
                // A transfer whose bytes cannot be taken back does not restart.
                Ok(Piece::Restart | Piece::End) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(DownloadStream { expected, chunks: Box::pin(chunks) })
    }
}

/// A file on its way down, chunk by chunk: [`Download::stream`].
#[must_use = "streams do nothing unless polled"]
pub struct DownloadStream {
    expected: Option<u64>,
    chunks: Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>,
}

impl DownloadStream {
    /// Length of the whole file in bytes, if the server says it. A stream that ends without an error has so many.
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
