//! A file on the disk, read a chunk ahead on a thread that may wait for the disk, and summed up there.

use std::fs;
use std::io::{self, Read};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::checksum::RunningChecksum;

pub(super) struct ReadAhead {
    state: State,
}

enum State {
    Idle(Held),
    Coming(JoinHandle<(Held, io::Result<Bytes>)>),
    Lost,
}

/// What the thread works with.
struct Held {
    file: fs::File,
    summing: Option<RunningChecksum>,
}

impl ReadAhead {
    pub(super) fn new(file: fs::File, summing: Option<RunningChecksum>) -> Self {
        Self { state: State::Idle(Held { file, summing }) }
    }

    /// The next bytes: as many as are wanted, or all that are left. Meanwhile the thread gets as many as are wanted then.
    pub(super) async fn read(&mut self, wanted: usize, then: usize) -> io::Result<Bytes> {
        let coming = match std::mem::replace(&mut self.state, State::Lost) {
            State::Idle(held) => spawn_blocking(move || held.read(wanted)),
            State::Coming(coming) => coming,
            State::Lost => return Err(io::Error::other("the file was read before and failed")),
        };
        let (held, chunk) = coming.await?;
        let chunk = chunk?;
        let whole = chunk.len() == wanted;
        self.state = match then {
            then if whole && then > 0 => State::Coming(spawn_blocking(move || held.read(then))),
            _ => State::Idle(held),
        };
        Ok(chunk)
    }

    /// What the system says of the file now; after the last byte was read.
    pub(super) async fn metadata(&mut self) -> io::Result<fs::Metadata> {
        match std::mem::replace(&mut self.state, State::Lost) {
            State::Idle(held) => {
                let (held, metadata) = spawn_blocking(move || {
                    let metadata = held.file.metadata();
                    (held, metadata)
                })
                .await?;
                self.state = State::Idle(held);
                metadata
            }
            _ => Err(io::Error::other("the file is still being read")),
        }
    }

    /// The sum of what was read.
    pub(super) fn finish(&mut self) {
        if let State::Idle(held) = &mut self.state
            && let Some(summing) = held.summing.take()
        {
            summing.finish();
        }
    }
}

impl Held {
    fn read(mut self, wanted: usize) -> (Self, io::Result<Bytes>) {
        let mut chunk = Vec::with_capacity(wanted);
        let read = (&mut self.file).take(wanted as u64).read_to_end(&mut chunk);
        if let Some(summing) = &mut self.summing {
            summing.add(&chunk);
        }
        (self, read.map(|_| chunk.into()))
    }
}
