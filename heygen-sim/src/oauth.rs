//! The OAuth token endpoint.

use http::{HeaderMap, Method, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::body::{parse_query, read};
use crate::model::tokens::LIFETIME;
use crate::reply::Reply;
use crate::world::World;

/// Path of the endpoint. The service has it on another host.
pub(crate) const PATH: &str = "/v1/oauth/token";

/// Issues an access token for the refresh token. Other grants need a browser, so they are not supported.
pub(crate) async fn token(world: &World, method: &Method, headers: &HeaderMap, body: Incoming) -> Reply {
    let refused = |code: &str| Reply::json(StatusCode::BAD_REQUEST, json!({ "error": code }));
    if method != Method::POST {
        return Reply::json(StatusCode::METHOD_NOT_ALLOWED, json!({"error": "invalid_request"}));
    }
    let Ok(body) = read(headers, body, 64 * 1024).await else { return refused("invalid_request") };
    let form = parse_query(&String::from_utf8_lossy(&body));
    let field = |name: &str| form.get(name).map(String::as_str);
    if field("grant_type") != Some("refresh_token") {
        return refused("unsupported_grant_type");
    }
    if field("client_id").is_none_or(str::is_empty) {
        return refused("invalid_client");
    }
    let now = world.env.clock.now();
    let mut state = world.state();
    if field("refresh_token") != Some(state.tokens.refresh.as_str()) {
        return refused("invalid_grant");
    }
    let token = state.tokens.issue(world.env.settings.seed, now);
    let answer = json!({"token_type": "Bearer", "access_token": token, "expires_in": LIFETIME,
        "refresh_token": Value::from(state.tokens.refresh.clone())});
    Reply::json(StatusCode::OK, answer)
}
