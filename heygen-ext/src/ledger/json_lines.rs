//! A ledger in a file with one JSON object in each line.
//!
//! The first line has the version: `{"heygen_ledger":1}`. Every other line is a change: `{"begin":ENTRY}`,
//! `{"submitted":{"id":…,"jobs":[…]}}`, `{"ended":{"id":…,"job":…,"end":…}}` or `{"forget":{"id":…}}`. Lines are only added.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use heygen_api::BoxFuture;
use serde_json::{Value, json};

use super::entry::{Entry, JobEnd, member};
use super::{Ledger, VERSION};
use crate::error::Error;
use crate::jobs::handle::JobHandle;

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
    /// Ids in the order of their entries.
    order: Vec<String>,
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

impl JsonLines {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, another process uses it, it was written by a newer version, or it is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let name = path.display();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| Error::file(format!("cannot open the ledger {name}"), error))?;
        file.try_lock().map_err(|error| {
            Error::ledger(format!("cannot lock the ledger {name}: {error}; if another process uses it, wait for its end, or use `Sqlite`"))
        })?;
        let mut text = String::new();
        file.read_to_string(&mut text)
            .map_err(|error| Error::file(format!("cannot read the ledger {name}"), error))?;
        let mut lines = Lines { path: path.to_owned(), file, entries: BTreeMap::new(), order: Vec::new() };
        let kept = lines.read(&text)?;
        lines.cut(kept, text.len())?;
        if kept == 0 {
            lines.write(&json!({ "heygen_ledger": VERSION }))?;
        }
        Ok(Self(Mutex::new(lines)))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Lines) -> Result<T, Error>) -> Result<T, Error> {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Lines {
    /// Reads all lines. Returns how many bytes of the text are whole lines.
    fn read(&mut self, text: &str) -> Result<usize, Error> {
        let mut kept = 0;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let damaged =
                |problem: String| Error::ledger(format!("{}:{}: {problem}", self.path.display(), index + 1));
            if !line.ends_with('\n') {
                // A process was killed while it wrote this line.
                break;
            }
            if index == 0 {
                let head = serde_json::from_str::<Value>(line).ok();
                let version = head.as_ref().and_then(|head| head.get("heygen_ledger")?.as_u64());
                let version = version.ok_or_else(|| {
                    damaged(
                        "the first line is not that of a ledger, `{\"heygen_ledger\":1}`; use another file"
                            .to_owned(),
                    )
                })?;
                if version > u64::from(VERSION) {
                    return Err(damaged(format!(
                        "the ledger has version {version}, but this program reads up to {VERSION}; update heygen-ext"
                    )));
                }
            } else {
                let change = serde_json::from_str(line).and_then(Change::read).map_err(|error| {
                    damaged(format!("the line is damaged: {error}; restore the file, or remove the line"))
                })?;
                self.apply(change);
            }
            kept += line.len();
        }
        Ok(kept)
    }

    /// Removes a last line that is not whole.
    fn cut(&mut self, kept: usize, length: usize) -> Result<(), Error> {
        let failed = |error| Error::file(format!("cannot write the ledger {}", self.path.display()), error);
        if kept < length {
            tracing::warn!(ledger = %self.path.display(), bytes = length - kept, "removed a line that was cut");
            self.file.set_len(kept as u64).map_err(failed)?;
        }
        self.file.seek(SeekFrom::Start(kept as u64)).map_err(failed)?;
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

    /// Writes a line, to the disk.
    fn write(&mut self, line: &Value) -> Result<(), Error> {
        let failed = |error| Error::file(format!("cannot write the ledger {}", self.path.display()), error);
        let text = format!("{line}\n");
        self.file.write_all(text.as_bytes()).map_err(failed)?;
        self.file.sync_data().map_err(failed)
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
                    return Ok((known.clone(), true));
                }
                lines.record(Change::Begin(entry.clone()))?;
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
