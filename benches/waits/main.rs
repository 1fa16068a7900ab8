//! Thousands of waits at the same time, on a clock that only pauses move: requests, delay between the end of a job and its
//! notice, and memory, beside the loops of the provider's guide and of its command line tool. The jobs are single ones, or
//! those of batches of 100; or webhook events tell of their ends.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use futures_util::future;
use heygen_ext::HeyGen;
use heygen_ext::jobs::Video;
use heygen_ext::webhook::testing::{Generation, Signer};
use heygen_ext::webhook::{Event, Verifier};
use http::Uri;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

/// A service whose videos end at set times.
struct Service {
    start: Instant,
    ends: Vec<Duration>,
    requests: AtomicUsize,
}

impl Service {
    fn status(&self, id: &str) -> &'static str {
        let index: usize = id.parse().unwrap_or_default();
        if self.start.elapsed() >= self.ends[index] { "completed" } else { "processing" }
    }
}

async fn one(State(service): State<Arc<Service>>, Path(id): Path<String>) -> String {
    service.requests.fetch_add(1, Ordering::Relaxed);
    let status = service.status(&id);
    json!({"data": {"id": id, "status": status, "video_url": "https://example.com/v.mp4"}}).to_string()
}

async fn several(State(service): State<Arc<Service>>, uri: Uri) -> String {
    service.requests.fetch_add(1, Ordering::Relaxed);
    let query = uri.query().unwrap_or_default();
    let list = |name: &str| {
        let values = query.split('&').filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        values.flat_map(|ids| ids.split("%2C")).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut entries: Vec<Value> = Vec::new();
    for id in list("video_ids") {
        entries.push(json!({"video_id": id, "status": service.status(&id)}));
    }
    for batch in list("batch_ids") {
        let first = batch.parse::<usize>().unwrap_or_default() * BATCH;
        for (position, id) in (first..service.ends.len()).take(BATCH).enumerate() {
            let id = id.to_string();
            let status = service.status(&id);
            entries
                .push(json!({"video_id": id, "status": status, "batch_id": batch, "item_index": position}));
        }
    }
    json!({ "data": entries }).to_string()
}

/// Durations of renders as the provider's guides give them (read in November 2026): 5 to 15 minutes, and one in ten up to 25.
/// The same in each run.
fn durations(count: usize) -> Vec<Duration> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    (0..count)
        .map(|_| {
            let usual = 300.0 + 300.0 * (next() + next());
            let late = if next() < 0.1 { 600.0 * next() } else { 0.0 };
            Duration::from_secs_f64(usual + late)
        })
        .collect()
}

/// Jobs in a batch.
const BATCH: usize = 100;

struct Figures {
    requests: usize,
    mean: Duration,
    p99: Duration,
}

/// Waits for all jobs in one way, and measures.
async fn measure<F, Fut>(count: usize, with_events: bool, wait: F) -> Result<Figures, Box<dyn Error>>
where
    F: Fn(HeyGen, String) -> Fut,
    Fut: Future<Output = ()>,
{
    let service =
        Arc::new(Service { start: Instant::now(), ends: durations(count), requests: AtomicUsize::new(0) });
    let routes = Router::new()
        .route("/v3/videos/statuses", get(several))
        .route("/v3/videos/{id}", get(one))
        .with_state(Arc::clone(&service));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let heygen = HeyGen::builder().api_key("key").base_url(address).build()?;
    let waits = service.ends.iter().enumerate().map(|(index, end)| {
        let (service, waiting, end) = (&service, wait(heygen.clone(), index.to_string()), *end);
        async move {
            waiting.await;
            service.start.elapsed().saturating_sub(end)
        }
    });
    let all = future::join_all(waits);
    let mut delays = match with_events {
        false => all.await,
        true => {
            let hub = heygen.hub();
            let events = send_events(&service, |event| {
                hub.notify(event);
            });
            future::join(all, events).await.0
        }
    };
    server.abort();
    delays.sort();
    let mean = delays.iter().sum::<Duration>() / u32::try_from(count)?;
    let p99 = delays.get(count * 99 / 100).copied().unwrap_or_default();
    Ok(Figures { requests: service.requests.load(Ordering::Relaxed), mean, p99 })
}

