//! Listens, and answers on each connection until it is stopped.
//!
//! The loop is written out because the simulator must be able to do what servers never should: close a connection
//! instead of answering, reset it, stop in the middle of a body.

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

/// How long answers under way may take once the simulator stops.
const FAREWELL: Duration = Duration::from_secs(2);

pub(crate) async fn serve(listener: TcpListener, world: Arc<World>, stop: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    // The tasks end with this function, however it ends.
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
                // Out of file descriptors, or a caller that left at once: what comes next may work.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        // Small answers should not wait for more.
        let _ = stream.set_nodelay(true);
        let handle = ConnectionHandle::default();
        let io = TokioIo::new(Connection::new(stream, handle.clone()));
        let world = Arc::clone(&world);
        let service = service_fn(move |request| {
            let (world, handle) = (Arc::clone(&world), handle.clone());
            async move { pipeline::enter(&world, request, &handle).await }
        });
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(io, service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            // A connection that breaks is the caller's affair, or was asked for.
            let _ = connection.await;
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
}
