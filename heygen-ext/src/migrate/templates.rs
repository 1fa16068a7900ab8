//! Templates: lists, variables and generation.

use heygen_api::builder::ListTemplatesBuilder;
use heygen_api::{List, operations};
use serde_json::{Map, Value, json};

use super::cost::CostChange;
use super::look_up::{Known, LookUp};
use super::loss::Severity;
use super::output::Output;
use super::planned_request::PlannedRequest;
use super::planning::{Answers, Conversion, Planning, Unanswerable};
use super::source::Node;
use super::test_switch::refuse_test;

/// `GET /v2/templates`.
pub(crate) const LIST: Conversion = Conversion { forward: list, back: templates };
/// `GET /v2/template/{template_id}`.
pub(crate) const GET: Conversion = Conversion { forward: get, back: variables };
/// `GET /v3/template/{template_id}`, the early form of the details.
pub(crate) const GET_DETAILS: Conversion = Conversion { forward: get, back: details };
/// `POST /v2/template/{template_id}/generate`.
pub(crate) const GENERATE: Conversion = Conversion { forward: generate, back: generated };

const FITS: &[(&str, &str)] =
    &[("cover", "cover"), ("contain", "contain"), ("crop", "crop"), ("none", "none")];
const PLAY_STYLES: &[(&str, &str)] = &[
    ("fit_to_scene", "fit_to_scene"),
    ("freeze", "freeze"),
    ("loop", "loop"),
    ("once", "once"),
    ("full_video", "full_video"),
];
const KINDS: &[(&str, &str)] = &[
    ("text", "text"),
    ("image", "image"),
    ("video", "video"),
    ("audio", "audio"),
    ("character", "character"),
    ("voice", "voice"),
];

fn list(planning: &Planning<'_>) -> Option<()> {
    planning.list(&operations::LIST_TEMPLATES, ListTemplatesBuilder::MAX_LIMIT, &[]);
    Some(())
}

fn templates(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let templates = answers.items(0).map(|template| {
        json!({
            "template_id": template.get("id"),
            "name": template.get("name"),
            "thumbnail_image_url": template.get("thumbnail_url"),
            "aspect_ratio": template.get("aspect_ratio"),
        })
    });
    Ok(json!({"templates": templates.collect::<Vec<_>>()}))
}

fn get(planning: &Planning<'_>) -> Option<()> {
    let request = PlannedRequest::new(&operations::GET_TEMPLATE, "reads the template");
    planning.request(request.with_parameter("template_id", planning.path("template_id")));
    Some(())
}

fn variables(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let variables = answers.data(0).get("variables").and_then(Value::as_object).into_iter().flatten();
    let variables: Map<String, Value> = variables
        .map(|(name, variable)| {
            let kind = variable.get("type");
            let one = json!({"name": name, "type": kind, "properties": properties_of(variable)});
            (name.clone(), one)
        })
        .collect();
    Ok(json!({"variables": variables}))
}

/// The properties of a variable in v2, from the variable in v3.
fn properties_of(variable: &Value) -> Value {
    let mut properties = Map::new();
    for (name, value) in variable.as_object().into_iter().flatten() {
        match name.as_str() {
            "type" => {}
            "asset" => {
                properties.insert("url".to_owned(), value.get("url").cloned().unwrap_or_default());
                properties.insert("asset_id".to_owned(), value.get("asset_id").cloned().unwrap_or_default());
            }
            "character_type" => drop(properties.insert("type".to_owned(), value.clone())),
            _ => drop(properties.insert(name.clone(), value.clone())),
        }
    }
    properties.into()
}

fn details(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let mut data = variables(answers)?;
    let scenes = answers.data(0).get("scenes").and_then(Value::as_array).into_iter().flatten().map(|scene| {
        let variables = scene.get("variables").and_then(Value::as_array).into_iter().flatten();
        let variables: Vec<Value> =
            variables.map(|one| json!({"name": one.get("name"), "type": one.get("variable_type")})).collect();
        json!({"id": scene.get("scene_id"), "script": scene.get("script"), "variables": variables})
    });
    // v3 has templates of the new editor only, whose drafts have the version 4.
    data["version"] = "4".into();
    data["scenes"] = scenes.collect();
    Ok(data)
}

