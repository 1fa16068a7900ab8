//! Inboxes in a database, by the queue engine apalis: in a SQLite file, or in Postgres.

use std::fmt;
#[cfg(feature = "inbox-sqlite")]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use apalis_core::backend::ext::BackendExt;
use apalis_core::error::WorkerError;
use apalis_core::task::attempt::Attempt as AttemptCount;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use apalis_core::worker::event::Event as WorkerEvent;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use serde_json::Value;
use sqlx::Row;
#[cfg(feature = "inbox-postgres")]
use sqlx::postgres::PgPool;
#[cfg(feature = "inbox-sqlite")]
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::Notify;
use tower::limit::ConcurrencyLimitLayer;
use ulid::Ulid;

use crate::box_error::BoxError;
#[cfg(feature = "inbox-sqlite")]
use crate::private_file;
use crate::webhook::event::Event;
use crate::webhook::inbox::{Handler, Inbox, Inserted, KnownKey};

mod runner;
mod worker;

use self::runner::{Attempt, End, Queue, Runner, Settings};
pub use self::worker::{Worker, WorkerStopper};

/// The name of the queue, beside which a database may have others.
const QUEUE: &str = "heygen-ext webhook events";

/// How long a handled event is kept: it bounds for how long a repeated delivery is recognized.
const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Time between two looks for events that other processes have inserted.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How many events an inbox has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboxCounts {
    /// Events that wait for a worker, or for their next attempt.
    pub waiting: u64,
    /// Events whose handler is running.
    pub running: u64,
    /// Events that were handled, of the last seven days.
    pub handled: u64,
    /// Events whose attempts have all failed.
    pub dead: u64,
}

impl InboxCounts {
    /// Adds the number of events in a state of the queue engine.
    fn add(&mut self, status: &str, count: i64) {
        let count = u64::try_from(count).unwrap_or_default();
        match status {
            "Pending" | "Failed" => self.waiting += count,
            "Queued" | "Running" => self.running += count,
            "Done" => self.handled += count,
            _ => self.dead += count,
        }
    }
}

