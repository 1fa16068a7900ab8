//! An inbox in a Postgres database, by the queue engine apalis.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use apalis_core::backend::ext::BackendExt;
use apalis_core::backend::{TaskSink, TaskSinkError};
use apalis_core::task::attempt::Attempt;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use apalis_postgres::{Config, Error, PostgresStorage};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgPool;
use tokio::sync::Notify;
use tower::limit::ConcurrencyLimitLayer;

use super::event::Event;
use super::inbox::{Handler, Inbox, Inserted, KnownKey};
use super::worker::{
    InboxCounts, MISSED_HEARTBEATS, Queue, QueueSettings, RETENTION, Runner, Worker, end_of, run_until, wakes,
};
use crate::box_error::BoxError;

/// The name of the queue, beside which a database may have others.
const QUEUE: &str = "heygen-ext webhook events";

/// By bytes, whatever the collation of the database is; [`INDEX`] makes it fast.
const KEYS: &str = "SELECT idempotency_key, status = 'Done' FROM apalis.jobs
     WHERE job_type = $1 AND idempotency_key ~>=~ $2 AND idempotency_key ~<~ $3";

const INDEX: &str = "CREATE INDEX IF NOT EXISTS heygen_ext_webhook_keys
     ON apalis.jobs (job_type, idempotency_key text_pattern_ops)";

/// An [`Inbox`] in a Postgres database: an event is stored before its delivery is answered, and stays there until a
/// [`Worker`] has handled it. Many receivers and workers, on any machines, share one inbox.
///
/// Handled events are kept for seven days, and recognized for so long. The tables are in the schema `apalis`.
///
/// ```no_run
/// use heygen_ext::webhook::{Event, PostgresInbox, Receiver, Verifier};
///
/// # async fn example() -> Result<(), heygen_ext::BoxError> {
/// let inbox = PostgresInbox::connect("postgres://localhost/webhooks").await?;
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
pub struct PostgresInbox {
    pool: PgPool,
    inserted: Arc<Notify>,
}

impl PostgresInbox {
    /// Connects to a database, and creates or updates the tables.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached, or the user may not create tables and the extension `hstore`.
    pub async fn connect(url: &str) -> Result<Self, BoxError> {
        Self::new(PgPool::connect(url).await?).await
    }

    /// Uses a pool of connections, and creates or updates the tables.
    ///
    /// # Errors
    ///
    /// If the user may not create tables and the extension `hstore`.
    pub async fn new(pool: PgPool) -> Result<Self, BoxError> {
        PostgresStorage::setup(&pool).await?;
        sqlx::query(INDEX).execute(&pool).await?;
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
    /// If the database cannot be read.
    pub async fn counts(&self) -> Result<InboxCounts, BoxError> {
        let query = "SELECT status, count(*) FROM apalis.jobs WHERE job_type = $1 GROUP BY status";
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
    /// If the database cannot be written.
    pub async fn retry_dead(&self) -> Result<u64, BoxError> {
        let query = "UPDATE apalis.jobs SET status = 'Pending', attempts = 0, lock_by = NULL, lock_at = NULL, done_at = NULL
             WHERE job_type = $1 AND status = 'Killed'";
        let count = sqlx::query(query).bind(QUEUE).execute(&self.pool).await?.rows_affected();
        self.inserted.notify_one();
        Ok(count)
    }

    fn storage(&self, config: Config) -> PostgresStorage<Value> {
        PostgresStorage::new(&self.pool).with_config(config)
    }
}

impl Inbox for PostgresInbox {
    fn insert(&self, event: Event) -> BoxFuture<'_, Result<Inserted, BoxError>> {
        Box::pin(async move {
            let key = event.key();
            if KnownKey::has(&self.keys(key.type_prefix()).await?, &event) {
                return Ok(Inserted::Known);
            }
            let task = TaskBuilder::new(event.to_stored())
                .idempotency_key(key.as_str())
                // The worker decides when an event is dead.
                .max_attempts(i32::MAX as usize)
                .build();
            let pushed = self.storage(Config::default().queue(QUEUE)).push_task(task).await;
            match pushed {
                // Another process has inserted the key in the meantime.
                Err(TaskSinkError::PushError(Error::Database(problem)))
                    if problem.as_database_error().is_some_and(|problem| problem.is_unique_violation()) =>
                {
                    return Ok(Inserted::Known);
                }
                pushed => pushed?,
            }
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

impl Queue for PostgresInbox {
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
            let query = "UPDATE apalis.jobs SET run_at = now() + make_interval(secs => $1) WHERE id = $2";
            let seconds = delay.as_secs_f64();
            sqlx::query(query).bind(seconds).bind(task).execute(&self.pool).await?;
            Ok(())
        })
    }

    fn remove_old(&self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(async move {
            let before = RETENTION.as_secs_f64();
            for query in [
                "DELETE FROM apalis.jobs WHERE job_type = $1 AND status = 'Done' AND done_at < now() - make_interval(secs => $2)",
                "DELETE FROM apalis.workers WHERE worker_type = $1 AND last_seen < now() - make_interval(secs => $2)
                     AND id NOT IN (SELECT lock_by FROM apalis.jobs WHERE lock_by IS NOT NULL)",
            ] {
                sqlx::query(query).bind(QUEUE).bind(before).execute(&self.pool).await?;
            }
            Ok(())
        })
    }
}

impl fmt::Debug for PostgresInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresInbox").finish_non_exhaustive()
    }
}
