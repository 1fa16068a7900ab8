//! A ledger in a SQLite database, which several processes may share.
//!
//! Table `heygen_ledger` has the version. Table `heygen_ledger_entries` has a row for each request, with the entry as JSON but
//! without its jobs, and how often runs have begun it. Table `heygen_ledger_jobs` has a row for each job. Table
//! `heygen_ledger_signals` has the ids of jobs about which events have arrived, the last 10,000.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use heygen_api::BoxFuture;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Row, SqliteConnection};

use super::entry::{Entry, EntryJob, JobEnd};
use super::{Ledger, VERSION};
use crate::error::Error;
use crate::jobs::handle::{InvalidHandle, JobHandle};
use crate::private_file;

/// How many signals are kept.
const KEPT_SIGNALS: i64 = 10_000;

const SCHEMA: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS heygen_ledger (version INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS heygen_ledger_entries (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, entry TEXT NOT NULL, begun INTEGER NOT NULL DEFAULT 1)",
    "CREATE TABLE IF NOT EXISTS heygen_ledger_jobs (
        id TEXT NOT NULL, position INTEGER NOT NULL, job TEXT NOT NULL, job_end TEXT, PRIMARY KEY (id, position))",
    "CREATE TABLE IF NOT EXISTS heygen_ledger_signals (
        position INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL)",
];

/// A ledger in a SQLite database. Several processes may use it at the same time: each request is submitted once.
#[derive(Clone)]
pub struct Sqlite(SqlitePool);

impl Sqlite {
    /// Opens the database, or creates it.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, is not a database, or was written by a newer version.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        // Requests may contain what only the owner should read.
        private_file::create(path)
            .map_err(|error| Error::file(format!("cannot open the ledger {}", path.display()), error))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Every commit is on disk before it returns.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(30));
        let failed =
            |error: sqlx::Error| Error::ledger(format!("cannot open the ledger {}: {error}", path.display()));
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.map_err(failed)?;
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        for statement in SCHEMA {
            sqlx::query(statement).execute(&mut *transaction).await.map_err(failed)?;
        }
        let version: Option<u32> = sqlx::query_scalar("SELECT version FROM heygen_ledger")
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed)?;
        match version {
            None => {
                let insert = sqlx::query("INSERT INTO heygen_ledger (version) VALUES (?)").bind(VERSION);
                insert.execute(&mut *transaction).await.map_err(failed)?;
            }
            Some(version) if version > VERSION => {
                return Err(Error::ledger(format!(
                    "the ledger {} has version {version}, but this program reads up to {VERSION}; update heygen-ext",
                    path.display()
                )));
            }
            Some(_) => {}
        }
        transaction.commit().await.map_err(failed)?;
        Ok(Self(pool))
    }
}

fn failed(error: sqlx::Error) -> Error {
    Error::ledger(format!(
        "cannot use the database of the ledger: {error}; check that the disk is not full, and that the file is writable"
    ))
}

/// The jobs of an entry.
async fn jobs(connection: &mut SqliteConnection, id: &str) -> Result<Vec<EntryJob>, Error> {
    let query =
        sqlx::query("SELECT job, job_end FROM heygen_ledger_jobs WHERE id = ? ORDER BY position").bind(id);
    let rows = query.fetch_all(connection).await.map_err(failed)?;
    rows.into_iter().map(|row| job(id, row.get(0), row.get(1))).collect()
}

/// Reads a job of an entry.
fn job(entry: &str, job: &str, end: Option<&str>) -> Result<EntryJob, Error> {
    let damaged = |problem: String| {
        Error::ledger(format!(
            "entry {entry} of the ledger is damaged: {problem}; remove it with `Ledger::forget`"
        ))
    };
    let handle = job.parse().map_err(|error: InvalidHandle| damaged(error.to_string()))?;
    let end = end.map(serde_json::from_str).transpose().map_err(|error| damaged(error.to_string()))?;
    Ok(EntryJob { handle, end })
}

/// Reads an entry, without its jobs.
fn entry(text: &str) -> Result<Entry, Error> {
    serde_json::from_str(text)
        .map_err(|error| Error::ledger(format!("an entry of the ledger is damaged: {error}")))
}

impl Ledger for Sqlite {
    fn begin<'a>(&'a self, new: &'a Entry) -> BoxFuture<'a, Result<(Entry, bool), Error>> {
        Box::pin(async move {
            let text = serde_json::to_string(new).map_err(|error| Error::ledger(error.to_string()))?;
            let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
            let insert = sqlx::query_as(
                "INSERT INTO heygen_ledger_entries (id, entry) VALUES (?, ?)
                 ON CONFLICT (id) DO UPDATE SET begun = begun + 1 RETURNING entry, begun",
            );
            let insert = insert.bind(&new.id).bind(text);
            let (text, begun): (String, i64) = insert.fetch_one(&mut *transaction).await.map_err(failed)?;
            let mut known = entry(&text)?;
            known.jobs = jobs(&mut transaction, &known.id).await?;
            transaction.commit().await.map_err(failed)?;
            Ok((known, begun > 1))
        })
    }

