//! Talking photos and photo avatars.

use heygen_api::builder::ListAvatarLooksBuilder;
use heygen_api::types::AvatarLookType;
use heygen_api::{List, operations};
use serde_json::{Value, json};

use super::assumptions::{asset_of_image_key, image_key_of_look, look_of_image_key};
use super::avatar_charge::charge;
use super::avatars::{is_usable, train_status};
use super::cost::CostChange;
use super::fallback::Fallback;
use super::look_up::{Known, LookUp};
use super::loss::Severity;
use super::output::Output;
use super::photo_look::{photo_avatar, photo_status};
use super::photo_prompt::{put_aspect_ratio, put_prompt};
use super::planned_request::{Action, PlannedRequest};
use super::planning::{Answers, Conversion, Planning, Unanswerable, nothing};
use super::source::Node;

/// `POST /v1/talking_photo`, on the upload host.
pub(crate) const UPLOAD: Conversion = Conversion { forward: upload, back: uploaded };
/// `GET /v1/talking_photo.list`.
pub(crate) const LIST: Conversion = Conversion { forward: list, back: talking_photos };
/// `DELETE /v2/talking_photo/{talking_photo_id}`.
pub(crate) const DELETE_TALKING_PHOTO: Conversion =
    Conversion { forward: delete_talking_photo, back: nothing };
/// `POST /v2/photo_avatar/photo/generate`.
pub(crate) const GENERATE_PHOTO: Conversion = Conversion { forward: generate_photo, back: generation };
/// `GET /v2/photo_avatar/generation/{generation_id}`.
pub(crate) const GENERATION: Conversion = Conversion { forward: get_generation, back: generation_status };
/// `POST /v2/photo_avatar/look/generate`.
pub(crate) const GENERATE_LOOK: Conversion = Conversion { forward: generate_look, back: generation };
/// `POST /v2/photo_avatar/avatar_group/create`.
pub(crate) const CREATE_GROUP: Conversion = Conversion { forward: create_group, back: created_group };
/// `POST /v2/photo_avatar/avatar_group/add`.
pub(crate) const ADD_LOOKS: Conversion = Conversion { forward: add_looks, back: added_looks };
/// `POST /v2/photo_avatar/train`.
pub(crate) const TRAIN: Conversion = Conversion { forward: train, back: nothing };
/// `GET /v2/photo_avatar/train/status/{group_id}`.
pub(crate) const TRAIN_STATUS: Conversion = Conversion { forward: get_group, back: training };
/// `GET /v2/photo_avatar/{id}`.
pub(crate) const GET: Conversion = Conversion { forward: get_look, back: look };
/// `DELETE /v2/photo_avatar/{id}`.
pub(crate) const DELETE: Conversion = Conversion { forward: delete_look, back: nothing };
/// `DELETE /v2/photo_avatar_group/{group_id}`.
pub(crate) const DELETE_GROUP: Conversion = Conversion { forward: delete_group, back: nothing };

/// The largest number of pictures in one call that adds looks.
const MAX_KEYS: usize = 4;

/// The old service answered an upload with a photo that was usable at once. v3 makes a look of it in the background.
fn upload(planning: &Planning<'_>) -> Option<()> {
    if let Some(kind) = planning.media_type().filter(|kind| !kind.starts_with("image/")) {
        planning.body().problem(format!(
            "the Content-Type `{kind}` is not that of a picture; send `image/jpeg` or `image/png`"
        ));
        return None;
    }
    let request = PlannedRequest::new(&operations::UPLOAD_ASSET, "uploads the picture");
    let asset = planning.request(request.with_action(Action::Upload));
    let body =
        json!({"type": "photo", "name": "Talking photo", "file": {"type": "asset_id", "asset_id": ""}});
    let request = PlannedRequest::new(&operations::CREATE_AVATAR, "creates the look").with_body(body);
    let look = planning.request(request.with_member_from("/file/asset_id", asset, "/data/asset_id"));
    let request = PlannedRequest::new(&operations::GET_AVATAR_LOOK, "waits until the look can be used");
    let request = request.with_parameter_from("look_id", look, "/data/avatar_item/id");
    planning.request(request.with_action(Action::AwaitLook));
    charge(planning, "the upload of a talking photo")
}

