//! Avatars, their groups, and digital twins.

use heygen_api::builder::{ListAvatarGroupsBuilder, ListAvatarLooksBuilder};
use heygen_api::types::AvatarLookType;
use heygen_api::{List, operations};
use serde_json::{Value, json};

use super::cost::CostChange;
use super::fallback::Fallback;
use super::loss::Severity;
use super::output::Output;
use super::photo_look::photo_avatar;
use super::planned_request::{Action, PlannedRequest};
use super::planning::{Answers, Conversion, Planning, Unanswerable, nothing};

/// `GET /v2/avatars`.
pub(crate) const LIST: Conversion = Conversion { forward: list, back: avatars };
/// `GET /v1/avatar.list`.
pub(crate) const LIST_FIRST: Conversion = Conversion { forward: list, back: avatars_first };
/// `GET /v2/avatar_group.list`.
pub(crate) const LIST_GROUPS: Conversion = Conversion { forward: list_groups, back: groups };
/// `GET /v2/avatar_group/{group_id}/avatars`.
pub(crate) const LIST_LOOKS: Conversion = Conversion { forward: list_looks, back: looks };
/// `GET /v2/avatar/{avatar_id}/details`.
pub(crate) const DETAILS: Conversion = Conversion { forward: get_look, back: details };
/// `POST /v2/video_avatar`.
pub(crate) const CREATE_TWIN: Conversion = Conversion { forward: create_twin, back: created_twin };
/// `GET /v2/video_avatar/{avatar_id}`.
pub(crate) const GET_TWIN: Conversion = Conversion { forward: get_look, back: twin };
/// `DELETE /v2/video_avatar/{avatar_id}`.
pub(crate) const DELETE_TWIN: Conversion = Conversion { forward: delete_look, back: nothing };

fn list(planning: &Planning<'_>) -> Option<()> {
    for ownership in ["private", "public"] {
        let query = [("ownership", ownership)];
        planning.list(&operations::LIST_AVATAR_LOOKS, ListAvatarLooksBuilder::MAX_LIMIT, &query);
    }
    Some(())
}

pub(crate) fn is_photo(look: &Value) -> bool {
    look.get("avatar_type").and_then(Value::as_str) == Some(AvatarLookType::PhotoAvatar.as_str())
}

/// Whether a look can be used in a video. Public looks may have no status.
pub(crate) fn is_usable(look: &Value) -> bool {
    look.get("status").and_then(Value::as_str).is_none_or(|status| status == "completed")
}

fn usable_looks<'a>(answers: &'a Answers<'_>) -> impl Iterator<Item = &'a Value> {
    (0..answers.bodies.len()).flat_map(|index| answers.items(index)).filter(|look| is_usable(look))
}

/// An avatar of v2. v3 does not report `premium`.
fn avatar(look: &Value) -> Value {
    json!({
        "avatar_id": look.get("id"),
        "avatar_name": look.get("name"),
        "gender": look.get("gender"),
        "preview_image_url": look.get("preview_image_url"),
        "preview_video_url": look.get("preview_video_url"),
        "premium": false,
        "type": null,
        "tags": look.get("tags"),
        "default_voice_id": look.get("default_voice_id"),
    })
}

fn avatars(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let (photos, avatars): (Vec<&Value>, Vec<&Value>) =
        usable_looks(answers).partition(|look| is_photo(look));
    let photos = photos.into_iter().map(|look| {
        json!({
            "talking_photo_id": look.get("id"),
            "talking_photo_name": look.get("name"),
            "preview_image_url": look.get("preview_image_url"),
        })
    });
    Ok(json!({
        "avatars": avatars.into_iter().map(avatar).collect::<Vec<_>>(),
        "talking_photos": photos.collect::<Vec<_>>(),
    }))
}

/// v1 had poses of an avatar. A look of v3 is its own only pose.
fn avatars_first(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let avatars = usable_looks(answers).filter(|look| !is_photo(look)).map(|look| {
        let pose = json!({
            "id": look.get("id"),
            "name": look.get("name"),
            "gender": look.get("gender"),
            "preview_image_url": look.get("preview_image_url"),
            "preview_video_url": look.get("preview_video_url"),
        });
        json!({"avatar_id": look.get("id"), "avatar_name": look.get("name"), "avatar_states": [pose]})
    });
    Ok(json!({"avatars": avatars.collect::<Vec<_>>()}))
}

fn list_groups(planning: &Planning<'_>) -> Option<()> {
    let limit = ListAvatarGroupsBuilder::MAX_LIMIT;
    let public = planning.query("include_public");
    planning.list(&operations::LIST_AVATAR_GROUPS, limit, &[("ownership", "private")]);
    if public.boolean() == Some(true) {
        planning.list(&operations::LIST_AVATAR_GROUPS, limit, &[("ownership", "public")]);
    }
    public.carried("?ownership");
    Some(())
}

/// The training status of a group, in the words of v2.
pub(crate) fn train_status(group: &Value) -> &'static str {
    match group.get("status").and_then(Value::as_str) {
        Some("processing") => "training",
        Some("completed") => "ready",
        Some("failed") => "failed",
        Some("pending_consent") => "pending",
        _ => "empty",
    }
}

