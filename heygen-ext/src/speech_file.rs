//! Speech as one WAV file.

use std::io::SeekFrom;
use std::path::Path;

use futures_util::TryStreamExt;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::error::Error;
use crate::stream::{SpeechChunk, SpeechStream};

/// The length of the header that this module writes, in bytes.
const HEADER: u32 = 44;

/// The format of samples: the first 16 bytes of the chunk `fmt `.
type Format = [u8; 16];

impl SpeechStream {
    /// Writes the speech into one WAV file: one header, and the samples of all parts behind it. Returns the number of bytes.
    ///
    /// It replaces an existing file. If it fails, the file has the parts that had arrived, with a valid header.
    ///
    /// ```no_run
    /// # async fn example(heygen: heygen_ext::HeyGen) -> Result<(), heygen_ext::Error> {
    /// use heygen_ext::heygen_api::types::StreamModelSpeechRequest;
    ///
    /// let request =
    ///     StreamModelSpeechRequest::builder().voice_id("VOICE_ID").text("Hello");
    /// heygen.speak(request).await?.to_path("hello.wav").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The speech fails, a part is not a WAV file of the same format as the first, or the file cannot be written.
    pub async fn to_path(mut self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let path = path.as_ref();
        let failed = |error| Error::file(format!("cannot write the speech to {}", path.display()), error);
        let mut file = File::create(path).await.map_err(failed)?;
        let (mut first, mut samples) = (None::<Format>, 0_u32);
        while let Some(chunk) = self.try_next().await? {
            let SpeechChunk::Audio(wav) = chunk else { continue };
            let (format, pcm) = read(&wav).map_err(|problem| failed(invalid(problem)))?;
            if first.is_none() {
                first = Some(format);
                file.write_all(&header(format, 0)).await.map_err(failed)?;
            }
            if first != Some(format) {
                return Err(failed(invalid("a part of the speech has another sample format than the first")));
            }
            let added = u32::try_from(pcm.len()).ok().and_then(|added| samples.checked_add(added));
            let too_long = || failed(invalid("the speech is longer than a WAV file can be: 4 GiB"));
            samples = added.filter(|samples| *samples <= u32::MAX - HEADER).ok_or_else(too_long)?;
            file.write_all(pcm).await.map_err(failed)?;
            // The file is valid after every part.
            file.rewind().await.map_err(failed)?;
            file.write_all(&header(format, samples)).await.map_err(failed)?;
            file.seek(SeekFrom::End(0)).await.map_err(failed)?;
        }
        file.sync_all().await.map_err(failed)?;
        Ok(first.map_or(0, |_| u64::from(HEADER) + u64::from(samples)))
    }
}

fn invalid(problem: &'static str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, problem)
}

/// Returns the format and the samples of a WAV file.
fn read(wav: &[u8]) -> Result<(Format, &[u8]), &'static str> {
    const DAMAGED: &str = "a part of the speech is not a complete WAV file";
    let mut rest = wav.strip_prefix(b"RIFF").and_then(|rest| rest.get(4..)).ok_or(DAMAGED)?;
    rest = rest.strip_prefix(b"WAVE").ok_or(DAMAGED)?;
    let mut format = None;
    while let Some((name, after)) = rest.split_first_chunk::<4>() {
        let (length, after) = after.split_first_chunk::<4>().ok_or(DAMAGED)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| DAMAGED)?;
        // A stream may not know the length of its samples: they are all that follows.
        let length = if name == b"data" { length.min(after.len()) } else { length };
        let content = after.get(..length).ok_or(DAMAGED)?;
        match name {
            b"fmt " => format = content.first_chunk::<16>().copied(),
            b"data" => return Ok((format.ok_or(DAMAGED)?, content)),
            _ => {}
        }
        rest = after.get(length + length % 2..).unwrap_or_default();
    }
    Err(DAMAGED)
}

/// The header of a WAV file with this many bytes of samples.
fn header(format: Format, samples: u32) -> Vec<u8> {
    let size = samples.saturating_add(HEADER - 8);
    [
        b"RIFF",
        &size.to_le_bytes()[..],
        b"WAVEfmt ",
        &16_u32.to_le_bytes(),
        &format,
        b"data",
        &samples.to_le_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = [1, 0, 1, 0, 0x44, 0xac, 0, 0, 0x88, 0x58, 1, 0, 2, 0, 16, 0];

    #[test]
    fn a_written_file_is_read() {
        let wav = [header(FORMAT, 4), vec![1, 2, 3, 4]].concat();
        assert_eq!(wav.len(), 48);
        assert_eq!(read(&wav), Ok((FORMAT, &[1, 2, 3, 4][..])));
    }

    #[test]
    fn other_chunks_are_skipped_and_a_damaged_file_is_refused() {
        let wav = [header(FORMAT, 4), vec![1, 2, 3, 4]].concat();
        let (before, data) = wav.split_at(36);
        let odd = [before, b"LIST\x03\0\0\0abc\0", data].concat();
        assert_eq!(read(&odd), Ok((FORMAT, &[1, 2, 3, 4][..])));
        let streamed = [before, b"data\xff\xff\xff\xff", &[5, 6]].concat();
        assert_eq!(read(&streamed), Ok((FORMAT, &[5, 6][..])));
        for damaged in [&wav[..40], &wav[..20], &wav[1..], b"", &[before, b"LIST\xff\0\0\0a"].concat()] {
            assert!(read(damaged).is_err());
        }
    }
}
