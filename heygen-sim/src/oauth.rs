//! The token endpoint: access tokens that expire, and a refresh token that makes new ones.

use std::collections::VecDeque;

use http::{HeaderMap, Method, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::door::{pairs, read};
use crate::reply::Reply;
use crate::world::World;

/// Where the service has it, on a host of its own.
pub(crate) const PATH: &str = "/v1/oauth/token";

/// Seconds that an access token holds; ten days, as in the service's example.
const LIFETIME: u64 = 864_000;

/// Access tokens that are remembered.
const KEEP: usize = 100;

/// Tokens that are good, and the one that makes others.
#[derive(Debug)]
pub(crate) struct Tokens {
    access: VecDeque<(String, u64)>,
    made: u64,
    pub(crate) refresh: String,
}

impl Tokens {
    pub(crate) fn new(seed: u64, now: u64) -> Self {
        Self {
            access: VecDeque::from([(format!("access-{seed}-0"), now + LIFETIME * 1000)]),
            made: 1,
            refresh: format!("refresh-{seed}"),
        }
    }

    /// Another access token; the oldest go when there are too many.
    fn issue(&mut self, seed: u64, now: u64) -> String {
        let token = format!("access-{seed}-{}", self.made);
        self.made += 1;
        self.access.push_back((token.clone(), now + LIFETIME * 1000));
        if self.access.len() > KEEP {
            self.access.pop_front();
        }
        token
    }

    /// The newest access token.
    pub(crate) fn newest(&self) -> String {
        self.access.back().map(|(token, _)| token.clone()).unwrap_or_default()
    }

    pub(crate) fn is_good(&self, token: &str, now: u64) -> bool {
        self.access.iter().any(|(good, expires)| good == token && now < *expires)
    }

    pub(crate) fn expire(&mut self) {
        self.access.iter_mut().for_each(|(_, expires)| *expires = 0);
    }
}

/// Answers the refresh grant; the other grants need a person and a browser.
pub(crate) async fn token(world: &World, method: &Method, headers: &HeaderMap, body: Incoming) -> Reply {
    let refused = |code: &str| Reply::json(StatusCode::BAD_REQUEST, json!({ "error": code }));
    if method != Method::POST {
        return Reply::json(StatusCode::METHOD_NOT_ALLOWED, json!({"error": "invalid_request"}));
    }
    let Ok(body) = read(headers, body, 64 * 1024).await else { return refused("invalid_request") };
    let form = pairs(&String::from_utf8_lossy(&body));
    let field = |name: &str| form.get(name).map(String::as_str);
    if field("grant_type") != Some("refresh_token") {
        return refused("unsupported_grant_type");
    }
    if field("client_id").is_none_or(str::is_empty) {
        return refused("invalid_client");
    }
    let now = world.clock.now();
    let mut state = world.state();
    if field("refresh_token") != Some(state.tokens.refresh.as_str()) {
        return refused("invalid_grant");
    }
    let token = state.tokens.issue(world.settings.seed, now);
    let answer = json!({"token_type": "Bearer", "access_token": token, "expires_in": LIFETIME,
        "refresh_token": Value::from(state.tokens.refresh.clone())});
    Reply::json(StatusCode::OK, answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_the_same_and_the_oldest_go() {
        let mut tokens = Tokens::new(0, 0);
        let first = tokens.newest();
        let second = tokens.issue(0, 0);
        for _ in 0..KEEP {
            assert_ne!(tokens.issue(0, 0), second);
        }
        assert_eq!(tokens.access.len(), KEEP);
        assert!(!tokens.is_good(&first, 1) && tokens.is_good(&tokens.newest(), 1));
    }
}
