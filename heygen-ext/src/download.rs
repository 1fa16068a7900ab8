//! Fetching a finished file to disk.

use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use crate::Error;

/// A file on its way down.
#[must_use = "nothing is fetched until a target is named"]
pub struct Download {
    files: reqwest::Client,
    url: Option<String>,
    on_progress: Option<Tell>,
}

/// Takes the bytes received, and all that there will be if that is known.
type Tell = Box<dyn FnMut(u64, Option<u64>) + Send>;

impl Download {
    pub(crate) fn new(files: reqwest::Client, url: Option<String>) -> Self {
        Self { files, url, on_progress: None }
    }

    /// Tells after each chunk how many bytes there are, and how many there will be if the server says so.
    pub fn on_progress(mut self, tell: impl FnMut(u64, Option<u64>) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(tell));
        self
    }

    /// Writes the file to `path`, which it replaces. Until the whole file is there and on disk, it has another name in
    /// the same folder; after a failure nothing is left of it.
    ///
    /// # Errors
    ///
    /// The video has no file yet, the link was refused or broke off, or the file could not be written.
    pub async fn to_path(mut self, path: impl AsRef<Path>) -> Result<PathBuf, Error> {
        let path = path.as_ref();
        let response = self.open().await?;
        let expected = response.content_length();
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let fail = |error| Error::file(format!("cannot write {}", path.display()), error);
        let staged = stage(folder).map_err(fail)?;
        let mut file = tokio::fs::File::from_std(staged.reopen().map_err(fail)?);
        let mut chunks = response.bytes_stream();
        let mut received = 0;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                Error::transfer(format!("the download broke off after {received} bytes"), error.into())
            })?;
            file.write_all(&chunk).await.map_err(fail)?;
            received += chunk.len() as u64;
            if let Some(tell) = &mut self.on_progress {
                tell(received, expected);
            }
        }
        if let Some(expected) = expected.filter(|expected| *expected != received) {
            return Err(Error::download(format!("the download ended after {received} of {expected} bytes")));
        }
        // The last write may still be under way; what becomes of it only `flush` tells.
        file.flush().await.map_err(fail)?;
        file.sync_all().await.map_err(fail)?;
        staged.persist(path).map_err(|error| fail(error.error))?;
        Ok(path.to_owned())
    }

    async fn open(&self) -> Result<reqwest::Response, Error> {
        let Some(url) = &self.url else {
            return Err(Error::download("the video has no link: it is not finished"));
        };
        // The link is signed, so whoever reads it in an error has the file: the conversion leaves it out.
        let sent = self.files.get(url).send().await;
        let response = sent.map_err(|error| Error::transfer("the file was not reached", error.into()))?;
        match response.status() {
            status if status.is_success() => Ok(response),
            status => Err(Error::link_refused(status)),
        }
    }
}

/// A file in `folder` that goes away unless it is kept; readable by whom the process lets read.
fn stage(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut options = tempfile::Builder::new();
    options.prefix(".heygen-").suffix(".part");
    #[cfg(unix)]
    let options = options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    options.tempfile_in(folder)
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").finish_non_exhaustive()
    }
}
