//! Tests with an event store that fails, is slow, or is shared with other receivers.

use std::collections::HashMap;

use super::*;
use crate::webhook::dispatch::RETRY_DELAYS;
use crate::webhook::event_key::EventKey;
use crate::webhook::event_store::Claimant;

const MINUTE: Duration = Duration::from_secs(60);

/// An event store whose claims expire after ten minutes. It fails as often, and takes as long, as the test says.
///
/// A claim completes even if the caller drops its future.
#[derive(Clone, Default)]
struct Table(Arc<TableInner>);

#[derive(Default)]
struct TableInner {
    rows: Mutex<HashMap<String, Row>>,
    fails_to_claim: AtomicUsize,
    fails_to_settle: AtomicUsize,
    claim_takes: Mutex<Duration>,
    settle_takes: Mutex<Duration>,
}

struct Row {
    claimant: Claimant,
    at: SystemTime,
    handled: bool,
}

impl Table {
    fn is_handled(&self) -> bool {
        self.0.rows.lock().unwrap().values().all(|row| row.handled)
    }
}

async fn sleep(time: &Mutex<Duration>) {
    let time = *time.lock().unwrap();
    tokio::time::sleep(time).await;
}

impl TableInner {
    async fn claim(&self, content: String, claimant: Claimant, now: SystemTime) -> Result<Claim, BoxError> {
        sleep(&self.claim_takes).await;
        if count_down(&self.fails_to_claim) {
            return Err("the disk is full".into());
        }
        let mut rows = self.rows.lock().unwrap();
        let row = rows.entry(content).or_insert(Row { claimant, at: now, handled: false });
        let has_expired = now.duration_since(row.at).unwrap() >= 10 * MINUTE;
        if row.handled {
            return Ok(Claim::Handled);
        }
        if row.claimant != claimant && !has_expired {
            return Ok(Claim::UnderWay);
        }
        (row.claimant, row.at) = (claimant, now);
        Ok(Claim::New)
    }
}

impl EventStore for Table {
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
        claimant: Claimant,
        now: SystemTime,
    ) -> BoxFuture<'a, Result<Claim, BoxError>> {
        let (inner, content) = (Arc::clone(&self.0), key.content.clone());
        Box::pin(async move { tokio::spawn(async move { inner.claim(content, claimant, now).await }).await? })
    }

    fn settle<'a>(
        &'a self,
        key: &'a EventKey,
        claimant: Claimant,
        handled: bool,
        now: SystemTime,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(async move {
            sleep(&self.0.settle_takes).await;
            if count_down(&self.0.fails_to_settle) {
                return Err("the disk is full".into());
            }
            let mut rows = self.0.rows.lock().unwrap();
            match rows.get_mut(&key.content) {
                Some(row) if handled => row.handled = true,
                None if handled => {
                    rows.insert(key.content.clone(), Row { claimant, at: now, handled });
                }
                Some(row) if !row.handled && row.claimant == claimant => drop(rows.remove(&key.content)),
                _ => {}
            }
            Ok(())
        })
    }
}

/// A receiver with this store, which it may share, and a clock that follows the paused time of the test.
fn receiver(harness: &Harness, table: &Table) -> Receiver {
    let began = Instant::now();
    let clock = move || SystemTime::UNIX_EPOCH + began.elapsed();
    Receiver::builder(verifier(), harness.clone()).event_store(table.clone()).clock(clock).build()
}

fn harness() -> (Harness, Table, Receiver) {
    let (harness, table) = (Harness::default(), Table::default());
    let receiver = receiver(&harness, &table);
    (harness, table, receiver)
}

