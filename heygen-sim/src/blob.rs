//! Contents of files: built in, in memory, or on the disk.

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
use crate::reply::{Body, Cut, whole};

/// Contents above so many bytes go to a temporary file: an upload of a gigabyte must not fill the memory.
const MEMORY_LIMIT: usize = 256 * 1024;

/// Bytes that are read from a file at once.
const CHUNK: usize = 64 * 1024;

/// Bytes of the beginning that are kept for telling what a file is.
const HEAD: usize = 512;

/// The contents of a file.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    content: Content,
    head: Bytes,
    digest: Option<[u8; 32]>,
}

#[derive(Debug, Clone)]
enum Content {
    Memory(Bytes),
    Disk(Arc<NamedTempFile>, u64),
    /// A beginning, and zeros up to the length.
    Padded(Bytes, u64),
}

impl Blob {
    pub(crate) fn built_in(bytes: &'static [u8]) -> Self {
        let bytes = Bytes::from_static(bytes);
        Self { head: bytes.slice(..bytes.len().min(HEAD)), content: Content::Memory(bytes), digest: None }
    }

    /// A beginning, filled up with zeros that are made as they are read.
    pub(crate) fn padded(beginning: Bytes, length: u64) -> Self {
        let length = length.max(beginning.len() as u64);
        Self { head: Bytes::new(), content: Content::Padded(beginning, length), digest: None }
    }

    pub(crate) fn len(&self) -> u64 {
        match &self.content {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::Disk(_, length) | Content::Padded(_, length) => *length,
        }
    }

    /// The beginning, which tells what kind of file it is.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// SHA-256 of an uploaded file.
    pub(crate) fn digest(&self) -> Option<&[u8; 32]> {
        self.digest.as_ref()
    }

    /// What stands for the content in an `ETag`.
    pub(crate) fn tag(&self) -> String {
        match (&self.content, self.digest) {
            (_, Some(digest)) => const_hex::encode(digest.get(..16).unwrap_or_default()),
            (Content::Memory(bytes), None) => {
                const_hex::encode(Sha256::digest(bytes).get(..16).unwrap_or_default())
            }
            (_, None) => format!("{:032x}", self.len()),
        }
    }

    /// A reader for formats that need one.
    pub(crate) fn reader(&self) -> io::Result<Box<dyn ReadSeek>> {
        match &self.content {
            Content::Memory(bytes) => Ok(Box::new(io::Cursor::new(bytes.clone()))),
            Content::Disk(file, _) => Ok(Box::new(file.reopen()?)),
            Content::Padded(..) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// The bytes from `start` up to `end`.
    pub(crate) fn body(&self, start: u64, end: u64) -> Body {
        match &self.content {
            Content::Memory(bytes) => whole(bytes.slice(start as usize..end as usize)),
            Content::Padded(beginning, _) => padded(beginning.clone(), start, end),
            Content::Disk(file, _) => from_disk(Arc::clone(file), start, end),
        }
    }
}

/// What a zip is read from.
pub(crate) trait ReadSeek: io::Read + io::Seek {}

impl<T: io::Read + io::Seek> ReadSeek for T {}

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

fn from_disk(file: Arc<NamedTempFile>, start: u64, end: u64) -> Body {
    let chunks = stream::unfold((None, start), move |(open, at)| {
        // The file lives as long as somebody reads it.
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
                Err(_) => Some((Err(Cut), (None, end))),
            }
        }
    });
    StreamBody::new(chunks).boxed_unsync()
}

/// Takes bytes in.
pub(crate) struct Spool {
    memory: Vec<u8>,
    disk: Option<NamedTempFile>,
    head: Vec<u8>,
    length: u64,
    digest: Sha256,
}

impl Spool {
    pub(crate) fn new() -> Self {
        Self { memory: Vec::new(), disk: None, head: Vec::new(), length: 0, digest: Sha256::new() }
    }

    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    pub(crate) fn write(&mut self, chunk: Bytes) -> Result<(), ApiError> {
        let missing = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(chunk.get(..missing.min(chunk.len())).unwrap_or_default());
        self.length += chunk.len() as u64;
        self.digest.update(&chunk);
        self.keep(&chunk).map_err(|error| ApiError::internal(format!("the file cannot be kept: {error}")))
    }

    fn keep(&mut self, chunk: &[u8]) -> io::Result<()> {
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

    pub(crate) fn finish(self) -> Result<Blob, ApiError> {
        let content = match self.disk {
            None => Content::Memory(self.memory.into()),
            Some(mut disk) => {
                disk.flush()
                    .map_err(|error| ApiError::internal(format!("the file cannot be kept: {error}")))?;
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
    async fn large_contents_go_to_the_disk_and_come_back() {
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
    async fn padding_is_made_as_it_is_read() {
        let blob = Blob::padded(Bytes::from_static(b"begin"), 200_000);
        assert_eq!(read(&blob, 3, 8).await, b"in\0\0\0");
        assert_eq!(read(&blob, 0, 200_000).await.len(), 200_000);
    }
}
