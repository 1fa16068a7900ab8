//! Receivers and workers that are killed while 2,000 events arrive: what was answered 2xx is handled.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use heygen_ext::BoxError;
use heygen_ext::webhook::testing::{Generation, Signer};
use heygen_ext::webhook::{
    Event, InboxCounts, PostgresInbox, Receiver, SqliteInbox, Verifier, Worker, serve,
};
use http::Request;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::SECRET;
use crate::database::Database;

const EVENTS: usize = 2_000;

/// Number of events that are sent at the same time.
const SENDING: usize = 32;

/// Whether a process is killed after this many answers; each round after another number.
fn answers_in_round(round: usize) -> usize {
    60 + (round * 137) % 400
}

/// Appends a line at once, so that lines of several processes do not mix.
fn append(folder: &Path, line: &str) {
    let log = OpenOptions::new().create(true).append(true).open(folder.join("log"));
    log.unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// Receives and handles events until it is killed: the program that the tests below kill.
#[tokio::test]
async fn as_a_child_process() {
    let Ok(arguments) = std::env::var("HEYGEN_INBOX_CHILD") else { return };
    let [folder, database] = arguments.split('\n').collect::<Vec<_>>()[..] else { return };
    let folder = PathBuf::from(folder);
    match database {
        "" => {
            let inbox = SqliteInbox::open(folder.join("inbox.sqlite")).await.unwrap();
            receive(&folder, Receiver::new(Verifier::new(SECRET).unwrap(), inbox.clone()), |handler| {
                inbox.worker(handler)
            })
            .await;
        }
        url => {
            let inbox = PostgresInbox::connect(url).await.unwrap();
            receive(&folder, Receiver::new(Verifier::new(SECRET).unwrap(), inbox.clone()), |handler| {
                inbox.worker(handler)
            })
            .await;
        }
    }
}

type BoxedHandler =
    Box<dyn Fn(Event) -> futures_util::future::BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

async fn receive(folder: &Path, receiver: Receiver, worker: impl FnOnce(BoxedHandler) -> Worker) {
    let log = folder.to_owned();
    let handler: BoxedHandler = Box::new(move |event: Event| {
        let log = log.clone();
        Box::pin(async move {
            let (id, process) = (event.job_id().unwrap_or_default().to_owned(), std::process::id());
            append(&log, &format!("begin {id} {process}"));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            append(&log, &format!("end {id} {process}"));
            Ok(())
        })
    });
    let worker = worker(handler).heartbeat(Duration::from_secs(2));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let name = folder.join(format!("address.{}", std::process::id()));
    let temporary = name.with_extension("new");
    File::create(&temporary).unwrap().write_all(address.as_bytes()).unwrap();
    std::fs::rename(temporary, name).unwrap();
    serve(listener, receiver).worker(worker).await;
}

/// A process that receives, and its address.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    async fn start(folder: &Path, database: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "inbox_kill::as_a_child_process"])
            .env("HEYGEN_INBOX_CHILD", format!("{}\n{database}", folder.display()))
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("errors")).unwrap())
            .spawn()
            .unwrap();
        let path = folder.join(format!("address.{}", child.id()));
        let address = loop {
            if let Ok(address) = std::fs::read_to_string(&path) {
                break address;
            }
            let ended = child.try_wait().unwrap();
            let errors = || std::fs::read_to_string(folder.join("errors")).unwrap();
            assert!(ended.is_none(), "the process has ended: {}", errors());
            tokio::task::yield_now().await;
        };
        Self { child, url: format!("http://{address}/") }
    }

    fn kill(mut self, folder: &Path) {
        let process = self.child.id();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        append(folder, &format!("killed {process} -"));
    }
}

