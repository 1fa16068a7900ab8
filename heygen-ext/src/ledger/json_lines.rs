//! A ledger in a file with one JSON object in each line.
//!
//! The first line has the version: `{"heygen_ledger":1}`. Every other line is a change: `{"begin":ENTRY}`,
//! `{"submitted":{"id":…,"jobs":[…]}}`, `{"ended":{"id":…,"job":…,"end":…}}` or `{"forget":{"id":…}}`. Lines are only added.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use heygen_api::BoxFuture;
use serde_json::{Value, json};

use super::entry::{Entry, JobEnd, member};
use super::{Ledger, VERSION};
use crate::error::Error;
use crate::jobs::handle::JobHandle;
use crate::private_file;

/// A ledger in a file of JSON lines, which one process uses at a time.
///
/// The file is locked while it is open. A line that was cut when a process was killed is removed, with a warning in the log; a
/// file that is damaged elsewhere is refused, with the number of the line.
#[derive(Debug)]
pub struct JsonLines(Mutex<Lines>);

#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: File,
    entries: BTreeMap<String, Entry>,
    /// Length of the whole lines in bytes.
    length: usize,
    /// Ids in the order of their entries.
    order: Vec<String>,
    /// Entries that this process has begun once, and that were not there before.
    begun: BTreeSet<String>,
}

/// A line after the first.
#[derive(Debug)]
enum Change {
    Begin(Entry),
    Submitted { id: String, jobs: Vec<JobHandle> },
    Ended { id: String, job: JobHandle, end: JobEnd },
    Forget { id: String },
}

impl Change {
    fn written(&self) -> Value {
        match self {
            Self::Begin(entry) => json!({ "begin": entry }),
            Self::Submitted { id, jobs } => json!({"submitted": {"id": id, "jobs": jobs}}),
            Self::Ended { id, job, end } => json!({"ended": {"id": id, "job": job, "end": end}}),
            Self::Forget { id } => json!({"forget": {"id": id}}),
        }
    }

    fn read(mut line: Value) -> Result<Self, serde_json::Error> {
        if line.get("begin").is_some() {
            return member(&mut line, "begin").map(Self::Begin);
        }
        let mut inside = |name: &str| line.get_mut(name).map(Value::take);
        if let Some(mut change) = inside("submitted") {
            return Ok(Self::Submitted {
                id: member(&mut change, "id")?,
                jobs: member(&mut change, "jobs")?,
            });
        }
        if let Some(mut change) = inside("ended") {
            let (id, job) = (member(&mut change, "id")?, member(&mut change, "job")?);
            return Ok(Self::Ended { id, job, end: member(&mut change, "end")? });
        }
        match inside("forget") {
            Some(mut change) => Ok(Self::Forget { id: member(&mut change, "id")? }),
            None => Err(serde::de::Error::custom("the line is not a change of a ledger")),
        }
    }
}

/// The first line.
fn head() -> Value {
    json!({ "heygen_ledger": VERSION })
}