fn generate(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let template_id = planning.path("template_id");
    refuse_test(&body.get("test"))?;
    let mut output = Output::new();
    let template = match planning.look_up(LookUp::Template(template_id.clone())) {
        Known::Found(template) => Some(template),
        Known::Unanswered => None,
        Known::Absent => {
            let message = format!(
                "v3 has no template `{template_id}`: open a template of the old editor in the web editor, and save it again"
            );
            body.problem_with_code("template_not_found", message);
            return None;
        }
    };
    let nothing = Value::Null;
    let declared = template.map(|template| template.get("variables").unwrap_or(&nothing));
    let given = body.get("variables");
    let mut variables = output.child("variables");
    for (name, variable) in given.members() {
        put_variable(name, &variable, declared, &mut variables);
    }
    if let Some(template) = template {
        keep_texts(&given, template, &body.get("scene_ids"), &mut variables);
    }
    output.set("variables", variables.into_value());
    for name in ["title", "callback_id", "callback_url", "folder_id"] {
        body.get(name).put_text(&mut output, name);
    }
    for name in ["caption", "reorder_music", "keep_text_vertically_centered", "include_gif", "enable_sharing"]
    {
        body.get(name).put_boolean(&mut output, name);
    }
    body.first_of(&["brand_voice_id", "brand_glossary_id"]).put_text(&mut output, "brand_glossary_id");
    put_dimension(&body.get("dimension"), &mut output);
    let fps = body.get("fps");
    match fps.float() {
        Some(rate) if [25.0, 30.0, 60.0].contains(&rate) => fps.put(&mut output, "fps", rate),
        Some(_) => {
            fps.lose(Severity::Shown, "templates have 25, 30 or 60 frames a second", "write one of them")
        }
        None => {}
    }
    body.get("scene_ids").put_texts(&mut output, "scene_ids");
    put_subtitles(&body.get("subtitles"), &mut output);
    let request = PlannedRequest::new(&operations::GENERATE_FROM_TEMPLATE, "creates the video");
    planning.request(request.with_parameter("template_id", template_id).with_body(output.into_value()));
    planning.cost(
        CostChange::Unknown,
        "the engines of the scenes decide about the price, and the template does not name them",
    );
    Some(())
}

/// Carries a variable. Sloppy programs wrote its value alone.
fn put_variable(name: &str, node: &Node<'_>, declared: Option<&Value>, variables: &mut Output) {
    let kind = match declared {
        Some(declared) => match declared.get(name).and_then(|one| one.get("type")).and_then(Value::as_str) {
            Some(kind) => Some(kind),
            None => {
                let names: Vec<&str> =
                    declared.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                let message = format!("the template has no such variable; it has: {}", names.join(", "));
                return node.problem(message);
            }
        },
        None => None,
    };
    let mut one = variables.child(name);
    if !node.is_object() {
        put_bare_value(node, kind.unwrap_or("text"), &mut one);
        return variables.attach(name, one);
    }
    let said = node.get("type").word(KINDS).or(kind);
    let Some(said) = said else {
        return node.missing("type", "write `text`, `image`, `video`, `audio`, `character` or `voice`");
    };
    node.get("type").carried(format!("variables.{name}.type"));
    let spelled = node.get("name");
    spelled.carried("the key of the variable");
    if let Some(kind) = kind.filter(|kind| *kind != said) {
        return node
            .get("type")
            .problem(format!("the template has this variable as `{kind}`, and v3 does not change the kind"));
    }
    one.set("type", said);
    let properties = node.get("properties");
    match said {
        "text" => {
            if properties.get("content").put_text(&mut one, "content").is_none() {
                properties.missing("content", "v3 would speak the name of the variable; write a text");
            }
        }
        "character" => {
            properties.get("character_id").put_text(&mut one, "character_id");
            let kind = properties.get("type");
            if let Some(word) = kind.word(&[("avatar", "avatar"), ("talking_photo", "talking_photo")]) {
                kind.put(&mut one, "character_type", word);
            }
            if !one.has("character_id") {
                properties.missing("character_id", "write the id of a look");
            }
        }
        "voice" => {
            if properties.get("voice_id").put_text(&mut one, "voice_id").is_none() {
                properties.missing("voice_id", "write the id of a voice");
            }
            properties.get("locale").put_text(&mut one, "locale");
        }
        _ => {
            put_asset(&properties, &mut one);
            let template = declared.and_then(|declared| declared.get(name));
            if said != "audio" {
                let fit = properties.get("fit");
                match fit.word(FITS) {
                    Some(word) => fit.put(&mut one, "fit", word),
                    None => keep_word(template, "fit", &mut one),
                }
            }
            if said == "video" {
                let style = properties.get("play_style");
                match style.word(PLAY_STYLES) {
                    Some(word) => style.put(&mut one, "play_style", word),
                    None => keep_word(template, "play_style", &mut one),
                }
            }
        }
    }
    variables.attach(name, one);
}

