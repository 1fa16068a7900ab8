//! Probes a webhook endpoint before it is registered.

use std::time::Duration;

use http::Method;

use crate::api_error::ApiError;
use crate::resources::webhook_endpoints::check_url;
use crate::world::World;

/// How long an endpoint may take to respond to the probe, as documented for v1.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// Checks a URL, and sends `OPTIONS` to it as v1 did. Refuses it if it does not respond, or responds with a server error.
///
/// A URL to which the simulator does not send is accepted without a probe. Then the reason is returned.
pub(crate) async fn probe(world: &World, url: &str) -> Result<Option<String>, ApiError> {
    check_url("url", url)?;
    if let Some(reason) = world.receivers.refusal(url) {
        return Ok(Some(reason));
    }
    if !world.env.settings.probe {
        return Ok(None);
    }
    let answer = tokio::select! {
        answer = world.receivers.request(Method::OPTIONS, url).send() => answer.ok().map(|answer| answer.status()),
        () = world.env.clock.external_timeout(PROBE_TIMEOUT) => None,
    };
    match answer {
        // A receiver that accepts only POST responds with an error below 500.
        Some(status) if !status.is_server_error() => Ok(None),
        Some(status) => {
            Err(ApiError::invalid("url", format!("the URL answered the probe (OPTIONS) with {status}")))
        }
        None => Err(ApiError::invalid("url", "the URL did not answer the probe (OPTIONS) within a second")),
    }
}
