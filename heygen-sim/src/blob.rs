//! Contents of files: built in, in memory, on disk, or padded with zeros.

use std::io::{self, SeekFrom, Write};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::api_error::ApiError;
use crate::reply::{Body, Disconnect, full_body};

/// Above this size in bytes, contents are stored in a temporary file, so that large uploads do not fill the memory.
const MEMORY_LIMIT: usize = 256 * 1024;

/// Number of bytes that are read or generated at once.
const CHUNK: usize = 64 * 1024;

/// Length of the head, in bytes, which suffices to detect the type of a file.
const HEAD: usize = 512;

/// The contents of a file.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    content: Content,
    /// The first bytes.
    head: Bytes,
    /// SHA-256 of an uploaded file.
    digest: Option<[u8; 32]>,
}

/// Where the bytes are.
#[derive(Debug, Clone)]
enum Content {
    /// In memory.
    Memory(Bytes),
    /// In a temporary file, with its length.
    Disk(Arc<NamedTempFile>, u64),
    /// The first bytes, and the length to which zeros are appended.
    Padded(Bytes, u64),
}

impl Blob {
    /// A file that is part of this crate.
    pub(crate) fn built_in(bytes: &'static [u8]) -> Self {
        let bytes = Bytes::from_static(bytes);
        Self { head: bytes.slice(..bytes.len().min(HEAD)), content: Content::Memory(bytes), digest: None }
    }

    /// The bytes of `beginning`, padded with zeros to `length`. The zeros are generated when they are read.
    pub(crate) fn padded(beginning: Bytes, length: u64) -> Self {
        let length = length.max(beginning.len() as u64);
        Self { head: Bytes::new(), content: Content::Padded(beginning, length), digest: None }
    }

    /// Length in bytes.
    pub(crate) fn len(&self) -> u64 {
        match &self.content {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::Disk(_, length) | Content::Padded(_, length) => *length,
        }
    }

    /// The memory that it occupies, in bytes.
    pub(crate) fn memory(&self) -> usize {
        match &self.content {
            Content::Memory(bytes) => bytes.len(),
            Content::Disk(..) | Content::Padded(..) => self.head.len(),
        }
    }

    /// The first bytes, from which the type of the file can be detected.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// SHA-256 of an uploaded file.
    pub(crate) fn digest(&self) -> Option<&[u8; 32]> {
        self.digest.as_ref()
    }

    /// The value of the `ETag`, without quotes.
    pub(crate) fn tag(&self) -> String {
        match (&self.content, self.digest) {
            (_, Some(digest)) => const_hex::encode(digest.get(..16).unwrap_or_default()),
            (Content::Memory(bytes), None) => {
                const_hex::encode(Sha256::digest(bytes).get(..16).unwrap_or_default())
            }
            (_, None) => format!("{:032x}", self.len()),
        }
    }

