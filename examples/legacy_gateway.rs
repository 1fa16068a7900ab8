//! A gateway for programs that speak v1 or v2: point their base URL at it, and they go on working on v3.
//!
//! ```sh
//! # Each program sends its own key, which is passed on.
//! cargo run --release -p heygen-examples --example legacy_gateway
//! # All programs use the key of the operator, and present GATEWAY_KEY in the place of their own.
//! HEYGEN_API_KEY=… GATEWAY_KEY=… cargo run --release -p heygen-examples --example legacy_gateway -- --operator
//! ```
//!
//! It listens on the loopback interface only, because requests carry keys and the connection is not encrypted. Put it
//! behind a server with TLS to reach it from other machines. `PORT` sets the port, `HEYGEN_API_BASE` another address of the
//! service, such as that of heygen-sim. `--help` lists the options.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use heygen_ext::migrate::{LegacyService, MigrateOptions, Policy};
use heygen_ext::secrecy::SecretString;
use heygen_ext::{BoxError, HeyGen};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::util::option_layer;
use tower::{Layer, Service, ServiceExt};
use tower_http::cors::CorsLayer;

/// Answer programs of v1 and v2, on the loopback interface
#[derive(Debug, Parser)]
#[command(name = "legacy_gateway")]
pub(crate) struct Options {
    /// Use the key in HEYGEN_API_KEY for all requests; programs present the one in GATEWAY_KEY
    #[arg(long)]
    operator: bool,
    /// Carry out requests that lose something or cost more, such as the upload of a talking photo, and list it in the member
    /// `warning` of the answer
    #[arg(long)]
    lenient: bool,
    /// Carry out requests that lose a member with this name, such as scale; may be given several times
    #[arg(long, value_name = "MEMBER")]
    accept_loss: Vec<String>,
    /// Render a look that lost Avatar III by a newer engine, which costs several times as much
    #[arg(long)]
    accept_engine_change: bool,
    /// Carry out uploads of talking photos and of photo avatars, which were free of charge
    #[arg(long)]
    accept_avatar_charges: bool,
    /// Show a silent avatar with a silent audio file, which is uploaded first
    #[arg(long)]
    silence_as_audio: bool,
    /// Render scenes that v3 cannot express in two passes, which costs more, and wait this long for each video of the first
    #[arg(long, value_name = "SECONDS")]
    two_pass: Option<u64>,
    /// The resolution of videos without a dimension: 720p, 1080p or 4k
    #[arg(long, value_name = "RESOLUTION", value_parser = ["720p", "1080p", "4k"])]
    default_resolution: Option<String>,
    /// Answer errors of v2 as texts
    #[arg(long)]
    error_as_text: bool,
    /// Take the same POST within this time for a repetition, which makes nothing new
    #[arg(long, value_name = "SECONDS")]
    pub(crate) repeat_window: Option<u64>,
    /// Answer the preflight requests of web pages of this origin, such as https://app.example
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Option<HeaderValue>,
}

impl Options {
    /// The options of plans.
    pub(crate) fn migrate_options(&self) -> MigrateOptions {
        let policy = if self.lenient { Policy::Lenient } else { Policy::Strict };
        let mut options = MigrateOptions::new()
            .policy(policy)
            .accept_engine_change(self.accept_engine_change)
            .accept_avatar_charges(self.accept_avatar_charges)
            .silence_as_audio(self.silence_as_audio)
            .error_as_text(self.error_as_text);
        if let Some(seconds) = self.two_pass {
            options = options.two_pass(Duration::from_secs(seconds));
        }
        if let Some(resolution) = &self.default_resolution {
            options = options.default_resolution(resolution);
        }
        self.accept_loss.iter().fold(options, |options, member| options.accept_loss(member))
    }
}

/// The limits of the server. Those of bodies belong to [`LegacyService`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerLimits {
    /// The largest number of connections. Further ones wait in the queue of the system.
    pub(crate) connections: usize,
    /// The longest time for the head of a request.
    pub(crate) head_time: Duration,
    /// The largest head of a request, in bytes.
    pub(crate) head_size: usize,
    /// How long requests in progress may take after the server was stopped.
    pub(crate) shutdown_time: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            head_time: Duration::from_secs(10),
            head_size: 64 * 1024,
            shutdown_time: Duration::from_secs(30),
        }
    }
}

/// The response of [`LegacyService`], which the layers around it keep.
pub(crate) type Answer = Response<http_body_util::Full<bytes::Bytes>>;

/// Lets the web pages of one origin call the service: it answers their preflight requests, and permits them to read the answers.
///
/// A page that sends a key shows it to everyone who opens the page. Use this for pages that only trusted users reach.
pub(crate) fn allow_origin(origin: HeaderValue) -> CorsLayer {
    let key = HeaderName::from_static("x-api-key");
    let idempotency_key = HeaderName::from_static("idempotency-key");
    CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, key, idempotency_key])
        .expose_headers([RETRY_AFTER, HeaderName::from_static("x-request-id")])
        .max_age(Duration::from_secs(3_600))
}

/// Serves until `stop` is ready, and then finishes the requests in progress. `log` gets a line for each request.
pub(crate) async fn serve<S>(
    listener: TcpListener,
    service: S,
    limits: ServerLimits,
    log: impl Fn(String) + Clone + Send + Sync + 'static,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = Answer, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let permits = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accept = async {
            // The semaphore is never closed.
            let permit = Arc::clone(&permits).acquire_owned().await.ok();
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            accepted = accept => accepted,
            () = &mut stop => break,
        };
        let Ok((stream, _)) = accepted else {
            // The process has too many open files, or the client has disconnected. The next attempt may succeed.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (service, log) = (service.clone(), log.clone());
        let answer = service_fn(move |request| answer(service.clone(), request, log.clone()));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(limits.head_size);
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), answer));
        tokio::spawn(async move {
            // An error means that the client disconnected, or was too slow.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(limits.shutdown_time, graceful.shutdown()).await;
}

async fn answer(
    service: impl Service<Request<Incoming>, Response = Answer, Error = Infallible>,
    request: Request<Incoming>,
    log: impl Fn(String),
) -> Result<Answer, Infallible> {
    let began = Instant::now();
    // The query may contain ids and tokens, so the log has the path only.
    let line = format!("{} {}", request.method(), request.uri().path());
    let response = service.oneshot(request).await?;
    log(format!("{line} {} {} ms", response.status().as_u16(), began.elapsed().as_millis()));
    Ok(response)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let given = Options::parse();
    let options = given.migrate_options();
    let service = if given.operator {
        let key = std::env::var("GATEWAY_KEY").map_err(|_| "set GATEWAY_KEY, which the programs present")?;
        let legacy = HeyGen::from_env()?.legacy().with_options(options);
        LegacyService::new(legacy).operator_key(SecretString::from(key))
    } else {
        // The key of each caller is used instead.
        let mut builder = HeyGen::builder().api_key("unused");
        if let Ok(base) = std::env::var("HEYGEN_API_BASE") {
            builder = builder.base_url(base);
        }
        LegacyService::new(builder.build()?.legacy().with_options(options))
    };
    let service = match given.repeat_window {
        Some(seconds) => service.repeat_window(Duration::from_secs(seconds)),
        None => service,
    };
    let service = option_layer(given.allow_origin.map(allow_origin)).layer(service);
    let port = match std::env::var("PORT") {
        Ok(port) => port.parse().map_err(|_| format!("PORT is `{port}`; write a number from 0 to 65535"))?,
        Err(_) => 8090_u16,
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    serve(listener, service, ServerLimits::default(), |line| println!("{line}"), stop).await;
    Ok(())
}