fn uploaded(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let look = answers.data(2);
    Ok(json!({"talking_photo_id": look.get("id"), "talking_photo_url": look.get("preview_image_url")}))
}

fn list(planning: &Planning<'_>) -> Option<()> {
    let query = [("avatar_type", AvatarLookType::PhotoAvatar.as_str()), ("ownership", "private")];
    planning.list(&operations::LIST_AVATAR_LOOKS, ListAvatarLooksBuilder::MAX_LIMIT, &query);
    Some(())
}

fn talking_photos(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let photos = answers.items(0).filter(|look| is_usable(look)).map(
        |look| json!({"id": look.get("id"), "image_url": look.get("preview_image_url"), "circle_image": ""}),
    );
    Ok(photos.collect())
}

fn delete(planning: &Planning<'_>, parameter: &str) {
    let purpose = "deletes the look; if it is the last of its group, the group is deleted too";
    let request = PlannedRequest::new(&operations::DELETE_AVATAR_LOOK, purpose);
    planning.request(request.with_parameter("look_id", planning.path(parameter)));
}

fn delete_talking_photo(planning: &Planning<'_>) -> Option<()> {
    delete(planning, "talking_photo_id");
    Some(())
}

fn delete_look(planning: &Planning<'_>) -> Option<()> {
    delete(planning, "id");
    Some(())
}

fn read_look(planning: &Planning<'_>, parameter: &str) {
    let request = PlannedRequest::new(&operations::GET_AVATAR_LOOK, "reads the look");
    planning.request(request.with_parameter("look_id", planning.path(parameter)));
}

fn get_look(planning: &Planning<'_>) -> Option<()> {
    read_look(planning, "id");
    Some(())
}

fn look(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(photo_avatar(answers.data(0)))
}

fn create(planning: &Planning<'_>, output: Output, purpose: &str) {
    let request = PlannedRequest::new(&operations::CREATE_AVATAR, purpose);
    planning.request(request.with_body(output.into_value()));
}

fn generate_photo(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let mut output = Output::new();
    output.set("type", "prompt");
    if body.get("name").put_text(&mut output, "name").is_none() {
        output.set("name", "Generated photo");
    }
    put_prompt(&body, &["appearance", "prompt"], &mut output)?;
    put_aspect_ratio(&body, &mut output);
    create(planning, output, "generates one finished look; v2 generated four pictures to choose from");
    planning.cost(CostChange::Unknown, "v3 charges for each look that is generated");
    Some(())
}

fn generation(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(json!({"generation_id": answers.data(0).pointer("/avatar_item/id")}))
}

fn get_generation(planning: &Planning<'_>) -> Option<()> {
    read_look(planning, "generation_id");
    Some(())
}

fn generation_status(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let look = answers.data(0);
    let id = look.get("id").and_then(Value::as_str).unwrap_or_default();
    // The picture may exist a little later than the look.
    let url = look.get("preview_image_url").filter(|url| url.is_string());
    let status = match photo_status(look) {
        "completed" if url.is_some() => "success",
        "completed" => "pending",
        other => other,
    };
    let picture: Vec<&Value> = url.filter(|_| status == "success").into_iter().collect();
    let key = (status == "success").then(|| image_key_of_look(id));
    Ok(json!({
        "id": id,
        "status": status,
        "msg": look.pointer("/error/message"),
        "image_url_list": picture,
        "image_key_list": key.into_iter().collect::<Vec<_>>(),
    }))
}

