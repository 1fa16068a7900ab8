//! The file of an upload: a path, bytes, or a reader.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use bytes::Bytes;
use tokio::io::AsyncRead;

pub(super) type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// A file to upload: its content, its name, and its type if the content does not show it.
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
    /// Creates a file source from the file at `path`. It is read while it is sent, in chunks. If the file changes during the
    /// upload, the upload fails. The name is the last component of the path.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self { name: None, media: None, source: Source::Path(path.into()) }
    }

    /// Creates a file source from a name and bytes in memory, which are not copied.
    pub fn bytes(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self { name: Some(name.into()), media: None, source: Source::Bytes(content.into()) }
    }

    /// Creates a file source from a name and a reader of exactly `size` bytes. If the reader yields more or fewer bytes, the
    /// upload fails.
    ///
    /// A reader can be read only once. Therefore an upload as a form is not repeated if the network fails. A direct upload
    /// first writes the content to a temporary file, and deletes it afterwards.
    pub fn reader(name: impl Into<String>, size: u64, reader: impl AsyncRead + Send + 'static) -> Self {
        let source = Source::Reader { size, reader: Box::pin(reader) };
        Self { name: Some(name.into()), media: None, source }
    }

    /// Sets the name of the file, which the service stores with the asset.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the type of the file, such as `video/mp4`, instead of detecting it from the content and the name. The service
    /// checks the content too, and refuses a type that does not match.
    pub fn media_type(mut self, media: impl Into<String>) -> Self {
        self.media = Some(media.into());
        self
    }

    /// The name of the file in errors.
    pub(super) fn label(&self) -> String {
        match &self.source {
            Source::Path(path) => path.display().to_string(),
            _ => self.name.clone().unwrap_or_default(),
        }
    }

    /// The name that is sent to the service.
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
