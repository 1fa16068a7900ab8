//! Ledgers: what was submitted is neither lost nor paid for twice.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use heygen_ext::ledger::{Entry, EntryState, JsonLines, Ledger};
#[cfg(feature = "webhook")]
use heygen_ext::{Error, heygen_api::BoxFuture, jobs::JobHandle, ledger::JobEnd};
use heygen_ext::{ErrorKind, HeyGen, Paged};
use heygen_sim::{Clock, Fault, Sim};

use super::jobs::video;

async fn sim() -> Sim {
    Sim::builder().clock(Clock::manual()).concurrency(10_000).balance(100_000.0).start().await.unwrap()
}

fn client(base_url: &str, key: &str, ledger: impl Ledger) -> HeyGen {
    HeyGen::builder().api_key(key).base_url(base_url).build().unwrap().with_ledger(ledger)
}

/// The stores, each with a function that opens it again.
async fn stores(folder: &Path) -> Vec<(&'static str, Arc<dyn Ledger>)> {
    #[cfg_attr(not(feature = "ledger-sqlite"), allow(unused_mut, reason = "nothing is added"))]
    let mut all: Vec<(&'static str, Arc<dyn Ledger>)> =
        vec![("JSON lines", Arc::new(JsonLines::open(folder.join("ledger.jsonl")).unwrap()))];
    #[cfg(feature = "ledger-sqlite")]
    all.push((
        "SQLite",
        Arc::new(heygen_ext::ledger::Sqlite::open(folder.join("ledger.sqlite")).await.unwrap()),
    ));
    all
}

/// The requests for videos that succeeded.
fn created(sim: &Sim) -> usize {
    let is_create = |operation: Option<&str>| matches!(operation, Some("createVideo" | "createVideoBatchV3"));
    let requests = sim.requests();
    requests
        .iter()
        .filter(|one| is_create(one.operation.as_deref()) && matches!(one.status, Some(200 | 202)))
        .count()
}

#[tokio::test]
async fn a_second_run_finds_the_jobs_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    for (name, ledger) in stores(folder.path()).await {
        let sim = sim().await;
        let run = || client(sim.base_url(), sim.api_key(), Arc::clone(&ledger));
        let first = run();
        let one = first.submit(video("Hello")).await.unwrap();
        // An equal request in the same run is meant: it starts another job.
        let two = first.submit(video("Hello")).await.unwrap();
        assert_ne!(one.id(), two.id(), "{name}");
        let second = run();
        for job in [&one, &two] {
            let again = second.submit(video("Hello")).await.unwrap();
            assert_eq!(again.id(), job.id(), "{name}");
        }
        sim.advance(Duration::from_secs(3600));
        assert!(two.wait().await.is_ok(), "{name}");
        let entries = ledger.entries().await.unwrap();
        assert_eq!(
            entries.iter().map(|entry| entry.state()).collect::<Vec<_>>(),
            [EntryState::Running, EntryState::Ended],
            "{name}"
        );
        let open = run().resume().await.unwrap();
        assert_eq!((open.jobs.len(), open.unsettled.len()), (1, 0), "{name}");
        assert_eq!(open.jobs[0].handle(), one.handle(), "{name}");
        assert!(open.jobs[0].clone().wait().await.is_ok(), "{name}");
        assert!(run().resume().await.unwrap().jobs.is_empty(), "{name}");
        assert_eq!(created(&sim), 2, "{name}");
    }
}

