//! Tests of the inbox in a file: retries, dead events, and several inboxes on one file.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::json;

use tokio::sync::{Semaphore, watch};

use super::worker::drive;
use super::*;
use crate::webhook::event::Outcome;
use crate::webhook::event_key::Identity;

fn event(kind: &str, video: &str) -> Event {
    let body = json!({"event_type": kind, "event_data": {"video_id": video}}).to_string();
    Event::of_delivery(body.as_bytes(), None, "ep".into()).unwrap()
}

async fn open(folder: &tempfile::TempDir) -> SqliteInbox {
    SqliteInbox::open(folder.path().join("inbox.sqlite")).await.unwrap()
}

/// Waits until the inbox has these counts, and fails with the last ones if it does not get them.
async fn until(inbox: &SqliteInbox, expected: impl Fn(&InboxCounts) -> bool) -> InboxCounts {
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
async fn an_event_is_kept_once_and_handled_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = open(&folder).await;
    assert_eq!(inbox.insert(event("avatar_video.success", "a")).await.unwrap(), Inserted::New);
    for _ in 0..3 {
        assert_eq!(inbox.insert(event("avatar_video.success", "a")).await.unwrap(), Inserted::Known);
    }
    drop(inbox);
    let inbox = open(&folder).await;
    assert_eq!(inbox.counts().await.unwrap(), InboxCounts { waiting: 1, ..InboxCounts::default() });
    let handled = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&handled);
    let worker = inbox.worker(move |event: Event| {
        record.lock().unwrap().push((event.job_id().unwrap().to_owned(), event.contradicts()));
        async { Ok::<_, BoxError>(()) }
    });
    let stopper = worker.stopper();
    let working = tokio::spawn(worker.into_future());
    until(&inbox, |counts| counts.handled == 1).await;
    // A failure that comes after the success of the same job.
    inbox.insert(event("avatar_video.fail", "a")).await.unwrap();
    until(&inbox, |counts| counts.handled == 2).await;
    assert_eq!(inbox.insert(event("avatar_video.success", "a")).await.unwrap(), Inserted::Known);
    stopper.stop();
    working.await.unwrap();
    let told = handled.lock().unwrap().clone();
    assert_eq!(told, [("a".to_owned(), None), ("a".to_owned(), Some(Outcome::Succeeded))]);
}

#[tokio::test]
async fn a_failing_event_is_delayed_and_then_dead_and_can_be_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, calls, dead) = (open(&folder).await, Arc::new(AtomicUsize::new(0)), Arc::default());
    inbox.insert(event("avatar_video.success", "a")).await.unwrap();
    let (count, record): (_, Arc<Mutex<Vec<String>>>) = (Arc::clone(&calls), Arc::clone(&dead));
    let worker = inbox
        .worker(move |_: Event| {
            let call = count.fetch_add(1, Ordering::SeqCst);
            async move {
                match call {
                    0 => Err(BoxError::from("failure of the test")),
                    1 => std::panic::resume_unwind(Box::new("panic of the test")),
                    _ => Ok(()),
                }
            }
        })
        .attempts(2)
        .on_dead(move |event, problem| {
            record.lock().unwrap().push(format!("{} {problem}", event.job_id().unwrap()));
        });
    let stopper = worker.stopper();
    let working = tokio::spawn(worker.into_future());
    until(&inbox, |_| calls.load(Ordering::SeqCst) == 1).await;
    // The second attempt is due in five seconds. Make it due now.
    until(&inbox, |counts| counts.waiting == 1).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let due: i64 = sqlx::query_scalar("SELECT run_at - strftime('%s', 'now') FROM Jobs")
        .fetch_one(&inbox.pool)
        .await
        .unwrap();
    assert!((3..=5).contains(&due), "{due}");
    sqlx::query("UPDATE Jobs SET run_at = 0").execute(&inbox.pool).await.unwrap();
    inbox.inserted.notify_one();
    until(&inbox, |counts| counts.dead == 1).await;
    assert_eq!(*dead.lock().unwrap(), ["a the handler panicked"]);
    // The service repeats its delivery: the event is known.
    assert_eq!(inbox.insert(event("avatar_video.success", "a")).await.unwrap(), Inserted::Known);
    assert_eq!(inbox.retry_dead().await.unwrap(), 1);
    let counts = until(&inbox, |counts| counts.handled == 1).await;
    assert_eq!((counts.dead, calls.load(Ordering::SeqCst)), (0, 3));
    stopper.stop();
    working.await.unwrap();
}