    fn submitted<'a>(&'a self, id: &'a str, jobs: &'a [JobHandle]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
            for (position, job) in jobs.iter().enumerate() {
                let insert = sqlx::query(
                    "INSERT INTO heygen_ledger_jobs (id, position, job) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                );
                let position = i64::try_from(position).unwrap_or(i64::MAX);
                let insert = insert.bind(id).bind(position).bind(job.to_string());
                insert.execute(&mut *transaction).await.map_err(failed)?;
            }
            transaction.commit().await.map_err(failed)
        })
    }

    fn ended<'a>(
        &'a self,
        id: &'a str,
        job: &'a JobHandle,
        end: &'a JobEnd,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let end = serde_json::to_string(end).map_err(|error| Error::ledger(error.to_string()))?;
            let update = sqlx::query("UPDATE heygen_ledger_jobs SET job_end = ? WHERE id = ? AND job = ?");
            update.bind(end).bind(id).bind(job.to_string()).execute(&self.0).await.map_err(failed)?;
            Ok(())
        })
    }

    fn withdraw<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let delete = sqlx::query(
                "DELETE FROM heygen_ledger_entries WHERE id = ?1 AND begun = 1
                 AND NOT EXISTS (SELECT 1 FROM heygen_ledger_jobs WHERE id = ?1)",
            );
            delete.bind(id).execute(&self.0).await.map_err(failed)?;
            Ok(())
        })
    }

    fn forget<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
            for statement in [
                "DELETE FROM heygen_ledger_jobs WHERE id = ?",
                "DELETE FROM heygen_ledger_entries WHERE id = ?",
            ] {
                sqlx::query(statement).bind(id).execute(&mut *transaction).await.map_err(failed)?;
            }
            transaction.commit().await.map_err(failed)
        })
    }

    fn entries(&self) -> BoxFuture<'_, Result<Vec<Entry>, Error>> {
        Box::pin(async move {
            // In one transaction, so that each entry is read with the jobs of the same moment.
            let mut transaction = self.0.begin().await.map_err(failed)?;
            let select = sqlx::query_scalar("SELECT entry FROM heygen_ledger_entries ORDER BY number");
            let texts: Vec<String> = select.fetch_all(&mut *transaction).await.map_err(failed)?;
            let select = sqlx::query("SELECT id, job, job_end FROM heygen_ledger_jobs ORDER BY id, position");
            let mut jobs: BTreeMap<String, Vec<EntryJob>> = BTreeMap::new();
            for row in select.fetch_all(&mut *transaction).await.map_err(failed)? {
                let id: String = row.get(0);
                let job = job(&id, row.get(1), row.get(2))?;
                jobs.entry(id).or_default().push(job);
            }
            let with_jobs = |text: String| {
                let mut entry = entry(&text)?;
                entry.jobs = jobs.remove(&entry.id).unwrap_or_default();
                Ok(entry)
            };
            texts.into_iter().map(with_jobs).collect()
        })
    }

    fn signal<'a>(&'a self, job_id: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
            let insert = sqlx::query("INSERT INTO heygen_ledger_signals (job) VALUES (?)").bind(job_id);
            let position = insert.execute(&mut *transaction).await.map_err(failed)?.last_insert_rowid();
            let delete = sqlx::query("DELETE FROM heygen_ledger_signals WHERE position <= ?");
            let delete = delete.bind(position.saturating_sub(KEPT_SIGNALS));
            delete.execute(&mut *transaction).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)
        })
    }

    fn signals(&self, after: u64) -> BoxFuture<'_, Result<(u64, Vec<String>), Error>> {
        Box::pin(async move {
            let select =
                "SELECT position, job FROM heygen_ledger_signals WHERE position > ? ORDER BY position";
            let select = sqlx::query_as(select).bind(i64::try_from(after).unwrap_or(i64::MAX));
            let rows: Vec<(i64, String)> = select.fetch_all(&self.0).await.map_err(failed)?;
            let last = rows.last().and_then(|(position, _)| u64::try_from(*position).ok()).unwrap_or(after);
            Ok((last, rows.into_iter().map(|(_, job)| job).collect()))
        })
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_of_a_newer_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let ledger = Sqlite::open(&path).await.unwrap();
        sqlx::query("UPDATE heygen_ledger SET version = 2").execute(&ledger.0).await.unwrap();
        drop(ledger);
        let error = Sqlite::open(&path).await.unwrap_err();
        assert!(error.to_string().contains("has version 2, but this program reads up to 1"), "{error}");
    }
}
