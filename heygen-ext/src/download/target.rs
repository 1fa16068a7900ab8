//! Where a file goes: to a path, to a writer, into memory.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use heygen_api::BoxFuture;
use tempfile::NamedTempFile;
use tokio::io::{AsyncSeekExt, AsyncWrite, AsyncWriteExt};

use super::Download;
use super::resume::{Piece, Transfer};
use crate::error::Error;

/// A download to a path: [`Download::to_path`].
#[must_use = "nothing is fetched until it is awaited"]
#[derive(Debug)]
pub struct DownloadToPath {
    download: Download,
    path: PathBuf,
    overwrite: bool,
}

impl DownloadToPath {
    /// Whether an existing file is replaced. By default it is not, and its name is an error.
    pub fn overwrite(mut self, allowed: bool) -> Self {
        self.overwrite = allowed;
        self
    }

    /// Fetches the file, as `.await` does. Gives back the path.
    ///
    /// # Errors
    ///
    /// [`File`](crate::ErrorKind::File): the path exists, or cannot be written.
    /// [`Download`](crate::ErrorKind::Download): the resource has no link yet, it was refused, or the transfer broke off for good.
    pub async fn send(self) -> Result<PathBuf, Error> {
        let Self { download, path, overwrite } = self;
        let place = Place::claim(&path, overwrite)?;
        let mut transfer = download.transfer(true);
        let fail = |error| place.problem(error);
        let mut file = tokio::fs::File::from_std(place.staged.reopen().map_err(fail)?);
        loop {
            match transfer.next().await? {
                Piece::Chunk(chunk) => file.write_all(&chunk).await.map_err(fail)?,
                Piece::Restart => {
                    file.flush().await.map_err(fail)?;
                    file.rewind().await.map_err(fail)?;
                    file.set_len(0).await.map_err(fail)?;
                }
                Piece::End => break,
            }
        }
        // The last write may still be under way; only `flush` reports its outcome.
        file.flush().await.map_err(fail)?;
        file.sync_all().await.map_err(fail)?;
        drop(file);
        let (path, folder) = place.keep(overwrite)?;
        sync_folder(&folder).await;
        Ok(path)
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
    /// Writes the file to `path`, whose folder must be there. It starts with `.await`, which gives back the path.
    ///
    /// Until the whole file is there and on disk, it has another name in the same folder; after a failure, and when the
    /// future is dropped, nothing is left of it. An existing file is neither opened nor replaced, unless
    /// [`overwrite`](DownloadToPath::overwrite) allows it: that is checked before anything is fetched, and again at the
    /// end.
    ///
    /// A connection that breaks is taken up where it broke; a file that has changed meanwhile comes from its beginning.
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

    /// Writes the file to a writer as it comes, and flushes it. Gives back the number of bytes.
    ///
    /// After an error the writer has the beginning of the file: what has been written cannot be taken back, so a transfer
    /// is taken up only where the server gives the rest of the same file. A path knows how to begin again.
    ///
    /// # Errors
    ///
    /// [`File`](crate::ErrorKind::File): the writer failed. [`Download`](crate::ErrorKind::Download): as of
    /// [`to_path`](Self::to_path), and when the file changed on its way.
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
        let fail = |error| Error::file("the file cannot be written on", error);
        let mut written = 0;
        while let Piece::Chunk(chunk) = transfer.next().await? {
            writer.write_all(&chunk).await.map_err(fail)?;
            written += chunk.len() as u64;
        }
        writer.flush().await.map_err(fail)?;
        Ok(written)
    }

    /// The whole file, in memory: for small ones, such as subtitles. One of more than `limit` bytes is an error, and is
    /// not fetched when the server says its length.
    ///
    /// # Errors
    ///
    /// [`Download`](crate::ErrorKind::Download): as of [`to_path`](Self::to_path), and when the file is too long.
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
            true => Err(transfer
                .problem(format!("it has {length} bytes or more, which is over the limit of {limit}"))),
            false => Ok(()),
        };
        if let Some(length) = transfer.open().await? {
            check(&transfer, length)?;
        }
        let mut whole = Vec::new();
        loop {
            match transfer.next().await? {
                Piece::Chunk(chunk) => {
                    check(&transfer, (whole.len() + chunk.len()) as u64)?;
                    whole.extend_from_slice(&chunk);
                }
                Piece::Restart => whole.clear(),
                Piece::End => return Ok(whole.into()),
            }
        }
    }
}

/// A file that is to come into being.
struct Place {
    path: PathBuf,
    folder: PathBuf,
    staged: NamedTempFile,
}

impl Place {
    /// Makes sure that the file may be written, and a temporary one beside it.
    fn claim(path: &Path, overwrite: bool) -> Result<Self, Error> {
        let fail = |error| cannot_write(path, error);
        if path.file_name().is_none() || path.is_dir() {
            return Err(fail(io::Error::new(
                io::ErrorKind::IsADirectory,
                "that is a folder: add a file's name",
            )));
        }
        // A link that leads nowhere is something too.
        if !overwrite && path.symlink_metadata().is_ok() {
            return Err(fail(taken()));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let staged = stage(folder).map_err(fail)?;
        Ok(Self { path: path.to_owned(), folder: folder.to_owned(), staged })
    }

    /// Gives the file its name.
    fn keep(self, overwrite: bool) -> Result<(PathBuf, PathBuf), Error> {
        let Self { path, folder, staged } = self;
        let kept = match overwrite {
            true => staged.persist(&path),
            false => staged.persist_noclobber(&path),
        };
        match kept {
            Ok(_) => Ok((path, folder)),
            Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(cannot_write(&path, taken()))
            }
            Err(lost) => Err(cannot_write(&path, lost.error)),
        }
    }

    fn problem(&self, error: io::Error) -> Error {
        cannot_write(&self.path, error)
    }
}

fn cannot_write(path: &Path, error: io::Error) -> Error {
    Error::file(format!("cannot write {}", path.display()), error)
}

fn taken() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "something has that name already: choose another, or allow `overwrite(true)`",
    )
}

/// A file in `folder` that goes away unless it is kept; readable by whom the process lets read.
fn stage(folder: &Path) -> io::Result<NamedTempFile> {
    let mut options = tempfile::Builder::new();
    options.prefix(".heygen-").suffix(".part");
    #[cfg(unix)]
    let options = options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    options.tempfile_in(folder)
}

/// Makes the new name last, where folders can be synced. The file is whole either way, so that a failure is ignored.
async fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = tokio::fs::File::open(folder).await {
        let _ = folder.sync_all().await;
    }
    #[cfg(not(unix))]
    let _ = folder;
}