    /// A synchronous reader. A padded blob does not have one.
    pub(crate) fn reader(&self) -> io::Result<Box<dyn ReadSeek>> {
        match &self.content {
            Content::Memory(bytes) => Ok(Box::new(io::Cursor::new(bytes.clone()))),
            Content::Disk(file, _) => Ok(Box::new(file.reopen()?)),
            Content::Padded(..) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// A body of the bytes from `start` to before `end`.
    pub(crate) fn body(&self, start: u64, end: u64) -> Body {
        match &self.content {
            Content::Memory(bytes) => full_body(bytes.slice(start as usize..end as usize)),
            Content::Padded(beginning, _) => padded(beginning.clone(), start, end),
            Content::Disk(file, _) => from_disk(Arc::clone(file), start, end),
        }
    }
}

/// A reader that can seek, as zip archives need it.
pub(crate) trait ReadSeek: io::Read + io::Seek {}

impl<T: io::Read + io::Seek> ReadSeek for T {}

/// The bytes of a padded blob from `start` to before `end`.
fn padded(beginning: Bytes, start: u64, end: u64) -> Body {
    let zeros = Bytes::from(vec![0; CHUNK]);
    let chunks = stream::unfold(start, move |at| {
        let (beginning, zeros) = (beginning.clone(), zeros.clone());
        async move {
            let left = end.checked_sub(at).filter(|left| *left > 0)?;
            let piece = match beginning.len() as u64 > at {
                true => beginning.slice(at as usize..),
                false => zeros,
            };
            let piece = piece.slice(..piece.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
            let next = at + piece.len() as u64;
            Some((Ok(Frame::data(piece)), next))
        }
    });
    StreamBody::new(chunks).boxed_unsync()
}

/// The bytes of a temporary file from `start` to before `end`.
fn from_disk(file: Arc<NamedTempFile>, start: u64, end: u64) -> Body {
    let chunks = stream::unfold((None, start), move |(open, at)| {
        // The reference keeps the file until the body is dropped.
        let file = Arc::clone(&file);
        async move {
            let left = end.checked_sub(at).filter(|left| *left > 0)?;
            let read = async {
                let mut open = match open {
                    Some(open) => open,
                    None => {
                        let mut open = tokio::fs::File::open(file.path()).await?;
                        open.seek(SeekFrom::Start(at)).await?;
                        open
                    }
                };
                let mut chunk = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
                let length = open.read(&mut chunk).await?;
                chunk.truncate(length);
                if length == 0 {
                    Err(io::Error::from(io::ErrorKind::UnexpectedEof))
                } else {
                    Ok((open, chunk))
                }
            };
            match read.await {
                Ok((open, chunk)) => {
                    let next = at + chunk.len() as u64;
                    Some((Ok(Frame::data(Bytes::from(chunk))), (Some(open), next)))
                }
                Err(_) => Some((Err(Disconnect), (None, end))),
            }
        }
    });
    StreamBody::new(chunks).boxed_unsync()
}

/// Collects the bytes of a blob.
pub(crate) struct Spool {
    /// The bytes, until they exceed [`MEMORY_LIMIT`].
    memory: Vec<u8>,
    /// All bytes, after that.
    disk: Option<NamedTempFile>,
    /// The first bytes.
    head: Vec<u8>,
    length: u64,
    digest: Sha256,
}

impl Spool {
    /// An empty spool.
    pub(crate) fn new() -> Self {
        Self { memory: Vec::new(), disk: None, head: Vec::new(), length: 0, digest: Sha256::new() }
    }

    /// Number of bytes so far.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, chunk: Bytes) -> Result<(), ApiError> {
        let missing = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(chunk.get(..missing.min(chunk.len())).unwrap_or_default());
        self.length += chunk.len() as u64;
        self.digest.update(&chunk);
        self.append(&chunk).map_err(|error| ApiError::internal(format!("the file cannot be stored: {error}")))
    }

    /// Appends bytes in memory, or in a temporary file.
    fn append(&mut self, chunk: &[u8]) -> io::Result<()> {
        if let Some(disk) = &mut self.disk {
            return disk.write_all(chunk);
        }
        self.memory.extend_from_slice(chunk);
        if self.memory.len() > MEMORY_LIMIT {
            let mut disk = NamedTempFile::new()?;
            disk.write_all(&std::mem::take(&mut self.memory))?;
            self.disk = Some(disk);
        }
        Ok(())
    }

    /// The blob of all bytes.
    pub(crate) fn finish(self) -> Result<Blob, ApiError> {
        let content = match self.disk {
            None => Content::Memory(self.memory.into()),
            Some(mut disk) => {
                disk.flush()
                    .map_err(|error| ApiError::internal(format!("the file cannot be stored: {error}")))?;
                Content::Disk(Arc::new(disk), self.length)
            }
        };
        Ok(Blob { content, head: self.head.into(), digest: Some(self.digest.finalize().into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(blob: &Blob, start: u64, end: u64) -> Vec<u8> {
        blob.body(start, end).collect().await.unwrap().to_bytes().to_vec()
    }

    #[tokio::test]
    async fn large_contents_are_stored_on_disk() {
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
        let mut spool = Spool::new();
        for chunk in bytes.chunks(70_000) {
            spool.write(Bytes::copy_from_slice(chunk)).unwrap();
        }
        assert!(spool.disk.is_some());
        let blob = spool.finish().unwrap();
        assert_eq!(blob.len(), 1_000_000);
        assert_eq!(blob.digest().unwrap().as_slice(), Sha256::digest(&bytes).as_slice());
        assert_eq!(read(&blob, 0, 1_000_000).await, bytes);
        assert_eq!(read(&blob, 300_000, 300_010).await, bytes[300_000..300_010]);
    }

    #[tokio::test]
    async fn padding_is_generated_when_it_is_read() {
        let blob = Blob::padded(Bytes::from_static(b"begin"), 200_000);
        assert_eq!(read(&blob, 3, 8).await, b"in\0\0\0");
        assert_eq!(read(&blob, 0, 200_000).await.len(), 200_000);
    }
}