/// The group alone does not keep the identity of the person: v3 needs a look of it too.
fn generate_look(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let mut output = Output::new();
    output.set("type", "prompt");
    output.set("name", "Generated look");
    let group = body.get("group_id");
    let Some(group_id) = group.put_text(&mut output, "avatar_group_id") else {
        body.missing("group_id", "write the id of a group");
        return None;
    };
    put_prompt(&body, &["prompt"], &mut output)?;
    put_aspect_ratio(&body, &mut output);
    match planning.look_up(LookUp::LooksOfGroup(group_id.clone())) {
        Known::Unanswered => output.set("avatar_id", "(the first look of the group)"),
        Known::Found(looks) => {
            let mut looks = looks.as_array().into_iter().flatten();
            let first = looks.find(|look| photo_status(look) == "completed");
            match first {
                Some(look) => {
                    output.set("avatar_id", look.get("id").cloned().unwrap_or_default());
                    // The id may be that of a look, which was also that of its group in v2.
                    if let Some(id) = look.get("group_id").filter(|id| id.is_string()) {
                        output.set("avatar_group_id", id.clone());
                    }
                }
                None => {
                    group.problem(format!(
                        "the group `{group_id}` has no finished look yet; wait until it is trained"
                    ));
                    return None;
                }
            }
        }
        Known::Absent => {
            group.problem_with_code(
                "avatar_group_not_found",
                format!("the service has no group `{group_id}`"),
            );
            return None;
        }
    }
    create(planning, output, "generates one finished look");
    planning.cost(CostChange::Unknown, "v3 charges for each look that is generated");
    Some(())
}

/// Carries the key of a picture as the file of an avatar.
fn put_picture(key: &Node<'_>, output: &mut Output) -> Option<()> {
    let text = key.text()?;
    let Some(asset) = asset_of_image_key(&text) else {
        key.problem(format!(
            "`{text}` is not the key of an upload; upload the picture with `POST /v1/asset`, and send the `image_key` of \
             the answer"
        ));
        return None;
    };
    key.put(output, "file", json!({"type": "asset_id", "asset_id": asset}));
    Some(())
}

fn create_group(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let key = body.get("image_key");
    body.get("generation_id").lose(Severity::Harmless, "the key names the picture", "remove it");
    let Some(text) = key.text() else {
        body.missing("image_key", "write the key of an uploaded or generated picture");
        return None;
    };
    if let Some(look) = look_of_image_key(&text) {
        key.carried("the look");
        body.get("name").lose(
            Severity::Reported,
            "the look was named when it was generated",
            "rename the group: `PATCH /v3/avatars/{group_id}`",
        );
        let request =
            PlannedRequest::new(&operations::GET_AVATAR_LOOK, "finds the group of the generated look");
        planning.request(request.with_parameter("look_id", look));
        planning.cost(CostChange::Less, "the look and its group exist already");
        return Some(());
    }
    let mut output = Output::new();
    output.set("type", "photo");
    if body.get("name").put_text(&mut output, "name").is_none() {
        body.missing("name", "write the name of the avatar");
        return None;
    }
    put_picture(&key, &mut output)?;
    create(planning, output, "creates the avatar");
    charge(planning, "the creation of a group of photo avatars")
}

/// The look of an answer: that of a creation, or a look itself.
fn created_look(data: &Value) -> Value {
    let item = data.get("avatar_item").unwrap_or(data);
    let mut look = photo_avatar(item);
    if let Some(group) = data.get("avatar_group") {
        look["group_id"] = group.get("id").cloned().unwrap_or_default();
        look["created_at"] = group.get("created_at").and_then(Value::as_f64).into();
    }
    look
}

fn created_group(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    Ok(created_look(answers.data(0)))
}

