//! `/__sim/`: the handle's doings over HTTP, for programs in other languages.

use std::time::Duration;

use http::request::Parts;
use http::{Method, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::document::Envelope;
use crate::door::read;
use crate::fault::Fault;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::resources::{CONSENT_PAGE, consent_page};
use crate::webhooks::deliver::SignatureGeneration;
use crate::webhooks::events;
use crate::world::World;

/// Where it is.
pub(crate) const PREFIX: &str = "/__sim/";

/// Largest body, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhooks {
    generation: Option<SignatureGeneration>,
    duplicate: Option<usize>,
    reverse: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleEvent {
    event_type: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wallet {
    balance: f64,
}

/// Answers a request to the simulator itself. It needs no key: it is not the service.
pub(crate) async fn answer(world: &World, parts: &Parts, body: Incoming) -> Reply {
    if let Some(token) = parts.uri.path().strip_prefix(CONSENT_PAGE) {
        return consent_page(world, token, parts.method == Method::POST);
    }
    let answer = match read(&parts.headers, body, BODY_LIMIT).await {
        Ok(body) => carry_out(world, parts, &body).await,
        Err(refusal) => Err(refusal),
    };
    answer.unwrap_or_else(|refusal| refusal.into_reply(Envelope::Standard))
}

async fn carry_out(world: &World, parts: &Parts, body: &[u8]) -> Answer {
    let place = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let done = |value: Value| Ok(Reply::json(StatusCode::OK, value));
    match (parts.method.as_str(), place) {
        ("GET", "") => done(json!({
            "base_url": world.base_url(),
            "now": world.clock.now(),
            "seed": world.settings.seed,
            "places": ["requests", "deliveries", "faults", "clock", "idle", "webhooks", "events", "wallet", "tokens"],
        })),
        ("GET", "requests") => done(json!({"requests": world.log().requests()})),
        ("DELETE", "requests") => {
            world.log().clear();
            done(json!({}))
        }
        ("GET", "deliveries") => done(json!({"deliveries": world.state().deliveries.records()})),
        ("GET", "faults") => {
            let faults = world.faults().list();
            let faults = faults.iter().map(|(fault, struck)| json!({"fault": fault, "struck": struck}));
            done(json!({"faults": faults.collect::<Value>()}))
        }
        ("POST", "faults") => {
            let fault: Fault = parse(body)?;
            world.faults().add(fault).map_err(|error| Refusal::invalid("", error.to_string()))?;
            done(json!({}))
        }
        ("DELETE", "faults") => {
            world.faults().clear();
            done(json!({}))
        }
        ("GET", "clock") => done(json!({"now": world.clock.now()})),
        ("POST", "clock") => {
            let advance: Advance = parse(body)?;
            let by = Duration::try_from_secs_f64(advance.seconds).ok().filter(|_| advance.seconds < 1e9);
            let by =
                by.ok_or_else(|| Refusal::invalid("seconds", "a number of seconds is needed, not negative"))?;
            if !world.clock.is_manual() {
                return Err(Refusal::conflict(
                    "this clock moves by itself; start the simulator with --manual",
                ));
            }
            world.clock.advance(by);
            drop(world.state());
            done(json!({"now": world.clock.now()}))
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
                world.wake.notify_one();
            }
            done(json!({}))
        }
        ("POST", "events") => {
            let wanted: SampleEvent = parse(body)?;
            let known = events::emit_sample(world, &mut world.state(), &wanted.event_type);
            if !known {
                return Err(Refusal::invalid("event_type", "see GET /v3/webhooks/event-types"));
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
            done(json!({"access_token": state.tokens.newest(), "refresh_token": state.tokens.refresh}))
        }
        ("DELETE", "tokens") => {
            world.state().tokens.expire();
            done(json!({}))
        }
        _ => Err(Refusal::not_found("not_found", "GET /__sim/ lists what there is")),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::invalid("", format!("the body does not fit: {error}")))
}
