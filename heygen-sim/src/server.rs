//! Listens, and answers on each connection until it is told to stop.
//!
//! The loop is written out because the simulator must be able to do what servers never should: close a connection
//! instead of answering, reset it, stop in the middle of a body.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::door;
use crate::world::World;

/// How long answers under way may take once the simulator stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a request can do to the connection it came on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Link(Arc<AtomicBool>);

impl Link {
    /// Ends the connection with a reset instead of an orderly close.
    pub(crate) fn reset(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

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
        let link = Link::default();
        let io = TokioIo::new(Connection { stream, link: link.clone() });
        let world = Arc::clone(&world);
        let service = service_fn(move |request| {
            let (world, link) = (Arc::clone(&world), link.clone());
            async move { door::enter(&world, request, &link).await }
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

/// A connection that may end with a reset.
struct Connection {
    stream: TcpStream,
    link: Link,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.link.0.load(Ordering::Relaxed) {
            // Without it the close is an orderly one, which is the best that is left.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