/// Defines an inbox on a storage of the queue engine. The storages have the same columns, and differ in the names of the tables,
/// in how texts are compared by their bytes, and in arithmetic with times; `seconds` is the parameter `$1` as a time.
macro_rules! stored_inbox {
    (
        $(#[$doc:meta])*
        $inbox:ident: $engine:ident::$storage:ident on $pool:ty,
        jobs: $jobs:literal, workers: $workers:literal,
        of_queue: $of_queue:literal, at_least: $at_least:literal, below: $below:literal,
        now: $now:literal, seconds: $seconds:literal
    ) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $inbox {
            pool: $pool,
            /// Connections for the queries of this crate. While a worker stops, the engine may hold one of its own without using
            /// it; and SQLite serves reads beside a write.
            own: $pool,
            inserted: Arc<Notify>,
        }

        impl $inbox {
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
                let query = concat!("SELECT status, count(*) FROM ", $jobs, " WHERE job_type = $1 GROUP BY status");
                let mut counts = InboxCounts::default();
                for row in sqlx::query(query).bind(QUEUE).fetch_all(&self.own).await? {
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
                let query = concat!(
                    "UPDATE ", $jobs, " SET status = 'Pending', attempts = 0, lock_by = NULL, lock_at = NULL, done_at = NULL
                     WHERE job_type = $1 AND status = 'Killed'"
                );
                let count = sqlx::query(query).bind(QUEUE).execute(&self.pool).await?.rows_affected();
                self.inserted.notify_one();
                Ok(count)
            }

            /// Inserts an event as the engine would, unless there is an event with its key, or with a key that begins with
            /// `prefix`. Returns whether it was inserted.
            ///
            /// The engine can insert under no such condition, and does not tell on SQLite whether it has inserted.
            async fn insert_unless(&self, event: &Event, prefix: Option<&str>) -> Result<bool, BoxError> {
                let query = concat!(
                    "INSERT INTO ", $jobs, " (id, job_type, job, status, attempts, max_attempts, run_at, priority, idempotency_key)
                     SELECT $4, $1, $5, 'Pending', 0, $6, ", $now, ", 0, $7
                     WHERE NOT EXISTS (SELECT 1 FROM ", $jobs, " WHERE ", $of_queue, "
                     AND idempotency_key ", $at_least, " $2 AND idempotency_key ", $below, " $3)
                     ON CONFLICT (job_type, idempotency_key) DO NOTHING"
                );
                // No key is in the range of an absent prefix.
                let (start, end) = prefix.map_or_else(Default::default, |prefix| (prefix, end_of(prefix)));
                let query = sqlx::query(query).bind(QUEUE).bind(start).bind(end).bind(Ulid::generate().to_string());
                let query = query.bind(event.to_stored().to_string().into_bytes());
                // `Runner` decides when an event is dead.
                let query = query.bind(i32::MAX).bind(event.key().as_str().to_owned());
                Ok(query.execute(&self.pool).await?.rows_affected() > 0)
            }

            fn storage(&self, config: $engine::Config) -> $engine::$storage<Value> {
                $engine::$storage::new(&self.pool).with_config(config)
            }
        }

        impl Inbox for $inbox {
            fn insert(&self, event: Event) -> BoxFuture<'_, Result<Inserted, BoxError>> {
                Box::pin(async move {
                    let key = event.key();
                    let prefix = key.job_prefix();
                    // Most events are the first of their job, and need no second query.
                    let no_other = event.may_have_other_key().then_some(prefix);
                    let mut is_new = self.insert_unless(&event, no_other).await?;
                    if !is_new && no_other.is_some() && !KnownKey::has(&self.keys(prefix).await?, &event) {
                        is_new = self.insert_unless(&event, None).await?;
                    }
                    if !is_new {
                        return Ok(Inserted::Known);
                    }
                    self.inserted.notify_one();
                    Ok(Inserted::New)
                })
            }

            fn keys<'a>(&'a self, job_prefix: &'a str) -> BoxFuture<'a, Result<Vec<KnownKey>, BoxError>> {
                Box::pin(async move {
                    let query = concat!(
                        "SELECT idempotency_key, status = 'Done' FROM ", $jobs,
                        " WHERE ", $of_queue, " AND idempotency_key ", $at_least, " $2 AND idempotency_key ", $below, " $3"
                    );
                    let query = sqlx::query(query).bind(QUEUE).bind(job_prefix).bind(end_of(job_prefix));
                    let rows = query.fetch_all(&self.own).await?.into_iter();
                    rows.map(|row| Ok(KnownKey { key: row.try_get(0)?, handled: row.try_get(1)? })).collect()
                })
            }
        }

        impl Queue for $inbox {
            fn events(
                &self,
                runner: &Arc<Runner>,
                context: &WorkerContext,
                settings: Settings,
            ) -> BoxStream<'static, Result<WorkerEvent, WorkerError>> {
                let config = $engine::Config::default()
                    .queue(QUEUE)
                    // The engine sends no signs of life while it has fetched events that wait for a handler.
                    .batch_size(1)
                    .lock_tasks(false)
                    // `Runner` records results: the engine's channel for them fills up when a worker stops.
                    .persist_results(false)
                    .heartbeat_interval(settings.heartbeat)
                    .missed_heartbeats(settings.missed_heartbeats);
                let (runner, worker) = (Arc::clone(runner), context.name().to_owned());
                let handle = move |stored: Value, count: AttemptCount, task: TaskId| {
                    let runner = Arc::clone(&runner);
                    let attempt =
                        Attempt { task: task.to_string(), worker: worker.clone(), number: count.current() };
                    async move {
                        runner.run(stored, attempt).await;
                        Ok::<_, BoxError>(())
                    }
                };
                WorkerBuilder::new(context)
                    .backend(self.storage(config).poll_with_stream(wakes(Arc::clone(&self.inserted))))
                    .layer(ConcurrencyLimitLayer::new(settings.concurrency))
                    .build(handle)
                    .stream()
                    .boxed()
            }

            fn finish<'a>(
                &'a self,
                attempt: &'a Attempt,
                end: &'a End,
            ) -> BoxFuture<'a, Result<(), BoxError>> {
                Box::pin(async move {
                    // Without its worker: the engine reads all events that an ended worker has.
                    let query = concat!(
                        "UPDATE ", $jobs, " SET status = $2, attempts = $3, lock_by = NULL, done_at = ", $now,
                        ", run_at = ", $now, " + ", $seconds, " WHERE id = $4 AND lock_by = $5"
                    );
                    let (status, delay) = match end {
                        End::Handled => ("Done", Duration::ZERO),
                        End::Failed(delay) => ("Failed", *delay),
                        End::Dead => ("Killed", Duration::ZERO),
                    };
                    let query = sqlx::query(query).bind(i64::try_from(delay.as_secs())?).bind(status);
                    let query = query.bind(i32::try_from(attempt.number).unwrap_or(i32::MAX));
                    query.bind(&attempt.task).bind(&attempt.worker).execute(&self.own).await?;
                    Ok(())
                })
            }

            fn remove_old(&self) -> BoxFuture<'_, Result<(), BoxError>> {
                Box::pin(async move {
                    let seconds = i64::try_from(RETENTION.as_secs())?;
                    // The list of statuses is that of an index. A part at a time, between which events are inserted.
                    let handled = concat!(
                        "DELETE FROM ", $jobs, " WHERE id IN (SELECT id FROM ", $jobs, " WHERE job_type = $2
                         AND status = 'Done' AND status IN ('Done', 'Failed', 'Killed')
                         AND done_at < ", $now, " - ", $seconds, " LIMIT 1000)"
                    );
                    let remove = async |query| {
                        let removed = sqlx::query(query).bind(seconds).bind(QUEUE).execute(&self.pool).await?;
                        Ok::<_, BoxError>(removed.rows_affected())
                    };
                    while remove(handled).await? > 0 {}
                    let workers = concat!(
                        "DELETE FROM ", $workers, " WHERE worker_type = $2 AND last_seen < ", $now, " - ", $seconds,
                        " AND NOT EXISTS (SELECT 1 FROM ", $jobs, " WHERE lock_by = ", $workers, ".id)"
                    );
                    remove(workers).await?;
                    Ok(())
                })
            }
        }

        impl fmt::Debug for $inbox {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($inbox)).finish_non_exhaustive()
            }
        }
    };
}

