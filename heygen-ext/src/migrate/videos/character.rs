//! The character of a scene: its look, its engine, and how it moves.

use heygen_api::types::AvatarLookType;
use serde_json::{Value, json};

use super::super::assumptions::EXPRESSIVENESS;
use super::super::cost::CostChange;
use super::super::look_up::{Known, LookUp};
use super::super::loss::Severity;
use super::super::output::Output;
use super::super::planning::Planning;
use super::super::source::Node;

/// The request that a character goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A video of one avatar.
    Avatar,
    /// A scene of several.
    Scene,
}

/// A look, as far as it is known.
struct Look {
    is_photo: bool,
    engines: Vec<String>,
}

const OUTSIDE: &str = "place the avatar in a template, or render it as WebM and compose the frame with HyperFrames or a video editor";

/// Carries a character. `scene` is the object that contains it, in which old programs wrote the prompt.
pub(super) fn put_character(
    planning: &Planning<'_>,
    node: &Node<'_>,
    scene: &Node<'_>,
    output: &mut Output,
    target: Target,
) -> Option<()> {
    let kind = node.get("type");
    let said_photo = kind.word(&[("avatar", false), ("talking_photo", true)]);
    kind.carried("decides which id is read");
    if said_photo.is_none() && kind.is_present() {
        return None;
    }
    let (avatar, photo) = (node.first_of(&["avatar_id", "avatar_pose_id"]), node.get("talking_photo_id"));
    let is_photo = said_photo.unwrap_or(!avatar.is_present() && photo.is_present());
    let (first, second) = if is_photo { (photo, avatar) } else { (avatar, photo) };
    let (id, other) = if first.is_present() { (first, second) } else { (second, first) };
    let Some(look_id) = id.put_text(output, "avatar_id") else {
        let name = if is_photo { "talking_photo_id" } else { "avatar_id" };
        node.missing(name, "write the id of a look");
        return None;
    };
    let used = id.name();
    other.lose(
        Severity::Harmless,
        format!("the scene has two ids, and `{used}` is used"),
        "remove the other",
    );

    let look = match planning.look_up(LookUp::Look(look_id.clone())) {
        Known::Unanswered => Look { is_photo, engines: vec!["avatar_iii".to_owned()] },
        Known::Found(data) => read_look(&id, data)?,
        Known::Absent => {
            let message =
                format!("the service has no look `{look_id}`; `GET /v3/avatars/looks` lists the looks");
            id.problem_with_code("avatar_not_found", message);
            return None;
        }
    };
    let engine = put_engine(planning, node, &id, &look, output);
    if look.is_photo && engine == "avatar_iii" {
        planning.exclude_4k();
    }
    put_motion(node, scene, output, look.is_photo, engine);
    put_appearance(node, output, target);
    Some(())
}

