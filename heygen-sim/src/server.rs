//! The HTTP server: accepts connections and responds on them until it is stopped.
//!
//! It is built on hyper directly, because a fault may close a connection without a response, reset it, or stop in the middle
//! of a body.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::connection::{Connection, ConnectionHandle};
use crate::pipeline;
use crate::world::World;

/// How long requests in progress may take after the simulator was stopped.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a connection may wait for the head of the next request. Clients poll every minute, and keep their connections for
/// up to 90 seconds, so a shorter time would close connections that they are about to use.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);

/// Maximum size of a request's head, in bytes. Above it, the response is 431.
const HEAD_LIMIT: usize = 64 * 1024;

/// Accepts connections until `stop` fires, then waits for the requests in progress.
pub(crate) async fn serve(listener: TcpListener, world: Arc<World>, stop: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    // Dropping the set ends the tasks.
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(_) => {
                // The process has too many open files, or the client has disconnected. The next attempt may succeed.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        // Send small responses at once.
        let _ = stream.set_nodelay(true);
        let handle = ConnectionHandle::default();
        let io = TokioIo::new(Connection::new(stream, handle.clone()));
        let world = Arc::clone(&world);
        let service = service_fn(move |request| {
            let (world, handle) = (Arc::clone(&world), handle.clone());
            async move { pipeline::handle(&world, request, &handle).await }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_LIMIT);
        let connection = http.serve_connection(io, service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            // An error means that the client disconnected, or that a fault closed the connection.
            let _ = connection.await;
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await;
}
