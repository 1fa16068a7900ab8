//! Events per second that a stored inbox keeps, as a ratio to bare inserts of the same rows with sqlx.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use heygen_ext::webhook::testing::Signer;
use heygen_ext::webhook::{Event, Inbox, PostgresInbox, SqliteInbox, Webhook};
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::task::JoinSet;

use crate::figures::median;
use crate::{Failure, SECRET};

const EVENTS: usize = 2_000;
const ROUNDS: usize = 3;

/// Number of inserts that run at the same time.
const CONCURRENCY: usize = 64;

/// The target ratio.
const TARGET: f64 = 0.7;

const SQLITE: &str = "INSERT INTO Jobs VALUES (?1, ?2, 'bare', 'Pending', 0, 25, strftime('%s', 'now'), NULL, NULL, NULL, NULL, 0,
     '{}', ?3)";

const POSTGRES: &str = "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority, idempotency_key)
     VALUES ($1, 'bare', $2, 'Pending', 0, 25, now(), 0, $3)";

pub(crate) async fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let inbox = Arc::new(SqliteInbox::open(folder.path().join("inbox.sqlite")).await?);
    // A file of its own with the same table, and the same options of the connection.
    drop(SqliteInbox::open(folder.path().join("bare.sqlite")).await?);
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("bare.sqlite"))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let bare: SqlitePool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    compare("SQLite", inbox, move |id, row, key| {
        let bare = bare.clone();
        async move {
            sqlx::query(SQLITE).bind(row).bind(id).bind(key).execute(&bare).await?;
            Ok(())
        }
    })
    .await?;
    let Ok(url) = std::env::var("DATABASE_URL") else {
        println!("Postgres: not measured, because DATABASE_URL is not set");
        return Ok(());
    };
    // A database of its own: the user may not be allowed to create tables in the one of the URL.
    let server = PgPool::connect(&url).await?;
    let name = format!("heygen_bench_{}", std::process::id());
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&server).await?;
    let measured = postgres(url.parse::<PgConnectOptions>()?.database(&name)).await;
    sqlx::query(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).execute(&server).await?;
    measured
}

async fn postgres(database: PgConnectOptions) -> Result<(), Failure> {
    let pool: PgPool = PgPoolOptions::new().max_connections(10).connect_with(database).await?;
    let inbox = Arc::new(PostgresInbox::new(pool.clone()).await?);
    compare("Postgres", inbox, move |id, row, key| {
        let pool = pool.clone();
        async move {
            sqlx::query(POSTGRES).bind(id).bind(row).bind(key).execute(&pool).await?;
            Ok(())
        }
    })
    .await
}

/// Inserts events into the inbox and bare rows in turn, and prints the ratio.
async fn compare<I, F, R>(name: &str, inbox: Arc<I>, insert: F) -> Result<(), Failure>
where
    I: Inbox,
    F: Fn(String, Vec<u8>, String) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let events = (0..EVENTS).map(|number| event(round, number)).collect::<Result<Vec<_>, _>>()?;
        let (inbox, insert) = (Arc::clone(&inbox), insert.clone());
        let our = time(&events, move |event| {
            let inbox = Arc::clone(&inbox);
            async move {
                inbox.insert(event).await?;
                Ok(())
            }
        });
        let our = our.await?;
        let run = std::process::id();
        let their = time(&events, move |event| {
            let key = format!("{run} {}", event.key());
            insert(
                format!("{run} {round} {}", event.job_id().unwrap_or_default()),
                event.to_stored().to_string().into_bytes(),
                key,
            )
        });
        let their = their.await?;
        // The first round is a warm-up.
        if round > 0 {
            ours.push(our);
            theirs.push(their);
        }
    }
    let (ours, theirs) = (median(&ours), median(&theirs));
    let per_second = |time: Duration| EVENTS as f64 / time.as_secs_f64();
    println!("{name}: {EVENTS} events, {CONCURRENCY} at a time, median of {ROUNDS} rounds");
    println!("  bare inserts by sqlx        {:>10.0}/s", per_second(theirs));
    println!("  the inbox                   {:>10.0}/s", per_second(ours));
    println!(
        "  ratio                       {:>10.3}   (target: at least {TARGET})",
        theirs.as_secs_f64() / ours.as_secs_f64()
    );
    Ok(())
}

/// A signed event of a typical size.
fn event(round: usize, number: usize) -> Result<Event, Failure> {
    let run = std::process::id();
    let url = "https://files.heygen.example/video.mp4?Signature=".to_owned() + &"x".repeat(600);
    let body = format!(
        r#"{{"event_type":"avatar_video.success","event_data":{{"video_id":"{run}-{round}-{number}","url":"{url}"}}}}"#
    );
    let signature = Signer::new(SECRET)?.sign(body.as_bytes());
    Ok(Webhook::verify(body.as_bytes(), &signature, SECRET)?)
}

/// The time to insert all events.
async fn time<F, R>(events: &[Event], insert: F) -> Result<Duration, Failure>
where
    F: Fn(Event) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let (insert, next, events) = (Arc::new(insert), Arc::new(AtomicUsize::new(0)), Arc::new(events.to_vec()));
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for _ in 0..CONCURRENCY {
        let (insert, next, events) = (Arc::clone(&insert), Arc::clone(&next), Arc::clone(&events));
        tasks.spawn(async move {
            while let Some(event) = events.get(next.fetch_add(1, Ordering::Relaxed)) {
                insert(event.clone()).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(start.elapsed())
}
