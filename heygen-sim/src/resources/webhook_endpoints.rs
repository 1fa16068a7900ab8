//! Webhook endpoints, and the rotation of their secrets.

use serde_json::{Value, json};

use crate::address::{is_loopback, parse_url};
use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::clock::iso;
use crate::env::Env;
use crate::model::webhook_endpoint::Endpoint;
use crate::resources::paging::page;
use crate::state::State;

impl Endpoint {
    fn view(&self, secret: Option<&str>) -> Value {
        json!({
            "endpoint_id": self.id,
            "url": self.url,
            "events": self.events,
            "status": "enabled",
            "created_at": iso(self.created),
            "secret": secret,
        })
    }
}

/// Refuses a URL to which webhooks cannot be sent. Unlike the service, the simulator accepts plain HTTP on loopback.
pub(crate) fn check_url(param: &str, url: &str) -> Result<(), ApiError> {
    let read = parse_url(url);
    let loopback = read.as_ref().and_then(url::Url::host).is_some_and(|host| is_loopback(&host));
    match read.as_ref().map(url::Url::scheme) {
        Some("https") => Ok(()),
        Some("http") if loopback => Ok(()),
        _ => Err(ApiError::invalid(
            param,
            "an https URL is needed (the simulator also takes http on loopback)",
        )),
    }
}

fn strings(value: Option<&Value>) -> Option<Vec<String>> {
    let strings = value?.as_array()?.iter().filter_map(Value::as_str);
    Some(strings.map(str::to_owned).collect())
}

fn find<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Endpoint, ApiError> {
    let id = call.id("endpoint_id");
    let endpoint = state.endpoints.get_mut(id);
    endpoint.ok_or_else(|| ApiError::not_found("webhook_not_found", format!("no webhook endpoint {id}")))
}

/// Refuses a request for an unknown endpoint, so that it is not probed.
pub(crate) fn check_exists(state: &mut State, call: &Call) -> Result<(), ApiError> {
    if call.id("endpoint_id").is_empty() {
        return Ok(());
    }
    find(state, call).map(drop)
}

/// Refuses a URL that another endpoint has.
fn check_url_is_new(state: &State, url: &str, except: &str) -> Result<(), ApiError> {
    match state.endpoints.values().any(|endpoint| endpoint.url == url && endpoint.id != except) {
        true => Err(ApiError::conflict("an endpoint with this URL is registered already").at("url")),
        false => Ok(()),
    }
}

pub(crate) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let url = call.text("url").unwrap_or_default();
    check_url_is_new(state, url, "")?;
    let id = env.id();
    let endpoint = Endpoint {
        id: id.clone(),
        url: url.to_owned(),
        events: strings(call.body.get("events")),
        entity_id: call.text("entity_id").map(str::to_owned),
        secret: format!("whsec_{}", env.id()),
        created: call.now,
    };
    let view = endpoint.view(Some(&endpoint.secret));
    state.endpoints.insert(id, endpoint);
    data(view)
}

pub(crate) fn list(_: &Env, state: &mut State, call: &Call) -> Answer {
    page(call, &state.endpoints, |endpoint| Some(endpoint.view(None)))
}

pub(crate) fn update(_: &Env, state: &mut State, call: &Call) -> Answer {
    let url = call.text("url").map(str::to_owned);
    find(state, call)?;
    if let Some(url) = &url {
        check_url_is_new(state, url, call.id("endpoint_id"))?;
    }
    let endpoint = find(state, call)?;
    if let Some(url) = url {
        endpoint.url = url;
    }
    if call.body.get("events").is_some() {
        endpoint.events = strings(call.body.get("events"));
    }
    data(endpoint.view(None))
}

pub(crate) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    find(state, call)?;
    state.endpoints.remove(call.id("endpoint_id"));
    data(json!({}))
}

pub(crate) fn rotate(env: &Env, state: &mut State, call: &Call) -> Answer {
    let endpoint = find(state, call)?;
    endpoint.secret = format!("whsec_{}", env.id());
    data(json!({"endpoint_id": endpoint.id, "secret": endpoint.secret}))
}