/// More handlers than the engine's channel for results has room for.
const MANY: usize = 8;

/// A handler that counts how often it begins and ends, and waits for a permit in between.
#[derive(Clone)]
struct Gated(Arc<[AtomicUsize; 2]>, Arc<Semaphore>);

impl Gated {
    fn new() -> Self {
        Self(Arc::default(), Arc::new(Semaphore::new(0)))
    }

    fn counts(&self) -> [usize; 2] {
        [self.0[0].load(Ordering::SeqCst), self.0[1].load(Ordering::SeqCst)]
    }
}

impl Handler for Gated {
    fn handle(&self, _: Event) -> BoxFuture<'static, Result<(), BoxError>> {
        let Self(counts, gate) = self.clone();
        Box::pin(async move {
            counts[0].fetch_add(1, Ordering::SeqCst);
            gate.acquire().await.unwrap().forget();
            counts[1].fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    }
}

async fn with_many_events(folder: &tempfile::TempDir) -> SqliteInbox {
    let inbox = open(folder).await;
    for number in 0..MANY {
        inbox.insert(event("avatar_video.success", &number.to_string())).await.unwrap();
    }
    inbox
}

#[tokio::test]
async fn a_worker_that_stops_ends_when_all_handlers_have_ended_and_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, handler) = (with_many_events(&folder).await, Gated::new());
    let worker = inbox.worker(handler.clone());
    let stopper = worker.stopper();
    let working = tokio::spawn(worker.into_future());
    until(&inbox, |_| handler.counts() == [MANY, 0]).await;
    stopper.stop();
    handler.1.add_permits(MANY);
    tokio::time::timeout(GIVE_UP, working).await.unwrap().unwrap();
    assert_eq!((handler.counts(), inbox.counts().await.unwrap().handled), ([MANY, MANY], MANY as u64));
    // The engine reads all events that an ended worker has, at each heartbeat.
    let locked = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM Jobs WHERE lock_by IS NOT NULL");
    assert_eq!(locked.fetch_one(&inbox.pool).await.unwrap(), 0);
}

#[tokio::test]
async fn handlers_that_run_when_the_database_fails_end_and_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, handler) = (with_many_events(&folder).await, Gated::new());
    let worker = inbox.worker(handler.clone());
    let (context, failed, stop) =
        (WorkerContext::new("w"), Arc::new(Notify::new()), watch::Sender::new(false));
    let (settings, report) = (worker.settings(), Arc::clone(&failed));
    let events = inbox.events(&Arc::new(worker.runner), &context, settings);
    let events = events.inspect(move |event| {
        if event.is_err() {
            report.notify_one();
        }
    });
    let driving = tokio::spawn(drive(events.boxed(), context, stop.subscribe()));
    until(&inbox, |_| handler.counts() == [MANY, 0]).await;
    sqlx::query("ALTER TABLE Jobs RENAME TO Hidden").execute(&inbox.pool).await.unwrap();
    inbox.inserted.notify_one();
    failed.notified().await;
    handler.1.add_permits(MANY);
    let start = Instant::now();
    while handler.counts() != [MANY, MANY] {
        assert!(start.elapsed() < GIVE_UP, "the handlers do not end: {:?}", handler.counts());
        tokio::task::yield_now().await;
    }
    sqlx::query("ALTER TABLE Hidden RENAME TO Jobs").execute(&inbox.pool).await.unwrap();
    let driven = tokio::time::timeout(GIVE_UP, driving).await.unwrap();
    assert!(driven.unwrap().is_err());
    assert_eq!((handler.counts(), inbox.counts().await.unwrap().handled), ([MANY, MANY], MANY as u64));
}