impl JsonLines {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, another process uses it, it was written by a newer version, or it is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let name = path.display();
        let mut file = private_file::create(path)
            .map_err(|error| Error::file(format!("cannot open the ledger {name}"), error))?;
        file.try_lock().map_err(|error| {
            Error::ledger(format!("cannot lock the ledger {name}: {error}; if another process uses it, wait for its end, or use `Sqlite`"))
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|error| Error::file(format!("cannot read the ledger {name}"), error))?;
        let mut lines = Lines {
            path: path.to_owned(),
            file,
            length: 0,
            entries: BTreeMap::new(),
            order: Vec::new(),
            begun: BTreeSet::new(),
        };
        lines.read(&bytes)?;
        lines.cut(bytes.len())?;
        if lines.length == 0 {
            lines.write(&head())?;
            lines.sync_folder()?;
        }
        Ok(Self(Mutex::new(lines)))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Lines) -> Result<T, Error>) -> Result<T, Error> {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Lines {
    /// Reads all whole lines.
    fn read(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let damaged =
                |problem: String| Error::ledger(format!("{}:{}: {problem}", self.path.display(), index + 1));
            let other_file = || {
                damaged(
                    "the first line is not that of a ledger, `{\"heygen_ledger\":1}`; use another file"
                        .to_owned(),
                )
            };
            if !line.ends_with(b"\n") {
                // A process was killed while it wrote this line. A file with only one line may be a file of something else.
                if index == 0 && !head().to_string().as_bytes().starts_with(line) {
                    return Err(other_file());
                }
                break;
            }
            if index == 0 {
                let head = serde_json::from_slice::<Value>(line).ok();
                let version = head.as_ref().and_then(|head| head.get("heygen_ledger")?.as_u64());
                let version = version.ok_or_else(other_file)?;
                if version > u64::from(VERSION) {
                    return Err(damaged(format!(
                        "the ledger has version {version}, but this program reads up to {VERSION}; update heygen-ext"
                    )));
                }
            } else {
                let change = serde_json::from_slice(line).and_then(Change::read).map_err(|error| {
                    damaged(format!("the line is damaged: {error}; restore the file, or remove the line"))
                })?;
                self.apply(change);
            }
            self.length += line.len();
        }
        Ok(())
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::file(format!("cannot write the ledger {}", self.path.display()), error)
    }

    /// Removes a last line that is not whole.
    fn cut(&mut self, length: usize) -> Result<(), Error> {
        if self.length < length {
            let bytes = length - self.length;
            tracing::warn!(ledger = %self.path.display(), bytes, "removed a line that was cut");
        }
        self.truncate().map_err(|error| self.failed(error))
    }

    /// Removes what is behind the last whole line.
    fn truncate(&mut self) -> io::Result<()> {
        self.file.set_len(self.length as u64)?;
        self.file.seek(SeekFrom::Start(self.length as u64))?;
        Ok(())
    }

    /// Makes the name of a new file durable, too.
    fn sync_folder(&self) -> Result<(), Error> {
        #[cfg(unix)]
        {
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = File::open(folder.unwrap_or(Path::new(".")));
            folder.and_then(|folder| folder.sync_all()).map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Begin(entry) => {
                if !self.entries.contains_key(&entry.id) {
                    self.order.push(entry.id.clone());
                    self.entries.insert(entry.id.clone(), entry);
                }
            }
            Change::Submitted { id, jobs } => {
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.add_jobs(&jobs);
                }
            }
            Change::Ended { id, job, end } => {
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.end_job(&job, &end);
                }
            }
            Change::Forget { id } => {
                self.entries.remove(&id);
                self.order.retain(|one| *one != id);
            }
        }
    }

    /// Writes a line, to the disk. A line that could not be written is removed, so that the next one is not joined to it.
    fn write(&mut self, line: &Value) -> Result<(), Error> {
        let text = format!("{line}\n");
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.truncate().map_err(|error| self.failed(error))?;
            return Err(self.failed(error));
        }
        self.length += text.len();
        Ok(())
    }

    fn record(&mut self, change: Change) -> Result<(), Error> {
        self.write(&change.written())?;
        self.apply(change);
        Ok(())
    }
}

impl Ledger for JsonLines {
    fn begin<'a>(&'a self, entry: &'a Entry) -> BoxFuture<'a, Result<(Entry, bool), Error>> {
        Box::pin(async move {
            self.with(|lines| {
                if let Some(known) = lines.entries.get(&entry.id) {
                    lines.begun.remove(&entry.id);
                    return Ok((known.clone(), true));
                }
                lines.record(Change::Begin(entry.clone()))?;
                lines.begun.insert(entry.id.clone());
                Ok((entry.clone(), false))
            })
        })
    }

    fn submitted<'a>(&'a self, id: &'a str, jobs: &'a [JobHandle]) -> BoxFuture<'a, Result<(), Error>> {
        let change = Change::Submitted { id: id.to_owned(), jobs: jobs.to_vec() };
        Box::pin(async move { self.with(|lines| lines.record(change)) })
    }

    fn ended<'a>(
        &'a self,
        id: &'a str,
        job: &'a JobHandle,
        end: &'a JobEnd,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let change = Change::Ended { id: id.to_owned(), job: job.clone(), end: end.clone() };
        Box::pin(async move { self.with(|lines| lines.record(change)) })
    }

    fn withdraw<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.with(|lines| {
                let has_jobs = lines.entries.get(id).is_none_or(|entry| !entry.jobs.is_empty());
                match lines.begun.contains(id) && !has_jobs {
                    true => lines.record(Change::Forget { id: id.to_owned() }),
                    false => Ok(()),
                }
            })
        })
    }

    fn forget<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.with(|lines| lines.record(Change::Forget { id: id.to_owned() })) })
    }

    fn entries(&self) -> BoxFuture<'_, Result<Vec<Entry>, Error>> {
        Box::pin(async move {
            self.with(|lines| {
                Ok(lines.order.iter().filter_map(|id| lines.entries.get(id)).cloned().collect())
            })
        })
    }
}