#[tokio::test(start_paused = true)]
async fn if_the_store_fails_the_event_is_not_handled_and_is_delivered_again() {
    let (harness, table, receiver) = harness();
    table.0.fails_to_claim.store(1, Ordering::SeqCst);
    assert_eq!(status(&receiver, delivery("v1")).await, 500);
    assert!(harness.handled().is_empty());
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_claimed_in_time_is_delivered_again() {
    let (_, table, receiver) = harness();
    *table.0.claim_takes.lock().unwrap() = MINUTE;
    table.0.fails_to_claim.store(1, Ordering::SeqCst);
    assert_eq!(status(&receiver, delivery("v1")).await, 503);
}

#[tokio::test(start_paused = true)]
async fn the_record_of_a_handled_event_is_retried() {
    let (harness, table, receiver) = harness();
    table.0.fails_to_settle.store(2, Ordering::SeqCst);
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert!(table.is_handled());

    // A store that keeps failing does not cause another delivery of a handled event.
    table.0.fails_to_settle.store(3, Ordering::SeqCst);
    assert_eq!(status(&receiver, delivery("v2")).await, 200);
    assert!(!table.is_handled());
    assert_eq!(harness.handled(), ["v1", "v2"]);

    table.0.fails_to_settle.store(3, Ordering::SeqCst);
    let event = Event::of(delivery("v3").body(), None).unwrap();
    assert_eq!(receiver.handle(event).await.unwrap(), Claim::New);
}

#[tokio::test(start_paused = true)]
async fn a_failed_event_whose_claim_could_not_be_settled_is_new_after_the_claim_expires() {
    let (harness, table, receiver) = harness();
    harness.0.failures.store(1, Ordering::SeqCst);
    table.0.fails_to_settle.store(3, Ordering::SeqCst);
    assert_eq!(status(&receiver, delivery("v1")).await, 500);
    assert_eq!(status(&receiver, delivery("v1")).await, 503);
    tokio::time::advance(10 * MINUTE).await;
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled(), ["v1"; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_just_after_the_response_is_retried() {
    let (harness, table, receiver) = harness();
    harness.0.failures.store(1, Ordering::SeqCst);
    // The response is sent while the claim is being settled.
    *table.0.settle_takes.lock().unwrap() = RESPONSE_TIMEOUT + Duration::from_secs(1);
    assert_eq!(status(&receiver, delivery("v1")).await, 202);
    assert_eq!(harness.handled(), ["v1"]);
    receiver.drain().await;
    assert_eq!(harness.handled(), ["v1"; 2]);
    assert!(table.is_handled());
}

#[tokio::test(start_paused = true)]
async fn if_the_store_fails_before_a_retry_the_next_retry_follows() {
    let (harness, table, receiver) = harness();
    harness.0.waits.store(1, Ordering::SeqCst);
    harness.0.failures.store(1, Ordering::SeqCst);
    assert_eq!(status(&receiver, delivery("v1")).await, 202);
    table.0.fails_to_claim.store(1, Ordering::SeqCst);
    harness.0.gate.notify_one();
    receiver.drain().await;
    assert_eq!(harness.handled(), ["v1"; 2]);
    assert!(table.is_handled());
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_renewed_while_the_handler_runs() {
    let (harness, table, first) = harness();
    let second = receiver(&harness, &table);
    harness.0.waits.store(1, Ordering::SeqCst);
    assert_eq!(status(&first, delivery("v1")).await, 202);
    tokio::time::sleep(50 * MINUTE).await;
    assert_eq!(status(&second, delivery("v1")).await, 503);
    harness.0.gate.notify_one();
    first.drain().await;
    assert_eq!(status(&second, delivery("v1")).await, 200);
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn the_event_of_a_program_that_ended_is_handled_after_its_claim_expires() {
    let (harness, table, receiver) = harness();
    let key = Event::of(delivery("v1").body(), None).unwrap().dedup_key();
    let ended = Claimant::new();
    assert_eq!(table.claim(&key, ended, SystemTime::UNIX_EPOCH).await.unwrap(), Claim::New);
    assert_eq!(status(&receiver, delivery("v1")).await, 503);
    tokio::time::sleep(10 * MINUTE).await;
    assert_eq!(status(&receiver, delivery("v1")).await, 200);
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn a_running_renewal_completes_before_the_claim_is_settled() {
    let (harness, table, receiver) = harness();
    harness.0.waits.store(1, Ordering::SeqCst);
    harness.0.failures.store(1, Ordering::SeqCst);
    let event = Event::of(delivery("v1").body(), None).unwrap();
    let call = tokio::spawn(async move { receiver.handle(event).await });
    tokio::time::sleep(MINUTE / 2).await;
    // The handler fails while the claim is being renewed.
    *table.0.claim_takes.lock().unwrap() = MINUTE / 3;
    tokio::time::sleep(MINUTE * 2 / 3).await;
    harness.0.gate.notify_one();
    call.await.unwrap().unwrap_err();
    tokio::time::sleep(10 * MINUTE).await;
    assert!(table.0.rows.lock().unwrap().is_empty());
}

/// Delivers an event whose handler fails after the response, so that it is retried five seconds later.
async fn fail_once(harness: &Harness, receiver: &Receiver) {
    harness.0.waits.store(1, Ordering::SeqCst);
    harness.0.failures.store(1, Ordering::SeqCst);
    assert_eq!(status(receiver, delivery("v1")).await, 202);
    harness.0.gate.notify_one();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_while_another_claimant_handles_the_event() {
    let (harness, table, receiver) = harness();
    fail_once(&harness, &receiver).await;
    table.0.rows.lock().unwrap().values_mut().for_each(|row| row.claimant = Claimant::new());
    tokio::time::sleep(RETRY_DELAYS[0]).await;
    assert_eq!(harness.handled(), ["v1"]);
    // The other claimant fails.
    table.0.rows.lock().unwrap().clear();
    tokio::time::sleep(RETRY_DELAYS[1]).await;
    assert_eq!(harness.handled(), ["v1"; 2]);
    assert!(table.is_handled());
}

#[tokio::test(start_paused = true)]
async fn an_event_that_another_claimant_has_handled_is_not_retried() {
    let (harness, table, receiver) = harness();
    fail_once(&harness, &receiver).await;
    table.0.rows.lock().unwrap().values_mut().for_each(|row| row.handled = true);
    receiver.drain().await;
    assert_eq!(harness.handled(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_renewed_during_the_retry_delays() {
    let (harness, table, first) = harness();
    let second = receiver(&harness, &table);
    fail_once(&harness, &first).await;
    harness.0.failures.store(3, Ordering::SeqCst);
    // The last delay is longer than the time after which a claim expires.
    tokio::time::sleep(RETRY_DELAYS[0] + RETRY_DELAYS[1] + RETRY_DELAYS[2] + 14 * MINUTE).await;
    assert_eq!(harness.handled(), ["v1"; 4]);
    harness.0.failures.store(0, Ordering::SeqCst);
    assert_eq!(status(&second, delivery("v1")).await, 503);
    first.drain().await;
    assert_eq!(status(&second, delivery("v1")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_has_failed() {
    let (_, table, receiver) = harness();
    *table.0.claim_takes.lock().unwrap() = 60 * MINUTE;
    let event = Event::of(delivery("v1").body(), None).unwrap();
    let problem = receiver.handle(event).await.unwrap_err();
    assert_eq!(problem.to_string(), "the event store did not answer within 30 s");
    assert_eq!(receiver.under_way(), 0);
}
