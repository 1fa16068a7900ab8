//! Keeps webhook events in a SQLite file until they are handled, across restarts.
//!
//! ```text
//! HEYGEN_WEBHOOK_SECRET=whsec_… cargo run -p heygen-examples --example webhook_sqlite -- webhooks.sqlite
//! ```
//!
//! It listens on port 8080, path `/heygen`, until Ctrl-C. The service delivers only to public HTTPS URLs, so put a proxy or a
//! tunnel in front of it. Several processes may share the file: if two of them receive the same event, one handles it.

use std::error::Error;

use heygen_ext::BoxError;
use heygen_ext::webhook::{Event, Receiver, SqliteInbox, Verifier, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let secret = std::env::var("HEYGEN_WEBHOOK_SECRET").map_err(
        |_| "the environment variable HEYGEN_WEBHOOK_SECRET is not set; set it to the secret of the endpoint",
    )?;
    let path = std::env::args().nth(1).unwrap_or_else(|| "webhooks.sqlite".to_owned());
    let inbox = SqliteInbox::open(path).await?;
    let receiver = Receiver::new(Verifier::new(secret)?, inbox.clone());
    let worker = inbox
        .worker(async |event: Event| {
            println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
            Ok::<_, BoxError>(())
        })
        .on_dead(|event, problem| eprintln!("gave up on {}: {problem}", event.key()));
    let routes: axum::Router = axum::Router::new().route_service("/heygen", receiver);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}/heygen", listener.local_addr()?);
    let interrupted = async { drop(tokio::signal::ctrl_c().await) };
    serve(listener, routes).worker(worker).shutdown(interrupted).await;
    Ok(())
}
