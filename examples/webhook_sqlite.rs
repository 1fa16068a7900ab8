//! Keeps the record of handled webhook events across restarts: an `EventStore` in an SQLite file.
//!
//! ```text
//! HEYGEN_WEBHOOK_SECRET=whsec_… cargo run -p heygen-examples --example webhook_sqlite -- webhooks.sqlite
//! ```
//!
//! It listens on port 8080, path `/heygen`, until Ctrl-C. The service delivers only to public HTTPS URLs, so put a proxy or a
//! tunnel in front of it. Several processes may share the file: if two of them receive the same event, one handles it.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use heygen_ext::BoxError;
use heygen_ext::webhook::{Claim, Claimant, Event, EventKey, EventStore, Receiver, Verifier};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS webhook_events (
    content    TEXT    NOT NULL,           -- EventKey::content
    event_id   TEXT,                       -- EventKey::id
    claimant   TEXT    NOT NULL,           -- Claimant
    claimed_at INTEGER NOT NULL,           -- time of the last claim, in seconds since 1970
    handled    INTEGER NOT NULL DEFAULT 0  -- 0 until the event is handled
);
CREATE UNIQUE INDEX IF NOT EXISTS webhook_events_content ON webhook_events (content);
CREATE UNIQUE INDEX IF NOT EXISTS webhook_events_event_id ON webhook_events (event_id) WHERE event_id IS NOT NULL;
";

/// Acquires the write lock at the start of a transaction, and waits for it. SQLite may refuse the lock at once if a
/// transaction that has read asks for it.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Inserts nothing if the content or the id is known: an event is known by either.
const INSERT: &str = "
INSERT INTO webhook_events (content, event_id, claimant, claimed_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";

/// A claim expires after this time, in seconds. Receivers renew their claims every minute.
const CLAIM_TIMEOUT: i64 = 10 * 60;

/// How long an event is kept, in seconds. The service repeats deliveries for 24 hours.
const RETENTION: i64 = 48 * 60 * 60;

/// Time between two deletions of old events, in seconds.
const CLEANUP_INTERVAL: i64 = 60 * 60;

/// An event store in an SQLite file.
pub(crate) struct SqliteEventStore {
    pool: SqlitePool,
    cleaned_at: AtomicI64,
}

impl SqliteEventStore {
    /// Opens the file, or creates it.
    pub(crate) async fn open(path: impl AsRef<Path>) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(Duration::from_secs(5));
        // One connection: SQLite has one writer at a time, and the queue of the pool is fairer than its lock.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let mut transaction = pool.begin_with(BEGIN).await?;
        sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(Self { pool, cleaned_at: AtomicI64::new(0) })
    }

    async fn claim_at(&self, key: &EventKey, claimant: &str, now: i64) -> Result<Claim, sqlx::Error> {
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        if now - self.cleaned_at.load(Ordering::Relaxed) >= CLEANUP_INTERVAL {
            sqlx::query("DELETE FROM webhook_events WHERE claimed_at <= ?1")
                .bind(now - RETENTION)
                .execute(&mut *transaction)
                .await?;
            self.cleaned_at.store(now, Ordering::Relaxed);
        }
        // Remove the claim of the same claimant, which is renewed below, and expired claims.
        sqlx::query(
            "DELETE FROM webhook_events
             WHERE (content = ?1 OR event_id = ?2) AND handled = 0 AND (claimant = ?3 OR claimed_at <= ?4)",
        )
        .bind(&key.content)
        .bind(&key.id)
        .bind(claimant)
        .bind(now - CLAIM_TIMEOUT)
        .execute(&mut *transaction)
        .await?;
        let inserted = sqlx::query(INSERT)
            .bind(&key.content)
            .bind(&key.id)
            .bind(claimant)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        let claim = if inserted.rows_affected() == 1 {
            Claim::New
        } else {
            // The content and the id may belong to two events. The event counts as handled if either was handled.
            let handled: bool = sqlx::query_scalar(
                "SELECT max(handled) FROM webhook_events WHERE content = ?1 OR event_id = ?2",
            )
            .bind(&key.content)
            .bind(&key.id)
            .fetch_one(&mut *transaction)
            .await?;
            if handled { Claim::Handled } else { Claim::UnderWay }
        };
        transaction.commit().await?;
        Ok(claim)
    }

    async fn settle_at(
        &self,
        key: &EventKey,
        claimant: &str,
        handled: bool,
        now: i64,
    ) -> Result<(), sqlx::Error> {
        if !handled {
            sqlx::query(
                "DELETE FROM webhook_events
                 WHERE (content = ?1 OR event_id = ?2) AND handled = 0 AND claimant = ?3",
            )
            .bind(&key.content)
            .bind(&key.id)
            .bind(claimant)
            .execute(&self.pool)
            .await?;
            return Ok(());
        }
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        // The event was handled, even if another claimant or no claimant has the claim now.
        for statement in [
            INSERT,
            "UPDATE webhook_events SET handled = 1, claimed_at = ?4 WHERE content = ?1 OR event_id = ?2",
        ] {
            sqlx::query(statement)
                .bind(&key.content)
                .bind(&key.id)
                .bind(claimant)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }
}

impl EventStore for SqliteEventStore {
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
        claimant: Claimant,
        now: SystemTime,
    ) -> BoxFuture<'a, Result<Claim, BoxError>> {
        Box::pin(async move { Ok(self.claim_at(key, &claimant.to_string(), seconds(now)).await?) })
    }

    fn settle<'a>(
        &'a self,
        key: &'a EventKey,
        claimant: Claimant,
        handled: bool,
        now: SystemTime,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(async move { Ok(self.settle_at(key, &claimant.to_string(), handled, seconds(now)).await?) })
    }
}

/// Converts a time to seconds since 1970, as the table stores it.
fn seconds(time: SystemTime) -> i64 {
    let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("HEYGEN_WEBHOOK_SECRET").map_err(
        |_| "the environment variable HEYGEN_WEBHOOK_SECRET is not set; set it to the secret of the endpoint",
    )?;
    let path = std::env::args().nth(1).unwrap_or_else(|| "webhooks.sqlite".to_owned());
    let receiver = Receiver::builder(Verifier::new(secret)?, async |event: Event| {
        println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
        Ok::<_, BoxError>(())
    })
    .event_store(SqliteEventStore::open(path).await?)
    .build();
    let app: axum::Router = axum::Router::new().route_service("/heygen", receiver.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}/heygen", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) }).await?;
    // Handlers may continue after their deliveries were answered.
    receiver.drain().await;
    Ok(())
}
