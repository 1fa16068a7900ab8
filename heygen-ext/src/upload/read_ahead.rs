//! Reads a file one chunk ahead on a blocking thread, and computes its checksum there.

use std::fs;
use std::io::{self, Read};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::checksum::RunningChecksum;

/// Reads a file one chunk ahead.
pub(super) struct ReadAhead {
    state: State,
}

enum State {
    Idle(Reader),
    Reading(JoinHandle<(Reader, io::Result<Bytes>)>),
    Failed,
}

/// The state that the blocking thread uses.
struct Reader {
    file: fs::File,
    checksum: Option<RunningChecksum>,
}

impl ReadAhead {
    pub(super) fn new(file: fs::File, checksum: Option<RunningChecksum>) -> Self {
        Self { state: State::Idle(Reader { file, checksum }) }
    }

    /// Returns the next `wanted` bytes, or fewer at the end of the file. Starts to read the `next` bytes after them.
    pub(super) async fn read(&mut self, wanted: usize, next: usize) -> io::Result<Bytes> {
        let reading = match std::mem::replace(&mut self.state, State::Failed) {
            State::Idle(reader) => spawn_blocking(move || reader.read(wanted)),
            State::Reading(reading) => reading,
            State::Failed => return Err(io::Error::other("an earlier read of the file failed")),
        };
        let (reader, chunk) = reading.await?;
        let chunk = chunk?;
        let is_full = chunk.len() == wanted;
        self.state = match next {
            next if is_full && next > 0 => State::Reading(spawn_blocking(move || reader.read(next))),
            _ => State::Idle(reader),
        };
        Ok(chunk)
    }

    /// Returns the current metadata of the file. It must be called after the last byte was read.
    pub(super) async fn metadata(&mut self) -> io::Result<fs::Metadata> {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Idle(reader) => {
                let (reader, metadata) = spawn_blocking(move || {
                    let metadata = reader.file.metadata();
                    (reader, metadata)
                })
                .await?;
                self.state = State::Idle(reader);
                metadata
            }
            _ => Err(io::Error::other("the file is still being read")),
        }
    }

    /// Completes the checksum.
    pub(super) fn finish(&mut self) {
        if let State::Idle(reader) = &mut self.state
            && let Some(checksum) = reader.checksum.take()
        {
            checksum.finish();
        }
    }
}

impl Reader {
    fn read(mut self, wanted: usize) -> (Self, io::Result<Bytes>) {
        let mut chunk = Vec::with_capacity(wanted);
        let read = (&mut self.file).take(wanted as u64).read_to_end(&mut chunk);
        if let Some(checksum) = &mut self.checksum {
            checksum.add(&chunk);
        }
        (self, read.map(|_| chunk.into()))
    }
}
