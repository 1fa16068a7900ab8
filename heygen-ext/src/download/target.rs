//! The targets of a download: a path, a writer, memory.

use std::path::PathBuf;

use bytes::Bytes;
use heygen_api::BoxFuture;
use tokio::io::{AsyncSeekExt, AsyncWrite, AsyncWriteExt};

use super::Download;
use super::resume::{Piece, Transfer};
use crate::error::Error;
use crate::new_file::NewFile;

/// A download to a path, from [`Download::to_path`].
#[must_use = "nothing is downloaded until it is awaited"]
#[derive(Debug)]
pub struct DownloadToPath {
    download: Download,
    path: PathBuf,
    overwrite: bool,
}

impl DownloadToPath {
    /// Sets whether an existing file is replaced. By default, an existing file is an error.
    pub fn overwrite(mut self, allowed: bool) -> Self {
        self.overwrite = allowed;
        self
    }

    /// Downloads the file, as `.await` does. Returns the path.
    ///
    /// # Errors
    ///
    /// [`File`](crate::ErrorKind::File): the path exists, or cannot be written.
    /// [`Download`](crate::ErrorKind::Download): the resource has no link yet, the link was
    /// refused, or the transfer failed and cannot resume.
    pub async fn send(self) -> Result<PathBuf, Error> {
        let Self { download, path, overwrite } = self;
        let new_file = NewFile::create(&path, overwrite)?;
        let mut transfer = download.transfer(true);
        let fail = |error| new_file.problem(error);
        let mut file = new_file.open()?;
        loop {
            match transfer.next().await? {
                Piece::Chunk(chunk) => file.write_all(&chunk).await.map_err(fail)?,
                Piece::Restart => {
                    file.flush().await.map_err(fail)?;
                    file.rewind().await.map_err(fail)?;
                    file.set_len(0).await.map_err(fail)?;
                }
                Piece::End => return new_file.finish(file).await,
            }
        }
    }
}

impl IntoFuture for DownloadToPath {
    type Output = Result<PathBuf, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl Download {
    /// Writes the file to `path`, whose folder must exist. `.await` starts the download, and returns the path.
    ///
    /// The download writes to a temporary file in the same folder, and renames it when it is complete and on disk. After a
    /// failure, or if the future is dropped, the temporary file is deleted. An existing file is an error, unless
    /// [`overwrite(true)`](DownloadToPath::overwrite) allows the download to replace it. This is checked before the transfer,
    /// and again at the end.
    ///
    /// After a broken connection, the transfer resumes at the last received byte. If the file has changed meanwhile, it restarts
    /// from the beginning.
    ///
    /// ```no_run
    /// # use heygen_ext::{HeyGen, heygen_api::types::VideoDetail};
    /// # async fn example(heygen: HeyGen, video: VideoDetail) -> Result<(), heygen_ext::Error> {
    /// heygen.download(&video).to_path("launch.mp4").overwrite(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_path(self, path: impl Into<PathBuf>) -> DownloadToPath {
        DownloadToPath { download: self, path: path.into(), overwrite: false }
    }

    /// Writes the file to a writer during the transfer, and flushes the writer. Returns the number of bytes.
    ///
    /// Written data cannot be taken back, so a broken transfer resumes only if the server sends the rest of the same file. After
    /// an error, the writer has the beginning of the file. Unlike this method, [`to_path`](Self::to_path) can restart.
    ///
    /// # Errors
    ///
    /// [`File`](crate::ErrorKind::File): the writer failed. [`Download`](crate::ErrorKind::Download): as for
    /// [`to_path`](Self::to_path), or the file changed during the download.
    ///
    /// ```no_run
    /// # use heygen_ext::{HeyGen, heygen_api::types::VideoDetail};
    /// # async fn example(heygen: HeyGen, video: VideoDetail) -> Result<(), heygen_ext::Error> {
    /// let length = heygen.download(&video).to_writer(tokio::io::sink()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn to_writer(self, writer: impl AsyncWrite) -> Result<u64, Error> {
        let mut writer = std::pin::pin!(writer);
        let mut transfer = self.transfer(false);
        let fail = |error| Error::file("the writer failed", error);
        let mut written = 0;
        while let Piece::Chunk(chunk) = transfer.next().await? {
            writer.write_all(&chunk).await.map_err(fail)?;
            written += chunk.len() as u64;
        }
        writer.flush().await.map_err(fail)?;
        Ok(written)
    }

    /// Downloads the file to memory, for small files such as subtitles. A file of more than `limit` bytes is an error. If the
    /// server announces the length, such a file is not downloaded.
    ///
    /// # Errors
    ///
    /// [`Download`](crate::ErrorKind::Download): as for [`to_path`](Self::to_path), or the file is too
    /// long.
    ///
    /// ```no_run
    /// # use heygen_ext::heygen_api::types::VideoDetail;
    /// use heygen_ext::{HeyGen, VideoFile};
    ///
    /// # async fn example(heygen: HeyGen, video: VideoDetail) -> Result<(), heygen_ext::Error> {
    /// let subtitles = VideoFile::Subtitles.of(&video);
    /// let subtitles = heygen.download(subtitles).bytes(1 << 20).await?;
    /// println!("{}", String::from_utf8_lossy(&subtitles));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bytes(self, limit: usize) -> Result<Bytes, Error> {
        let mut transfer = self.transfer(true);
        let check = |transfer: &Transfer, length: u64| match length > limit as u64 {
            true => Err(transfer.problem(format!(
                "it has at least {length} bytes, which is over the limit of {limit}: increase the limit"
            ))),
            false => Ok(()),
        };
        if let Some(length) = transfer.open().await? {
            check(&transfer, length)?;
        }
        let mut content = Vec::new();
        loop {
            match transfer.next().await? {
                Piece::Chunk(chunk) => {
                    check(&transfer, (content.len() + chunk.len()) as u64)?;
                    content.extend_from_slice(&chunk);
                }
                Piece::Restart => content.clear(),
                Piece::End => return Ok(content.into()),
            }
        }
    }
}
