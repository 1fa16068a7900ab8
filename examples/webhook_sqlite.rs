//! Webhooks whose memory outlives the program: `EventStore` in an SQLite file.
//!
//! ```text
//! HEYGEN_WEBHOOK_SECRET=whsec_… cargo run -p heygen-examples --example webhook_sqlite -- webhooks.sqlite
//! ```
//!
//! It listens on port 8080, path `/heygen`, until Ctrl-C. The service delivers to public HTTPS addresses alone, so let a
//! proxy or a tunnel lead there. Several processes may share the file: an event that reaches two of them is handled by one.

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
    claimed_at INTEGER NOT NULL,           -- seconds since 1970, of the last claim
    handled    INTEGER NOT NULL DEFAULT 0  -- 0 while it is being handled
);
CREATE UNIQUE INDEX IF NOT EXISTS webhook_events_content ON webhook_events (content);
CREATE UNIQUE INDEX IF NOT EXISTS webhook_events_event_id ON webhook_events (event_id) WHERE event_id IS NOT NULL;
";

/// Takes SQLite's only write lock at once, and waits for it. A lock that is asked for in the middle may be refused.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Either index may be in the way: an event is known by either part of its key.
const INSERT: &str = "
INSERT INTO webhook_events (content, event_id, claimant, claimed_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";

/// A claim that is so old was left behind by a program that ended: receivers renew theirs every minute.
const ABANDONED: i64 = 10 * 60;

/// What is so old does not come again: the service delivers for 24 hours.
const REMEMBER: i64 = 48 * 60 * 60;

/// Time from one cleaning to the next.
const CLEAN_EVERY: i64 = 60 * 60;

/// A memory of events in a file.
pub(crate) struct SeenInSqlite {
    pool: SqlitePool,
    cleaned_at: AtomicI64,
}

impl SeenInSqlite {
    /// Opens the file, and makes it if there is none.
    pub(crate) async fn open(path: impl AsRef<Path>) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(Duration::from_secs(5));
        // One connection: one writes at a time anyhow, and waiting in the pool's line is fairer than for the lock.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let mut transaction = pool.begin_with(BEGIN).await?;
        sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(Self { pool, cleaned_at: AtomicI64::new(0) })
    }

    async fn claim_at(&self, key: &EventKey, claimant: &str, now: i64) -> Result<Claim, sqlx::Error> {
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        if now - self.cleaned_at.load(Ordering::Relaxed) >= CLEAN_EVERY {
            sqlx::query("DELETE FROM webhook_events WHERE claimed_at <= ?1")
                .bind(now - REMEMBER)
                .execute(&mut *transaction)
                .await?;
            self.cleaned_at.store(now, Ordering::Relaxed);
        }
        // What is in nobody's way any more: a claim of one's own, which is renewed, and one that was left behind.
        sqlx::query(
            "DELETE FROM webhook_events
             WHERE (content = ?1 OR event_id = ?2) AND handled = 0 AND (claimant = ?3 OR claimed_at <= ?4)",
        )
        .bind(&key.content)
        .bind(&key.id)
        .bind(claimant)
        .bind(now - ABANDONED)
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
            // The parts may be known from two events, of which one that was handled decides.
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

    async fn end_claim(
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
        // Whoever has the claim by now, and if nobody has: it was handled.
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

impl EventStore for SeenInSqlite {
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
        Box::pin(async move { Ok(self.end_claim(key, &claimant.to_string(), handled, seconds(now)).await?) })
    }
}

/// Seconds since 1970, as the table has them.
fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("HEYGEN_WEBHOOK_SECRET").map_err(|_| "set HEYGEN_WEBHOOK_SECRET")?;
    let path = std::env::args().nth(1).unwrap_or_else(|| "webhooks.sqlite".to_owned());
    let receiver = Receiver::builder(Verifier::new(secret)?, async |event: Event| {
        println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
        Ok::<_, BoxError>(())
    })
    .event_store(SeenInSqlite::open(path).await?)
    .build();
    let app: axum::Router = axum::Router::new().route_service("/heygen", receiver.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}/heygen", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) }).await?;
    // Handlers may go on after their deliveries were answered.
    receiver.drain().await;
    Ok(())
}
