//! An axum server on the loopback interface.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Serves the routes in a task of `tasks`, until that is stopped. Returns the address.
pub(crate) async fn serve(tasks: &mut JoinSet<()>, routes: Router) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // The connection works without this option, too.
        let _ = stream.set_nodelay(true);
    });
    tasks.spawn(async move {
        // It serves until the task is aborted.
        let _ = axum::serve(listener, routes).await;
    });
    Ok(address)
}
