//! Checks the API key or the access token of a request.

use http::{HeaderMap, StatusCode};

use crate::api_error::ApiError;
use crate::document::{Route, document};
use crate::world::World;

/// Refuses a request whose API key lacks a permission that the operation needs. An access token has all permissions.
pub(crate) fn check_scopes(world: &World, headers: &HeaderMap, route: &Route) -> Result<(), ApiError> {
    let held = &world.env.settings.scopes;
    let missing = route.scopes.iter().find(|scope| !held.iter().any(|held| includes(held, scope)));
    match missing.filter(|_| headers.contains_key(document().api_key_header())) {
        None => Ok(()),
        Some(scope) => {
            let message = format!("This API key may not do this. Required scope: {scope}.");
            Err(ApiError::new(StatusCode::FORBIDDEN, "insufficient_api_key_scope", message))
        }
    }
}

/// Whether a permission includes another: writing includes reading, and `*` every resource or every action.
fn includes(held: &str, wanted: &str) -> bool {
    let (Some((subject, action)), Some((wanted, wanted_action))) =
        (held.split_once(':'), wanted.split_once(':'))
    else {
        return held == wanted;
    };
    (subject == "*" || subject == wanted)
        && (action == "*" || action == wanted_action || (action == "write" && wanted_action == "read"))
}

/// Refuses a request that has neither the API key in `X-Api-Key` nor a valid access token as a bearer token.
pub(crate) fn check(world: &World, headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    match (text(document().api_key_header()), bearer) {
        (Some(key), _) if key == world.env.settings.api_key.0 => Ok(()),
        (None, Some(token)) if world.state().tokens.is_valid(token, world.env.clock.outside_now()) => Ok(()),
        // As at the service, a missing key and a wrong one have the same response.
        _ => Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "the API key or access token is missing or not valid",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_includes_others() {
        for (held, wanted, expected) in [
            ("*:*", "videos:write", true),
            ("*:read", "videos:read", true),
            ("*:read", "videos:write", false),
            ("videos:write", "videos:read", true),
            ("videos:read", "videos:write", false),
            ("videos:*", "videos:write", true),
            ("avatars:write", "videos:read", false),
            ("videos", "videos:read", false),
        ] {
            assert_eq!(includes(held, wanted), expected, "{held} {wanted}");
        }
    }
}
