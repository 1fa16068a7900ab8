//! Measures the service that answers v1 and v2: the status of a video through it, compared with a plain reverse proxy of axum
//! and reqwest before the same server in the same run.
//!
//! Both are served by axum in this process. The server behind them is the simulator, in a process of its own.

#[path = "../server/mod.rs"]
mod server;

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::future::try_join_all;
use heygen_ext::HeyGen;
use heygen_ext::heygen_api::types::CreateVideoFromAvatar;
use heygen_ext::migrate::LegacyService;
use server::Failure;
use tokio::net::TcpListener;

/// Clients that send at the same time.
const CLIENTS: usize = 32;
/// Requests of each client in one round.
const REQUESTS: usize = 25;
/// Rounds for each side. The result is their median.
const ROUNDS: usize = 41;
/// Requests of one client, for the time of a single request.
const SINGLE: usize = 500;

/// The target ratio of requests a second.
const RATE_TARGET: f64 = 0.7;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    server::serve_if_requested(&runtime)?;
    let server = server::start()?;
    runtime.block_on(compare(&server.url, &server.key))
}

async fn compare(url: &str, key: &str) -> Result<(), Failure> {
    let heygen = HeyGen::builder().api_key(key).base_url(url).build()?;
    let body = CreateVideoFromAvatar::builder().avatar_id("Anna_sitting_public").script("Hello");
    let id = heygen.api().create_video().body(body).await?.video_id.clone();
    let service = LegacyService::new(heygen.legacy());
    let gateway = serve(Router::new().fallback_service(service)).await?;
    let upstream = Upstream { url: url.to_owned(), client: reqwest::Client::new() };
    let proxy = serve(Router::new().fallback(forward).with_state(upstream)).await?;
    let sides = [
        (format!("{proxy}/v3/videos/{id}"), "reverse proxy of axum + reqwest"),
        (format!("{gateway}/v1/video_status.get?video_id={id}"), "LegacyService"),
    ];
    let client = reqwest::Client::new();

    let mut rates = [Vec::new(), Vec::new()];
    // The first round is a warm-up.
    for round in 0..ROUNDS + 1 {
        for ((target, _), rates) in sides.iter().zip(&mut rates) {
            let start = Instant::now();
            let clients = (0..CLIENTS).map(|_| send(&client, target, key, REQUESTS));
            try_join_all(clients).await?;
            if round > 0 {
                rates.push((CLIENTS * REQUESTS) as f64 / start.elapsed().as_secs_f64());
            }
        }
    }
    println!("requests a second with {CLIENTS} clients, median of {ROUNDS} rounds of {}", CLIENTS * REQUESTS);
    // Each round has a ratio of its own, so that other work of the machine affects both sides alike.
    let ratios = rates[1].iter().zip(&rates[0]).map(|(our, their)| our / their).collect();
    let [their, our] = rates.map(median);
    println!("  {:32} {their:9.0}", sides[0].1);
    println!("  {:32} {our:9.0}", sides[1].1);
    println!("  {:32} {:9.3}     (target: at least {RATE_TARGET})", "ratio", median(ratios));

    let direct = (format!("{url}/v3/videos/{id}"), "the server itself");
    let mut times = Vec::new();
    for (target, name) in std::iter::once(&direct).chain(&sides) {
        send(&client, target, key, 50).await?;
        let mut each = Vec::with_capacity(SINGLE);
        for _ in 0..SINGLE {
            let start = Instant::now();
            send(&client, target, key, 1).await?;
            each.push(micros(start.elapsed()));
        }
        times.push((*name, median(each)));
    }
    println!("time of one request, median of {SINGLE}");
    for (name, time) in &times {
        println!("  {name:32} {time:7.1} µs   (added: {:7.1} µs)", time - times[0].1);
    }
    Ok(())
}

async fn send(client: &reqwest::Client, target: &str, key: &str, requests: usize) -> Result<(), Failure> {
    for _ in 0..requests {
        let answer = client.get(target).header("x-api-key", key).send().await?.error_for_status()?;
        let body = answer.bytes().await?;
        if !body.starts_with(b"{") {
            return Err("the answer is not JSON".into());
        }
    }
    Ok(())
}

#[derive(Clone)]
struct Upstream {
    url: String,
    client: reqwest::Client,
}

/// The plain reverse proxy: method, path, key and body are passed on, and so is the answer.
async fn forward(State(upstream): State<Upstream>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut call = upstream.client.request(head.method.clone(), format!("{}{target}", upstream.url));
    if let Some(key) = head.headers.get("x-api-key") {
        call = call.header("x-api-key", key);
    }
    let answer = call.body(reqwest::Body::wrap_stream(body.into_data_stream())).send().await;
    let Ok(answer) = answer else {
        let mut failed = Response::new(Body::empty());
        *failed.status_mut() = http::StatusCode::BAD_GATEWAY;
        return failed;
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    if let Some(kind) = answer.headers().get(http::header::CONTENT_TYPE) {
        response.headers_mut().insert(http::header::CONTENT_TYPE, kind.clone());
    }
    *response.body_mut() = Body::from_stream(answer.bytes_stream());
    response
}

async fn serve(router: Router) -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
