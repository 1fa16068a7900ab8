//! Templates: videos with variables, which a request sets.

use serde_json::{Map, Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::jobs;
use crate::jobs::NewJob;
use crate::links::link;
use crate::model::job::Kind;
use crate::model::template::Template;
use crate::resources::avatars::usable_look;
use crate::resources::paging::page;
use crate::resources::{glossaries, inputs, videos, voices};
use crate::state::State;

/// Possible frame rates, in frames per second.
const FRAME_RATES: [f64; 3] = [25.0, 30.0, 60.0];

/// A template, as the list shows it.
fn item(env: &Env, template: &Template) -> Map<String, Value> {
    let item = json!({
        "id": template.id,
        "name": template.name,
        "aspect_ratio": template.aspect_ratio,
        "created_at": template.created / 1000,
        "updated_at": template.updated / 1000,
        "thumbnail_url": link(env, &format!("{}/thumbnail.png", template.id)),
    });
    item.as_object().cloned().unwrap_or_default()
}

/// The template of a request.
pub(super) fn find<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Template, ApiError> {
    let id = call.id("template_id");
    let template = state.templates.get_mut(id);
    template.ok_or_else(|| ApiError::not_found("template_not_found", format!("no template {id}")))
}

pub(super) fn list(env: &Env, state: &State, call: &Call) -> Answer {
    // A template without variables is not listed.
    page(call, &state.templates, |template| (!template.variables.is_empty()).then(|| item(env, template)))
}

pub(super) fn get(env: &Env, state: &mut State, call: &Call) -> Answer {
    data(detail(env, find(state, call)?))
}

/// A template, as its GET shows it.
pub(super) fn detail(env: &Env, template: &Template) -> Value {
    let kind = |name: &String| template.variables.get(name).map(|variable| variable["type"].clone());
    let scenes = template.scenes.iter().map(|scene| {
        let variables = scene.variables.iter().map(|name| json!({"name": name, "variable_type": kind(name)}));
        json!({"scene_id": scene.scene_id, "script": scene.script, "variables": variables.collect::<Value>()})
    });
    let mut detail = item(env, template);
    detail.insert("scenes".into(), scenes.collect());
    let ids = template.scenes.iter().map(|scene| Value::from(scene.scene_id.as_str()));
    detail.insert("scene_ids".into(), ids.collect());
    detail.insert("variables".into(), template.variables.clone().into());
    if let Some(source) = &template.source_video {
        detail.insert("source_video_id".into(), json!(source));
        detail.insert("edit_version".into(), json!(template.edit_version()));
        detail.insert("composition".into(), composition(template));
    }
    detail.into()
}

/// The scenes of a template with the ids to which variables can be bound.
fn composition(template: &Template) -> Value {
    let scenes = template.scenes.iter().enumerate().map(|(number, scene)| {
        let elements: Vec<Value> = scene
            .avatar
            .iter()
            .map(|avatar| {
                json!({"type": "avatar", "id": format!("avatar-{number}"), "avatar_id": avatar,
                    "bindable_as": ["character"]})
            })
            .collect();
        let script: Vec<Value> = scene
            .script
            .iter()
            .map(|text| {
                json!({"type": "text", "id": format!("text-{number}"), "text": text, "voice_id": scene.voice,
                    "bindable_as": ["voice"]})
            })
            .collect();
        json!({"id": scene.scene_id, "background": null, "elements": elements, "script": script})
    });
    json!({"scenes": scenes.collect::<Value>(), "background_audio": []})
}

pub(super) fn generate(env: &Env, state: &mut State, call: &Call) -> Answer {
    let template = &find(state, call)?.clone();
    inputs::check(state, &call.body, call.now)?;
    glossaries::check(state, &call.body)?;
    for (name, variable) in call.body["variables"].as_object().into_iter().flatten() {
        check_variable(state, template, name, variable, call.now)?;
    }
    for (number, scene) in call.body["scene_ids"].as_array().into_iter().flatten().enumerate() {
        if !template.scenes.iter().any(|known| *scene == known.scene_id) {
            return Err(ApiError::invalid(format!("scene_ids.{number}"), "the template has no such scene"));
        }
    }
    if let Some(rate) = call.body.get("fps").and_then(Value::as_f64)
        && !FRAME_RATES.contains(&rate)
    {
        return Err(ApiError::invalid("fps", "25, 30 or 60 frames per second are possible"));
    }
    let side = |name: &str| call.body.pointer(&format!("/dimension/{name}")).and_then(Value::as_u64);
    if let (Some(width), Some(height)) = (side("width"), side("height")) {
        for (name, side) in [("dimension.width", width), ("dimension.height", height)] {
            if side % 2 == 1 {
                return Err(ApiError::invalid(name, "width and height must be even numbers of pixels"));
            }
        }
        if width * template.height != height * template.width {
            let message = format!("the template's ratio is {} to {}", template.width, template.height);
            return Err(ApiError::invalid("dimension", message));
        }
    }
    let new_job =
        NewJob::new(Kind::Video, &call.body).with_extra(json!({"format": "mp4", "template": template.id}));
    let id = jobs::submit(env, state, call.now, new_job)?;
    let job = state.job(Kind::Video, &id, call.now)?;
    data(videos::view(env, job, call.now))
}

/// Checks the value of a variable.
fn check_variable(
    state: &State,
    template: &Template,
    name: &str,
    variable: &Value,
    now: u64,
) -> Result<(), ApiError> {
    let at = format!("variables.{name}");
    let Some(declared) = template.variables.get(name) else {
        let names: Vec<&str> = template.variables.keys().map(String::as_str).collect();
        return Err(ApiError::invalid(at, format!("the template's variables are {}", names.join(", "))));
    };
    if declared["type"] != variable["type"] {
        let message = format!("this variable is of type {}", declared["type"]);
        return Err(ApiError::invalid(format!("{at}.type"), message));
    }
    let text = |member: &str| variable.get(member).and_then(Value::as_str).unwrap_or_default();
    match text("type") {
        "text" if text("content").is_empty() => {
            Err(ApiError::invalid(format!("{at}.content"), "a text to put in must not be empty"))
        }
        "voice" => voices::usable(state, &format!("{at}.voice_id"), text("voice_id"), now).map(drop),
        "character" => usable_look(state, &format!("{at}.character_id"), text("character_id"), now).map(drop),
        _ => Ok(()),
    }
}
