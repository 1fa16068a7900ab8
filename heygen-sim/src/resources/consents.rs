//! Consent to a digital twin: through a link to a page, or by a recording.

use http::StatusCode;
use serde_json::json;

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::model::consent::Consent;
use crate::reply::Reply;
use crate::resources::avatars::group;
use crate::resources::inputs;
use crate::state::State;

/// How long a link is valid, in milliseconds of real time, because a person opens it.
const LIFETIME: u64 = 24 * 60 * 60 * 1000;

/// Path prefix of the page. The token of the link follows.
pub(crate) const PAGE: &str = "/__sim/consent/";

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    inputs::check(state, &call.body, call.now)?;
    let id = call.id("group_id");
    let found = group(state, id)?;
    match found.consent_status.as_deref() {
        None => {
            return Err(ApiError::invalid(
                "group_id",
                "only a digital twin needs consent, and this group has none",
            ));
        }
        Some("approved") => return Err(ApiError::conflict("consent was already given")),
        Some(_) => {}
    }
    let (text, reroute) = (call.text("consent_text"), call.text("reroute_url"));
    if text.is_some_and(|text| text.contains(['<', '>'])) {
        return Err(ApiError::invalid("consent_text", "the text is shown as it is; < and > are not allowed"));
    }
    let by_video = call.body.get("consent_video").is_some_and(|video| !video.is_null());
    for (name, given) in [("consent_text", text), ("reroute_url", reroute)] {
        if by_video && given.is_some() {
            return Err(ApiError::invalid(name, "it is not allowed together with consent_video"));
        }
    }
    if (by_video || text.is_some()) && !env.settings.enterprise {
        let name = if by_video { "consent_video" } else { "consent_text" };
        return Err(ApiError::forbidden("this needs an Enterprise plan").at(name));
    }
    let url = if by_video {
        // The service reviews a recording. The simulator approves it at once.
        if let Some(group) = state.groups.get_mut(id) {
            group.consent_status = Some("approved".to_owned());
        }
        None
    } else {
        if let Some(reroute) = reroute {
            inputs::check_file_url("reroute_url", reroute)?;
        }
        let token = env.id();
        let consent = Consent {
            group: id.to_owned(),
            created: env.clock.outside_now(),
            used: false,
            reroute: reroute.map(str::to_owned),
            text: text.map(str::to_owned),
        };
        state.consents.insert(token.clone(), consent);
        Some(format!("{}{PAGE}{token}", env.base_url()))
    };
    let state = &*state;
    let view = state.groups.get(id).map(|group| group.view(env, state, call.now));
    data(json!({"avatar_group": view, "url": url}))
}

/// The page where the person gives consent: GET shows it, POST agrees.
pub(crate) fn page(env: &Env, state: &mut State, token: &str, agrees: bool) -> Reply {
    let html = |status, text: &str| Reply::bytes(status, "text/html; charset=utf-8", text.to_owned());
    let now = env.clock.outside_now();
    let valid = |consent: &&mut Consent| !consent.used && now < consent.created + LIFETIME;
    let Some(consent) = state.consents.get_mut(token).filter(valid) else {
        return html(StatusCode::GONE, "<h1>This link is used or has expired</h1>");
    };
    if !agrees {
        let text = consent.text.as_deref().unwrap_or("I agree that an avatar of me is made.");
        let form = "<form method=\"post\"><button>Agree</button></form>";
        return html(StatusCode::OK, &format!("<h1>Consent</h1><p>{text}</p>{form}"));
    }
    consent.used = true;
    let (id, reroute) = (consent.group.clone(), consent.reroute.clone());
    if let Some(group) = state.groups.get_mut(&id) {
        group.consent_status = Some("approved".to_owned());
    }
    match reroute {
        Some(url) => html(StatusCode::SEE_OTHER, "").header(http::header::LOCATION, &url),
        None => html(StatusCode::OK, "<h1>Thank you</h1>"),
    }
}
