//! A file that was looked at: its name, type and size are known, and its bytes are read again for each attempt.

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

/// Bytes that leave at once; of a file, as many more are in memory.
const CHUNK: usize = 256 * 1024;

pub(super) struct UploadBody {
    pub(super) name: String,
    pub(super) media: String,
    pub(super) size: u64,
    content: Content,
}

enum Content {
    Bytes(Bytes),
    Disk(OnDisk),
    /// A reader, until it is read.
    Once(Mutex<Option<Reader>>),
}

/// A file as it was when it was looked at.
struct OnDisk {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
    /// Takes a file of ours away when it is done with.
    _ours: Option<tempfile::TempPath>,
}

fn unreadable(error: io::Error) -> Error {
    Error::file("the file cannot be read", error)
}

impl UploadBody {
    /// Looks at a file: problems are reported before anything is sent.
    pub(super) async fn of(file: FileSource) -> Result<Self, Error> {
        let name = file.file_name();
        let (size, head, content) = match file.source {
            Source::Bytes(bytes) => {
                let head = bytes.slice(..bytes.len().min(media::HEAD));
                (bytes.len() as u64, head, Content::Bytes(bytes))
            }
            Source::Path(path) => {
                let disk = OnDisk::look(path).await?;
                let mut open = tokio::fs::File::open(&disk.path).await.map_err(unreadable)?;
                let head = read(&mut open, media::HEAD).await.map_err(unreadable)?;
                (disk.size, head, Content::Disk(disk))
            }
            Source::Reader { size, mut reader } => {
                let head = read(&mut reader, media::HEAD).await.map_err(unreadable)?;
                let whole: Reader = Box::pin(io::Cursor::new(head.clone()).chain(reader));
                (size, head, Content::Once(Mutex::new(Some(whole))))
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
        !matches!(self.content, Content::Once(_))
    }

    /// The same file so that it can be read again: what is in a reader goes to a temporary file.
    pub(super) async fn replayable(self) -> Result<Self, Error> {
        if self.is_replayable() {
            return Ok(self);
        }
        let fail = |error| Error::file("the temporary file cannot be written", error);
        let staged = tempfile::NamedTempFile::new().map_err(fail)?;
        let mut file = tokio::fs::File::from_std(staged.reopen().map_err(fail)?);
        let (name, media, size) = (self.name.clone(), self.media.clone(), self.size);
        let watch = UploadProgress::new(None);
        let staging = async {
            let mut chunks = std::pin::pin!(Arc::new(self).open(&watch, None));
            while let Some(chunk) = chunks.try_next().await? {
                file.write_all(&chunk).await.map_err(fail)?;
            }
            Ok::<_, Error>(())
        };
        tokio::select! {
            staged = staging => staged?,
            () = watch.idle() => {
                let problem = format!("the reader gave nothing for {} s, and has not ended", IDLE_TIMEOUT.as_secs());
                return Err(Error::upload(problem));
            }
        }
        // The last write may still be under way; only `flush` reports its outcome.
        file.flush().await.map_err(fail)?;
        let ours = staged.into_temp_path();
        let mut disk = OnDisk::look(ours.to_path_buf()).await?;
        disk._ours = Some(ours);
        Ok(Self { name, media, size, content: Content::Disk(disk) })
    }

    /// SHA-256 of the bytes, in hexadecimal digits.
    pub(super) async fn digest(self: &Arc<Self>) -> Result<String, Error> {
        let sum = Checksum::default();
        let mut chunks = std::pin::pin!(self.open(&UploadProgress::new(None), Some(&sum)));
        while chunks.try_next().await?.is_some() {}
        Ok(sum.get().unwrap_or_default())
    }

    /// The bytes from the beginning: exactly as many as were announced, of a file that has not changed since it was looked
    /// at, or an error before the last of them. Their sum is there before the last of them leaves.
    pub(super) fn open(
        self: &Arc<Self>,
        watch: &UploadProgress,
        sum: Option<&Checksum>,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static + use<> {
        let reading = Reading {
            prepared: Arc::clone(self),
            watch: watch.clone(),
            sent: 0,
            input: Input::Unopened,
            summing: sum.map(Checksum::begin),
        };
        stream::try_unfold(reading, |mut reading| async move {
            match reading.next().await {
                Ok(Some(chunk)) => Ok(Some((chunk, reading))),
                Ok(None) => Ok(None),
                Err(error) => {
                    reading.watch.breaks(error.clone());
                    Err(error)
                }
            }
        })
    }
}

impl OnDisk {
    async fn look(path: PathBuf) -> Result<Self, Error> {
        let found = tokio::fs::metadata(&path).await.map_err(unreadable)?;
        if found.is_dir() {
            return Err(Error::upload(
                "this is a folder: name a file in it, or make a zip of it if it is a HyperFrames project",
            ));
        }
        // A pipe or a device would be waited for without end.
        if !found.is_file() {
            return Err(Error::upload(
                "not a regular file: give its bytes by `FileSource::reader` or `FileSource::bytes`",
            ));
        }
        Ok(Self { path, size: found.len(), modified: found.modified().ok(), _ours: None })
    }

    fn check(&self, now: &Metadata) -> Result<(), Error> {
        if now.len() != self.size {
            let problem = format!("it had {} bytes and has {}", self.size, now.len());
            return Err(changed(&problem));
        }
        if now.modified().ok() != self.modified {
            return Err(changed("it was written to"));
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

/// One time through the bytes.
struct Reading {
    prepared: Arc<UploadBody>,
    watch: UploadProgress,
    sent: u64,
    input: Input,
    /// Of what is not on the disk; the sum of a file is made where it is read.
    summing: Option<RunningChecksum>,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let all = self.prepared.size;
        let left = all - self.sent;
        if left == 0 {
            return Ok(None);
        }
        if matches!(self.input, Input::Unopened) {
            self.input = self.open().await?;
        }
        let portion = |left: u64| usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        let wanted = portion(left);
        let chunk = match &mut self.input {
            Input::Unopened => Bytes::new(),
            Input::Bytes(bytes) => bytes.split_to(wanted.min(bytes.len())),
            Input::File(file) => {
                file.read(wanted, portion(left - wanted as u64)).await.map_err(unreadable)?
            }
            Input::Reader(reader) => read(reader, wanted).await.map_err(unreadable)?,
        };
        if let Some(summing) = &mut self.summing {
            summing.add(&chunk);
        }
        // The last chunk is held back until all is known to be well: without it, nobody takes a part for the whole.
        if chunk.len() < wanted || left == wanted as u64 {
            self.check_end(chunk.len() < wanted, self.sent + chunk.len() as u64).await?;
            match (&mut self.input, self.summing.take()) {
                (Input::File(file), _) => file.finish(),
                (_, Some(summing)) => summing.finish(),
                (_, None) => {}
            }
        }
        self.sent += chunk.len() as u64;
        self.watch.moves(self.sent, all);
        Ok(Some(chunk))
    }

    async fn open(&mut self) -> Result<Input, Error> {
        Ok(match &self.prepared.content {
            Content::Bytes(bytes) => Input::Bytes(bytes.clone()),
            Content::Disk(disk) => {
                let path = disk.path.clone();
                let opened = spawn_blocking(move || {
                    let file = fs::File::open(path)?;
                    Ok((file.metadata()?, file))
                });
                let (now, file) =
                    opened.await.map_err(io::Error::from).and_then(|opened| opened).map_err(unreadable)?;
                disk.check(&now)?;
                Input::File(ReadAhead::new(file, self.summing.take()))
            }
            Content::Once(reader) => {
                let reader = reader.lock().unwrap_or_else(PoisonError::into_inner).take();
                Input::Reader(reader.ok_or_else(|| Error::upload("the reader was read before"))?)
            }
        })
    }

    /// That the bytes end where they should, and are those that were looked at.
    async fn check_end(&mut self, short: bool, read_so_far: u64) -> Result<(), Error> {
        let all = self.prepared.size;
        match (&mut self.input, &self.prepared.content) {
            (Input::File(file), Content::Disk(disk)) => {
                disk.check(&file.metadata().await.map_err(unreadable)?)?;
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

/// The next bytes: as many as are wanted, or all that are left.
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
