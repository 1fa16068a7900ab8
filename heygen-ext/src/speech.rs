//! A speech of a model: as a stream of its parts, or as one file.

use std::fmt;
use std::io::{self, SeekFrom};
use std::path::PathBuf;

use futures_util::TryStreamExt;
use heygen_api::builder::StreamModelSpeechBuilder;
use heygen_api::types::StreamModelSpeechRequest;
use heygen_api::{BoxFuture, IntoValue};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::client_context::ClientContext;
use crate::error::Error;
use crate::new_file::NewFile;
use crate::stream::{SpeechChunk, SpeechStream};
use crate::wav::{self, Wav};

/// A speech that has not started yet, from [`HeyGen::speak`](crate::HeyGen::speak).
///
/// `.await` starts it, and returns a [`SpeechStream`] of its parts. [`to_path`](Self::to_path) writes it to a file instead.
#[must_use = "nothing is spoken until it is awaited, or written to a path"]
pub struct Speech(StreamModelSpeechBuilder);

impl Speech {
    pub(crate) fn new(context: &ClientContext, request: impl IntoValue<StreamModelSpeechRequest>) -> Self {
        Self(context.api.stream_model_speech().body(request))
    }

    /// Starts the speech, as `.await` does.
    ///
    /// # Errors
    ///
    /// The service refused the request, or did not answer.
    pub async fn send(self) -> Result<SpeechStream, Error> {
        Ok(SpeechStream::new(self.0.await?.into_inner()))
    }

    /// Writes the whole speech to a WAV file at `path`, whose folder must exist. `.await` starts the speech, and returns the
    /// path.
    ///
    /// The service sends each part of a speech as a WAV file of its own. The file has one header, and the samples of all parts
    /// in order. It appears when it is complete and on disk; after a failure, or if the future is dropped, nothing remains. An
    /// existing file is an error, unless [`overwrite(true)`](SpeechToPath::overwrite) allows the speech to replace it.
    ///
    /// ```no_run
    /// use heygen_ext::HeyGen;
    /// use heygen_ext::heygen_api::types::StreamModelSpeechRequest;
    ///
    /// # async fn example(heygen: HeyGen) -> Result<(), heygen_ext::Error> {
    /// let request = StreamModelSpeechRequest::builder()
    ///     .voice_id("VOICE_ID")
    ///     .language("en")
    ///     .text("Hello");
    /// heygen.speak(request).to_path("hello.wav").overwrite(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_path(self, path: impl Into<PathBuf>) -> SpeechToPath {
        SpeechToPath { speech: self, path: path.into(), overwrite: false }
    }
}

impl IntoFuture for Speech {
    type Output = Result<SpeechStream, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Speech")
    }
}

/// A speech to a file, from [`Speech::to_path`].
#[must_use = "nothing is spoken until it is awaited"]
#[derive(Debug)]
pub struct SpeechToPath {
    speech: Speech,
    path: PathBuf,
    overwrite: bool,
}

impl SpeechToPath {
    /// Sets whether an existing file is replaced. By default, an existing file is an error.
    pub fn overwrite(mut self, allowed: bool) -> Self {
        self.overwrite = allowed;
        self
    }

    /// Speaks to the file, as `.await` does. Returns the path.
    ///
    /// # Errors
    ///
    /// [`File`](crate::ErrorKind::File): the path exists, or cannot be written; this is checked before the request is sent.
    /// [`Decode`](crate::ErrorKind::Decode): a part is not a WAV file, or differs in its format. Otherwise as for
    /// [`Speech::send`] and the items of a [`SpeechStream`]. A speech that broke off is not repeated.
    pub async fn send(self) -> Result<PathBuf, Error> {
        let Self { speech, path, overwrite } = self;
        let new_file = NewFile::create(&path, overwrite)?;
        let fail = |error| new_file.problem(error);
        let mut file = new_file.open()?;
        let mut stream = speech.send().await?;
        // The format of the first part, and the bytes of all samples.
        let (mut format, mut length) = (None::<Vec<u8>>, 0);
        let header = |format: &[u8], length| wav::header(format, length).ok_or_else(|| fail(too_long()));
        while let Some(chunk) = stream.try_next().await? {
            let SpeechChunk::Audio(part) = chunk else { continue };
            let part = Wav::parse(&part).map_err(|problem| stream.invalid_part(problem))?;
            match &format {
                Some(first) if first != part.format => {
                    return Err(stream.invalid_part("has another sample format than the first part"));
                }
                Some(_) => {}
                None => {
                    file.write_all(&header(part.format, 0)?).await.map_err(fail)?;
                    format = Some(part.format.to_vec());
                }
            }
            file.write_all(part.samples).await.map_err(fail)?;
            length += part.samples.len() as u64;
        }
        let Some(format) = format else {
            return Err(Error::speech("the speech has ended without audio".to_owned()));
        };
        if length % 2 == 1 {
            file.write_all(&[0]).await.map_err(fail)?;
        }
        file.seek(SeekFrom::Start(0)).await.map_err(fail)?;
        file.write_all(&header(&format, length)?).await.map_err(fail)?;
        new_file.finish(file).await
    }
}

fn too_long() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        "the speech is too long for a WAV file, which has at most 4 GiB",
    )
}

impl IntoFuture for SpeechToPath {
    type Output = Result<PathBuf, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
