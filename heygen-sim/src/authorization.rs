//! Checks the API key or the access token of a request.

use http::{HeaderMap, StatusCode};

use crate::api_error::ApiError;
use crate::world::World;

/// Refuses a request that has neither the API key in `X-Api-Key` nor a valid access token as a bearer token.
pub(crate) fn check(world: &World, headers: &HeaderMap) -> Result<(), ApiError> {
    let refused = |message: &str| Err(ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message));
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    match (text("x-api-key"), bearer) {
        (Some(key), _) if key == world.env.settings.api_key.0 => Ok(()),
        (None, Some(token)) if world.state().tokens.is_valid(token, world.env.clock.now()) => Ok(()),
        (Some(_), _) | (None, Some(_)) => refused("the API key or access token is not valid"),
        (None, None) => refused("neither X-Api-Key nor Authorization: Bearer was sent"),
    }
}
