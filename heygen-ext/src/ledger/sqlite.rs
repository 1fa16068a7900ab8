//! A ledger in a SQLite database, which several processes may share.
//!
//! Table `heygen_ledger` has the version. Table `heygen_ledger_entries` has a row for each request, with the entry as JSON but
//! without its jobs, and how often runs have begun it. Table `heygen_ledger_jobs` has a row for each job.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use heygen_api::BoxFuture;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Row, SqliteConnection};

use super::entry::{Entry, EntryJob, JobEnd};
use super::{Ledger, VERSION, create_private};
use crate::error::Error;
use crate::jobs::handle::JobHandle;

const SCHEMA: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS heygen_ledger (version INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS heygen_ledger_entries (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, entry TEXT NOT NULL, begun INTEGER NOT NULL DEFAULT 1)",
    "CREATE TABLE IF NOT EXISTS heygen_ledger_jobs (
        id TEXT NOT NULL, position INTEGER NOT NULL, job TEXT NOT NULL, job_end TEXT, PRIMARY KEY (id, position))",
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
        create_private(path)
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
    Error::ledger(format!("the ledger cannot be used: {error}"))
}

/// The jobs of an entry.
async fn jobs(connection: &mut SqliteConnection, id: &str) -> Result<Vec<EntryJob>, Error> {
    let query =
        sqlx::query("SELECT job, job_end FROM heygen_ledger_jobs WHERE id = ? ORDER BY position").bind(id);
    let rows = query.fetch_all(connection).await.map_err(failed)?;
    let read = |row: sqlx::sqlite::SqliteRow| {
        let (job, end): (String, Option<String>) = (row.get(0), row.get(1));
        let damaged =
            |problem: String| Error::ledger(format!("entry {id} of the ledger is damaged: {problem}"));
        let handle =
            job.parse().map_err(|error: crate::jobs::handle::InvalidHandle| damaged(error.to_string()))?;
        let end = end.map(|end| serde_json::from_str(&end)).transpose();
        Ok(EntryJob { handle, end: end.map_err(|error| damaged(error.to_string()))? })
    };
    rows.into_iter().map(read).collect()
}

async fn entry(connection: &mut SqliteConnection, text: &str) -> Result<Entry, Error> {
    let mut entry: Entry = serde_json::from_str(text)
        .map_err(|error| Error::ledger(format!("an entry of the ledger is damaged: {error}")))?;
    entry.jobs = jobs(connection, &entry.id).await?;
    Ok(entry)
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
            let known = entry(&mut transaction, &text).await?;
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
            let mut connection = self.0.acquire().await.map_err(failed)?;
            let select = sqlx::query_scalar("SELECT entry FROM heygen_ledger_entries ORDER BY number");
            let texts: Vec<String> = select.fetch_all(&mut *connection).await.map_err(failed)?;
            let mut entries = Vec::with_capacity(texts.len());
            for text in texts {
                entries.push(entry(&mut connection, &text).await?);
            }
            Ok(entries)
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