#[tokio::test]
async fn a_request_without_an_answer_is_sent_again_with_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    for (name, ledger) in stores(folder.path()).await {
        let sim = sim().await;
        // The service creates the video each time, but its answers are lost.
        sim.inject(Fault::close_after().on("createVideo").times(3)).unwrap();
        let run = || client(sim.base_url(), sim.api_key(), Arc::clone(&ledger));
        let error = run().submit(video("Hello")).await.unwrap_err();
        assert!(error.may_have_executed(), "{name}: {error}");
        let open = run().resume().await.unwrap();
        assert_eq!((open.jobs.len(), open.unsettled.len()), (1, 0), "{name}");
        let job = run().submit(video("Hello")).await.unwrap();
        assert_eq!(job.handle(), open.jobs[0].handle(), "{name}");
        let keys: BTreeSet<_> = sim
            .requests()
            .iter()
            .filter(|one| one.operation.as_deref() == Some("createVideo"))
            .map(|one| one.headers.get("idempotency-key").cloned())
            .collect();
        assert_eq!(keys.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_keeps_the_key() {
    let folder = tempfile::tempdir().unwrap();
    for (name, ledger) in stores(folder.path()).await {
        let sim = sim().await;
        let run = || client(sim.base_url(), sim.api_key(), Arc::clone(&ledger));
        // The first run creates the video, and does not get the answer; the second is refused.
        sim.inject(Fault::close_after().on("create_video").times(3)).unwrap();
        run().submit(video("Hello")).await.unwrap_err();
        sim.inject(Fault::refuse(403, "forbidden", "m").on("create_video").times(2)).unwrap();
        let error = run().submit(video("Hello")).await.unwrap_err();
        assert!(!error.may_have_executed(), "{name}: {error}");
        assert_eq!(run().resume().await.unwrap().unsettled.len(), 1, "{name}");
        let _ = run().submit(video("Hello")).await.unwrap();
        assert_eq!(videos(&sim).await, 1, "{name}");
    }
}

#[tokio::test]
async fn only_an_entry_that_one_run_began_is_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    for (name, ledger) in stores(folder.path()).await {
        let entry: Entry =
            serde_json::from_value(serde_json::json!({"id": "d-1", "operation": "create_video",
            "body": {"secret": "s"}, "idempotency_key": "k", "created_at": 0}))
            .unwrap();
        assert!(!format!("{entry:?}").contains("secret"));
        assert!(!ledger.begin(&entry).await.unwrap().1, "{name}");
        ledger.withdraw("d-1").await.unwrap();
        assert!(!ledger.begin(&entry).await.unwrap().1, "{name}");
        assert!(ledger.begin(&entry).await.unwrap().1, "{name}");
        ledger.withdraw("d-1").await.unwrap();
        assert_eq!(ledger.entries().await.unwrap().len(), 1, "{name}");
        #[cfg(unix)]
        for file in std::fs::read_dir(folder.path()).unwrap() {
            use std::os::unix::fs::PermissionsExt as _;
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
        }
    }
}

#[tokio::test]
async fn a_refused_request_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, ledger) in stores(folder.path()).await {
        let sim = sim().await;
        let heygen = client(sim.base_url(), sim.api_key(), Arc::clone(&ledger));
        assert!(heygen.submit(video("[sim:unknown]")).await.is_err(), "{name}");
        assert!(ledger.entries().await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn an_old_request_without_an_answer_is_for_a_person() {
    let folder = tempfile::tempdir().unwrap();
    for (name, ledger) in stores(folder.path()).await {
        let sim = sim().await;
        let run = || client(sim.base_url(), sim.api_key(), Arc::clone(&ledger));
        sim.inject(Fault::close_after().on("createVideo").times(3)).unwrap();
        run().submit(video("Hello")).await.unwrap_err();
        let mut entry = ledger.entries().await.unwrap().remove(0);
        ledger.forget(&entry.id).await.unwrap();
        entry.created_at -= 24 * 60 * 60;
        ledger.begin(&entry).await.unwrap();
        let error = run().submit(video("Hello")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Ledger, "{name}: {error}");
        assert!(
            error.to_string().contains(&entry.id) && error.to_string().contains("Ledger::forget"),
            "{error}"
        );
        assert_eq!(run().resume().await.unwrap().unsettled.len(), 1, "{name}");
        ledger.forget(&entry.id).await.unwrap();
        assert!(run().submit(video("Hello")).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_repaired_at_its_end_and_refused_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let sim = sim().await;
    let job =
        client(sim.base_url(), sim.api_key(), JsonLines::open(&path).unwrap()).submit(video("Hello")).await;
    let handle = job.unwrap().handle().clone();
    let whole = std::fs::read_to_string(&path).unwrap();
    assert_eq!(whole.lines().count(), 3, "{whole}");

    std::fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let ledger = JsonLines::open(&path).unwrap();
    assert_eq!(ledger.entries().await.unwrap()[0].state(), EntryState::Sending);
    ledger.submitted(&ledger.entries().await.unwrap()[0].id, &[handle]).await.unwrap();
    drop(ledger);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);

    // A cut inside a letter of several bytes.
    let letter = whole.replacen("Hello", "H\u{fc}", 1);
    let inside = letter.find('\u{fc}').unwrap() + 1;
    std::fs::write(&path, &letter.as_bytes()[..inside]).unwrap();
    assert!(JsonLines::open(&path).unwrap().entries().await.unwrap().is_empty());

    let open = |text: &str| {
        std::fs::write(&path, text).unwrap();
        JsonLines::open(&path).map(drop).unwrap_err()
    };
    for (text, problem) in [
        (whole.replacen("{\"begin\"", "{\"begn\"", 1), "ledger.jsonl:2: the line is damaged"),
        (
            whole.replacen("\"heygen_ledger\":1", "\"heygen_ledger\":2", 1),
            "has version 2, but this program reads up to 1",
        ),
        ("a text\n".to_owned(), "ledger.jsonl:1: the first line is not that of a ledger"),
        ("a text".to_owned(), "ledger.jsonl:1: the first line is not that of a ledger"),
    ] {
        let error = open(&text);
        assert_eq!(error.kind(), ErrorKind::Ledger);
        assert!(error.to_string().contains(problem), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "another file stays as it is");
    }
    let held = JsonLines::open(folder.path().join("other.jsonl")).unwrap();
    let error = JsonLines::open(folder.path().join("other.jsonl")).map(drop).unwrap_err();
    assert!(error.to_string().contains("another process"), "{error}");
    drop(held);
}

#[cfg(feature = "ledger-sqlite")]
#[tokio::test]
async fn a_file_that_is_not_a_database_is_refused() {
    use heygen_ext::ledger::Sqlite;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    std::fs::write(&path, "not a database, but a text that is long enough to be one").unwrap();
    assert_eq!(Sqlite::open(&path).await.map(drop).unwrap_err().kind(), ErrorKind::Ledger);
}

/// A ledger that another process writes signals to.
#[cfg(feature = "webhook")]
#[derive(Default)]
pub(crate) struct Shared(pub(crate) std::sync::Mutex<Vec<String>>);

#[cfg(feature = "webhook")]
impl Ledger for Shared {
    fn begin<'a>(&'a self, entry: &'a Entry) -> BoxFuture<'a, Result<(Entry, bool), Error>> {
        Box::pin(async move { Ok((entry.clone(), false)) })
    }

    fn submitted<'a>(&'a self, _: &'a str, _: &'a [JobHandle]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn ended<'a>(&'a self, _: &'a str, _: &'a JobHandle, _: &'a JobEnd) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn withdraw<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn forget<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn entries(&self) -> BoxFuture<'_, Result<Vec<Entry>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn signals(&self, after: u64) -> BoxFuture<'_, Result<(u64, Vec<String>), Error>> {
        let signals = self.0.lock().unwrap();
        let new = signals.iter().skip(usize::try_from(after).unwrap()).cloned().collect();
        let last = signals.len() as u64;
        Box::pin(async move { Ok((last, new)) })
    }
}

#[cfg(feature = "ledger-sqlite")]
#[tokio::test]
async fn processes_that_share_a_database_read_the_signals_of_each_other() {
    use heygen_ext::ledger::Sqlite;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("work.sqlite");
    let (here, there) = (Sqlite::open(&path).await.unwrap(), Sqlite::open(&path).await.unwrap());
    assert_eq!(here.signals(0).await.unwrap(), (0, vec![]));
    for id in ["a", "b", "a"] {
        there.signal(id).await.unwrap();
    }
    let (position, ids) = here.signals(0).await.unwrap();
    assert_eq!(ids, ["a", "b", "a"]);
    there.signal("c").await.unwrap();
    let (position, ids) = here.signals(position).await.unwrap();
    assert_eq!(ids, ["c"]);
    assert_eq!(here.signals(position).await.unwrap(), (position, vec![]));
}

const JOBS: usize = 500;

/// Submits all jobs with a ledger: the program that the tests below kill.
async fn submit_all(base_url: &str, key: &str, path: &Path) {
    let heygen = match path.extension().and_then(|extension| extension.to_str()) {
        #[cfg(feature = "ledger-sqlite")]
        Some("sqlite") => client(base_url, key, heygen_ext::ledger::Sqlite::open(path).await.unwrap()),
        _ => client(base_url, key, JsonLines::open(path).unwrap()),
    };
    let request = |number: usize| video(&format!("Video {number}"));
    if !path.to_string_lossy().contains("lists") {
        for number in 0..JOBS {
            let _ = heygen.submit(request(number)).await.unwrap();
        }
        return;
    }
    // Lists of another length in each run, so that a run finds its jobs in batches that an earlier one has filled otherwise.
    let length = 5 + std::process::id() as usize % 31;
    for first in (0..JOBS).step_by(length) {
        let outcomes = heygen.submit_many((first..JOBS.min(first + length)).map(request)).await;
        outcomes.into_iter().for_each(|outcome| drop(outcome.unwrap()));
    }
}

/// Not a test by itself: the tests below run this binary with this name and the variable set.
#[tokio::test]
async fn as_a_child_process() {
    let Ok(arguments) = std::env::var("HEYGEN_LEDGER_CHILD") else { return };
    let [base_url, key, path] = arguments.split('\n').collect::<Vec<_>>()[..] else { return };
    submit_all(base_url, key, Path::new(path)).await;
}

fn child(sim: &Sim, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ledger::as_a_child_process"])
        .env("HEYGEN_LEDGER_CHILD", [sim.base_url(), sim.api_key(), path.to_str().unwrap()].join("\n"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills one process again and again after it has created some more videos, until one run ends by itself.
async fn kill_until_done(sim: &Sim, path: &Path, beside: usize, requests: usize) {
    let mut others: Vec<Child> = (0..beside).map(|_| child(sim, path)).collect();
    for round in 1.. {
        let mut process = child(sim, path);
        // Not after a time, but after a number of requests, which differs from round to round.
        let goal = created(sim) + 1 + (round * 37) % requests;
        let ended = loop {
            if let Some(status) = process.try_wait().unwrap() {
                break status.success();
            }
            if created(sim) >= goal {
                process.kill().unwrap();
                process.wait().unwrap();
                break false;
            }
            tokio::task::yield_now().await;
        };
        if ended {
            break;
        }
        assert!(round < 200, "no end");
    }
    for other in &mut others {
        while other.try_wait().unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    }
}

/// The videos that exist, each once.
async fn videos(sim: &Sim) -> usize {
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let videos = heygen.api().list_videos().limit(100_u32).items();
    videos.try_collect::<Vec<_>>().await.unwrap().len()
}

#[tokio::test]
async fn a_killed_process_never_pays_twice_and_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths: Vec<PathBuf> = vec![folder.path().join("killed.jsonl")];
    if cfg!(feature = "ledger-sqlite") {
        paths.push(folder.path().join("killed.sqlite"));
    }
    for path in paths {
        let sim = sim().await;
        kill_until_done(&sim, &path, 0, 97).await;
        assert_eq!(videos(&sim).await, JOBS, "{}", path.display());
    }
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_sends_batches_never_pays_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lists.jsonl");
    let sim = sim().await;
    kill_until_done(&sim, &path, 0, 7).await;
    // The simulator starts the videos of a batch in waves.
    sim.advance(Duration::from_secs(24 * 3600));
    assert_eq!(videos(&sim).await, JOBS);
}

#[cfg(feature = "ledger-sqlite")]
#[tokio::test]
async fn two_processes_on_one_ledger_share_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shared.sqlite");
    let sim = sim().await;
    kill_until_done(&sim, &path, 1, 97).await;
    assert_eq!(videos(&sim).await, JOBS);
}