/// Reads a look. One that is not finished cannot be rendered.
fn read_look(id: &Node<'_>, look: &Value) -> Option<Look> {
    let status = look.get("status").and_then(Value::as_str);
    if let Some(status) = status.filter(|status| *status != "completed") {
        let message = match look.pointer("/error/message").and_then(Value::as_str) {
            Some(message) => format!("the look cannot be used: {message}"),
            None if status == "failed" => "the look cannot be used: its creation has failed".to_owned(),
            None => format!("the look is not finished (`{status}`); wait until it is `completed`"),
        };
        id.problem_with_code("resource_not_ready", message);
        return None;
    }
    let engines = look.get("supported_api_engines").and_then(Value::as_array).into_iter().flatten();
    Some(Look {
        is_photo: look.get("avatar_type").and_then(Value::as_str)
            == Some(AvatarLookType::PhotoAvatar.as_str()),
        engines: engines.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

/// Carries the engine, and returns it.
///
/// v2 rendered with Avatar III unless it was told otherwise; v3 renders with Avatar IV, which costs several times as much.
fn put_engine(
    planning: &Planning<'_>,
    node: &Node<'_>,
    id: &Node<'_>,
    look: &Look,
    output: &mut Output,
) -> &'static str {
    let has = |engine: &str| look.engines.iter().any(|one| one == engine);
    let flag = node.get("use_avatar_iv_model");
    if flag.boolean() == Some(true) {
        flag.put(output, "engine", json!({"type": "avatar_iv"}));
        planning.cost(CostChange::Same, "Avatar IV, as in v2");
        return "avatar_iv";
    }
    if has("avatar_iii") {
        flag.carried("engine");
        output.set("engine", json!({"type": "avatar_iii"}));
        planning.cost(CostChange::Same, "Avatar III, as in v2");
        return "avatar_iii";
    }
    let newer = ["avatar_iv", "avatar_v"].into_iter().find(|engine| has(engine));
    let decides = if flag.is_present() { flag } else { id.clone() };
    let reason = match look.engines.as_slice() {
        [] => "the service lists no engine for this look".to_owned(),
        engines => format!("this look does not have Avatar III; the service lists {}", engines.join(", ")),
    };
    decides.lose_engine(
        reason,
        "choose a look that lists `avatar_iii`, or accept the higher price of the newer engine",
    );
    planning.cost(
        CostChange::More,
        "the look does not have Avatar III: a newer engine costs several times as much",
    );
    if let Some(engine) = newer {
        output.set("engine", json!({"type": engine}));
    }
    // The default of v3.
    newer.unwrap_or("avatar_iv")
}

/// Carries how the character moves. v3 takes a prompt for photo looks on Avatar IV and for all looks on Avatar V, and an
/// expressiveness for photo looks on Avatar IV.
fn put_motion(node: &Node<'_>, scene: &Node<'_>, output: &mut Output, is_photo: bool, engine: &str) {
    let takes_motion = engine == "avatar_v" || (is_photo && engine == "avatar_iv");
    let only = "v3 takes it only for a photo look on Avatar IV";
    let switch = "set `use_avatar_iv_model`, and choose a photo look";
    // The prompts of v2 were for Avatar IV: without it, they had no effect.
    let wanted = node.get("use_avatar_iv_model").boolean() == Some(true);
    let severity = if wanted { Severity::Shown } else { Severity::Harmless };
    let places = [node.get("prompt"), node.get("custom_motion_prompt"), scene.get("custom_motion_prompt")];
    for prompt in places.iter().filter(|prompt| prompt.is_present()) {
        if takes_motion && !output.has("motion_prompt") {
            prompt.put_text(output, "motion_prompt");
        } else {
            prompt.lose(severity, only, switch);
        }
    }
    for name in ["keep_original_prompt", "enhance_custom_motion_prompt"] {
        for place in [node.get(name), scene.get(name)] {
            place.lose(Severity::Harmless, "v3 does not rewrite motion prompts", "remove it");
        }
    }
    let style = node.get("talking_style");
    match style.word(EXPRESSIVENESS) {
        Some(word) if is_photo && engine == "avatar_iv" => style.put(output, "expressiveness", word),
        Some("low") => style.carried("the default"),
        Some(_) => style.lose(Severity::Shown, only, switch),
        None => {}
    }
    let expression = node.get("expression");
    if expression.is_word("default") {
        expression.carried("the default");
    } else {
        expression.lose(
            Severity::Shown,
            "v3 has no expressions",
            "describe the expression in the motion prompt of a photo look on Avatar IV",
        );
    }
}

/// Carries how the character looks in the frame. v3 has less than v2.
fn put_appearance(node: &Node<'_>, output: &mut Output, target: Target) {
    let matting = node.get("matting");
    match matting.boolean() {
        Some(true) if target == Target::Avatar => matting.put(output, "remove_background", true),
        Some(true) => matting.lose(
            Severity::Shown,
            "a scene of a v3 video has no matting",
            "send the scene as a video of its own, render the avatar as WebM, or render in two passes",
        ),
        Some(false) => matting.carried("the default"),
        None => {}
    }
    let scale = node.get("scale");
    match scale.float() {
        Some(factor) if (factor - 1.0).abs() < 1e-9 => scale.carried("the default"),
        Some(_) => scale.lose(Severity::Shown, "v3 does not scale the avatar", OUTSIDE),
        None => {}
    }
    let offset = node.get("offset");
    let sides = [offset.get("x"), offset.get("y")];
    if offset.is_object() && sides.iter().all(|side| !side.is_present() || side.float() == Some(0.0)) {
        sides.iter().for_each(|side| side.carried("the default"));
    } else {
        offset.lose(Severity::Shown, "v3 does not move the avatar", OUTSIDE);
    }
    let style = node.get("avatar_style");
    if style.is_word("normal") {
        style.carried("the default");
    } else {
        let instead = if style.is_word("closeUp") { "choose a look that is a close-up" } else { OUTSIDE };
        style.lose(Severity::Shown, "v3 has no avatar styles", instead);
    }
    let is_circle = style.is_word("circle") || node.get("talking_photo_style").is_word("circle");
    let style = node.get("talking_photo_style");
    if style.is_word("square") || style.is_word("normal") {
        style.lose(Severity::Harmless, "v3 always shows the whole photo", "remove it");
    } else {
        style.lose(Severity::Shown, "v3 has no styles of photos", OUTSIDE);
    }
    let severity = if is_circle { Severity::Shown } else { Severity::Harmless };
    node.get("circle_background_color").lose(severity, "v3 has no circles", OUTSIDE);
    node.get("super_resolution").lose(
        Severity::Harmless,
        "v3 has no such switch",
        "set a higher resolution of the video",
    );
}