#[cfg(feature = "inbox-sqlite")]
stored_inbox! {
    /// An [`Inbox`] in a SQLite file: an event is on the disk before its delivery is answered, and stays there until a
    /// [`Worker`] has handled it, across restarts.
    ///
    /// Several processes of one machine may share the file. Handled events are kept for seven days, and recognized for so long.
    ///
    /// ```no_run
    /// # #[cfg(feature = "webhook-server")]
    /// # async fn example() -> Result<(), heygen_ext::BoxError> {
    /// use heygen_ext::webhook::{Event, Receiver, SqliteInbox, Verifier, serve};
    ///
    /// let inbox = SqliteInbox::open("webhooks.sqlite").await?;
    /// let receiver = Receiver::new(Verifier::new("whsec_…")?, inbox.clone());
    /// let app: axum::Router = axum::Router::new().route_service("/heygen", receiver);
    /// // In this process; or in another, which awaits it.
    /// let worker = inbox.worker(async |event: Event| {
    ///     println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
    ///     Ok::<_, std::io::Error>(())
    /// });
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// serve(listener, app).worker(worker).await;
    /// # Ok(())
    /// # }
    /// ```
    SqliteInbox: apalis_sqlite::SqliteStorage on SqlitePool,
    jobs: "Jobs", workers: "Workers",
    of_queue: "job_type = $1", at_least: ">=", below: "<",
    now: "strftime('%s', 'now')", seconds: "$1"
}