fn groups(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let groups = (0..answers.bodies.len()).flat_map(|index| {
        let kind = if index == 0 { "PRIVATE" } else { "PUBLIC" };
        answers.items(index).map(move |group| {
            json!({
                "id": group.get("id"),
                "name": group.get("name"),
                "created_at": group.get("created_at"),
                "num_looks": group.get("looks_count"),
                // Programs read either name.
                "preview_image": group.get("preview_image_url"),
                "preview_image_url": group.get("preview_image_url"),
                "group_type": kind,
                "train_status": train_status(group),
                "default_voice_id": group.get("default_voice_id"),
            })
        })
    });
    let groups: Vec<Value> = groups.collect();
    Ok(json!({"total_count": groups.len(), "avatar_group_list": groups}))
}

fn list_looks(planning: &Planning<'_>) -> Option<()> {
    let group = planning.path("group_id");
    let request = PlannedRequest::new(&operations::LIST_AVATAR_LOOKS, "lists all pages");
    let request =
        request.with_query("limit", ListAvatarLooksBuilder::MAX_LIMIT).with_query("group_id", &group);
    planning.request(request.with_action(Action::AllPages).with_fallback(Fallback::GroupOfLook(group)));
    Some(())
}

fn looks(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    // An avatar of v2 has no status, and a photo has one.
    let looks = answers.items(0).filter(|look| is_photo(look) || is_usable(look));
    let looks = looks.map(|look| if is_photo(look) { photo_avatar(look) } else { avatar(look) });
    Ok(json!({"avatar_list": looks.collect::<Vec<_>>()}))
}

fn get_look(planning: &Planning<'_>) -> Option<()> {
    let request = PlannedRequest::new(&operations::GET_AVATAR_LOOK, "reads the look");
    planning.request(request.with_parameter("look_id", planning.path("avatar_id")));
    Some(())
}

fn delete_look(planning: &Planning<'_>) -> Option<()> {
    let purpose = "deletes the look; if it is the last of its group, the group is deleted too";
    let request = PlannedRequest::new(&operations::DELETE_AVATAR_LOOK, purpose);
    planning.request(request.with_parameter("look_id", planning.path("avatar_id")));
    Some(())
}

fn details(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let look = answers.data(0);
    let engines = look.get("supported_api_engines").and_then(Value::as_array);
    let mut tags = look.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    if engines.is_some_and(|engines| engines.iter().any(|engine| engine == "avatar_iv")) {
        tags.push("AVATAR_IV".into());
    }
    Ok(json!({
        "type": "avatar",
        "id": look.get("id"),
        "name": look.get("name"),
        "gender": look.get("gender"),
        "preview_image_url": look.get("preview_image_url"),
        "preview_video_url": look.get("preview_video_url"),
        "premium": false,
        // Only private looks have a status.
        "is_public": look.get("status").is_none_or(Value::is_null),
        "default_voice_id": look.get("default_voice_id"),
        "tags": tags,
    }))
}

fn create_twin(planning: &Planning<'_>) -> Option<()> {
    let body = planning.body();
    let mut output = Output::new();
    output.set("type", "digital_twin");
    for (name, remedy) in [
        ("avatar_name", "write the name of the avatar"),
        ("training_footage_url", "write the URL of the footage"),
        ("video_consent_url", "write the URL of the recorded consent"),
    ] {
        if !body.get(name).is_present() {
            body.missing(name, remedy);
        }
    }
    body.get("avatar_name").put_text(&mut output, "name")?;
    let footage = body.get("training_footage_url");
    footage.put(&mut output, "file", json!({"type": "url", "url": footage.text()?}));
    body.get("avatar_group_id").put_text(&mut output, "avatar_group_id");
    for name in ["callback_id", "callback_url"] {
        body.get(name).lose(
            Severity::Reported,
            "v3 does not call back for an avatar",
            "register a webhook endpoint for `instant_avatar.success` and `instant_avatar.fail`",
        );
    }
    let consent = body.get("video_consent_url");
    let link = consent.text()?;
    consent.carried("consent_video of the second request");
    let request = PlannedRequest::new(&operations::CREATE_AVATAR, "creates the digital twin");
    let created = planning.request(request.with_body(output.into_value()));
    let request = PlannedRequest::new(&operations::CREATE_AVATAR_CONSENT, "hands in the consent");
    let request = request.with_parameter_from("group_id", created, "/data/avatar_group/id");
    let refused = consent.loss(
        Severity::Reported,
        "v3 takes a recorded consent from Enterprise accounts only",
        "open `consent_url` of the answer within 24 hours, and let the person agree there",
    );
    let request = request.with_fallback(Fallback::ConsentLink(refused));
    planning.request(request.with_body(json!({"consent_video": {"type": "url", "url": link}})));
    planning.cost(CostChange::Unknown, "v3 charges for each avatar that is created");
    Some(())
}

fn created_twin(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let created = answers.data(0);
    Ok(json!({
        "avatar_id": created.pointer("/avatar_item/id"),
        "avatar_group_id": created.pointer("/avatar_group/id"),
        // New: where the person agrees, if v3 did not take the recorded consent.
        "consent_url": answers.data(1).get("url"),
    }))
}

fn twin(answers: &Answers<'_>) -> Result<Value, Unanswerable> {
    let look = answers.data(0);
    let status = match look.get("status").and_then(Value::as_str) {
        Some("failed") => "failed",
        Some("completed") | None => "completed",
        Some(_) => "in_progress",
    };
    Ok(json!({
        "avatar_id": look.get("id"),
        "avatar_name": look.get("name"),
        "status": status,
        "created_at": null,
        "preview_image_url": look.get("preview_image_url"),
        "preview_video_url": look.get("preview_video_url"),
        "error_message": look.pointer("/error/message"),
        "default_voice_id": look.get("default_voice_id"),
    }))
}
