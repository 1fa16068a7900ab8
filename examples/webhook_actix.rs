//! Receives webhooks with actix-web, whose request and response types differ from those of the crate `http`.
//!
//! ```text
//! HEYGEN_WEBHOOK_SECRET=whsec_… cargo run -p heygen-examples --example webhook_actix
//! ```
//!
//! It listens on port 8080, path `/heygen`, until Ctrl-C. The service delivers only to public HTTPS URLs, so put a proxy or a
//! tunnel in front of it. The proxy should also limit the time of a request body, because this example does not.

use std::error::Error;

use actix_web::web::{self, Bytes, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use heygen_ext::BoxError;
use heygen_ext::webhook::{Event, MemoryInbox, Receiver, Verifier};
use tokio::runtime::Handle;

/// Maximum size of a body, in bytes. The verifier has the same limit, but checks it only after the body was read.
const MAX_BODY_SIZE: usize = 128 << 10;

/// Configures the route. It accepts every method, because the service probes an endpoint with `OPTIONS` or `GET`.
///
/// Each worker thread of actix has its own runtime, whose tasks stop with the server. A handler may continue after its
/// delivery was answered, so it runs on the runtime that calls this function.
pub(crate) fn routes(receiver: Receiver) -> impl FnOnce(&mut ServiceConfig) + Clone + Send {
    let runtime = Handle::current();
    move |app| {
        let receive = move |request: HttpRequest, body: Bytes| {
            let (receiver, runtime) = (receiver.clone(), runtime.clone());
            async move {
                let Ok(request) = to_http(&request, body) else { return HttpResponse::BadRequest().finish() };
                match runtime.spawn(async move { receiver.receive(request).await }).await {
                    Ok(response) => from_http(response),
                    Err(_) => HttpResponse::InternalServerError().finish(),
                }
            }
        };
        app.service(web::resource("/heygen").app_data(PayloadConfig::new(MAX_BODY_SIZE)).to(receive));
    }
}

/// Converts a request to the types of `http` 1. The body must not change, because the signature covers it.
fn to_http(request: &HttpRequest, body: Bytes) -> Result<http::Request<Bytes>, http::Error> {
    let mut builder =
        http::Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    for (name, value) in request.headers() {
        builder = builder.header(name.as_str(), value.as_bytes());
    }
    builder.body(body)
}

/// Converts a response to the types of actix.
fn from_http(response: http::Response<Bytes>) -> HttpResponse {
    let (head, body) = response.into_parts();
    let Ok(status) = head.status.as_u16().try_into() else {
        return HttpResponse::InternalServerError().finish();
    };
    let mut builder = HttpResponse::build(status);
    for (name, value) in &head.headers {
        builder.append_header((name.as_str(), value.as_bytes()));
    }
    builder.body(body)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("HEYGEN_WEBHOOK_SECRET").map_err(
        |_| "the environment variable HEYGEN_WEBHOOK_SECRET is not set; set it to the secret of the endpoint",
    )?;
    let inbox = MemoryInbox::new(async |event: Event| {
        println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
        Ok::<_, BoxError>(())
    });
    let routes = routes(Receiver::new(Verifier::new(secret)?, inbox.clone()));
    // By default, actix does not wait at Ctrl-C for requests in progress.
    HttpServer::new(move || App::new().configure(routes.clone()))
        .shutdown_signal(async { drop(tokio::signal::ctrl_c().await) })
        .bind(("127.0.0.1", 8080))?
        .run()
        .await?;
    // A handler that took longer than its answer goes on.
    inbox.finish().await;
    Ok(())
}
