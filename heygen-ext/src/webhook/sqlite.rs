//! An inbox in a SQLite file, by the queue engine apalis.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use apalis_core::backend::TaskSink;
use apalis_core::backend::ext::BackendExt;
use apalis_core::task::attempt::Attempt;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use apalis_sqlite::{Config, SqliteStorage};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::Notify;
use tower::limit::ConcurrencyLimitLayer;

use super::event::Event;
use super::inbox::{Handler, Inbox, Inserted, KnownKey};
use super::worker::{
    InboxCounts, MISSED_HEARTBEATS, Queue, QueueSettings, RETENTION, Runner, Worker, end_of, run_until, wakes,
};
use crate::box_error::BoxError;
use crate::private_file;

/// The name of the queue, which other programs may share the file with.
const QUEUE: &str = "heygen-ext webhook events";

const KEYS: &str = "SELECT idempotency_key, status = 'Done' FROM Jobs
     WHERE job_type = ?1 AND idempotency_key >= ?2 AND idempotency_key < ?3";

/// An [`Inbox`] in a SQLite file: an event is on the disk before its delivery is answered, and stays there until a
/// [`Worker`] has handled it, across restarts.
///
/// Several processes of one machine may share the file. Handled events are kept for seven days, and recognized for so long.
///
/// ```no_run
/// use heygen_ext::webhook::{Event, Receiver, SqliteInbox, Verifier};
///
/// # async fn example() -> Result<(), heygen_ext::BoxError> {
/// let inbox = SqliteInbox::open("webhooks.sqlite").await?;
/// let receiver = Receiver::new(Verifier::new("whsec_…")?, inbox.clone());
/// let app: axum::Router = axum::Router::new().route_service("/heygen", receiver);
/// // In this process, or in another.
/// inbox
///     .worker(async |event: Event| {
///         println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
///         Ok::<_, std::io::Error>(())
///     })
///     .await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteInbox {
    pool: SqlitePool,
    inserted: Arc<Notify>,
}

impl SqliteInbox {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, is not a database, or was written by a newer version of the queue engine.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, BoxError> {
        let path = path.as_ref();
        let failed =
            |problem: &dyn fmt::Display| format!("cannot open the inbox {}: {problem}", path.display());
        // Events contain signed URLs, which only the owner should read.
        private_file::create(path).map_err(|problem| failed(&problem))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // Every commit is on the disk before it returns.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(30));
        // One connection: SQLite has one writer at a time, and the queue of the pool is fairer than its lock.
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect_with(options).await.map_err(|problem| failed(&problem))?;
        // Not the engine's own `setup`, which would not wait for the disk.
        SqliteStorage::<()>::migrations().run(&pool).await.map_err(|problem| failed(&problem))?;
        Ok(Self { pool, inserted: Arc::default() })
    }

    /// Creates a worker that hands the events of the inbox to a handler.
    pub fn worker(&self, handler: impl Handler) -> Worker {
        Worker::new(Arc::new(self.clone()), Arc::new(handler))
    }

    /// Counts the events.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub async fn counts(&self) -> Result<InboxCounts, BoxError> {
        let query = "SELECT status, count(*) FROM Jobs WHERE job_type = ?1 GROUP BY status";
        let mut counts = InboxCounts::default();
        for row in sqlx::query(query).bind(QUEUE).fetch_all(&self.pool).await? {
            counts.add(row.try_get(0)?, row.try_get(1)?);
        }
        Ok(counts)
    }

    /// Lets workers handle all dead events again. Returns how many there are.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub async fn retry_dead(&self) -> Result<u64, BoxError> {
        let query =
            "UPDATE Jobs SET status = 'Pending', attempts = 0, lock_by = NULL, lock_at = NULL, done_at = NULL
             WHERE job_type = ?1 AND status = 'Killed'";
        let count = sqlx::query(query).bind(QUEUE).execute(&self.pool).await?.rows_affected();
        self.inserted.notify_one();
        Ok(count)
    }

    fn storage(&self, config: Config) -> SqliteStorage<Value> {
        SqliteStorage::new(&self.pool).with_config(config)
    }
}

impl Inbox for SqliteInbox {
    fn insert(&self, event: Event) -> BoxFuture<'_, Result<Inserted, BoxError>> {
        Box::pin(async move {
            let key = event.key();
            if KnownKey::has(&self.keys(key.type_prefix()).await?, &event) {
                return Ok(Inserted::Known);
            }
            // If another process has inserted the key in the meantime, the engine ignores this.
            let task = TaskBuilder::new(event.to_stored())
                .idempotency_key(key.as_str())
                // The worker decides when an event is dead.
                .max_attempts(i32::MAX as usize)
                .build();
            self.storage(Config::default().queue(QUEUE)).push_task(task).await?;
            self.inserted.notify_one();
            Ok(Inserted::New)
        })
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<KnownKey>, BoxError>> {
        Box::pin(async move {
            let rows =
                sqlx::query(KEYS).bind(QUEUE).bind(prefix).bind(end_of(prefix)).fetch_all(&self.pool).await?;
            let known =
                rows.into_iter().map(|row| Ok(KnownKey { key: row.try_get(0)?, handled: row.try_get(1)? }));
            known.collect()
        })
    }
}

impl Queue for SqliteInbox {
    fn run(&self, runner: Arc<Runner>, settings: QueueSettings) -> BoxFuture<'static, Result<(), BoxError>> {
        let config = Config::default()
            .queue(QUEUE)
            // The engine sends no signs of life while it has fetched events that wait for a handler.
            .batch_size(1)
            .lock_tasks(false)
            .heartbeat_interval(settings.heartbeat)
            .missed_heartbeats(MISSED_HEARTBEATS);
        let storage = self.storage(config).poll_with_stream(wakes(Arc::clone(&self.inserted)));
        let handle = move |stored: Value, attempt: Attempt, task: TaskId| {
            let runner = Arc::clone(&runner);
            async move { runner.run(stored, attempt.current(), task.to_string()).await }
        };
        let context = WorkerContext::new(&settings.name);
        let worker = WorkerBuilder::new(&context)
            .backend(storage)
            .layer(ConcurrencyLimitLayer::new(settings.concurrency))
            .build(handle);
        run_until(worker.stream().boxed(), context, settings.stop)
    }

    fn delay<'a>(&'a self, task: &'a str, delay: Duration) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(async move {
            let query = "UPDATE Jobs SET run_at = strftime('%s', 'now') + ?1 WHERE id = ?2";
            let seconds = i64::try_from(delay.as_secs())?;
            sqlx::query(query).bind(seconds).bind(task).execute(&self.pool).await?;
            Ok(())
        })
    }

    fn remove_old(&self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(async move {
            let before = i64::try_from(RETENTION.as_secs())?;
            for query in [
                "DELETE FROM Jobs WHERE job_type = ?1 AND status = 'Done' AND done_at < strftime('%s', 'now') - ?2",
                "DELETE FROM Workers WHERE worker_type = ?1 AND last_seen < strftime('%s', 'now') - ?2
                     AND id NOT IN (SELECT lock_by FROM Jobs WHERE lock_by IS NOT NULL)",
            ] {
                sqlx::query(query).bind(QUEUE).bind(before).execute(&self.pool).await?;
            }
            Ok(())
        })
    }
}

impl fmt::Debug for SqliteInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteInbox").finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "client"))]
mod tests;
