//! A file that appears at its path only when it is complete and on disk.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::error::Error;

/// The path of a new file, and the temporary file beside it, which is deleted on drop.
pub(crate) struct NewFile {
    path: PathBuf,
    folder: PathBuf,
    staged: NamedTempFile,
    overwrite: bool,
}

impl NewFile {
    /// Checks that the path may be written, and creates the temporary file. Without `overwrite`, an existing file is an error.
    pub(crate) fn create(path: &Path, overwrite: bool) -> Result<Self, Error> {
        let fail = |error| cannot_write(path, error);
        if path.file_name().is_none() || path.is_dir() {
            return Err(fail(io::Error::new(
                io::ErrorKind::IsADirectory,
                "the path is a folder: add a file name",
            )));
        }
        // A broken symbolic link counts as existing too.
        if !overwrite && path.symlink_metadata().is_ok() {
            return Err(fail(already_exists()));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let staged = create_temporary(folder).map_err(fail)?;
        Ok(Self { path: path.to_owned(), folder: folder.to_owned(), staged, overwrite })
    }

    /// Opens the temporary file.
    pub(crate) fn open(&self) -> Result<File, Error> {
        self.staged.reopen().map(File::from_std).map_err(|error| self.problem(error))
    }

    /// Writes `file`, the opened temporary file, to disk, and renames it to the path.
    pub(crate) async fn finish(self, mut file: File) -> Result<PathBuf, Error> {
        // The last write may still be running. Only `flush` reports its outcome.
        file.flush().await.map_err(|error| self.problem(error))?;
        file.sync_all().await.map_err(|error| self.problem(error))?;
        drop(file);
        let Self { path, folder, staged, overwrite } = self;
        let renamed = match overwrite {
            true => staged.persist(&path),
            false => staged.persist_noclobber(&path),
        };
        match renamed {
            Ok(_) => {}
            Err(failure) if failure.error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(cannot_write(&path, already_exists()));
            }
            Err(failure) => return Err(cannot_write(&path, failure.error)),
        }
        sync_folder(&folder).await;
        Ok(path)
    }

    /// The error when the file cannot be written.
    pub(crate) fn problem(&self, error: io::Error) -> Error {
        cannot_write(&self.path, error)
    }
}

fn cannot_write(path: &Path, error: io::Error) -> Error {
    Error::file(format!("cannot write {}", path.display()), error)
}

fn already_exists() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "the path exists already: choose another path, or call `overwrite(true)`",
    )
}

/// Creates a temporary file in `folder`, which is deleted on drop. Its permissions follow the umask of the process.
fn create_temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut options = tempfile::Builder::new();
    options.prefix(".heygen-").suffix(".part");
    #[cfg(unix)]
    let options = options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    options.tempfile_in(folder)
}

/// Syncs the folder, so that the new name survives a crash. Failures are ignored, because the file itself is complete.
async fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder).await {
        let _ = folder.sync_all().await;
    }
    #[cfg(not(unix))]
    let _ = folder;
}
