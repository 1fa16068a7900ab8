//! The server loop of webhooks, with deadlines.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower_service::Service;

use crate::box_error::BoxError;

/// Time within which the headers of a request must arrive, also of the next one on an open connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum size of the headers of a request, in bytes; each connection has a buffer of this size.
const MAX_HEADER_SIZE: usize = 16 << 10;

/// Number of connections that may be open at the same time.
const MAX_CONNECTIONS: usize = 4096;

/// Maximum age of a connection. A client that does not read its answers would hold one for ever.
const MAX_CONNECTION_AGE: Duration = Duration::from_secs(10 * 60);

/// Default time from the shutdown until connections are closed and the worker is aborted.
const GRACE: Duration = Duration::from_secs(30);

/// Delay after an error of the listener, such as too many open files.
const ACCEPT_DELAY: Duration = Duration::from_millis(100);

/// Serves routes over HTTP/1.1, with the deadlines that a public address needs. `.await` runs it.
///
/// `routes` is an axum `Router`, a [`Receiver`](super::Receiver), or any other tower service.
///
/// - The headers of a request must arrive within 10 seconds, and fit into 16 KiB. Receivers limit the time and the size of
///   bodies.
/// - At most 4,096 connections are open, each for at most 10 minutes; more wait to be accepted. A connection that stalls costs
///   its buffer, and does not delay others as long as there are fewer.
/// - After [`shutdown`](Server::shutdown), it accepts no more connections, answers the requests that have arrived, for at most
///   half of [`grace`](Server::grace), then stops its worker, and ends after [`grace`](Server::grace) at the latest.
///
/// It has no TLS: put it behind a proxy or a tunnel, because the service delivers only to HTTPS URLs.
///
/// ```no_run
/// use heygen_ext::webhook::{Event, MemoryInbox, Receiver, Verifier, serve};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let inbox = MemoryInbox::new(async |event: Event| {
///     println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
///     Ok::<_, std::io::Error>(())
/// });
/// let receiver = Receiver::new(Verifier::new("whsec_…")?, inbox);
/// let routes: axum::Router =
///     axum::Router::new().route_service("/heygen", receiver);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// let interrupted = async { drop(tokio::signal::ctrl_c().await) };
/// serve(listener, routes).shutdown(interrupted).await;
/// # Ok(())
/// # }
/// ```
pub fn serve<S>(listener: TcpListener, routes: S) -> Server<S> {
    Server {
        listener,
        routes,
        header_timeout: HEADER_TIMEOUT,
        grace: GRACE,
        shutdown: Box::pin(std::future::pending()),
        background: None,
        stop: Box::new(|| {}),
    }
}

/// A server loop; made by [`serve`].
#[must_use = "a server does nothing unless it is awaited"]
pub struct Server<S> {
    listener: TcpListener,
    routes: S,
    header_timeout: Duration,
    grace: Duration,
    shutdown: BoxFuture<'static, ()>,
    background: Option<BoxFuture<'static, ()>>,
    stop: Box<dyn FnOnce() + Send>,
}

impl<S> Server<S> {
    /// Sets what ends the server, such as Ctrl-C.
    pub fn shutdown(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.shutdown = Box::pin(signal);
        self
    }

    /// Sets the time from the shutdown until the worker is aborted. Open connections are closed after half of it. The default
    /// is 30 seconds.
    pub fn grace(mut self, time: Duration) -> Self {
        self.grace = time;
        self
    }

    /// Sets the time within which the headers of a request must arrive. The default is 10 seconds.
    pub fn header_timeout(mut self, time: Duration) -> Self {
        self.header_timeout = time;
        self
    }

    /// Runs a [`Worker`](super::Worker) beside the server. After the last request, it takes no more events, and its running
    /// handlers end.
    #[cfg(any(feature = "inbox-sqlite", feature = "inbox-postgres"))]
    #[cfg_attr(docsrs, doc(cfg(any(feature = "inbox-sqlite", feature = "inbox-postgres"))))]
    pub fn worker(mut self, worker: crate::stored_inbox::Worker) -> Self {
        let stopper = worker.stopper();
        self.background = Some(worker.into_future());
        self.stop = Box::new(move || stopper.stop());
        self
    }
}

impl<S, B> Server<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    async fn run(self) {
        let mut connection = http1::Builder::new();
        connection
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(MAX_HEADER_SIZE);
        let graceful = GracefulShutdown::new();
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        // Dropping the set closes the connections in it.
        let mut connections = JoinSet::new();
        let mut shutdown = self.shutdown;
        // Aborted with the server.
        let mut background = JoinSet::new();
        if let Some(worker) = self.background {
            background.spawn(worker);
        }
        loop {
            let accept = async {
                // The semaphore is never closed.
                let permit = Arc::clone(&permits).acquire_owned().await;
                (self.listener.accept().await, permit)
            };
            let (accepted, permit) = tokio::select! {
                () = &mut shutdown => break,
                Some(Err(problem)) = background.join_next() => {
                    tracing::error!(%problem, "the worker of the webhook inbox has ended; the server shuts down");
                    break;
                }
                accepted = accept => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let service = TowerToHyperService::new(self.routes.clone());
                    let serving = graceful.watch(connection.serve_connection(TokioIo::new(stream), service));
                    connections.spawn(async move {
                        // A connection that breaks concerns the client only.
                        drop(tokio::time::timeout(MAX_CONNECTION_AGE, serving).await);
                        drop(permit);
                    });
                    while connections.try_join_next().is_some() {}
                }
                Err(problem) => {
                    tracing::warn!(%problem, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_DELAY).await;
                }
            }
        }
        drop(self.listener);
        let start = tokio::time::Instant::now();
        // Half of the time is for connections, so that those that stall leave some for the background.
        let requests = tokio::time::timeout(self.grace / 2, graceful.shutdown()).await;
        if requests.is_err() {
            tracing::warn!("closed connections whose requests did not end in time");
        }
        drop(connections);
        (self.stop)();
        let remaining = self.grace.saturating_sub(start.elapsed());
        if tokio::time::timeout(remaining, background.join_next()).await.is_err() {
            tracing::warn!("aborted the worker, which did not end in time");
        }
    }
}

impl<S, B> IntoFuture for Server<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = ();
    type IntoFuture = BoxFuture<'static, ()>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<S> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("grace", &self.grace).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpStream;

    use super::*;
    use crate::webhook::{Event, MemoryInbox, Receiver, Verifier};

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_no_answers_does_not_hold_its_connection() {
        let inbox = MemoryInbox::new(async |_: Event| Ok::<_, BoxError>(()));
        let receiver = Receiver::new(Verifier::new("s").unwrap(), inbox);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, receiver).into_future());
        let mut client = TcpStream::connect(address).await.unwrap();
        let sending = async {
            let requests = "GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(1000);
            while client.write_all(requests.as_bytes()).await.is_ok() {}
        };
        tokio::time::timeout(2 * MAX_CONNECTION_AGE, sending).await.unwrap();
        serving.abort();
    }
}
