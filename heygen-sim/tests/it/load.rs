//! Tests a thousand concurrent clients: all are served, and no task is left.

#[path = "../../benches/load/client.rs"]
mod client;
#[path = "../../benches/load/open_files.rs"]
mod open_files;

use std::collections::HashSet;
use std::sync::Arc;

use heygen_sim::{Clock, Sim};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::{JoinSet, yield_now};

use self::client::Connection;

const CLIENTS: usize = 1_000;

/// Both ends of each connection are open files of this process, in addition to those of other tests.
const OPEN_FILES: u64 = 2 * CLIENTS as u64 + 500;

/// Maximum number of yields until the runtime has removed all ended tasks.
const MAX_YIELDS: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_concurrent_clients_are_served_and_leave_no_tasks() {
    open_files::allow(OPEN_FILES).unwrap();
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let builder = Sim::builder().clock(Clock::manual()).concurrency(usize::MAX).balance(1e6);
    let sim = builder.start().await.unwrap();
    let address = client::address(sim.base_url());
    let key: Arc<str> = sim.api_key().into();
    // Open all connections before the first request.
    let mut connections = Vec::new();
    for _ in 0..CLIENTS {
        connections.push(Connection::open(address).await.unwrap());
    }
    let mut clients = JoinSet::new();
    for mut connection in connections {
        let key = Arc::clone(&key);
        clients.spawn(async move {
            let body = r#"{"type":"avatar","avatar_id":"Anna_sitting_public","script":"Hello"}"#;
            let mut ids = Vec::new();
            for _ in 0..2 {
                let (status, answer) =
                    connection.send(&client::post("/v3/videos", &key, body)).await.unwrap();
                let answer: Value = serde_json::from_slice(answer).unwrap();
                assert_eq!(status, 200, "{answer}");
                let id = answer["data"]["video_id"].as_str().unwrap().to_owned();
                let path = format!("/v3/videos/{id}");
                let (status, answer) = connection.send(&client::get(&path, &key)).await.unwrap();
                let answer: Value = serde_json::from_slice(answer).unwrap();
                assert_eq!((status, answer["data"]["id"].as_str()), (200, Some(id.as_str())));
                ids.push(id);
            }
            (ids, connection)
        });
    }
    // The connections stay open, so that the simulator has to close them.
    let (ids, connections): (Vec<_>, Vec<_>) = clients.join_all().await.into_iter().unzip();
    let distinct: HashSet<String> = ids.into_iter().flatten().collect();
    assert_eq!(distinct.len(), 2 * CLIENTS);
    assert_eq!(sim.requests().iter().filter(|request| request.status == Some(200)).count(), 4 * CLIENTS);

    sim.shutdown().await;
    // The runtime counts an ended task until its worker has removed it.
    for _ in 0..MAX_YIELDS {
        if tasks() == before {
            break;
        }
        yield_now().await;
    }
    assert_eq!(tasks(), before);
    drop(connections);
}
