//! OAuth 2.0: the token endpoint with its four grants, revocation, device authorization, registration, and the two pages on
//! which a person approves. The service has them on two other hosts.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::request::Parts;
use http::{Method, StatusCode, header};
use hyper::body::Incoming;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::access;
use crate::address::{is_loopback, parse_url};
use crate::body::{parse_query, read};
use crate::document::Envelope;
use crate::document::check::Pairs;
use crate::html::{escape, page};
use crate::model::grants::{Code, DEVICE_INTERVAL, DEVICE_LIFETIME};
use crate::model::tokens::LIFETIME;
use crate::reply::Reply;
use crate::world::World;

/// Paths of the endpoints, and the methods that they take.
const ENDPOINTS: [(&str, &[&str]); 6] = [
    (TOKEN, &["POST"]),
    (REVOKE, &["POST"]),
    (DEVICE, &["POST"]),
    (REGISTER, &["POST"]),
    (AUTHORIZE_PAGE, &["GET", "HEAD", "POST"]),
    (DEVICE_PAGE, &["GET", "HEAD", "POST"]),
];

const TOKEN: &str = "/v1/oauth/token";
const REVOKE: &str = "/v1/oauth/revoke";
const DEVICE: &str = "/v1/oauth/device_authorization";
const REGISTER: &str = "/v1/oauth/register";
const AUTHORIZE_PAGE: &str = "/oauth/authorize";
const DEVICE_PAGE: &str = "/oauth/device";

/// Maximum size of a form, in bytes.
const FORM_LIMIT: usize = 64 * 1024;

/// The grant type of devices.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Whether a path belongs to OAuth.
pub(crate) fn is_path(path: &str) -> bool {
    ENDPOINTS.iter().any(|(known, _)| *known == path)
}

/// An error of OAuth.
fn refused(code: &str) -> Reply {
    let mut reply = Reply::json(StatusCode::BAD_REQUEST, json!({ "error": code }));
    reply.code = Some(code.to_owned());
    reply
}

/// Responds to a request of OAuth.
pub(crate) async fn answer(world: &World, parts: &Parts, query: &Pairs, body: Incoming) -> Reply {
    let path = parts.uri.path();
    let methods = ENDPOINTS.iter().find(|(known, _)| *known == path).map_or(&[][..], |(_, methods)| methods);
    if !methods.contains(&parts.method.as_str()) {
        let reply = Reply::json(StatusCode::METHOD_NOT_ALLOWED, json!({"error": "invalid_request"}));
        return reply.header(header::ALLOW, &methods.join(", "));
    }
    let is_page = matches!(path, AUTHORIZE_PAGE | DEVICE_PAGE);
    if is_page && let Err(refusal) = access::check_origin(&world.env.settings, parts, true) {
        return refusal.into_reply(Envelope::Standard);
    }
    let Ok(body) = read(&parts.headers, body, FORM_LIMIT).await else { return refused("invalid_request") };
    let form = parse_query(&String::from_utf8_lossy(&body));
    let decides = parts.method == Method::POST;
    match path {
        TOKEN => token(world, &form),
        REVOKE => revoke(world, &form),
        DEVICE => device(world, &form),
        REGISTER => Reply::json(
            StatusCode::CREATED,
            json!({"client_id": world.env.id(), "token_endpoint_auth_method": "none"}),
        ),
        AUTHORIZE_PAGE => authorize(world, query, decides.then_some(&form)),
        _ => approve_device(world, query, decides.then_some(&form)),
    }
}

fn field<'a>(form: &'a Pairs, name: &str) -> Option<&'a str> {
    form.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// Exchanges a grant for an access token.
fn token(world: &World, form: &Pairs) -> Reply {
    let now = world.env.clock.outside_now();
    let Some(client) = field(form, "client_id") else { return refused("invalid_client") };
    let mut state = world.state();
    let refresh = match field(form, "grant_type") {
        Some("refresh_token") => {
            let Some(token) = field(form, "refresh_token").filter(|token| state.tokens.is_refresh(token))
            else {
                return refused("invalid_grant");
            };
            token.to_owned()
        }
        Some("authorization_code") => {
            let (Some(code), Some(verifier)) = (field(form, "code"), field(form, "code_verifier")) else {
                return refused("invalid_request");
            };
            let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
            let matches = |grant: &Code| {
                grant.client == client
                    && Some(grant.redirect.as_str()) == field(form, "redirect_uri")
                    && grant.challenge == challenge
            };
            if !state.grants.take_code(code, now).is_some_and(|grant| matches(&grant)) {
                return refused("invalid_grant");
            }
            state.tokens.issue_refresh(world.env.settings.seed)
        }
        Some(DEVICE_GRANT) => {
            let Some(code) = field(form, "device_code") else { return refused("invalid_request") };
            if let Err(error) = state.grants.poll(code, client, now) {
                return refused(error);
            }
            state.tokens.issue_refresh(world.env.settings.seed)
        }
        _ => return refused("unsupported_grant_type"),
    };
    let token = state.tokens.issue(world.env.settings.seed, now);
    let answer = json!({"token_type": "Bearer", "access_token": token, "expires_in": LIFETIME,
        "refresh_token": refresh});
    Reply::json(StatusCode::OK, answer).header(header::CACHE_CONTROL, "no-store")
}