#[cfg(feature = "inbox-postgres")]
stored_inbox! {
    /// An [`Inbox`] in a Postgres database: an event is stored before its delivery is answered, and stays there until a
    /// [`Worker`] has handled it. Many receivers and workers, on any machines, share one inbox.
    ///
    /// Handled events are kept for seven days, and recognized for so long. The tables are in the schema `apalis`.
    ///
    /// ```no_run
    /// # #[cfg(feature = "webhook-server")]
    /// # async fn example() -> Result<(), heygen_ext::BoxError> {
    /// use heygen_ext::webhook::{Event, PostgresInbox, Receiver, Verifier, serve};
    ///
    /// let inbox = PostgresInbox::connect("postgres://localhost/webhooks").await?;
    /// let receiver = Receiver::new(Verifier::new("whsec_…")?, inbox.clone());
    /// let app: axum::Router = axum::Router::new().route_service("/heygen", receiver);
    /// // In this process; or in another, which awaits it.
    /// let worker = inbox.worker(async |event: Event| {
    ///     println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
    ///     Ok::<_, std::io::Error>(())
    /// });
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// serve(listener, app).worker(worker).await;
    /// # Ok(())
    /// # }
    /// ```
    PostgresInbox: apalis_postgres::PostgresStorage on PgPool,
    jobs: "apalis.jobs", workers: "apalis.workers",
    // By bytes, in every collation of the database. No index serves this form of the queue's name: as long as it has no
    // statistics, Postgres chose one that has all events.
    of_queue: "job_type || '' = $1", at_least: "~>=~", below: "~<~",
    now: "now()", seconds: "make_interval(secs => $1::bigint)"
}

#[cfg(feature = "inbox-sqlite")]
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
        let pool = pool.connect_with(options.clone()).await.map_err(|problem| failed(&problem))?;
        let own = SqlitePoolOptions::new().max_connections(2).connect_lazy_with(options);
        // Not the engine's own `setup`, which would not wait for the disk.
        let migrations = apalis_sqlite::SqliteStorage::<()>::migrations();
        migrations.run(&pool).await.map_err(|problem| failed(&problem))?;
        Ok(Self { pool, own, inserted: Arc::default() })
    }
}

/// Indexes beside those of the engine: for the keys of a job, and for counting and removing events.
#[cfg(feature = "inbox-postgres")]
const INDEXES: [&str; 2] = [
    "CREATE INDEX IF NOT EXISTS heygen_ext_webhook_keys ON apalis.jobs (idempotency_key text_pattern_ops)",
    "CREATE INDEX IF NOT EXISTS heygen_ext_webhook_done ON apalis.jobs (job_type, status, done_at)",
];

#[cfg(feature = "inbox-postgres")]
impl PostgresInbox {
    /// Connects to a database, and creates or updates the tables.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached, or the user may not create tables and the extension `hstore`.
    pub async fn connect(url: &str) -> Result<Self, BoxError> {
        let pool = PgPool::connect(url).await.map_err(|problem| {
            // Not the URL, which may have a password.
            format!("cannot connect to the database of the inbox: {problem}; check its URL, and that it runs")
        })?;
        Self::new(pool).await
    }

    /// Uses a pool of at least two connections, and creates or updates the tables.
    ///
    /// # Errors
    ///
    /// If the user may not create tables and the extension `hstore`.
    pub async fn new(pool: PgPool) -> Result<Self, BoxError> {
        apalis_postgres::PostgresStorage::setup(&pool).await?;
        let mut transaction = pool.begin().await?;
        // Two processes that create an index at the same time fail.
        sqlx::query("SELECT pg_advisory_xact_lock(7236119057)").execute(&mut *transaction).await?;
        for index in INDEXES {
            sqlx::query(index).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(Self { own: pool.clone(), pool, inserted: Arc::default() })
    }
}

/// A stream of reasons to look for events: an insert in this process, or a second has passed.
fn wakes(inserted: Arc<Notify>) -> BoxStream<'static, ()> {
    let wakes = stream::unfold(inserted, |inserted| async move {
        drop(tokio::time::timeout(POLL_INTERVAL, inserted.notified()).await);
        Some(((), inserted))
    });
    wakes.boxed()
}

/// The text after every text that begins with a prefix, which ends in a slash.
fn end_of(prefix: &str) -> String {
    match prefix.strip_suffix('/') {
        // The character after the slash.
        Some(start) => format!("{start}0"),
        None => format!("{prefix}\u{10ffff}"),
    }
}

#[cfg(test)]
mod range_tests {
    use super::end_of;

    #[test]
    fn a_range_has_the_keys_with_its_prefix() {
        let (prefix, end) = ("a/b/", end_of("a/b/"));
        for (key, inside) in
            [("a/b/", true), ("a/b/~z", true), ("a/b", false), ("a/b0", false), ("a/c/", false)]
        {
            assert_eq!((prefix..end.as_str()).contains(&key), inside, "{key}");
        }
    }
}

#[cfg(all(test, feature = "client", feature = "inbox-sqlite"))]
mod tests;