fn add_looks(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let keys = body.get("image_keys");
    let group = body.get("group_id");
    let Some(group_id) = group.text() else {
        body.missing("group_id", "write the id of a group");
        return None;
    };
    group.carried("avatar_group_id");
    let name = body.get("name");
    body.get("generation_id").lose(Severity::Harmless, "the keys name the pictures", "remove it");
    let pictures = keys.items();
    if pictures.is_empty() || pictures.len() > MAX_KEYS {
        body.problem(format!("`image_keys` is a list of 1 to {MAX_KEYS} keys"));
        return None;
    }
    let mut is_created = false;
    for key in &pictures {
        if let Some(look) = key.text().as_deref().and_then(look_of_image_key) {
            put_generated_look(planning, key, look, &group_id)?;
            continue;
        }
        let mut output = Output::new();
        output.set("type", "photo");
        output.set("name", name.text().unwrap_or_else(|| "Look".to_owned()));
        output.set("avatar_group_id", group_id.clone());
        if !key.is_present() {
            key.problem("write the key of an uploaded picture");
        }
        put_picture(key, &mut output)?;
        let request = PlannedRequest::new(&operations::CREATE_AVATAR, "adds the look");
        let request = request.with_body(output.into_value());
        planning.request(request.with_fallback(Fallback::GroupOfLook(group_id.clone())));
        is_created = true;
    }
    if is_created {
        name.carried("name");
        return charge(planning, "the addition of a look");
    }
    name.lose(Severity::Reported, "the look was named when it was generated", "remove it");
    planning.cost(CostChange::Less, "the look is in the group already");
    Some(())
}

/// Answers a look that `look/generate` made in the group, which v3 adds when it makes it.
fn put_generated_look(planning: &Planning<'_>, key: &Node<'_>, look: &str, group: &str) -> Option<()> {
    key.carried("the look");
    let group_of = |known: Known<'_>| match known {
        Known::Found(look) => look.get("group_id").and_then(Value::as_str).map(str::to_owned),
        Known::Unanswered | Known::Absent => None,
    };
    let known = planning.look_up(LookUp::Look(look.to_owned()));
    if matches!(known, Known::Absent) {
        key.problem_with_code("avatar_not_found", format!("the service has no look `{look}`"));
        return None;
    }
    let own = group_of(known);
    // The id of the group may be that of one of its looks, as in v2.
    if own.as_deref().is_some_and(|own| own != group) {
        let given = planning.look_up(LookUp::Look(group.to_owned()));
        if !matches!(given, Known::Unanswered) && group_of(given) != own {
            key.problem(format!(
                "`look/{look}` is a look of another group, and v3 does not move looks; call `look/generate` with this \
                 `group_id` to make one there"
            ));
            return None;
        }
    }
    let request = PlannedRequest::new(&operations::GET_AVATAR_LOOK, "reads the look, which is in the group");
    planning.request(request.with_parameter("look_id", look));
    Some(())
}

fn added_looks(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let looks = (0..answers.bodies.len()).map(|index| created_look(answers.data(index)));
    Ok(json!({"photo_avatar_list": looks.collect::<Vec<_>>()}))
}

fn read_group(planning: &Planning<'_>, id: String, purpose: &str) {
    let request = PlannedRequest::new(&operations::GET_AVATAR_GROUP, purpose);
    let request = request.with_parameter("group_id", &id);
    planning.request(request.with_fallback(Fallback::GroupOfLook(id)));
}

fn train(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let group = body.get("group_id");
    let Some(id) = group.text() else {
        body.missing("group_id", "write the id of a group");
        return None;
    };
    group.carried("the path");
    read_group(planning, id, "checks that the group exists; v3 trains when an avatar is created");
    planning.cost(CostChange::Less, "training is part of the creation of an avatar");
    Some(())
}

fn get_group(planning: &Planning<'_>) -> Option<()> {
    read_group(planning, planning.path("group_id"), "reads the group");
    Some(())
}

fn training(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let group = answers.data(0);
    let status = match train_status(group) {
        "training" => "pending",
        // A group without a status is public, and was trained long ago.
        "empty" => "ready",
        other => other,
    };
    Ok(json!({
        "status": status,
        "error_msg": group.pointer("/error/message"),
        "created_at": group.get("created_at"),
        "updated_at": null,
    }))
}

fn delete_group(planning: &Planning<'_>) -> Option<()> {
    let request = PlannedRequest::new(&operations::DELETE_AVATAR_GROUP, "deletes the group with its looks");
    planning.request(request.with_parameter("group_id", planning.path("group_id")));
    Some(())
}
