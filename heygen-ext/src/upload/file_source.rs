//! A file that a program wants uploaded: a path, bytes, or a reader.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use bytes::Bytes;
use tokio::io::AsyncRead;

pub(super) type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// A file to be uploaded: where its bytes are, its name, and its type where the content does not tell.
///
/// ```
/// use heygen_ext::FileSource;
///
/// let from_disk = FileSource::path("talks/launch.mp4");
/// let in_memory = FileSource::bytes("photo.png", vec![0x89, b'P', b'N', b'G']);
/// let speech = FileSource::reader("speech.mp3", 3, &b"ID3"[..]);
/// let speech = speech.media_type("audio/mpeg");
/// # let _ = (from_disk, in_memory, speech);
/// ```
#[must_use]
pub struct FileSource {
    pub(super) name: Option<String>,
    pub(super) media: Option<String>,
    pub(super) source: Source,
}

pub(super) enum Source {
    Path(PathBuf),
    Bytes(Bytes),
    Reader { size: u64, reader: Reader },
}

impl FileSource {
    /// The file at `path`, read as it is sent: it is never in memory as a whole. It must not change until it is uploaded;
    /// when it does, the upload fails. Its name is the last part of the path.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self { name: None, media: None, source: Source::Path(path.into()) }
    }

    /// A file of that name that is in memory; it is not copied.
    pub fn bytes(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self { name: Some(name.into()), media: None, source: Source::Bytes(content.into()) }
    }

    /// A file of that name, of exactly `size` bytes, from a reader. When the reader yields more or fewer, the upload fails.
    ///
    /// A reader can be read only once. Sent as a form, it is therefore not sent a second time when the network fails. A
    /// direct upload first writes it to a temporary file, which takes as much room on the disk and goes away afterwards.
    pub fn reader(name: impl Into<String>, size: u64, reader: impl AsyncRead + Send + 'static) -> Self {
        let source = Source::Reader { size, reader: Box::pin(reader) };
        Self { name: Some(name.into()), media: None, source }
    }

    /// Gives the file another name; the service keeps it beside the asset.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sends the file as this type, such as `video/mp4`, whatever its content and name say. The service still looks for
    /// itself: a type that is not the content's is refused there.
    pub fn media_type(mut self, media: impl Into<String>) -> Self {
        self.media = Some(media.into());
        self
    }

    /// How errors name the file.
    pub(super) fn label(&self) -> String {
        match &self.source {
            Source::Path(path) => path.display().to_string(),
            _ => self.name.clone().unwrap_or_default(),
        }
    }

    /// The name under which it goes up.
    pub(super) fn file_name(&self) -> String {
        let from_path = || match &self.source {
            Source::Path(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
            _ => None,
        };
        self.name.clone().or_else(from_path).unwrap_or_else(|| "file".to_owned())
    }
}

impl From<PathBuf> for FileSource {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<&str> for FileSource {
    fn from(path: &str) -> Self {
        Self::path(path)
    }
}

impl From<&Path> for FileSource {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSource")
            .field("file", &self.label())
            .field("media_type", &self.media)
            .finish_non_exhaustive()
    }
}
