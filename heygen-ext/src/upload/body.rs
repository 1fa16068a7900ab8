//! A checked file: its name, type and size are known, and each attempt reads its content again.

use std::fs::{self, Metadata};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::stream::{self, Stream, TryStreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::task::spawn_blocking;

use super::checksum::{Checksum, RunningChecksum};
use super::file_source::{FileSource, Reader, Source};
use super::media;
use super::progress::UploadProgress;
use super::read_ahead::ReadAhead;
use crate::error::Error;
use crate::idle_timeout::IDLE_TIMEOUT;

/// The size of a chunk. A file on disk is read one chunk ahead.
const CHUNK: usize = 256 * 1024;

/// The body of an upload.
pub(super) struct UploadBody {
    pub(super) name: String,
    pub(super) media: String,
    pub(super) size: u64,
    content: Content,
}

enum Content {
    Bytes(Bytes),
    Disk(OnDisk),
    /// A reader, which is taken when it is read.
    Reader(Mutex<Option<Reader>>),
}

/// A file on disk, as it was when it was checked.
struct OnDisk {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
    /// Deletes a temporary file on drop.
    _temporary: Option<tempfile::TempPath>,
}

fn unreadable(error: io::Error) -> Error {
    Error::file("the file cannot be read", error)
}

impl UploadBody {
    /// Checks a file, so that problems are reported before anything is sent.
    pub(super) async fn new(file: FileSource) -> Result<Self, Error> {
        let name = file.file_name();
        let (size, head, content) = match file.source {
            Source::Bytes(bytes) => {
                let head = bytes.slice(..bytes.len().min(media::HEAD));
                (bytes.len() as u64, head, Content::Bytes(bytes))
            }
            Source::Path(path) => {
                let disk = OnDisk::check(path).await?;
                let mut open = tokio::fs::File::open(&disk.path).await.map_err(unreadable)?;
                let head = read(&mut open, media::HEAD).await.map_err(unreadable)?;
                (disk.size, head, Content::Disk(disk))
            }
            Source::Reader { size, mut reader } => {
                let head = read(&mut reader, media::HEAD).await.map_err(unreadable)?;
                let reader: Reader = Box::pin(io::Cursor::new(head.clone()).chain(reader));
                (size, head, Content::Reader(Mutex::new(Some(reader))))
            }
        };
        if size == 0 {
            return Err(Error::upload("the file is empty: there is nothing to upload"));
        }
        let media = match file.media {
            Some(media) => media,
            None => media::detect(&head, &name)?.to_owned(),
        };
        Ok(Self { name, media, size, content })
    }

    /// Whether the bytes can be read a second time.
    pub(super) fn is_replayable(&self) -> bool {
        !matches!(self.content, Content::Reader(_))
    }

    /// Converts the body so that it can be read again: copies a reader to a temporary file.
    pub(super) async fn into_replayable(self) -> Result<Self, Error> {
        if self.is_replayable() {
            return Ok(self);
        }
        let fail = |error| Error::file("the temporary file cannot be written", error);
        let staged = tempfile::NamedTempFile::new().map_err(fail)?;
        let mut file = tokio::fs::File::from_std(staged.reopen().map_err(fail)?);
        let (name, media, size) = (self.name.clone(), self.media.clone(), self.size);
        let progress = UploadProgress::new(None);
        let staging = async {
            let mut chunks = std::pin::pin!(Arc::new(self).open(&progress, None));
            while let Some(chunk) = chunks.try_next().await? {
                file.write_all(&chunk).await.map_err(fail)?;
            }
            Ok::<_, Error>(())
        };
        tokio::select! {
            staged = staging => staged?,
            () = progress.idle_timeout() => {
                let problem = format!("the reader returned no data for {} s, and has not ended", IDLE_TIMEOUT.as_secs());
                return Err(Error::upload(problem));
            }
        }
        // The last write may still be running. Only `flush` reports its outcome.
        file.flush().await.map_err(fail)?;
        let temporary = staged.into_temp_path();
        let mut disk = OnDisk::check(temporary.to_path_buf()).await?;
        disk._temporary = Some(temporary);
        Ok(Self { name, media, size, content: Content::Disk(disk) })
    }

    /// Computes the SHA-256 of the content, in hexadecimal digits.
    pub(super) async fn digest(self: &Arc<Self>) -> Result<String, Error> {
        let checksum = Checksum::default();
        let mut chunks = std::pin::pin!(self.open(&UploadProgress::new(None), Some(&checksum)));
        while chunks.try_next().await?.is_some() {}
        Ok(checksum.get().unwrap_or_default())
    }

    /// Reads the content from the beginning. The stream yields exactly the announced number of bytes. If the file has changed
    /// since it was checked, the stream ends with an error before the last chunk. The checksum is complete before the last
    /// chunk is yielded.
    pub(super) fn open(
        self: &Arc<Self>,
        progress: &UploadProgress,
        checksum: Option<&Checksum>,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static + use<> {
        let pass = Pass {
            body: Arc::clone(self),
            progress: progress.clone(),
            sent: 0,
            input: Input::Unopened,
            checksum: checksum.map(Checksum::begin),
        };
        stream::try_unfold(pass, |mut pass| async move {
            match pass.next().await {
                Ok(Some(chunk)) => Ok(Some((chunk, pass))),
                Ok(None) => Ok(None),
                Err(error) => {
                    pass.progress.fail_source(error.clone());
                    Err(error)
                }
            }
        })
    }
}

impl OnDisk {
    async fn check(path: PathBuf) -> Result<Self, Error> {
        let found = tokio::fs::metadata(&path).await.map_err(unreadable)?;
        if found.is_dir() {
            return Err(Error::upload(
                "this is a folder: name a file in it, or zip it if it is a HyperFrames project",
            ));
        }
        // Reading a pipe or a device may never end.
        if !found.is_file() {
            return Err(Error::upload(
                "not a regular file: pass its content to `FileSource::reader` or `FileSource::bytes`",
            ));
        }
        Ok(Self { path, size: found.len(), modified: found.modified().ok(), _temporary: None })
    }

    /// Returns an error if the file has changed since it was checked.
    fn compare(&self, now: &Metadata) -> Result<(), Error> {
        if now.len() != self.size {
            let problem = format!("it had {} bytes and has {}", self.size, now.len());
            return Err(changed(&problem));
        }
        if now.modified().ok() != self.modified {
            return Err(changed("it was modified"));
        }
        Ok(())
    }
}

fn changed(how: &str) -> Error {
    Error::upload(format!("the file changed during the upload: {how}; upload it again once it is complete"))
}

enum Input {
    Unopened,
    Bytes(Bytes),
    File(ReadAhead),
    Reader(Reader),
}

/// One pass over the content.
struct Pass {
    body: Arc<UploadBody>,
    progress: UploadProgress,
    sent: u64,
    input: Input,
    /// The checksum of content that is not on disk. [`ReadAhead`] computes the checksum of a file on disk.
    checksum: Option<RunningChecksum>,
}

impl Pass {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let all = self.body.size;
        let remaining = all - self.sent;
        if remaining == 0 {
            return Ok(None);
        }
        if matches!(self.input, Input::Unopened) {
            self.input = self.open().await?;
        }
        let chunk_size =
            |remaining: u64| usize::try_from(remaining).map_or(CHUNK, |remaining| remaining.min(CHUNK));
        let wanted = chunk_size(remaining);
        let chunk = match &mut self.input {
            Input::Unopened => Bytes::new(),
            Input::Bytes(bytes) => bytes.split_to(wanted.min(bytes.len())),
            Input::File(file) => {
                file.read(wanted, chunk_size(remaining - wanted as u64)).await.map_err(unreadable)?
            }
            Input::Reader(reader) => read(reader, wanted).await.map_err(unreadable)?,
        };
        if let Some(checksum) = &mut self.checksum {
            checksum.add(&chunk);
        }
        // Checks the file before the last chunk is sent, so that the service never gets a changed file completely.
        if chunk.len() < wanted || remaining == wanted as u64 {
            self.check_end(chunk.len() < wanted, self.sent + chunk.len() as u64).await?;
            match (&mut self.input, self.checksum.take()) {
                (Input::File(file), _) => file.finish(),
                (_, Some(checksum)) => checksum.finish(),
                (_, None) => {}
            }
        }
        self.sent += chunk.len() as u64;
        self.progress.advance(self.sent, all);
        Ok(Some(chunk))
    }

    async fn open(&mut self) -> Result<Input, Error> {
        Ok(match &self.body.content {
            Content::Bytes(bytes) => Input::Bytes(bytes.clone()),
            Content::Disk(disk) => {
                let path = disk.path.clone();
                let opened = spawn_blocking(move || {
                    let file = fs::File::open(path)?;
                    Ok((file.metadata()?, file))
                });
                let (now, file) =
                    opened.await.map_err(io::Error::from).and_then(|opened| opened).map_err(unreadable)?;
                disk.compare(&now)?;
                Input::File(ReadAhead::new(file, self.checksum.take()))
            }
            Content::Reader(reader) => {
                let reader = reader.lock().unwrap_or_else(PoisonError::into_inner).take();
                Input::Reader(
                    reader.ok_or_else(|| Error::upload("the reader was consumed by an earlier attempt; use `FileSource::path` or `FileSource::bytes`, which can be read again"))?,
                )
            }
        })
    }

    /// Checks that the content has the announced size, and that a file on disk has not changed.
    async fn check_end(&mut self, short: bool, read_so_far: u64) -> Result<(), Error> {
        let all = self.body.size;
        match (&mut self.input, &self.body.content) {
            (Input::File(file), Content::Disk(disk)) => {
                disk.compare(&file.metadata().await.map_err(unreadable)?)?;
                if short {
                    Err(changed(&format!("it ended after {read_so_far} of {all} bytes")))
                } else {
                    Ok(())
                }
            }
            (Input::Reader(_), _) if short => Err(Error::upload(format!(
                "the reader ended after {read_so_far} of the {all} bytes announced"
            ))),
            (Input::Reader(reader), _) => {
                if read(reader, 1).await.map_err(unreadable)?.is_empty() {
                    return Ok(());
                }
                Err(Error::upload(format!("the reader has more than the {all} bytes announced")))
            }
            _ => Ok(()),
        }
    }
}

/// Reads `wanted` bytes, or fewer at the end.
async fn read(source: &mut (impl AsyncRead + Unpin), wanted: usize) -> io::Result<Bytes> {
    let mut chunk = vec![0; wanted];
    let mut filled = 0;
    while let Some(rest) = chunk.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest).await {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    chunk.truncate(filled);
    Ok(chunk.into())
}