/// Hands an event to `notify` when a job ends.
async fn send_events(service: &Service, notify: impl Fn(&Event)) {
    let mut ends: Vec<(Duration, usize)> = service.ends.iter().copied().zip(0..).collect();
    ends.sort();
    let (Ok(signer), Ok(verifier)) = (Signer::new("secret"), Verifier::new("secret")) else { return };
    for (end, id) in ends {
        sleep_until(service.start + end).await;
        let body = json!({"event_type": "avatar_video.success", "event_data": {"video_id": id.to_string()}});
        let delivery = signer.deliver(Generation::Signature, body.to_string());
        let verified = verifier.verify(delivery.headers(), delivery.body().clone());
        if let Some(event) = verified.ok().and_then(|verified| verified.event().ok()) {
            notify(&event);
        }
    }
}

async fn is_completed(heygen: &HeyGen, id: &str) -> bool {
    let video = heygen.api().get_video().video_id(id).await;
    video.is_ok_and(|video| video.status.as_str() == "completed")
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let run = |future| -> Result<Figures, Box<dyn Error>> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
        runtime.block_on(future)
    };
    type Run = std::pin::Pin<Box<dyn Future<Output = Result<Figures, Box<dyn Error>>>>>;
    let batches: Run = Box::pin(measure(count, false, |heygen, id| async move {
        let number: usize = id.parse().unwrap_or_default();
        drop(heygen.job::<Video>(format!("{}#{}", number / BATCH, number % BATCH)).wait().await);
    }));
    let single: Run = Box::pin(measure(count, false, |heygen, id| async move {
        drop(heygen.job::<Video>(id).wait().await);
    }));
    let events: Run = Box::pin(measure(count, true, |heygen, id| async move {
        drop(heygen.job::<Video>(id).wait().await);
    }));
    let guide: Run = Box::pin(measure(count, false, |heygen, id| async move {
        while !is_completed(&heygen, &id).await {
            sleep(Duration::from_secs(10)).await;
        }
    }));
    let tool: Run = Box::pin(measure(count, false, |heygen, id| async move {
        let mut pause = Duration::from_secs(2);
        while !is_completed(&heygen, &id).await {
            sleep_until(Instant::now() + pause).await;
            pause = (pause * 2).min(Duration::from_secs(30));
        }
    }));
    println!("{count} waits for videos of 5 to 25 minutes");
    let mut first = None;
    for (name, future) in [
        ("a read every 10 s, each", guide),
        ("2 s to 30 s, each", tool),
        ("heygen-ext", single),
        ("heygen-ext, in batches", batches),
        ("heygen-ext, with events", events),
    ] {
        let figures = run(future)?;
        let most = *first.get_or_insert(figures.requests);
        println!(
            "  {name:24} {:8} requests ({:5.1} times fewer)   delay: mean {:.3} s, p99 {:.3} s",
            figures.requests,
            most as f64 / figures.requests as f64,
            figures.mean.as_secs_f64(),
            figures.p99.as_secs_f64()
        );
    }
    let memory = memory_per_wait()?;
    println!("  memory of a wait         {memory} bytes");
    Ok(())
}

/// Bytes that a wait holds while it pauses.
fn memory_per_wait() -> Result<u64, Box<dyn Error>> {
    const COUNT: u64 = 1_000;
    let heygen = HeyGen::builder().api_key("key").base_url("http://127.0.0.1:9").build()?;
    let mut kept = Vec::new();
    let used = allocation_counter::measure(|| {
        for number in 0..COUNT {
            kept.push(Box::pin(heygen.job::<Video>(number.to_string()).wait()));
        }
    });
    Ok(used.bytes_current.unsigned_abs() / COUNT)
}
