//! `/__sim/`: the functions of the handle over HTTP, for programs in other languages.

use std::time::Duration;

use http::request::Parts;
use http::{Method, StatusCode, header};
use hyper::body::Incoming;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::access;
use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::body::read;
use crate::document::Envelope;
use crate::fault::{ActiveFault, Fault};
use crate::model::delivery::SignatureGeneration;
use crate::page;
use crate::page::jobs_section::{RESULTS, signed_target};
use crate::prices;
use crate::reply::Reply;
use crate::resources::consents;
use crate::sample_event;
use crate::world::World;

/// Path prefix.
pub(crate) const PREFIX: &str = "/__sim/";

/// Path of a single fault below the prefix. Its number follows.
const ONE_FAULT: &str = "faults/";

/// Maximum size of a body, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// Body of `POST /__sim/clock`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

/// Body of `POST /__sim/webhooks`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhooks {
    generation: Option<SignatureGeneration>,
    duplicate: Option<usize>,
    reverse: Option<usize>,
}

/// Body of `POST /__sim/events`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleEvent {
    event_type: String,
}

/// Body of `POST /__sim/wallet`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wallet {
    balance: f64,
}

/// Responds to a request to the simulator itself. It needs no API key.
pub(crate) async fn answer(world: &World, parts: &Parts, body: Incoming) -> Reply {
    let page = parts.uri.path().strip_prefix(consents::PAGE);
    if let Err(refusal) = access::check_origin(&world.env.settings, parts, page.is_some()) {
        return refusal.into_reply(Envelope::Standard);
    }
    if let Some(token) = page {
        return consents::page(&world.env, &mut world.state(), token, parts.method == Method::POST);
    }
    let answer = match read(&parts.headers, body, BODY_LIMIT).await {
        Ok(body) => execute(world, parts, &body).await,
        Err(refusal) => Err(refusal),
    };
    answer.unwrap_or_else(|refusal| refusal.into_reply(Envelope::Standard))
}

async fn execute(world: &World, parts: &Parts, body: &[u8]) -> Answer {
    let place = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let done = |value: Value| Ok(Reply::json(StatusCode::OK, value));
    let method = if parts.method == Method::HEAD { "GET" } else { parts.method.as_str() };
    match (method, place) {
        ("GET", "") if page::is_wanted(&parts.headers) => Ok(page::reply(world)),
        ("GET", "") => {
            let list = json!({
            "base_url": world.env.base_url(),
            "now": world.env.clock.now(),
            "seed": world.env.settings.seed,
            "places": ["requests", "deliveries", "faults", "clock", "idle", "webhooks", "events", "wallet", "prices", "tokens", "results"],
            });
            Ok(Reply::json(StatusCode::OK, list).header(header::VARY, "accept"))
        }
        ("GET", "requests") => done(json!({"requests": world.log().requests()})),
        ("DELETE", "requests") => {
            world.log().clear();
            done(json!({}))
        }
        ("GET", "deliveries") => done(json!({"deliveries": world.state().deliveries.records()})),
        ("GET", "faults") => {
            let faults = world.faults().active().to_vec();
            let view = |active: &ActiveFault| json!({"number": active.number, "fault": active.fault, "struck": active.applied});
            done(json!({"faults": faults.iter().map(view).collect::<Value>()}))
        }
        ("POST", "faults") => {
            let fault: Fault = parse(body)?;
            world.faults().add(fault).map_err(|error| ApiError::invalid("", error.to_string()))?;
            done(json!({}))
        }
        ("DELETE", "faults") => {
            world.faults().clear();
            done(json!({}))
        }
        ("DELETE", place) if place.starts_with(ONE_FAULT) => {
            let number = place.strip_prefix(ONE_FAULT).and_then(|number| number.parse().ok());
            match number.is_some_and(|number| world.faults().remove(number)) {
                true => done(json!({})),
                false => Err(ApiError::not_found(
                    "not_found",
                    format!("`{place}` is not set; GET /__sim/faults lists all"),
                )),
            }
        }
        ("GET", place) if place.starts_with(RESULTS) => {
            let target = signed_target(world, place.strip_prefix(RESULTS).unwrap_or_default());
            let found = Reply::bytes(StatusCode::TEMPORARY_REDIRECT, "text/plain", "");
            Ok(found.header(header::LOCATION, &target).header(header::CACHE_CONTROL, "no-store"))
        }
        ("GET", "prices") => {
            let price = |price: &prices::Price| json!({"what": price.what, "dollars": price.dollars, "unit": price.unit, "since": price.since});
            done(json!({"prices": prices::TABLE.iter().map(price).collect::<Value>()}))
        }
        ("GET", "clock") => done(json!({"now": world.env.clock.now()})),
        ("POST", "clock") => {
            let advance: Advance = parse(body)?;
            let by = Duration::try_from_secs_f64(advance.seconds).ok().filter(|_| advance.seconds < 1e9);
            let by = by
                .ok_or_else(|| ApiError::invalid("seconds", "a number of seconds is needed, not negative"))?;
            if !world.env.clock.is_manual() {
                return Err(ApiError::conflict(
                    "this clock moves by itself; start the simulator with --manual",
                ));
            }
            world.env.clock.advance(by);
            drop(world.state());
            done(json!({"now": world.env.clock.now()}))
        }
        ("POST", "idle") => {
            world.idle().await;
            done(json!({}))
        }
        ("POST", "webhooks") => {
            let wanted: Webhooks = parse(body)?;
            let mut state = world.state();
            if let Some(generation) = wanted.generation {
                state.deliveries.generation = generation;
            }
            if let Some(count) = wanted.duplicate {
                state.deliveries.duplicate(count);
            }
            if let Some(count) = wanted.reverse {
                state.deliveries.reverse(count);
                world.env.wake.notify_one();
            }
            done(json!({}))
        }
        ("POST", "events") => {
            let wanted: SampleEvent = parse(body)?;
            let known = sample_event::emit(&world.env, &mut world.state(), &wanted.event_type);
            if !known {
                return Err(ApiError::invalid("event_type", "see GET /v3/webhooks/event-types"));
            }
            drop(world.state());
            done(json!({}))
        }
        ("GET", "wallet") => done(json!({"balance": world.state().wallet.balance()})),
        ("POST", "wallet") => {
            let wallet: Wallet = parse(body)?;
            let mut state = world.state();
            state.wallet.set(wallet.balance);
            done(json!({"balance": state.wallet.balance()}))
        }
        ("GET", "tokens") => {
            let state = world.state();
            done(json!({"access_token": state.tokens.newest(), "refresh_token": state.tokens.refresh()}))
        }
        ("DELETE", "tokens") => {
            world.state().tokens.expire();
            done(json!({}))
        }
        _ => Err(ApiError::not_found("not_found", "GET /__sim/ lists what there is")),
    }
}

/// Parses a JSON body.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::invalid("", format!("the body does not fit: {error}")))
}
