//! Brand kits: imported from a website, and then edited.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::links::link;
use crate::marker::Marker;
use crate::model::brand_kit::Kit;
use crate::resources::inputs;
use crate::resources::inputs::trimmed;
use crate::resources::paging::page;
use crate::schedule::{Schedule, Stage};
use crate::state::State;

/// Duration of an import, in seconds.
const IMPORT_TIME: u64 = 60;

/// The colors, fonts and logo that every import finds.
const COLORS: [&str; 4] = ["#FF5733", "#1A2B3C", "#F5F5F5", "#00A676"];
const FONTS: [(&str, &str); 2] = [("font-heading", "Sim Sans"), ("font-body", "Sim Serif")];
const LOGO: &str = "logo-main";

impl Kit {
    /// A kit without an import.
    pub(crate) fn ready(id: &str, name: &str, shared: bool) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            shared,
            schedule: None,
            color_roles: json!({"primary": COLORS[0], "secondary": COLORS[1], "tertiary": null, "accent": COLORS[3]}),
            font_roles: json!({"title_text": {"font_id": FONTS[0].0, "weight": 700},
                "body_text": {"font_id": FONTS[1].0, "weight": 400}}),
            logo_roles: json!({"primary": LOGO}),
        }
    }

    fn stage(&self, now: u64) -> Stage {
        self.schedule.as_ref().map_or(Stage::Done, |schedule| schedule.stage(now))
    }

    fn view(&self, env: &Env, now: u64) -> Value {
        let status = match self.stage(now) {
            Stage::Done => "completed",
            Stage::Failed => "error",
            _ => "loading",
        };
        let done = status == "completed";
        let fonts = FONTS.map(|(id, name)| json!({"font_id": id, "name": name}));
        let logo =
            json!({"logo_id": LOGO, "name": "Logo", "url": link(env, &format!("{}/thumbnail.png", self.id))});
        let when_done = |value: &Value| done.then(|| value.clone());
        json!({
            "brand_kit_id": self.id,
            "name": self.name,
            "status": status,
            "colors": if done { COLORS.to_vec() } else { Vec::new() },
            "fonts": if done { fonts.to_vec() } else { Vec::new() },
            "logos": if done { vec![logo] } else { Vec::new() },
            "color_roles": when_done(&self.color_roles),
            "font_roles": when_done(&self.font_roles),
            "logo_roles": when_done(&self.logo_roles),
        })
    }
}

fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Kit, ApiError> {
    let kit = state.kits.get_mut(id);
    kit.ok_or_else(|| ApiError::not_found("resource_not_found", format!("no brand kit {id}")))
}

/// Refuses a body that names an unknown kit.
pub(super) fn check(state: &State, body: &Value) -> Result<(), ApiError> {
    match body.get("brand_kit_id").and_then(Value::as_str) {
        Some(id) if !state.kits.contains(id) => {
            Err(ApiError::not_found("resource_not_found", format!("no brand kit {id}")).at("brand_kit_id"))
        }
        _ => Ok(()),
    }
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let url = call.text("url").unwrap_or_default();
    inputs::check_file_url("url", url)?;
    let host = url.split('/').nth(2).unwrap_or(url);
    let name = match call.text("name") {
        Some(name) => trimmed("name", name)?,
        None => host.to_owned(),
    };
    let schedule = Schedule::new(call.now, 0, IMPORT_TIME, &Marker::of(&call.body)?);
    let id = env.id();
    let kit = Kit { schedule: Some(schedule), ..Kit::ready(&id, &name, false) };
    state.kits.insert(id.clone(), kit);
    data_with(StatusCode::CREATED, json!({"brand_kit_id": id, "status": "loading"}))
}

pub(super) fn list(env: &Env, state: &State, call: &Call) -> Answer {
    page(call, &state.kits, |kit| {
        let view = kit.view(env, call.now);
        Some(json!({"brand_kit_id": kit.id, "name": kit.name, "colors": view["colors"],
            "logo_url": view["logos"][0]["url"]}))
    })
}

pub(super) fn get(env: &Env, state: &mut State, call: &Call) -> Answer {
    data(find(state, call.id("brand_kit_id"))?.view(env, call.now))
}

pub(super) fn update(env: &Env, state: &mut State, call: &Call) -> Answer {
    let kit = find(state, call.id("brand_kit_id"))?;
    if kit.shared {
        return Err(ApiError::forbidden("a kit shared in from another workspace cannot be changed"));
    }
    let roles = ["color_roles", "font_roles", "logo_roles"];
    if roles.iter().any(|role| call.body.get(role).is_some()) && kit.stage(call.now) != Stage::Done {
        return Err(ApiError::conflict("roles can be changed once the kit is completed"));
    }
    let logo = call.body.pointer("/logo_roles/primary").and_then(Value::as_str);
    if logo.is_some_and(|logo| logo != LOGO) {
        return Err(ApiError::invalid("logo_roles.primary", "the kit has no such logo"));
    }
    if let Some(name) = call.text("name") {
        kit.name = trimmed("name", name)?;
    }
    // An object of roles replaces the old one as a whole. Members that it leaves out become null.
    let whole = |role: &str, members: &[&str]| {
        let given = call.body.get(role)?;
        Some(
            members
                .iter()
                .map(|name| ((*name).to_owned(), given.get(name).cloned().unwrap_or_default()))
                .collect(),
        )
    };
    if let Some(colors) = whole("color_roles", &["primary", "secondary", "tertiary", "accent"]) {
        kit.color_roles = colors;
    }
    if let Some(fonts) = whole("font_roles", &["title_text", "body_text"]) {
        kit.font_roles = fonts;
    }
    if let Some(logos) = whole("logo_roles", &["primary"]) {
        kit.logo_roles = logos;
    }
    data(kit.view(env, call.now))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("brand_kit_id");
    if find(state, id)?.shared {
        return Err(ApiError::forbidden("a kit shared in from another workspace cannot be deleted"));
    }
    state.kits.remove(id);
    data(json!({"brand_kit_id": id}))
}