/// Revokes an access token or a refresh token. An unknown token is accepted, too (RFC 7009).
fn revoke(world: &World, form: &Pairs) -> Reply {
    match field(form, "token") {
        Some(token) => {
            world.state().tokens.revoke(token);
            Reply::json(StatusCode::OK, json!({}))
        }
        None => refused("invalid_request"),
    }
}

/// Begins a sign-in on a device without a browser.
fn device(world: &World, form: &Pairs) -> Reply {
    let Some(client) = field(form, "client_id") else { return refused("invalid_client") };
    let (code, digits) = (world.env.id(), world.env.id());
    // Consonants only, so that the code is not a word.
    const LETTERS: &[u8; 16] = b"BCDFGHJKLMNPQRST";
    let letters: Vec<char> = digits
        .chars()
        .filter_map(|digit| LETTERS.get(digit.to_digit(16)? as usize).map(|letter| char::from(*letter)))
        .take(8)
        .collect();
    let (first, last) = letters.split_at(letters.len() / 2);
    let user_code = format!("{}-{}", String::from_iter(first), String::from_iter(last));
    let now = world.env.clock.outside_now();
    world.state().grants.add_device(code.clone(), client.to_owned(), user_code.clone(), now);
    let page = format!("{}{DEVICE_PAGE}", world.env.base_url());
    Reply::json(
        StatusCode::OK,
        json!({
            "device_code": code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={user_code}"),
            "expires_in": DEVICE_LIFETIME,
            "interval": DEVICE_INTERVAL,
        }),
    )
}

/// The buttons with which a person decides.
const BUTTONS: &str = "<button name=\"decision\" value=\"allow\">Allow</button> \
                       <button name=\"decision\" value=\"deny\">Deny</button>";

/// The page on which a person lets a program sign in. After the decision it leads back to the program.
fn authorize(world: &World, query: &Pairs, decision: Option<&Pairs>) -> Reply {
    let wrong = |what: &str| page(StatusCode::BAD_REQUEST, "This request to sign in is wrong", &escape(what));
    let Some(client) = field(query, "client_id") else { return wrong("client_id is missing.") };
    let given = field(query, "redirect_uri").unwrap_or_default();
    let local = |url: &url::Url| url.host().is_some_and(|host| is_loopback(&host));
    let redirect = parse_url(given).filter(|url| url.scheme() == "https" || local(url));
    let Some(mut redirect) = redirect else {
        return wrong("redirect_uri must be an https URL, or an http URL of this machine.");
    };
    let challenge =
        field(query, "code_challenge").filter(|_| field(query, "code_challenge_method") == Some("S256"));
    let error = match (field(query, "response_type"), challenge, decision) {
        (Some("code"), Some(_), None) => {
            let text = format!("<p>{} wants to use this workspace.</p>", escape(client));
            return page(StatusCode::OK, "Sign in", &format!("{text}<form method=\"post\">{BUTTONS}</form>"));
        }
        (Some("code"), Some(_), Some(form)) if field(form, "decision") == Some("deny") => {
            Some("access_denied")
        }
        (Some("code"), Some(_), Some(_)) => None,
        (Some("code"), None, _) => Some("invalid_request"),
        _ => Some("unsupported_response_type"),
    };
    if let Some(error) = error {
        redirect.query_pairs_mut().append_pair("error", error);
    } else {
        let code = world.env.id();
        let grant = Code {
            client: client.to_owned(),
            redirect: given.to_owned(),
            challenge: challenge.unwrap_or_default().to_owned(),
            created: world.env.clock.outside_now(),
        };
        redirect.query_pairs_mut().append_pair("code", &code);
        world.state().grants.add_code(code, grant);
    }
    if let Some(state) = field(query, "state") {
        redirect.query_pairs_mut().append_pair("state", state);
    }
    page(StatusCode::SEE_OTHER, "Back to the program", "").header(header::LOCATION, redirect.as_str())
}

/// The page on which a person enters the code of a device.
fn approve_device(world: &World, query: &Pairs, decision: Option<&Pairs>) -> Reply {
    let given = field(query, "user_code").unwrap_or_default();
    let Some(form) = decision else {
        let input = format!("<input name=\"user_code\" value=\"{}\">", escape(given));
        return page(
            StatusCode::OK,
            "Connect a device",
            &format!("<form method=\"post\">{input} {BUTTONS}</form>"),
        );
    };
    let now = world.env.clock.outside_now();
    let allows = field(form, "decision") != Some("deny");
    let mut state = world.state();
    match state.grants.device(field(form, "user_code").unwrap_or(given), now) {
        Some(device) => {
            device.approved = Some(allows);
            let done = if allows { "The device is connected" } else { "The device is not connected" };
            page(StatusCode::OK, done, "")
        }
        None => page(StatusCode::BAD_REQUEST, "This code is unknown or has expired", ""),
    }
}
