//! Webhooks behind actix-web, whose requests are of other types than `http` has.
//!
//! ```text
//! HEYGEN_WEBHOOK_SECRET=whsec_… cargo run -p heygen-examples --example webhook_actix
//! ```
//!
//! It listens on port 8080, path `/heygen`, until Ctrl-C. The service delivers to public HTTPS addresses alone, so let a
//! proxy or a tunnel lead there; and let it limit how long a body may take, for here it may take its time.

use std::error::Error;

use actix_web::web::{self, Bytes, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use heygen_ext::BoxError;
use heygen_ext::webhook::{Event, Receiver, Verifier};
use tokio::runtime::Handle;

/// The longest body. The verifier's limit is the same, but is asked when the body is here.
const LONGEST: usize = 1 << 20;

/// A route for every method, since the service looks with others whether there is somebody.
///
/// Each thread of actix has a runtime of its own, which ends with the server, and what was spawned in it ends too. A handler
/// may go on after its delivery was answered, so it runs in the runtime in which this is called.
pub(crate) fn routes(receiver: Receiver) -> impl FnOnce(&mut ServiceConfig) + Clone + Send {
    let runtime = Handle::current();
    move |app| {
        let receive = move |request: HttpRequest, body: Bytes| {
            let (receiver, runtime) = (receiver.clone(), runtime.clone());
            async move {
                let Ok(request) = to_http(&request, body) else { return HttpResponse::BadRequest().finish() };
                match runtime.spawn(async move { receiver.receive(request).await }).await {
                    Ok(answer) => from_http(answer),
                    Err(_) => HttpResponse::InternalServerError().finish(),
                }
            }
        };
        app.service(web::resource("/heygen").app_data(PayloadConfig::new(LONGEST)).to(receive));
    }
}

/// The request in the types of `http` 1. The body stays as it came: it is what was signed.
fn to_http(request: &HttpRequest, body: Bytes) -> Result<http::Request<Bytes>, http::Error> {
    let mut builder =
        http::Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    for (name, value) in request.headers() {
        builder = builder.header(name.as_str(), value.as_bytes());
    }
    builder.body(body)
}

/// The answer in the types of actix.
fn from_http(answer: http::Response<Bytes>) -> HttpResponse {
    let (head, body) = answer.into_parts();
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
    let secret = std::env::var("HEYGEN_WEBHOOK_SECRET").map_err(|_| "set HEYGEN_WEBHOOK_SECRET")?;
    let receiver = Receiver::new(Verifier::new(secret)?, async |event: Event| {
        println!("{} {}", event.kind(), event.job_id().unwrap_or("?"));
        Ok::<_, BoxError>(())
    });
    let routes = routes(receiver.clone());
    // By itself actix ends at Ctrl-C without waiting for the requests that are under way.
    HttpServer::new(move || App::new().configure(routes.clone()))
        .shutdown_signal(async { drop(tokio::signal::ctrl_c().await) })
        .bind(("127.0.0.1", 8080))?
        .run()
        .await?;
    receiver.drain().await;
    Ok(())
}
