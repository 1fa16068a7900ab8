//! The inbox in Postgres: events are kept once, tried again, and shared by two workers.

use std::collections::HashSet;
use std::future::IntoFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use heygen_ext::BoxError;
use heygen_ext::webhook::testing::Signer;
use heygen_ext::webhook::{Event, Inbox, InboxCounts, Inserted, Outcome, PostgresInbox, Webhook};
use sqlx::PgPool;

use crate::SECRET;
use crate::database::Database;

fn event(kind: &str, video: &str) -> Event {
    let body = format!(r#"{{"event_type":"{kind}","event_data":{{"video_id":"{video}"}}}}"#);
    let signature = Signer::new(SECRET).unwrap().sign(body.as_bytes());
    Webhook::verify(body.as_bytes(), &signature, SECRET).unwrap()
}

/// Waits until the inbox has these counts, and fails with the last ones if it does not get them.
async fn until(inbox: &PostgresInbox, expected: impl Fn(&InboxCounts) -> bool) -> InboxCounts {
    let start = Instant::now();
    loop {
        let counts = inbox.counts().await.unwrap();
        if expected(&counts) {
            return counts;
        }
        assert!(start.elapsed() < GIVE_UP, "the inbox stays at {counts:?}");
        tokio::task::yield_now().await;
    }
}

/// Longer than any of these waits takes on a busy machine.
const GIVE_UP: Duration = Duration::from_secs(120);

#[tokio::test]
async fn an_event_is_kept_once_and_a_contradiction_is_reported() {
    let Some(database) = Database::create().await else { return };
    let both = [
        PostgresInbox::connect(&database.url).await.unwrap(),
        PostgresInbox::connect(&database.url).await.unwrap(),
    ];
    let inserts = (0..20).map(|number| both[number % 2].insert(event("avatar_video.success", "a")));
    let inserted: Vec<Inserted> =
        futures_util::future::join_all(inserts).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(inserted.iter().filter(|inserted| **inserted == Inserted::New).count(), 1);
    let told = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&told);
    let worker = both[0].worker(move |event: Event| {
        record.lock().unwrap().push(event.contradicts());
        async { Ok::<_, BoxError>(()) }
    });
    let stopper = worker.stopper();
    let working = tokio::spawn(worker.into_future());
    until(&both[1], |counts| counts.handled == 1).await;
    both[1].insert(event("avatar_video.fail", "a")).await.unwrap();
    until(&both[1], |counts| counts.handled == 2).await;
    stopper.stop();
    working.await.unwrap();
    assert_eq!(*told.lock().unwrap(), [None, Some(Outcome::Succeeded)]);
    database.remove().await;
}

#[tokio::test]
async fn an_insert_does_not_read_the_events_of_other_jobs() {
    let Some(database) = Database::create().await else { return };
    let pool = PgPool::connect(&database.url).await.unwrap();
    let inbox = PostgresInbox::new(pool.clone()).await.unwrap();
    for number in 0..EVENTS {
        inbox.insert(event("avatar_video.success", &format!("v{number}"))).await.unwrap();
    }
    // A connection that ends writes its statistics.
    pool.close().await;
    let pool = PgPool::connect(&database.url).await.unwrap();
    let statistics = "SELECT n_tup_ins, (seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes i WHERE i.relid = t.relid))::bigint
         FROM pg_stat_user_tables t WHERE schemaname = 'apalis' AND relname = 'jobs'";
    let start = Instant::now();
    let read = loop {
        let (inserted, read): (i64, i64) = sqlx::query_as(statistics).fetch_one(&pool).await.unwrap();
        if inserted == EVENTS {
            break read;
        }
        assert!(start.elapsed() < GIVE_UP, "the statistics have {inserted} events");
        tokio::task::yield_now().await;
    };
    assert!(read < EVENTS, "{read} rows were read for {EVENTS} inserts");
    pool.close().await;
    database.remove().await;
}

/// More than one page of the table.
const EVENTS: i64 = 200;

#[tokio::test]
async fn a_dead_event_is_counted_and_can_be_tried_again() {
    let Some(database) = Database::create().await else { return };
    let inbox = PostgresInbox::connect(&database.url).await.unwrap();
    inbox.insert(event("avatar_video.success", "a")).await.unwrap();
    let (calls, dead) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, count_dead) = (Arc::clone(&calls), Arc::clone(&dead));
    let worker = inbox
        .worker(move |_: Event| {
            let call = count.fetch_add(1, Ordering::SeqCst);
            async move { if call == 0 { Err(BoxError::from("failure of the test")) } else { Ok(()) } }
        })
        .attempts(1)
        .on_dead(move |_, _| {
            count_dead.fetch_add(1, Ordering::SeqCst);
        });
    let stopper = worker.stopper();
    let working = tokio::spawn(worker.into_future());
    until(&inbox, |counts| counts.dead == 1).await;
    assert_eq!((dead.load(Ordering::SeqCst), inbox.retry_dead().await.unwrap()), (1, 1));
    until(&inbox, |counts| counts.handled == 1).await;
    stopper.stop();
    working.await.unwrap();
    database.remove().await;
}

#[tokio::test]
async fn two_workers_share_the_events() {
    let Some(database) = Database::create().await else { return };
    let inbox = PostgresInbox::connect(&database.url).await.unwrap();
    for number in 0..200 {
        inbox.insert(event("avatar_video.success", &format!("v{number}"))).await.unwrap();
    }
    let handled = Arc::new(Mutex::new(Vec::new()));
    let mut working = Vec::new();
    for _ in 0..2 {
        let record = Arc::clone(&handled);
        let worker = inbox.worker(move |event: Event| {
            record.lock().unwrap().push(event.job_id().unwrap().to_owned());
            async { Ok::<_, BoxError>(()) }
        });
        working.push((worker.stopper(), tokio::spawn(worker.into_future())));
    }
    until(&inbox, |counts| counts.handled == 200).await;
    for (stopper, task) in working {
        stopper.stop();
        task.await.unwrap();
    }
    let handled = handled.lock().unwrap().clone();
    assert_eq!((handled.len(), handled.iter().collect::<HashSet<_>>().len()), (200, 200));
    database.remove().await;
}
