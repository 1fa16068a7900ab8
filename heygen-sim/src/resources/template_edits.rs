//! Making templates from videos, and editing them.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::model::job::Kind;
use crate::model::template::{Template, TemplateScene};
use crate::resources::inputs::trimmed;
use crate::resources::templates::{detail, find};
use crate::schedule::Stage;
use crate::state::State;

/// Maximum length of the name of a variable.
const NAME_LIMIT: usize = 64;

/// A scene of a video as a scene of a template.
fn scene(number: usize, scene: &Value) -> TemplateScene {
    let spoken = scene.get("input").unwrap_or(scene);
    let text = |name: &str| spoken.get(name).and_then(Value::as_str).map(str::to_owned);
    TemplateScene {
        scene_id: format!("scene-{number}"),
        script: text("script"),
        variables: Vec::new(),
        words: text("script"),
        avatar: text("avatar_id"),
        voice: text("voice_id"),
    }
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.text("video_id").unwrap_or_default();
    let job = state.job(Kind::Video, id, call.now).map_err(|refusal| refusal.at("video_id"))?;
    if job.schedule.stage(call.now) != Stage::Done {
        let message = format!("the video is {}", job.status(call.now));
        return Err(ApiError::new(StatusCode::CONFLICT, "resource_not_ready", message));
    }
    if !job.sends_event || job.extra.get("template").is_some() {
        let message = "only videos of avatars, images and scenes can become templates";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "template_source_unsupported", message));
    }
    let scenes = match job.body["scenes"].as_array() {
        Some(scenes) => scenes.iter().enumerate().map(|(number, one)| scene(number + 1, one)).collect(),
        None => vec![scene(1, &job.body)],
    };
    let portrait = job.text("aspect_ratio") == Some("9:16");
    let title = job.title.clone().unwrap_or_else(|| "Template".to_owned());
    let name = match call.text("name") {
        Some(name) => trimmed("name", name)?,
        None => title,
    };
    let template = Template {
        id: env.id(),
        name,
        aspect_ratio: if portrait { "portrait" } else { "landscape" }.to_owned(),
        width: if portrait { 1080 } else { 1920 },
        height: if portrait { 1920 } else { 1080 },
        scenes,
        variables: Map::new(),
        source_video: Some(id.to_owned()),
        edits: 0,
        created: call.now,
        updated: call.now,
    };
    let view = detail(env, &template);
    state.templates.insert(template.id.clone(), template);
    data(view)
}

pub(super) fn rename(env: &Env, state: &mut State, call: &Call) -> Answer {
    let name = trimmed("name", call.text("name").unwrap_or_default())?;
    let template = find(state, call)?;
    template.name = name;
    template.updated = call.now;
    data(detail(env, template))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = find(state, call)?.id.clone();
    state.templates.remove(&id);
    data(json!({"id": id, "deleted": true}))
}

/// The parts of a template that a variable can stand for: the type of the variable, the id of the part, and its value.
pub(super) fn parts(template: &Template) -> Vec<(&'static str, String, Value)> {
    let mut parts = Vec::new();
    for (number, scene) in template.scenes.iter().enumerate() {
        if let Some(avatar) = &scene.avatar {
            let value = json!({"type": "character", "character_id": avatar, "character_type": "avatar"});
            parts.push(("character", format!("avatar-{number}"), value));
        }
        if let Some(voice) = scene.voice.as_ref().filter(|_| scene.words.is_some()) {
            parts.push(("voice", format!("text-{number}"), json!({"type": "voice", "voice_id": voice})));
        }
    }
    parts
}

fn is_name(name: &str) -> bool {
    let plain = |letter: char| letter == '_' || letter.is_ascii_alphanumeric();
    name.len() <= NAME_LIMIT
        && name.chars().all(plain)
        && name.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

pub(super) fn set_variables(env: &Env, state: &mut State, call: &Call) -> Answer {
    let template = find(state, call)?;
    let expected = call.text("expected_edit_version");
    if expected.is_some_and(|expected| expected != template.edit_version()) {
        let message = format!("the template has the edit_version {} now", template.edit_version());
        return Err(ApiError::new(StatusCode::CONFLICT, "stale_edit_version", message));
    }
    let mut scenes = template.scenes.clone();
    for scene in &mut scenes {
        scene.script.clone_from(&scene.words);
        scene.variables.clear();
    }
    let parts = parts(template);
    let mut variables = Map::new();
    for (name, binding) in call.body["variables"].as_object().into_iter().flatten() {
        let at = format!("variables.{name}");
        if !is_name(name) {
            let message =
                "a name has letters, digits and underscores, no digit in front, and at most 64 characters";
            return Err(ApiError::invalid(at, message));
        }
        let text = |member: &str| binding.get(member).and_then(Value::as_str).unwrap_or_default();
        if text("type") == "text" {
            let (wanted, placeholder) = (text("match"), format!("{{{{{name}}}}}"));
            let mut found = false;
            for scene in &mut scenes {
                if let Some(script) = scene.script.as_mut().filter(|script| script.contains(wanted))
                    && !wanted.is_empty()
                {
                    *script = script.replace(wanted, &placeholder);
                    scene.variables.push(name.clone());
                    found = true;
                }
            }
            if !found {
                return Err(ApiError::invalid(format!("{at}.match"), "no scene has these words"));
            }
            variables.insert(name.clone(), json!({"type": "text", "content": wanted}));
            continue;
        }
        let id = text("element_id");
        let part = parts.iter().find(|(kind, part, _)| part == id && *kind == text("type"));
        let Some((.., value)) = part else {
            let message = format!("no part `{id}` takes a variable of type {}", text("type"));
            return Err(ApiError::invalid(format!("{at}.element_id"), message));
        };
        let number: Option<usize> = id.rsplit('-').next().and_then(|number| number.parse().ok());
        if let Some(scene) = number.and_then(|number| scenes.get_mut(number)) {
            scene.variables.push(name.clone());
        }
        variables.insert(name.clone(), value.clone());
    }
    template.scenes = scenes;
    template.variables = variables;
    template.edits += 1;
    template.updated = call.now;
    data(detail(env, template))
}