/// Keeps a word of the template that the request does not set. Without it, v3 uses a default of its own.
fn keep_word(template: Option<&Value>, name: &str, one: &mut Output) {
    if let Some(word) = template.and_then(|template| template.get(name)).and_then(Value::as_str) {
        one.set(name, word);
    }
}

fn put_bare_value(node: &Node<'_>, kind: &str, one: &mut Output) {
    let Some(text) = node.text() else {
        return node.problem("the variable has no value; write {\"type\": …, \"properties\": …}");
    };
    one.set("type", kind);
    match kind {
        "text" => node.put(one, "content", text),
        "voice" => node.put(one, "voice_id", text),
        "character" => node.put(one, "character_id", text),
        _ => node.put(one, "asset", asset(&text)),
    }
}

fn asset(text: &str) -> Value {
    if text.starts_with("http") {
        json!({"type": "url", "url": text})
    } else {
        json!({"type": "asset_id", "asset_id": text})
    }
}

/// Carries the file of a variable. Old programs send both members, one of them null.
fn put_asset(properties: &Node<'_>, one: &mut Output) {
    let (url, id) = (properties.get("url"), properties.get("asset_id"));
    if let Some(text) = id.text() {
        id.put(one, "asset", json!({"type": "asset_id", "asset_id": text}));
        url.lose(Severity::Harmless, "the asset is used", "remove the URL");
    } else if let Some(text) = url.text() {
        url.put(one, "asset", json!({"type": "url", "url": text}));
    } else {
        properties.missing("url", "write it, or `asset_id`");
    }
}

/// Gives each text variable that is missing its current text. v3 would speak and show its name in braces. A variable of scenes
/// that are left out is not needed.
fn keep_texts(given: &Node<'_>, template: &Value, scene_ids: &Node<'_>, variables: &mut Output) {
    let chosen: Vec<String> = scene_ids.items().iter().filter_map(Node::text).collect();
    let scenes = template.get("scenes").and_then(Value::as_array);
    let is_used = |name: &str| {
        let Some(scenes) = scenes.filter(|_| !chosen.is_empty()) else { return true };
        let has = |scene: &Value, member: &str, wanted: &str| {
            scene.get(member).and_then(Value::as_str).is_some_and(|text| text == wanted)
        };
        let chosen = scenes.iter().filter(|scene| chosen.iter().any(|id| has(scene, "scene_id", id)));
        chosen
            .filter_map(|scene| scene.get("variables").and_then(Value::as_array))
            .flatten()
            .any(|variable| has(variable, "name", name))
    };
    for (name, variable) in template.get("variables").and_then(Value::as_object).into_iter().flatten() {
        let is_text = variable.get("type").and_then(Value::as_str) == Some("text");
        if !is_text || !is_used(name) || given.get(name).is_present() || variables.has(name) {
            continue;
        }
        match variable.get("content").and_then(Value::as_str).filter(|text| !text.is_empty()) {
            Some(text) => variables.set(name, json!({"type": "text", "content": text})),
            None => given.problem(format!(
                "the text variable `{name}` is missing, and the template has no text for it; v3 would speak its name"
            )),
        }
    }
}

fn put_dimension(node: &Node<'_>, output: &mut Output) {
    if !node.is_present() {
        return;
    }
    let mut dimension = output.child("dimension");
    for name in ["width", "height"] {
        let side = node.get(name);
        match side.float() {
            Some(pixels) if pixels % 2.0 == 0.0 && (128.0..=4096.0).contains(&pixels) => {
                side.put_integer(&mut dimension, name);
            }
            Some(pixels) => {
                side.problem(format!("{pixels} is not possible; write an even number from 128 to 4096"))
            }
            None => node.missing(name, "write both sides, in pixels"),
        }
    }
    output.attach("dimension", dimension);
}

fn put_subtitles(node: &Node<'_>, output: &mut Output) {
    if !node.is_present() {
        return;
    }
    let mut subtitles = output.child("subtitles");
    if node.get("preset_name").put_text(&mut subtitles, "preset_name").is_none() {
        return node.missing("preset_name", "write the name of a preset, such as `classic`");
    }
    node.get("alignment").put_integer(&mut subtitles, "alignment");
    node.get("disable_highlight").put_boolean(&mut subtitles, "disable_highlight");
    node.get("font_size").put_integer(&mut subtitles, "font_size");
    let mut position = subtitles.child("position");
    for name in ["x", "y"] {
        let side = node.get("position").get(name);
        if let Some(number) = side.number() {
            side.put(&mut position, name, number);
        }
    }
    subtitles.attach("position", position);
    output.attach("subtitles", subtitles);
}

/// v3 answers with the whole video, which has its id in `id`.
fn generated(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(json!({"video_id": answers.data(0).get("id")}))
}
