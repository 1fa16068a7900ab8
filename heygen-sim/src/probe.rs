//! Asks an endpoint of webhooks whether it is there, before it is registered.

use std::time::Duration;

use http::Method;

use crate::api_error::ApiError;
use crate::resources::webhook_endpoints::check_url;
use crate::world::World;

/// Time that an endpoint has for the answer to the probe, by the documentation of v1.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// Asks an endpoint whether it is there, as v1 did: `OPTIONS`, and a second for the answer.
pub(crate) async fn probe(world: &World, url: &str) -> Result<(), ApiError> {
    check_url("url", url)?;
    if !world.env.settings.probe {
        return Ok(());
    }
    let answer = tokio::select! {
        answer = world.http.request(Method::OPTIONS, url).send() => answer.ok().map(|answer| answer.status()),
        () = world.env.clock.patience(PROBE_PATIENCE) => None,
    };
    match answer {
        // A receiver that only knows POST is there too.
        Some(status) if !status.is_server_error() => Ok(()),
        Some(status) => {
            Err(ApiError::invalid("url", format!("the URL answered the probe (OPTIONS) with {status}")))
        }
        None => Err(ApiError::invalid("url", "the URL did not answer the probe (OPTIONS) within a second")),
    }
}