#[tokio::test]
async fn an_event_whose_handler_ends_the_process_is_dead_after_its_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, calls) = (open(&folder).await, Arc::new(AtomicUsize::new(0)));
    inbox.insert(event("avatar_video.success", "a")).await.unwrap();
    // As the engine counts an event whose worker has ended.
    sqlx::query("UPDATE Jobs SET attempts = 2").execute(&inbox.pool).await.unwrap();
    inbox.insert(event("avatar_video.success", "b")).await.unwrap();
    let count = Arc::clone(&calls);
    let worker = inbox
        .worker(move |_: Event| {
            count.fetch_add(1, Ordering::SeqCst);
            async { Ok::<_, BoxError>(()) }
        })
        .attempts(2)
        .on_dead(|_, problem| {
            assert!(problem.to_string().contains("the process ended"), "{problem}");
            std::panic::resume_unwind(Box::new("panic of the test"));
        });
    let stopper = worker.stopper();
    let working = tokio::spawn(worker.into_future());
    until(&inbox, |counts| (counts.dead, counts.handled) == (1, 1)).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    stopper.stop();
    working.await.unwrap();
}

#[tokio::test]
async fn an_event_that_this_version_cannot_read_is_tried_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = open(&folder).await;
    inbox.insert(event("avatar_video.success", "a")).await.unwrap();
    sqlx::query("UPDATE Jobs SET job = '{}'").execute(&inbox.pool).await.unwrap();
    let worker = inbox.worker(async |_: Event| Ok::<_, BoxError>(()));
    let stopper = worker.stopper();
    let working = tokio::spawn(worker.into_future());
    let failed = "SELECT count(*) FROM Jobs WHERE status = 'Failed' AND attempts = 1";
    let start = Instant::now();
    while sqlx::query_scalar::<_, i64>(failed).fetch_one(&inbox.pool).await.unwrap() == 0 {
        assert!(start.elapsed() < GIVE_UP, "the event is not tried again");
        tokio::task::yield_now().await;
    }
    stopper.stop();
    working.await.unwrap();
}

#[tokio::test]
async fn an_event_that_was_inserted_under_two_keys_at_once_is_handled_once() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, handler) = (open(&folder).await, Gated::new());
    handler.1.add_permits(1);
    let delivered = event("avatar_video.success", "a");
    let raw = delivered.raw().clone();
    inbox.insert(Event::new(raw, None, "ep".into(), Identity::Listed("e".to_owned()))).await.unwrap();
    let worker = inbox.worker(handler.clone());
    assert_eq!(worker.runner.handle(delivered.clone(), 1).await, End::Handled);
    assert_eq!(handler.counts(), [1, 1], "the other is not handled yet");
    sqlx::query("UPDATE Jobs SET status = 'Done'").execute(&inbox.pool).await.unwrap();
    assert_eq!(worker.runner.handle(delivered, 1).await, End::Handled);
    assert_eq!(handler.counts(), [1, 1]);
}

#[tokio::test]
async fn two_inboxes_on_one_file_keep_an_event_once() {
    let folder = tempfile::tempdir().unwrap();
    let both = [open(&folder).await, open(&folder).await];
    let inserts = (0..20).map(|number| both[number % 2].insert(event("avatar_video.success", "a")));
    let inserted = futures_util::future::join_all(inserts).await;
    assert!(inserted.iter().all(Result::is_ok));
    assert_eq!(both[0].counts().await.unwrap().waiting, 1);
}

#[tokio::test]
async fn old_events_are_deleted_and_a_damaged_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = open(&folder).await;
    for (video, status, done_at) in
        [("old", "Done", "0"), ("new", "Done", "strftime('%s', 'now')"), ("dead", "Killed", "0")]
    {
        inbox.insert(event("avatar_video.success", video)).await.unwrap();
        let update =
            format!("UPDATE Jobs SET status = '{status}', done_at = {done_at} WHERE status = 'Pending'");
        sqlx::query(sqlx::AssertSqlSafe(update)).execute(&inbox.pool).await.unwrap();
    }
    inbox.remove_old().await.unwrap();
    let counts = inbox.counts().await.unwrap();
    assert_eq!((counts.handled, counts.dead), (1, 1));
    let path = folder.path().join("text");
    std::fs::write(&path, "no database ".repeat(1000)).unwrap();
    let problem = SqliteInbox::open(&path).await.unwrap_err().to_string();
    assert!(problem.contains("cannot open the inbox") && problem.contains("text"), "{problem}");
}