/// Sends an event, as the service would. Returns whether it was answered 2xx.
async fn send(client: reqwest::Client, url: String, number: usize) -> (usize, bool) {
    let body = format!(r#"{{"event_type":"avatar_video.success","event_data":{{"video_id":"v{number}"}}}}"#);
    let mut request: Request<bytes::Bytes> =
        Signer::new(SECRET).unwrap().deliver(Generation::HeygenSignature, body);
    *request.uri_mut() = url.parse().unwrap();
    let answer = client.execute(request.try_into().unwrap()).await;
    (number, answer.is_ok_and(|answer| answer.status().is_success()))
}

/// Sends all events, until each was answered 2xx, to processes that are killed meanwhile.
async fn send_all(folder: &Path, database: &str, processes: usize) {
    let mut running = Vec::new();
    for _ in 0..processes {
        running.push(Process::start(folder, database).await);
    }
    let client = reqwest::Client::new();
    let limit = Arc::new(Semaphore::new(SENDING));
    let mut waiting: Vec<usize> = (0..EVENTS).rev().collect();
    let mut sending = tokio::task::JoinSet::new();
    let (mut answered, mut round) = (HashSet::new(), 0);
    let mut next_kill = answers_in_round(0);
    while answered.len() < EVENTS {
        while sending.len() < SENDING {
            let Some(number) = waiting.pop() else { break };
            let (client, url) = (client.clone(), running[number % processes].url.clone());
            let limit = Arc::clone(&limit);
            sending.spawn(async move {
                let _permit = limit.acquire().await;
                send(client, url, number).await
            });
        }
        let (number, is_kept) = sending.join_next().await.unwrap().unwrap();
        match is_kept {
            true => drop(answered.insert(number)),
            // The service delivers it again.
            false => waiting.insert(0, number),
        }
        if answered.len() >= next_kill {
            round += 1;
            next_kill += answers_in_round(round);
            running.remove(round % processes).kill(folder);
            running.insert(round % processes, Process::start(folder, database).await);
        }
    }
    assert!(round >= 5, "{round}");
    // What the killed ones were handling is handed out again.
    let counts = match database {
        "" => {
            let inbox = SqliteInbox::open(folder.join("inbox.sqlite")).await.unwrap();
            until_handled(|| inbox.counts()).await
        }
        url => {
            let inbox = PostgresInbox::connect(url).await.unwrap();
            until_handled(|| inbox.counts()).await
        }
    };
    for process in running {
        process.kill(folder);
    }
    assert_eq!((counts.handled, counts.dead), (EVENTS as u64, 0));
    check_log(folder);
}

async fn until_handled<F: Future<Output = Result<InboxCounts, BoxError>>>(
    counts: impl Fn() -> F,
) -> InboxCounts {
    loop {
        let counts = counts().await.unwrap();
        if counts.waiting + counts.running == 0 {
            return counts;
        }
        tokio::task::yield_now().await;
    }
}

/// Every event was handled, and never again before its first run had ended or its process was killed.
fn check_log(folder: &Path) {
    let log = std::fs::read_to_string(folder.join("log")).unwrap();
    let mut running: HashMap<&str, &str> = HashMap::new();
    let mut handled = HashSet::new();
    let mut again = 0;
    for line in log.lines() {
        let parts: Vec<_> = line.split(' ').collect();
        match parts[..] {
            ["begin", id, process] => {
                again += usize::from(handled.contains(id));
                let other = running.insert(id, process);
                assert_eq!(other, None, "{id} was handed out again while its first run lived");
            }
            ["end", id, _] => {
                running.remove(id);
                handled.insert(id);
            }
            ["killed", process, _] => running.retain(|_, of| *of != process),
            _ => panic!("{line}"),
        }
    }
    assert_eq!(handled.len(), EVENTS);
    assert!(again < EVENTS / 4, "{again} events were handled again");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_a_file_survive_kills_of_one_process() {
    let folder = tempfile::tempdir().unwrap();
    send_all(folder.path(), "", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_a_file_survive_kills_of_two_processes() {
    let folder = tempfile::tempdir().unwrap();
    send_all(folder.path(), "", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_postgres_survive_kills_of_one_process() {
    let Some(database) = Database::create().await else { return };
    let folder = tempfile::tempdir().unwrap();
    send_all(folder.path(), &database.url, 1).await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_postgres_survive_kills_of_two_processes() {
    let Some(database) = Database::create().await else { return };
    let folder = tempfile::tempdir().unwrap();
    send_all(folder.path(), &database.url, 2).await;
    database.remove().await;
}
